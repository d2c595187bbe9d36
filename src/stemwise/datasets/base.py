"""What every dataset reader offers, and splits that do not leak artists."""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

from stemwise.errors import DataError
from stemwise.song import Song
from stemwise.texts import nfc, read_json, spelling

PARTS = ("train", "valid", "test")
Splits = dict[str, list[str]]


class Dataset(Protocol):
    """A reader of one dataset."""

    where: str
    """The folder or folders it reads, for messages."""

    def songs(self) -> list[Song]:
        """All songs, sorted by id. Raises DataError when there is none, or when one cannot be used."""
        ...

    def splits(self) -> Splits:
        """Song ids of train, valid and test; no artist in two of them, unless the set's published split has one."""
        ...

    def validate(self) -> list[str]:
        """Every finding, each naming file and cure; empty when all is well."""
        ...


def splits_by_artist(songs: Sequence[Song], valid: float = 0.15, test: float = 0.2) -> Splits:
    """Every artist falls into one part by the hash of the name, so adding songs moves nobody. A part without a share
    stays empty.

    The shares hold for many artists. With so few that a part comes out empty, it gets an artist of the largest part;
    only then can adding songs move somebody. Two artists go to train and valid.
    """
    keys = artist_keys(songs)
    parts: dict[str, list[str]] = {part: [] for part in PARTS}
    for artist, place in sorted(((key, hash_place(key)) for key in set(keys.values())), key=lambda item: item[1]):
        parts["test" if place < test else "valid" if place < test + valid else "train"].append(artist)
    for part, share in zip(PARTS, (1.0, valid, test), strict=True):
        largest = max(PARTS, key=lambda name: (len(parts[name]), name == "test"))
        if share and not parts[part] and (len(parts[largest]) > 1 or largest == "test"):
            parts[part].append(parts[largest].pop())
    return {part: [song.id for song in songs if keys[song.id] in artists] for part, artists in parts.items()}


def artist_keys(songs: Sequence[Song]) -> dict[str, str]:
    """Song id → one spelling an artist: letters and digits only, and the artist named before the id's first `_` where
    there is one, so that "Liz Nelson & Jennifer Davies" of LizNelson_Rainfall goes with "Liz Nelson". Two artists who
    share a song in this way are one for all of their songs."""
    by_name = {song.id: spelling(song.artist) for song in songs}
    prefixes = {song.id: spelling(song.id.partition("_")[0]) for song in songs}
    known = set(by_name.values())
    keys = {id: prefixes[id] if prefixes[id] in known else name for id, name in by_name.items()}
    one = {name: name for name in known}  # → another of the same group, or itself
    for id, key in keys.items():
        one[_first(one, by_name[id])] = _first(one, key)
    groups: dict[str, str] = {}
    for key in sorted(keys.values(), reverse=True):
        groups[_first(one, key)] = key
    return {id: groups[_first(one, key)] for id, key in keys.items()}


def _first(one: Mapping[str, str], name: str) -> str:
    while one[name] != name:
        name = one[name]
    return name


def with_artists(splits: Splits, songs: Sequence[Song]) -> dict[str, Any]:
    """What a file of splits holds: the ids of each part, and under "artists" whom each part is by."""
    names = {song.id: song.artist for song in songs}
    return {**splits, "artists": {part: sorted({names[id] for id in ids}) for part, ids in splits.items()}}


def read_splits(
    path: Path, songs: Sequence[Song], skip: Collection[str] = (), artists: Mapping[str, str] | None = None
) -> Splits:
    """Splits from a JSON file {"train": [ids], "valid": [ids], "test": [ids]}, without the ids in `skip`.

    It may list the artists of each part, as `with_artists` does; `artists` are those of ids now, the songs' if None.
    Raises DataError for another form, for a song that is not there, for an artist (so a song) in two parts, and for a
    song whose artist is not among those listed.
    """
    splits = read_json(path)
    lists = {part: [id for id in ids if id not in skip] for part, ids in _lists(path, splits).items()}
    check_parts(lists, songs, str(path))
    if "artists" in splits:
        now = artists or {song.id: song.artist for song in songs}
        _check_artists(path, lists, _lists(path, splits["artists"], "names"), now)
    return lists


def check_parts(lists: Splits, songs: Sequence[Song], where: str) -> None:
    """Raise DataError for a song that is not there, and for an artist (so a song) in two parts."""
    keys, seen = artist_keys(songs), dict[str, str]()
    for part, ids in lists.items():
        for id in ids:
            if id not in keys:
                raise DataError(
                    f"{where}: {part} names {id}, which is not among the {len(songs)} songs. Correct the file."
                )
            if seen.setdefault(keys[id], part) != part:
                raise DataError(
                    f"{where}: {id} of {part} is by an artist who is in {seen[keys[id]]} too. Move one of them."
                )


def _lists(path: Path, content: Any, of: str = "ids") -> Splits:
    """The three lists of text. Raises DataError for another form."""
    for part in PARTS:
        listed = content.get(part) if isinstance(content, dict) else None
        if not isinstance(listed, list) or not all(isinstance(each, str) for each in listed):
            what = f"{part} is {listed!r}" if isinstance(content, dict) else f"it is a {type(content).__name__}"
            form = f'{{"train": [{of}], "valid": [{of}], "test": [{of}]}}'
            raise DataError(f"{path}: not of the form {form} ({what}). Correct it.")
    return {part: content[part] for part in PARTS}


def _check_artists(path: Path, lists: Splits, listed: Splits, now: Mapping[str, str]) -> None:
    spelled = {part: {spelling(name) for name in names} for part, names in listed.items()}
    for part, ids in lists.items():
        for id in ids:
            if spelling(now[id]) not in spelled[part]:
                raise DataError(
                    f"{path}: {id} of {part} is by {now[id]}, who is not among the artists listed for {part}. The "
                    "metadata changed since the file was written: correct them, or write the file anew with "
                    "`stemwise validate DATA --write-splits FILE`."
                )


def to_skip(ids: Sequence[str]) -> frozenset[str]:
    """The ids of a setting `skip`, or one alone, with accents as ids have them. Raises DataError for a number: it
    equals no id, and would skip nothing."""
    given = frozenset([ids] if isinstance(ids, str) else ids)
    for id in given:
        if not isinstance(id, str):
            raise DataError(
                f"data.skip: {id!r} is no text. Quote ids of digits, as they are written: 'data.skip=[\"001\"]'."
            )
    return frozenset(map(nfc, given))


def hash_place(name: str) -> float:
    """A number from 0 to 1 that depends on nothing but the name."""
    return int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:8], "big") / 2**64
