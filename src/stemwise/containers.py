"""What compressed files say of their own length, where libsndfile does not tell."""

from pathlib import Path

TAG = 10  # bytes that an ID3v2 tag begins with; its size stands in the last four, seven bits each
FRAME = 4096  # bytes; more than the first frame of an mp3
PAGE = 65307  # bytes, the largest page of an Ogg file
LAST_PAGE = 0x04  # of a page's flags: the stream ends with it


def mp3_says_length(path: Path) -> bool:
    """Whether an mp3 begins with a frame that counts the others, as encoders write; without one libsndfile guesses."""
    with path.open("rb") as file:
        head = file.read(TAG)
        sizes = head[6:] if head.startswith(b"ID3") else b""
        file.seek(TAG + sum(byte << 7 * place for place, byte in enumerate(reversed(sizes))) if sizes else 0)
        first = file.read(FRAME)
    return any(name in first for name in (b"Xing", b"Info", b"VBRI"))


def ogg_has_end(path: Path) -> bool:
    """Whether the last page of an Ogg file says that it is the last."""
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - 2 * PAGE, 0))
        end = file.read()
    page = end.rfind(b"OggS")
    return page >= 0 and page + 5 < len(end) and bool(end[page + 5] & LAST_PAGE)
