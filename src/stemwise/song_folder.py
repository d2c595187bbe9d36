"""The folder of one song in MedleyDB form: names, metadata, files. For whatever writes such songs."""

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import yaml
from numpy.typing import NDArray

from stemwise import audio
from stemwise.errors import DataError
from stemwise.files import beside, write_text

FORMATS = ("flac", "wav")
SUBTYPES = {np.dtype(np.int16): "PCM_16", np.dtype(np.int32): "PCM_24"}
COMPONENTS = {"male singer": "melody", "female singer": "melody", "electric bass": "bass", "double bass": "bass"}

Pcm = NDArray[np.int16] | NDArray[np.int32]


@dataclass(frozen=True)
class WrittenStem:
    """One stem: its MedleyDB label, its samples (channel, sample), and `raw`: what its raw files were called.

    int16 is written with 16 bits; int32 holds 24 bits in its upper three bytes.
    """

    instrument: str
    samples: Pcm
    raw: Sequence[str] = ()


@dataclass(frozen=True)
class Facts:
    """What the metadata say beside the stems; `title` may be anything, `genre` is one of MedleyDB's."""

    artist: str
    title: str
    genre: str
    origin: str
    album: str = ""
    bleed: bool = False


def song_id(artist: str, title: str, taken: set[str]) -> str:
    """'Artist_Title' in letters and digits, as MedleyDB's ids are; numbered if `taken` has it, to which it is added."""
    wish = f"{_plain(artist)}_{_plain(title)}"
    names = (wish if number == 1 else f"{wish}{number}" for number in count(1))
    name = next(name for name in names if name.casefold() not in taken)
    taken.add(name.casefold())
    return name


def write_song_folder(
    folder: Path,
    id: str,
    facts: Facts,
    stems: Sequence[WrittenStem],
    mix: Pcm,
    rate: int,
    format: str = "flac",
    more: Callable[[Path, Sequence[str]], None] | None = None,
) -> Path:
    """Write `folder`/`id` with stems, mix and metadata, whole or not at all, and return it.

    `more(folder, names)` may add files to the folder before it takes its name; `names` are the stems' without suffix.
    Raises DataError for a format that is not one of FORMATS.
    """
    if format not in FORMATS:
        raise DataError(f"format '{format}': songs are written as {' or '.join(FORMATS)}.")
    names = [f"{id}_STEM_{number:02d}" for number in range(1, len(stems) + 1)]
    with beside(folder / id) as song:
        for name, stem in zip(names, stems, strict=True):
            write_pcm(song / f"{id}_STEMS" / f"{name}.{format}", stem.samples, rate)
        write_pcm(song / f"{id}_MIX.{format}", mix, rate)
        if more:
            more(song, names)
        content = yaml.safe_dump(metadata(id, facts, stems, format), sort_keys=True, allow_unicode=True)
        write_text(song / f"{id}_METADATA.yaml", content)
    return folder / id


def metadata(id: str, facts: Facts, stems: Sequence[WrittenStem], format: str) -> dict[str, Any]:
    """Every key that MedleyDB's metadata have; yes and no are strings there."""
    from stemwise import __version__

    sung = any(is_voice(stem.instrument) for stem in stems)
    return {
        "album": facts.album,
        "artist": facts.artist,
        "composer": [facts.artist],
        "excerpt": "no",
        "genre": facts.genre,
        "has_bleed": "yes" if facts.bleed else "no",
        "instrumental": "no" if sung else "yes",
        "mix_filename": f"{id}_MIX.{format}",
        "origin": facts.origin,
        "producer": [facts.artist],
        "raw_dir": f"{id}_RAW",
        "stem_dir": f"{id}_STEMS",
        "stems": {
            f"S{number:02d}": _entry(stem, f"{id}_STEM_{number:02d}.{format}", number)
            for number, stem in enumerate(stems, start=1)
        },
        "title": facts.title,
        "version": __version__,
        "website": [],
    }


def is_voice(label: str) -> bool:
    from stemwise.taxonomy import families

    return label in families()["voices"]


def write_pcm(path: Path, pcm: Pcm, rate: int) -> None:
    """(channel, sample) integers, written as they are: through floats libsndfile would scale them by 32767 / 32768.
    Raises AudioError when they cannot be written."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with audio.writing(path, pcm.shape[1]):
        soundfile.write(path, pcm.T, rate, subtype=SUBTYPES[pcm.dtype])


def _plain(name: str) -> str:
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return "".join(word[:1].upper() + word[1:] for word in re.findall(r"[A-Za-z0-9]+", ascii_only)) or "Unnamed"


def _entry(stem: WrittenStem, file: str, number: int) -> dict[str, Any]:
    raw = {f"R{index:02d}": {"filename": name, "instrument": stem.instrument} for index, name in enumerate(stem.raw, 1)}
    return {
        "component": COMPONENTS.get(stem.instrument, ""),
        "filename": file,
        "instrument": stem.instrument,
        "raw": raw,
    }
