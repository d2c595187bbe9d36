"""What every dataset reader offers, and splits that do not leak artists."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from stemwise.errors import DataError
from stemwise.song import Song

PARTS = ("train", "valid", "test")
Splits = dict[str, list[str]]


class Dataset(Protocol):
    """A reader of one dataset."""

    root: Path

    def songs(self) -> list[Song]:
        """All songs, sorted by id. Raises DataError when there is none, or when one cannot be used."""
        ...

    def splits(self) -> Splits:
        """Song ids of train, valid and test; no artist in two of them."""
        ...

    def validate(self) -> list[str]:
        """Every finding, each naming file and cure; empty when all is well."""
        ...


def splits_by_artist(songs: Sequence[Song], valid: float = 0.15, test: float = 0.2) -> Splits:
    """Every artist falls into one part by the hash of the name, so adding songs moves nobody.

    The shares hold for many artists only; with a handful a part can be empty.
    """
    splits: Splits = {part: [] for part in PARTS}
    for song in songs:
        digest = hashlib.sha256(song.artist.casefold().encode()).digest()
        place = int.from_bytes(digest[:8], "big") / 2**64
        part = "test" if place < test else "valid" if place < test + valid else "train"
        splits[part].append(song.id)
    return splits


def read_splits(path: Path, songs: Sequence[Song]) -> Splits:
    """Splits from a JSON file {"train": [ids], "valid": [ids], "test": [ids]}.

    Raises DataError for another form, for a song that is not there, and for an artist of train in another part.
    """
    try:
        splits = json.loads(path.read_text(encoding="utf-8"))
        lists = {part: list(splits[part]) for part in PARTS}
    except (ValueError, KeyError, TypeError) as fault:
        raise DataError(
            f'{path}: not of the form {{"train": [ids], "valid": [ids], "test": [ids]}} ({fault!r}).'
        ) from fault
    artists = {song.id: song.artist for song in songs}
    for part, ids in lists.items():
        unknown = [id for id in ids if id not in artists]
        if unknown:
            raise DataError(
                f"{path}: {part} names {unknown[0]}, which is not among the {len(songs)} songs. Correct the file."
            )
    trained = {artists[id] for id in lists["train"]}
    for part in ("valid", "test"):
        leak = [id for id in lists[part] if artists[id] in trained]
        if leak:
            raise DataError(
                f"{path}: {leak[0]} of {part} is by '{artists[leak[0]]}', who is in train too. Move one of them."
            )
    return lists
