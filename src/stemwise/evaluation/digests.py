"""What a kept result depends on, as hex digits: songs, code, settings."""

import hashlib
from functools import cache
from pathlib import Path

import numpy as np
import torch

from stemwise.loading.shard import PreparedSong, read_sheet

LIBRARY = Path(__file__).resolve().parents[1]
SEPARATION = ("separator.py", "spectral.py", "model", "nets")
SCORING = (*SEPARATION, "evaluation", "metrics", "gate.py", "activity.py", "wiener.py")
EXTERNAL = ("external", "detector.py", "mel.py", "audio.py", "labels", "taxonomy")  # beside what scores


def digest(*parts: object) -> str:
    """16 digits of the parts as they print."""
    return hashlib.sha256("\n".join(map(repr, parts)).encode()).hexdigest()[:16]


def song_digest(song: PreparedSong) -> str:
    """Of the prepared arrays: their sizes and checksums, where they were written down, else the arrays themselves."""
    try:
        return digest(read_sheet(Path(song.here()))["files"])
    except (OSError, ValueError, KeyError):
        arrays = (song.audio, song.activity, song.known_audio)
        return digest([hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest() for array in arrays])


@cache
def code_digest(*rooms: str) -> str:
    """Of the source of modules and folders of the library, and of what computes beneath them."""
    files = [file for room in rooms for file in sorted(_files(LIBRARY / room))]
    named = [(str(file.relative_to(LIBRARY)), hashlib.sha256(file.read_bytes()).hexdigest()) for file in files]
    return digest(named, torch.__version__, np.__version__)


def _files(room: Path) -> list[Path]:
    return [room] if room.is_file() else list(room.rglob("*.py"))
