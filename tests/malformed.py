"""Malformed trees: fault × layout. A new layout is a line of LAYOUTS, a new fault a line of its table.

A fault is made in a good tree and returns what it spoilt, which the message must name; or, where it is harmless, the
audio it wrote, which must be read as it was written. Here are the layouts and the faults of files and folders; those of
names, metadata and splits are in tests/malformed_metadata.py.
"""

import json
import os
import shutil
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from stemwise.datasets.folders import SongFolders
from tests.sets import MAKERS, MOISES, make_slakh

SECONDS = 0.25
NFC, NFD = (unicodedata.normalize(form, "Zoé Ü") for form in ("NFC", "NFD"))


@dataclass(frozen=True)
class Layout:
    """`reader` and its `settings`. `word`: stands in the names of the first song. `metadata`: glob of its file, where
    there is one. `make`: makes the tree, with wav files; that of tests/sets.py if None. `twin`: makes another song of
    the first one's id and returns what is wrong. `splits_beside`: whether splits.json in the tree counts."""

    reader: str
    word: str
    metadata: str = ""
    make: Callable[..., object] | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    twin: Callable[[Path], Path] | None = None
    splits_beside: bool = True


def make(layout: str, root: Path) -> None:
    chosen = LAYOUTS[layout]
    (chosen.make or MAKERS[chosen.reader])(root, seconds=SECONDS)


def _twin_of_accents(root: Path) -> Path:
    for name in (NFC, NFD):
        shutil.copytree(next((root / "Audio").iterdir()), root / "Audio" / name)
    return root / "Audio" / NFC


def _copied(source: str, to: str) -> Callable[[Path], Path]:
    return lambda root: Path(shutil.copytree(root / source, root / to))


def _twin_line(root: Path) -> Path:
    path = root / "manifest.csv"
    path.write_text(path.read_text() + "Ivy - One!,audio/Ivy - One/01_Kick.wav,drum set,Ivy,One\n")
    return path


def make_json_manifest(root: Path, seconds: float) -> None:
    MAKERS["Manifest"](root, seconds=seconds)
    header, *lines = (line.split(",") for line in (root / "manifest.csv").read_text().splitlines())
    entries = [dict(zip(header, line, strict=True)) for line in lines]
    (root / "manifest.json").write_text(json.dumps(entries))
    (root / "manifest.csv").unlink()


UUID = next(iter(MOISES))
LAYOUTS = {
    "MedleyDB": Layout("MedleyDB", "Ann", "Audio/Ann_One/*_METADATA.yaml", twin=_twin_of_accents),
    "Mixing Secrets": Layout("MixingSecrets", "Fay", "Audio/Fay_One/*_METADATA.yaml", twin=_twin_of_accents),
    "MUSDB18-HQ": Layout("Musdb18HQ", "ANiMAL", twin=_copied("train/ANiMAL - Rockshow", "test/ANiMAL - Rockshow"),
                         splits_beside=False),
    "Slakh": Layout("Slakh", "Track00001", "train/Track00001/metadata.yaml", partial(make_slakh, suffix=".wav"),
                    twin=_copied("train/Track00001", "test/Track00001"), splits_beside=False),
    "MoisesDB": Layout("MoisesDB", UUID, f"moisesdb_v0.1/{UUID}/data.json", settings={"pad_short_stems": False},
                       twin=_copied(f"moisesdb_v0.1/{UUID}", f"more/{UUID}"), splits_beside=False),
    "folder": Layout("Folder", "Ivy", twin=_copied("Ivy - One", "Ivy - One!")),
    "manifest": Layout("Manifest", "Ivy", "manifest.csv", twin=_twin_line),
    "JSON manifest": Layout("Manifest", "Ivy", "manifest.json", make_json_manifest),
}  # fmt: skip


# What a fault may become: FOUND by validate() or songs(); found when it is READ at the latest; FINE, so read as it was
# written; EITHER found or the very songs that were there.
FOUND, READ, FINE, EITHER = "found", "found when read", "fine", "either"


def victim(reader: SongFolders) -> Path:
    """A stem of the first song whose format is wav, not its first, since the others are compared with that."""
    song = reader.songs()[0]
    return next((stem.path for stem in song.stems[1:] if stem.path.suffix == ".wav"), song.stems[-1].path)


def noise(samples: int, channels: int = 2) -> np.ndarray:
    return np.random.default_rng(samples).uniform(-0.5, 0.5, (samples, channels))


def _cut(path: Path, share: float) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[: round(len(whole) * share)])


def _header(path: Path, place: int, size: int, value: int) -> None:
    """Overwrite a number in the header of a plain wav."""
    soundfile.write(path, noise(11025), 44100)
    raw = bytearray(path.read_bytes())
    raw[place : place + size] = value.to_bytes(size, "little")
    path.write_bytes(raw)


def instead(path: Path, link: Path | None = None) -> None:
    """A folder, or a link, in the place of a file."""
    path.unlink()
    path.symlink_to(link) if link else path.mkdir()


def _rewritten(path: Path, audio: np.ndarray, rate: int = 44100, **form: Any) -> None:
    form.setdefault("format", "WAV")
    soundfile.write(path, audio, rate, **form)


def _bad_sample(path: Path, value: float) -> None:
    audio = noise(soundfile.info(path).frames)
    audio[77, 1] = value
    _rewritten(path, audio, soundfile.info(path).samplerate, subtype="FLOAT")


# Faults of one stem file.
OF_A_FILE: dict[str, tuple[str, Callable[[Path], None]]] = {
    "truncated": (FOUND, lambda path: _cut(path, 0.6)),
    "truncated in its header": (FOUND, lambda path: path.write_bytes(path.read_bytes()[:20])),
    "a header alone": (FOUND, lambda path: _rewritten(path, noise(0))),
    "zero length": (FOUND, lambda path: path.write_bytes(b"")),
    "text": (FOUND, lambda path: path.write_text("RIFF is what it should begin with")),
    "a picture": (FOUND, lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(999))),
    "zeros": (FOUND, lambda path: path.write_bytes(bytes(9999))),
    "rate 0 in the header": (FOUND, lambda path: _header(path, 24, 4, 0)),
    "rate 1 in the header": (FOUND, lambda path: _header(path, 24, 4, 1)),
    "huge rate in the header": (FOUND, lambda path: _header(path, 24, 4, 2**31 - 1)),
    "no channels in the header": (FOUND, lambda path: _header(path, 22, 2, 0)),
    "unknown format in the header": (FOUND, lambda path: _header(path, 20, 2, 0x7777)),
    "another rate": (FOUND, lambda path: _rewritten(path, noise(11025), 22050)),
    "10 channels": (FOUND, lambda path: _rewritten(path, noise(11025, 10))),
    "another length": (FOUND, lambda path: _rewritten(path, noise(999))),
    "a folder": (FOUND, instead),
    "a link to itself": (FOUND, lambda path: instead(path, path)),
    "a link to nowhere": (FOUND, lambda path: instead(path, path.with_name("nowhere"))),
    "a pipe": (FOUND, lambda path: (path.unlink(), os.mkfifo(path))),
    "no permission": (FOUND, lambda path: path.chmod(0)),
    "NaN": (READ, lambda path: _bad_sample(path, np.nan)),
    "infinity": (READ, lambda path: _bad_sample(path, np.inf)),
    "minus infinity": (READ, lambda path: _bad_sample(path, -np.inf)),
}

# Unusual, and right: (libsndfile's words, rate, channels, largest error).
UNUSUAL: dict[str, tuple[dict[str, str], int, int, float]] = {
    "8 bits": ({"subtype": "PCM_U8"}, 44100, 2, 1 / 127),
    "24 bits": ({"subtype": "PCM_24"}, 44100, 2, 2**-22),
    "float64": ({"subtype": "DOUBLE"}, 44100, 2, 1e-7),
    "float32 above full scale": ({"subtype": "FLOAT"}, 44100, 2, 1e-6),
    "extensible": ({"format": "WAVEX"}, 44100, 2, 1 / 32767),
    "mono": ({}, 44100, 1, 1 / 32767),
    "96 kHz": ({}, 96000, 2, 1 / 32767),
    "8 kHz": ({}, 8000, 2, 1 / 32767),
}


def unusual(reader: SongFolders, kind: str) -> tuple[Path, np.ndarray]:
    """The whole first song in an unusual form: its stem's path and what was written there, (sample, channel)."""
    form, rate, channels, _ = UNUSUAL[kind]
    song, path = reader.songs()[0], victim(reader)
    written = noise(round(SECONDS * rate), channels) * (4 if "above" in kind else 1)
    for other in (*(stem.path for stem in song.stems), *([song.mix] if song.mix else [])):
        if other.suffix == ".wav":
            _rewritten(other, written, rate, **form)
        else:  # some layouts have a flac or an mp3 beside
            soundfile.write(other, noise(len(written)), rate if other.suffix == ".flac" else 44100)
    return path, written


# Faults of the folder of a song, which is handed over with the tree; what it returns must be named.
def _loop_instead(folder: Path) -> Path:
    shutil.rmtree(folder)
    folder.symlink_to(folder)
    return folder


def _loop_inside(folder: Path) -> Path:
    (folder / "again").symlink_to(folder, target_is_directory=True)
    return folder / "again"


def _emptied(folder: Path) -> Path:
    shutil.rmtree(folder)
    folder.mkdir()
    return folder


def _gone_behind_a_link(folder: Path) -> Path:
    shutil.rmtree(folder)
    folder.symlink_to(folder.with_name("moved away"))
    return folder


def _behind_a_link(folder: Path) -> Path:
    away = folder.parents[2] / "elsewhere"
    shutil.move(folder, away)
    folder.symlink_to(away, target_is_directory=True)
    return folder


OF_A_FOLDER: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "a link to itself": (FOUND, _loop_instead),
    "a link to nowhere": (FOUND, _gone_behind_a_link),
    "emptied": (FOUND, _emptied),
    "a link to itself inside": (EITHER, _loop_inside),
    "behind its owner's link": (FINE, _behind_a_link),
}
