"""What compressed files say of their own length, where libsndfile does not tell."""

from pathlib import Path

TAG = 10  # bytes that an ID3v2 tag begins with; its size stands in the last four, seven bits each
FRAME = 4096  # bytes; more than the first frame of an mp3
PAGE = 65307  # bytes, the largest page of an Ogg file
HEAD = 27  # bytes that every page begins with
SERIAL = slice(14, 18)  # of them, the number of the stream
LAST_PAGE = 0x04  # of a page's flags: the stream ends with it


def mp3_says_length(path: Path) -> bool:
    """Whether an mp3 begins with a frame that counts the others, as encoders write; without one libsndfile guesses."""
    with path.open("rb") as file:
        head = file.read(TAG)
        sizes = head[6:] if head.startswith(b"ID3") else b""
        file.seek(TAG + sum(byte << 7 * place for place, byte in enumerate(reversed(sizes))) if sizes else 0)
        first = file.read(FRAME)
    return any(name in first for name in (b"Xing", b"Info", b"VBRI"))


def ogg_fault(path: Path) -> str:
    """What is wrong with an Ogg file: that it lost its end, or that it holds several streams one behind the other, as
    recordings of a web radio do, of which libsndfile reads the first; else nothing."""
    with path.open("rb") as file:
        first = file.read(HEAD)
        file.seek(max(path.stat().st_size - 2 * PAGE, 0))
        end = file.read()
    if (place := end.rfind(b"OggS")) < 0:
        return ""  # padding behind the end, or no Ogg: libsndfile knows
    last = end[place:][:HEAD]
    if len(last) < HEAD or not last[5] & LAST_PAGE:
        return (
            "says nowhere that it ends: it is truncated, or of a writer that does not say. Copy it again; if it is "
            "whole, convert it to wav or flac."
        )
    if first[SERIAL] != last[SERIAL]:
        return "holds several recordings one behind the other. Convert it to wav or flac."
    return ""
