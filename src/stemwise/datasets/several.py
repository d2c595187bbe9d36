"""Several sets as one: a published one and songs of your own, or trees that were synthesized apart."""

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property
from itertools import combinations
from pathlib import Path
from typing import Any

from stemwise.datasets.base import PARTS, Splits, artist_keys
from stemwise.datasets.detect import open_tree
from stemwise.datasets.folders import SongFolders
from stemwise.errors import DataError
from stemwise.song import Song

NAME = "Several sets"
LICENCE = "That of each set"
CITATION = "That of each set"
HOW_TO_GET = "Name the sets: data=several 'data.sets={medleydb: /path/to/MedleyDB, mine: /path/to/songs}'."
LOOKS_LIKE = ()  # several trees


class Several(SongFolders):
    """Reader of the sets that `sets` names: each a reader, or a place whose layout says what it is.

    A song is in the part that its own set's split puts it in, unless there is a `splits_file`. `pad_short_stems` holds
    for all sets. `train_only`: names of sets of which nothing but the training songs are in a part, so that others
    decide what is validated and tested on. `prefix`: put the set's name before ids, `<name>-<id>`, and before artists,
    for sets in which the same id or artist is another.
    """

    def __init__(
        self,
        sets: Mapping[str, SongFolders | str | Path],
        splits_file: str | Path | None = None,
        skip: Sequence[str] = (),
        pad_short_stems: bool = False,
        train_only: Sequence[str] = (),
        prefix: bool = False,
    ) -> None:
        self.sets = _checked(sets)
        self.train_only = tuple([train_only] if isinstance(train_only, str) else train_only)
        if unknown := [name for name in self.train_only if name not in self.sets]:
            raise DataError(f"data.train_only: there is no set '{unknown[0]}', but {', '.join(self.sets)}.")
        if self.train_only and splits_file:
            raise DataError(
                f"data.train_only={list(self.train_only)} and data.splits_file={splits_file}: the file says what is in "
                "which part. Leave one of them out."
            )
        self.prefix = prefix
        where = " and ".join(each.where if isinstance(each, SongFolders) else str(each) for each in self.sets.values())
        super().__init__(where, splits_file, skip, pad_short_stems)

    @cached_property
    def readers(self) -> dict[str, SongFolders]:
        """Each as `sets` has it. Raises DataError for a place of no known layout."""
        return {name: self._opened(given) for name, given in self.sets.items()}

    def splits(self) -> Splits:
        """Raises DataError for an artist whom two sets have in different parts."""
        if self.splits_file:
            return self._splits_of(self.splits_file)
        have = {song.id: song for song in self.songs()}
        parts: Splits = {part: [] for part in PARTS}
        for name, reader in self.readers.items():
            # What cannot be used and was not refused by now is left out here too.
            for part, ids in reader.without_unusable().splits().items():
                if part == "train" or name not in self.train_only:
                    parts[part] += [id for id in (self._id(name, each) for each in ids) if id in have]
        self._check_artists(parts, have)
        return {part: sorted(ids) for part, ids in parts.items()}

    def altered(self) -> dict[Path, str]:
        return {
            path: id and self._id(name, id)
            for name, reader in self.readers.items()
            for path, id in reader.altered().items()
            if self._id(name, id) not in self.skip
        }

    def _opened(self, given: SongFolders | str | Path) -> SongFolders:
        reader = copy(given) if isinstance(given, SongFolders) else open_tree(Path(given))
        for read in ("folders", "_read", "readers"):  # perhaps already, as it was then
            vars(reader).pop(read, None)
        reader.pad_short_stems |= self.pad_short_stems
        return reader

    def _id(self, name: str, id: str) -> str:
        return f"{name}-{id}" if self.prefix else id

    @cached_property
    def _origins(self) -> dict[str, list[tuple[str, str]]]:
        """Id → (set, its id there), of every set that has it."""
        found: dict[str, list[tuple[str, str]]] = {}
        for name, reader in self.readers.items():
            for id in reader.folders:
                found.setdefault(self._id(name, id), []).append((name, id))
        return found

    def _find(self) -> dict[str, Path]:
        return {id: self.readers[name].folders[own] for id, ((name, own), *_) in self._origins.items()}

    def _nothing(self) -> str:
        return f"{self.where}: all of their songs are left out by data.skip."

    @cached_property
    def _read(self) -> tuple[list[Song], dict[str, str]]:
        """What each reader read, so that what it looks at beyond single songs counts here too."""
        songs: dict[str, Song] = {}
        findings = {id: self._twice(id) for id, origins in self._origins.items() if len(origins) > 1}
        for name, reader in self.readers.items():
            have, faults = reader._read
            songs |= {song.id: song for song in (self._renamed(name, each) for each in have)}
            findings |= {self._id(name, id): self._said(name, id, fault) for id, fault in faults.items()}
        findings = {id: fault for id, fault in sorted(findings.items()) if id in self.folders}
        return [song for id, song in sorted(songs.items()) if id in self.folders and id not in findings], findings

    def _song(self, id: str, folder: Path) -> Song:
        (name, own), *others = self._origins[id]
        if others:
            raise DataError(self._twice(id))
        try:
            return self._renamed(name, self.readers[name].song(own))
        except DataError as fault:
            raise DataError(self._said(name, own, str(fault))) from fault

    def _renamed(self, name: str, song: Song) -> Song:
        return replace(song, id=self._id(name, song.id), artist=f"{name} {song.artist}") if self.prefix else song

    def _said(self, name: str, id: str, fault: str) -> str:
        """With the id that `data.skip` knows here."""
        return fault.replace(f"data.skip=[{id}]", f"data.skip=[{self._id(name, id)}]")

    def _twice(self, id: str) -> str:
        return (
            f"{id}: in the sets {' and '.join(name for name, _ in self._origins[id])}. If these are different songs, "
            f"tell them apart with data.prefix=true; if not, leave out both with data.skip=[{id}]."
        )

    def _check_artists(self, parts: Splits, songs: Mapping[str, Song]) -> None:
        """A set's own split may have an artist in two parts, as published ones do; two sets may not disagree."""
        keys = artist_keys(list(songs.values()))
        found: dict[str, dict[tuple[str, str], str]] = {}  # artist → (set, part) → a song
        for part, ids in parts.items():
            for id in ids:
                found.setdefault(keys[id], {}).setdefault((self._origins[id][0][0], part), id)
        for places in found.values():
            for ((one, part), id), ((other, elsewhere), twin) in combinations(places.items(), 2):
                if one != other and part != elsewhere:
                    raise DataError(
                        f"{id} is in {part} of {one}, and {twin}, by the same artist, in {elsewhere} of {other}. Write "
                        "one split for all with data.splits_file=FILE, or, if names of one set mean nothing in the "
                        "other, set data.prefix=true."
                    )


def _checked(sets: Any) -> dict[str, SongFolders | str | Path]:
    if not isinstance(sets, Mapping) or not sets:
        raise DataError(f"data.sets={sets!r}: no sets by name. {HOW_TO_GET}")
    for name, given in sets.items():
        if not isinstance(given, SongFolders | str | Path):
            raise DataError(
                f"data.sets.{name} is {given!r}: give a place, or what a file of conf/data holds (not prepared: songs "
                "that are one set are prepared together)."
            )
    return {str(name): given for name, given in sets.items()}
