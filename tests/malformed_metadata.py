"""Malformed metadata of the layouts of tests/malformed.py: names, text, values and splits."""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from tests.malformed import EITHER, FINE, NFC, NFD, Layout, instead

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
    "a folder": instead,
    "a link to itself": lambda path: instead(path, path),
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
