"""SoundFonts: which sounds they hold, and whether they are whole."""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from importlib import resources
from pathlib import Path

from stemwise.errors import DataError, MissingExtra

DEFAULT = "TimGM6mb.sf2"
DRUM_BANK = 128
PRESET_SIZE = 38  # bytes of a `phdr` record: name (20), preset, bank, and four more numbers
FAMILY = 8  # General MIDI has sixteen families of eight programs


@dataclass(frozen=True)
class Font:
    """An sf2 file. `presets`: the (bank, program) pairs it has; `digest`: the first 12 digits of its SHA-256."""

    path: Path
    digest: str
    presets: frozenset[tuple[int, int]]

    @property
    def name(self) -> str:
        return self.path.name

    def data(self) -> bytes:
        return _bytes(self.path)

    def fallback(self, bank: int, program: int) -> int | None:
        """`program` where the font has it, else the nearest of its family (of kits: the standard kit), else None."""
        if (bank, program) in self.presets:
            return program
        if bank == DRUM_BANK:
            return 0 if (bank, 0) in self.presets else None
        first = program // FAMILY * FAMILY
        near = sorted(range(first, first + FAMILY), key=lambda other: (abs(other - program), other))
        return next((other for other in near if (bank, other) in self.presets), None)


def load_fonts(paths: Sequence[Path]) -> list[Font]:
    """The fonts of these files, or the one in the pretty_midi package if there are none.

    Raises DataError for a file that is missing, cut short or no sf2; MissingExtra when the package is not installed.
    """
    return [_load(path) for path in paths or [default_font()]]


def default_font() -> Path:
    try:
        return Path(str(resources.files("pretty_midi").joinpath(DEFAULT)))
    except ImportError as fault:
        raise MissingExtra("pretty_midi", "synth", "Rendering songs") from fault


@lru_cache(maxsize=16)
def _load(path: Path) -> Font:
    if not path.is_file():
        raise DataError(f"SoundFont {path}: no such file. Check the name.")
    data = path.read_bytes()
    if data[:4] != b"RIFF" or data[8:12] != b"sfbk":
        raise DataError(f"SoundFont {path}: is no sf2 file (it does not begin with RIFF and sfbk). Choose another.")
    if len(data) < 8 + struct.unpack_from("<I", data, 4)[0]:
        raise DataError(f"SoundFont {path}: is cut short ({len(data)} bytes). Copy or download it again.")
    presets = _presets(data, path)
    return Font(path, hashlib.sha256(data).hexdigest()[:12], presets)


def _presets(data: bytes, path: Path) -> frozenset[tuple[int, int]]:
    lists = {
        data[at + 8 : at + 12]: (at + 12, size - 4)
        for name, at, size in _chunks(data, 12, len(data))
        if name == b"LIST"
    }
    if b"pdta" not in lists or b"sdta" not in lists:
        raise DataError(f"SoundFont {path}: holds no presets or no samples. Choose another.")
    start, size = lists[b"pdta"]
    tables = {name: (at + 8, length) for name, at, length in _chunks(data, start, start + size)}
    at, length = tables.get(b"phdr", (0, 0))
    rows = [struct.unpack_from("<HH", data, at + i + 20) for i in range(0, length - PRESET_SIZE, PRESET_SIZE)]
    if not rows:
        raise DataError(f"SoundFont {path}: lists no presets. Choose another.")
    return frozenset((bank, program) for program, bank in rows)


def _chunks(data: bytes, at: int, end: int) -> list[tuple[bytes, int, int]]:
    """(name, offset, size) of the chunks from `at` on."""
    out = []
    while at + 8 <= end:
        size = struct.unpack_from("<I", data, at + 4)[0]
        out.append((data[at : at + 4], at, size))
        at += 8 + size + size % 2
    return out


@lru_cache(maxsize=1)  # fonts may have 150 MB; songs come in an order in which one is asked for again and again
def _bytes(path: Path) -> bytes:
    return path.read_bytes()
