"""Malformed trees: fault × layout. A new layout is a line of LAYOUTS, a new fault a line of its table.

A fault is made in a good tree and returns what it spoilt, which the message must name; or, where it is harmless, the
audio it wrote, which must be read as it was written.
"""

import json
import os
import re
import shutil
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import yaml

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


def _instead(path: Path, link: Path | None = None) -> None:
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
    "a folder": (FOUND, _instead),
    "a link to itself": (FOUND, lambda path: _instead(path, path)),
    "a link to nowhere": (FOUND, lambda path: _instead(path, path.with_name("nowhere"))),
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

# The word in the first song's names becomes this on the disk and, where given, that in the metadata.
NAMES: dict[str, tuple[str, str, str]] = {
    "blanks": (FINE, "A  b c", "A  b c"),
    "Unicode": (FINE, NFC, NFC),
    "Unicode, decomposed": (FINE, NFD, NFD),
    "Unicode, decomposed on the disk": (FINE, NFD, NFC),
    "Unicode, decomposed in the metadata": (FINE, NFC, NFD),
    "another script": (FINE, "Группа", "Группа"),
    "signs": (FINE, "It's & (100%) [x] {y} #1; $z", "It's & (100%) [x] {y} #1; $z"),
    "a newline": (EITHER, "A\nb", "A\nb"),
    "no UTF-8": (EITHER, os.fsdecode(b"A\xff"), "A"),
    "a dash in front": (FINE, "--Ann", "--Ann"),
}


def renamed(root: Path, layout: Layout, on_disk: str, said: str) -> None:
    for path in sorted(root.rglob("*"), key=lambda path: -len(path.parts)):
        if path.is_file() and path.suffix in (".yaml", ".json", ".csv"):
            _replace_in(path, layout.word, said)
        if layout.word in path.name:
            path.rename(path.with_name(path.name.replace(layout.word, on_disk)))


def _replace_in(path: Path, old: str, new: str) -> None:
    if path.suffix == ".csv":
        import csv

        with path.open(newline="", encoding="utf-8") as file:
            rows = [[cell.replace(old, new) for cell in row] for row in csv.reader(file)]
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows(rows)
    else:
        write_metadata(path, _replaced(read_metadata(path), old, new))


def _replaced(content: Any, old: str, new: str) -> Any:
    if isinstance(content, dict):
        return {key: _replaced(value, old, new) for key, value in content.items()}
    if isinstance(content, list):
        return [_replaced(value, old, new) for value in content]
    return content.replace(old, new) if isinstance(content, str) else content


def read_metadata(path: Path) -> Any:
    text = path.read_text(encoding="utf-8")
    return json.loads(text) if path.suffix == ".json" else yaml.safe_load(text)


def write_metadata(path: Path, content: Any) -> None:
    dump = json.dumps if path.suffix == ".json" else yaml.safe_dump
    path.write_text(dump(content), encoding="utf-8")


# Faults of the metadata as text. The last two leave YAML as it is where they mean nothing.
OF_A_TEXT: dict[str, Callable[[Path], None]] = {
    "empty": lambda path: path.write_text(""),
    "blank": lambda path: path.write_text("\n  \n"),
    "a comment only": lambda path: path.write_text("# nothing"),
    "no text": lambda path: path.write_bytes(bytes(range(256))),
    "latin-1": lambda path: path.write_bytes(path.read_bytes() + b"\n# Jos\xe9"),
    "cut in a word": lambda path: path.write_text("{[\"'"),
    "a number": lambda path: path.write_text("1"),
    "a list": lambda path: path.write_text("- 1\n- 2\n" if path.suffix == ".yaml" else "[1, 2]"),
    "nested too deep": lambda path: path.write_text("[" * 20000),
    "a key twice": lambda path: path.write_text(_twice(path)),
    "a folder": _instead,
    "a link to itself": lambda path: _instead(path, path),
    "gone": lambda path: path.unlink(),
    "a date that is none": lambda path: path.write_text(path.read_text() + "\nday: 2020-13-45"),
}


def _twice(path: Path) -> str:
    text = path.read_text()
    if path.suffix == ".yaml":
        return text + "\n" + next(line for line in text.splitlines() if re.match(r"\w+: \w", line))
    if path.suffix == ".json":
        return text.replace('"artist"', '"artist": "X", "artist"', 1)
    return text.replace("artist", "artist,artist", 1)


# Keys that name an instrument, so that another value may be another label.
MAY_RELABEL = ("instrument", "is_drum", "program_num", "plugin_name", "midi_program_name", "inst_class", "trackType")

# Values of another kind than the metadata have; every key of it gets each of them.
OTHER_KINDS: dict[str, Any] = {
    "a list": ["a", 1],
    "a list of lists": [["x"]],
    "a mapping": {"a": "b"},
    "text": "some text",
    "nothing": None,
    "a number": 7,
    "yes": True,
    "empty text": "",
    "an empty list": [],
    "an absolute path": "/etc/hostname",
    "a path that escapes": "../../../../../../../../etc/hostname",
    "a long name": "x" * 300,
    "a name with a zero": "a\0b",
}


def places_in(content: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Places of metadata, as keys from the top; of many things of one form (stems) the first alone is gone into."""
    if isinstance(content, list):
        return [(*here, 0), *places_in(content[0], (*here, 0))] if content else []
    if not isinstance(content, dict):
        return []
    alike = bool(content) and all(isinstance(value, dict) for value in content.values())
    into = list(content)[:1] if alike else list(content)
    return [(*here, key) for key in into] + [p for key in into for p in places_in(content[key], (*here, key))]


def put(content: Any, place: tuple[Any, ...], value: Any) -> None:
    for key in place[:-1]:
        content = content[key]
    content[place[-1]] = value


# Faults of a file of splits, the same for every layout.
SPLITS: dict[str, str] = {
    "no JSON": '{"train": [',
    "empty": "",
    "a list": "[]",
    "text for a list": '{"train": "Ann", "valid": [], "test": []}',
    "a list of numbers": '{"train": [1], "valid": [], "test": []}',
    "a list of lists": '{"train": [["a"]], "valid": [], "test": []}',
    "a part missing": '{"train": [], "valid": []}',
    "nobody's id": '{"train": ["Nobody"], "valid": [], "test": []}',
    "a part twice": '{"train": [], "train": [], "valid": [], "test": []}',
    "nested too deep": "[" * 20000,
    "artists are a list": '{"train": [], "valid": [], "test": [], "artists": ["Ann"]}',
    "artists are text": '{"train": [], "valid": [], "test": [], "artists": {"train": "Ann", "valid": [], "test": []}}',
}

# In metadata of MedleyDB's form: each must be found.
MEDLEY: dict[str, Callable[[dict[str, Any]], Any]] = {
    "artist is a list": lambda meta: meta.update(artist=["a", "b"]),
    "artist is a mapping": lambda meta: meta.update(artist={"a": 1}),
    "artist is yes": lambda meta: meta.update(artist=True),
    "title is a list": lambda meta: meta.update(title=["a"]),
    "bleed is neither": lambda meta: meta.update(has_bleed="perhaps"),
    "bleed is a list": lambda meta: meta.update(has_bleed=["yes"]),
    "no stems": lambda meta: meta.pop("stems"),
    "stems are a list": lambda meta: meta.update(stems=list(meta["stems"].values())),
    "stems are text": lambda meta: meta.update(stems="all"),
    "a stem is text": lambda meta: meta["stems"].update(S02="bass.wav"),
    "a stem is nothing": lambda meta: meta["stems"].update(S02=None),
    "unknown label": lambda meta: meta["stems"]["S02"].update(instrument="drumset of Joe"),
    "unknown label in a list": lambda meta: meta["stems"]["S02"].update(instrument=["piano", "pianoo"]),
    "label is a mapping": lambda meta: meta["stems"]["S02"].update(instrument={"piano": 1}),
    "label is a list of lists": lambda meta: meta["stems"]["S02"].update(instrument=[["piano"]]),
    "label is a number": lambda meta: meta["stems"]["S02"].update(instrument=7),
    "no label": lambda meta: meta["stems"]["S02"].pop("instrument"),
    "own label without a name": lambda meta: meta["stems"]["S02"].update(instrument="own:"),
    "file is a list": lambda meta: meta["stems"]["S02"].update(filename=["a.wav"]),
    "file is absolute": lambda meta: meta["stems"]["S02"].update(filename="/tmp/a.wav"),
    "file escapes": lambda meta: meta["stems"]["S02"].update(filename="x/../../../../a.wav"),
    "folder is absolute": lambda meta: meta.update(stem_dir="/tmp"),
    "folder escapes": lambda meta: meta.update(stem_dir=".."),
    "folder is a list": lambda meta: meta.update(stem_dir=["a"]),
    "mix escapes": lambda meta: meta.update(mix_filename="../../a.wav"),
    "mix is a list": lambda meta: meta.update(mix_filename=["a.wav"]),
    "two stems of one file": lambda meta: meta["stems"]["S02"].update(filename=meta["stems"]["S01"]["filename"]),
}
