"""MoisesDB: `<provider>/<uuid>/data.json`, and each source at `<stem>/<uuid>.<ext>` beside it."""

import difflib
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from stemwise.datasets.base import Splits, splits_by_artist
from stemwise.datasets.folders import SongFolders, check_text, inside, make_song, subfolders
from stemwise.errors import DataError
from stemwise.song import Song, Stem
from stemwise.texts import nfc, read_json, read_yaml

NAME = "MoisesDB"
LICENCE = "CC BY-NC-SA 4.0"
CITATION = (
    "I. Pereira, F. Araújo, F. Korzeniowski, R. Vogl: MoisesDB: A Dataset for Source Separation Beyond 4 Stems. "
    "ISMIR 2023. arXiv:2307.15913"
)
HOW_TO_GET = (
    "Download moisesdb.zip from the research pages of Music AI and unpack it so that the tree holds "
    "moisesdb_v0.1/<uuid>/data.json; the root is the folder above moisesdb_v0.1."
)
LOOKS_LIKE = ("*/*/data.json",)

LABELS = Path(__file__).with_name("moisesdb_labels.yaml")


class MoisesDB(SongFolders):
    """Reader of one tree; a stem of a song is one of its sources, of which a stem of MoisesDB has several.

    Shorter stems are let in unless told otherwise, since they differ in length in 50 of the 240 songs. Splits are those
    of `splits_file`, else by the hash of the artist. The other settings are those of `SongFolders`.
    """

    def __init__(
        self,
        root: str | Path,
        splits_file: str | Path | None = None,
        skip: Sequence[str] = (),
        pad_short_stems: bool = True,
        bleed: bool = True,
    ) -> None:
        super().__init__(str(root), splits_file, skip, pad_short_stems, bleed)
        self.root = Path(root)

    def splits(self) -> Splits:
        if self.splits_file:
            return self._splits_of(self.splits_file)
        return splits_by_artist(self.songs())

    def _find(self) -> dict[str, Path]:
        found: dict[str, Path] = {}
        providers = (subfolders(provider) for provider in subfolders(self.root))
        # Beside folders with data.json, one without is a song that lost it.
        held = (folders for folders in providers if any(os.path.lexists(path / "data.json") for path in folders))
        for folder in (path for folders in held for path in folders):
            if nfc(folder.name) in found:
                raise DataError(f"{folder}: also at {found[nfc(folder.name)]}. Take one of them away.")
            found[nfc(folder.name)] = folder
        return found

    def _nothing(self) -> str:
        return f"{NAME}: no songs under {self.root} (looked for <provider>/<uuid>/data.json). {HOW_TO_GET}"

    def _song(self, id: str, folder: Path) -> Song:
        data = _read_json(folder / "data.json")
        sources = list(_sources(id, data))
        stems = [_stem(id, folder, number, stem, track) for number, (stem, track) in enumerate(sources, start=1)]
        if not stems:
            raise DataError(
                f"{id}: data.json lists no tracks. Restore it, or leave the song out with data.skip=[{id}]."
            )
        bleed = any(track.get("has_bleed") for _, track in sources)
        artist, title = str(data.get("artist") or id), str(data.get("song") or id)
        return make_song(id, artist, title, stems, None, self.pad_short_stems, bleed)


def _read_json(path: Path) -> dict[str, Any]:
    data = read_json(path)
    if not isinstance(data, dict) or not isinstance(data.get("stems"), list):
        raise DataError(
            f"{path}: lists no stems (expected {{artist, song, stems: [{{stemName, tracks: [...]}}]}}). Restore it."
        )
    check_text(path, data, "artist", "song")
    return data


def _sources(id: str, data: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(name of the stem, its track) in the order of the file."""
    for stem in data["stems"]:
        try:
            if not isinstance(stem["tracks"], list):
                raise TypeError(f"tracks are {stem['tracks']!r}")
            for track in stem["tracks"]:
                yield stem["stemName"], {"id": track["id"], "trackType": track["trackType"], **track}
        except (KeyError, TypeError) as fault:
            raise DataError(
                f"{id}: data.json has a stem that is not {{stemName, tracks: [{{id, trackType, extension}}]}} "
                f"({fault!r}). Restore it, or leave the song out with data.skip=[{id}]."
            ) from fault


def _stem(id: str, folder: Path, number: int, stem: str, track: Mapping[str, Any]) -> Stem:
    where = f"{id}, {stem}, track {track['id']}"
    labels = source_labels(stem, track["trackType"], where)
    path = inside(folder, stem, f"{track['id']}.{track.get('extension') or 'wav'}")
    if not path.is_file():
        raise DataError(f"{where}: no file {path}. Restore it, or leave the song out with data.skip=[{id}].")
    return Stem(f"S{number:02d}", labels, path, str(track["trackType"]) if len(labels) > 1 else "")


def source_labels(stem: str, kind: str, where: str) -> tuple[str, ...]:
    """Labels of a track of this type in this stem. Raises DataError for a type that no stem has."""
    table = read_labels()
    name = _plain(str(kind))
    for key in (f"{_plain(str(stem))}: {name}", name):
        if key in table:
            return table[key]
    near = difflib.get_close_matches(name, [key for key in table if ":" not in key], n=1, cutoff=0.5)
    hint = f"Did you mean '{near[0]}'? " if near else ""
    raise DataError(f"{where}: unknown trackType '{kind}'. {hint}Correct data.json, or give it a label in {LABELS}.")


@cache
def read_labels() -> dict[str, tuple[str, ...]]:
    """`stem: type` → labels, and `type` alone where a track is filed in another stem; each with its brackets and
    without. The bare `other` is a type of vocals only there."""
    table: dict[str, tuple[str, ...]] = {}
    for stem, kinds in read_yaml(LABELS).items():
        for kind, labels in kinds.items():
            for name in {_plain(kind), _plain(kind.partition("(")[0])}:
                table[f"{_plain(stem)}: {name}"] = tuple(labels)
                if name != "other":
                    table[name] = tuple(labels)
    return table


def _plain(name: str) -> str:
    """`a-tonal_percussion_(claps, ...)` → `a tonal percussion claps`."""
    return " ".join(re.findall(r"[^\W_]+", name.casefold()))
