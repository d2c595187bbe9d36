"""Somebody's own stems: one folder a song, one file a stem, named as they like."""

import logging
import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

from stemwise.datasets.base import Splits
from stemwise.datasets.folders import by_id, listed, make_song, subfolders
from stemwise.datasets.own import PART_OF, OwnSongs, id_of
from stemwise.datasets.stem_names import IGNORE, MIX, StemNames, labels_of
from stemwise.errors import DataError
from stemwise.naming import SUFFIXES
from stemwise.song import Song, Stem
from stemwise.texts import nfc

log = logging.getLogger(__name__)

NAME = "your own stems"
LICENCE = "yours"
CITATION = "none; they are your own songs"
HOW_TO_GET = (
    "Put the stems of each song into a folder of its own, named <Artist - Title>, a file a stem, as "
    "Ann - One/vocals.wav and Ann - One/kick.wav; docs/datasets.md says what names may be."
)

FOREIGN = (".m4a", ".mp4", ".aac", ".wma", ".ape", ".wv", ".alac", ".caf", ".opus", ".mka", ".webm")  # not read
LOOKS_LIKE = tuple(
    f"{top}*/*{end}" for top in ("", "train/", "test/") for name in SUFFIXES for end in (name, name.upper())
)


class Folder(OwnSongs):
    """Reader of one tree: `<root>/<Artist - Title>/<any name>.wav`.

    `stems`: what names mean (`StemNames`), `<root>/stems.yaml` if None. `complete`: whether the stems of a song are all
    of it (`Song`). Splits are those of `splits_file`; else the folders train, valid and test, where the songs lie in
    such, and without valid some artists of train; else of `<root>/splits.json`; else by hash.
    """

    def __init__(
        self,
        root: str | Path,
        stems: Mapping[str, Any] | str | Path | None = None,
        complete: bool = True,
        split_by: str = "artist",
        splits_file: str | Path | None = None,
        skip: Sequence[str] = (),
        pad_short_stems: bool = False,
    ) -> None:
        super().__init__(str(root), split_by, splits_file, skip, pad_short_stems)
        self.root = Path(root)
        self.stems = stems
        self.complete = complete

    def songs(self) -> list[Song]:
        songs, names = super().songs(), self._names.open
        if names:
            said = "; ".join(f"{name}: {' or '.join(labels)}" for name, labels in sorted(names.items()))
            log.warning(
                "%s: names that leave open what they are (%s). A target that has some of these labels and not all is "
                "unknown there. stems.yaml or data.stems={NAME: LABEL} settles it.",
                self.where,
                said,
            )
            self._names.open.clear()
        return songs

    def splits(self) -> Splits:
        """Raises DataError for an artist in two parts."""
        if self.splits_file or not self._parts():
            return self._splits_at(self.root)
        return self._splits_in({id: PART_OF[folder.parent.name.casefold()] for id, folder in self.folders.items()})

    @cached_property
    def _names(self) -> StemNames:
        file = self.root / "stems.yaml"
        return StemNames(file if self.stems is None and os.path.lexists(file) else self.stems)

    def _check_names(self) -> None:
        """Raise DataError for a table that cannot be right: once, not for each song."""
        _ = self._names

    def _parts(self) -> list[Path]:
        """The folders train, valid and test, as far as there are such and they are not songs of that name."""
        return [
            folder
            for folder in subfolders(self.root)
            if nfc(folder.name).casefold() in PART_OF and not audio_in(folder)
        ]

    def _find(self) -> dict[str, Path]:
        self._check_names()
        parts = self._parts()
        stray = audio_in(self.root)
        if parts:
            others = (path for path in subfolders(self.root) if path not in parts)
            stray += [path for path in others if _holds_audio(path) or not path.exists()]
        if stray:
            among = "train, valid and test" if parts else "the folders of songs"
            raise DataError(
                f"{stray[0]} lies beside {among}, and so in none of them. Move it into one, or out of the tree."
            )
        songs = [song for part in parts for song in subfolders(part)] if parts else subfolders(self.root)
        return by_id(songs, lambda folder: id_of(folder.name))

    def _nothing(self) -> str:
        return f"{NAME}: no songs under {self.root} (looked for <Artist - Title>/<stem>.wav). {HOW_TO_GET}"

    def _song(self, id: str, folder: Path) -> Song:
        found = [(path, self._names.of(path)) for path in stem_files(folder)]
        mixes = [path for path, meaning in found if meaning.labels == (MIX,)]
        if len(mixes) > 1:
            raise DataError(
                f"{mixes[0]} and {mixes[1].name} both are the mix by name. Take one away, or say with "
                f"data.stems={{{mixes[1].stem}: ignore}} that such files are to be left out."
            )
        stems = [(path, meaning) for path, meaning in found if meaning.labels not in ((MIX,), (IGNORE,))]
        if not stems:
            raise DataError(
                f"{folder}: holds no stems (looked for files as kick.wav). Put them there, or take it away."
            )
        made = [
            Stem(f"S{number:02d}", labels, path, meaning.words if len(labels) > 1 else "")
            for number, ((path, meaning), labels) in enumerate(
                zip(stems, labels_of([meaning for _, meaning in stems]), strict=True), start=1
            )
        ]
        artist, title = artist_and_title(folder.name)
        mix = mixes[0] if mixes else None
        return make_song(id, artist, title, made, mix, self.pad_short_stems, complete=self.complete)


def artist_and_title(name: str) -> tuple[str, str]:
    """Of 'Artist - Title'; any other name is both."""
    artist, found, title = (part.strip() for part in nfc(name).partition(" - "))
    return (artist, title) if found and artist and title else (nfc(name), nfc(name))


def audio_in(folder: Path) -> list[Path]:
    """Files right in the folder that are audio by their names, whether or not they can be read."""
    if not folder.is_dir():
        return []
    return [path for path in listed(folder) if path.suffix.casefold() in (*SUFFIXES, *FOREIGN) and not path.is_dir()]


def stem_files(folder: Path) -> list[Path]:
    """The audio of a song. Raises DataError for audio that is not read, lies deeper, or has the name of another file:
    none of it may be left out without a word."""
    for path in listed(folder) if folder.is_dir() else []:
        if path.is_dir() and (path.suffix.casefold() in SUFFIXES or _holds_audio(path)):
            raise DataError(
                f"{path}: is a folder with audio, or named as a file of it, inside a song. Move its files up into "
                f"{folder}, or out of it."
            )
    names: dict[str, Path] = {}
    for path in audio_in(folder):
        if path.suffix.casefold() in FOREIGN:
            raise DataError(f"{path}: files of this kind are not read. Export it as wav or flac.")
        twin = names.setdefault(nfc(path.stem).casefold(), path)
        if twin != path:
            raise DataError(f"{twin} and {path.name} have one name; both would be in the mixture. Take one away.")
    return list(names.values())


def _holds_audio(folder: Path) -> bool:
    """At any depth, links of folders not followed."""
    ends = (*SUFFIXES, *FOREIGN)
    return any(name.casefold().endswith(ends) for _, _, files in os.walk(folder) for name in files if name[0] != ".")
