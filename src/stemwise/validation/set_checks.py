"""Findings of a set as a whole: songs that are the same, parts, targets."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from stemwise.datasets.base import Splits, artist_keys
from stemwise.datasets.folders import ALTERED, RESTORE
from stemwise.song import Song
from stemwise.validation.facts import SongFacts
from stemwise.validation.findings import ERROR, NOTE, WARNING, Finding
from stemwise.validation.levels import SILENT
from stemwise.validation.summary import TargetRow

LEARNED = ("train", "valid")
TWO_PARTS = "artist in two parts"


def same_songs(facts: Sequence[SongFacts], splits: Splits | None) -> Iterator[Finding]:
    """Songs that have files of equal samples in common, each set of such songs once."""
    holders: dict[str, set[str]] = {}
    files = {song.id: {f.digest for f in song.stems if f.sound and f.peak >= SILENT} for song in facts}
    for id, digests in files.items():
        for digest in digests:
            holders.setdefault(digest, set()).add(id)
    shared: dict[tuple[str, ...], int] = {}
    for songs in holders.values():
        if len(songs) > 1:
            shared[tuple(sorted(songs))] = shared.get(tuple(sorted(songs)), 0) + 1
    part_of = {id: part for part, ids in (splits or {}).items() for id in ids}
    for ids, count in shared.items():
        whole = all(count == len(files[id]) for id in ids)
        parts = sorted({part_of[id] for id in ids if id in part_of})
        across = len(parts) > 1
        yield Finding(
            WARNING if whole or across else NOTE,
            "same song twice" if whole else "shared stems",
            f"{_named(ids)} have {'all' if whole else count} of their stems' samples in common"
            + (f", and are in {' and '.join(parts)}" if across else ""),
            "Leave out all but one with data.skip=[...]." if whole else "See that such songs are in one part.",
            ids,
        )


def check_splits(songs: Sequence[Song], splits: Splits) -> Iterator[Finding]:
    for part, ids in splits.items():
        if not ids:
            needed = part in LEARNED
            yield Finding(
                ERROR if needed else WARNING,
                "empty part",
                f"no song is in {part}",
                "Name a file of splits with data.splits_file=... (docs/datasets.md), or add songs by other artists.",
            )
    left = tuple(song.id for song in songs if not any(song.id in ids for ids in splits.values()))
    if left:
        what, cure = (
            "in no part, so neither learned nor scored",
            "Name them in the file of splits if that is not meant.",
        )
        yield Finding(NOTE, "in no part", f"{_named(left)}: {what}", cure, left)
    keys = artist_keys(songs)
    names = {keys[song.id]: song.artist for song in songs}
    where: dict[str, dict[str, list[str]]] = {}
    for part, ids in splits.items():
        for id in ids:
            where.setdefault(keys[id], {}).setdefault(part, []).append(id)
    for key, parts in sorted(where.items()):
        if len(parts) > 1:
            yield Finding(
                WARNING,
                TWO_PARTS,
                f"{names[key]} is in {' and '.join(parts)}",
                "A published split may be kept, to compare results; else name another with data.splits_file=...",
                tuple(id for ids in parts.values() for id in ids),
            )


def check_targets(rows: Sequence[TargetRow], songs: Sequence[Song]) -> Iterator[Finding]:
    if songs and not any(row.known or row.annotated for row in rows):
        yield Finding(
            ERROR,
            "no target known",
            f"in none of the {len(songs)} songs is anything known of {', '.join(row.name for row in rows)}",
            "Label stems more precisely, or choose a scheme that fits them with --targets (docs/datasets.md).",
        )
        return
    for row in rows:
        known, playing = row.known + row.annotated, row.playing + row.heard
        if not playing:
            what = f"{row.name} is known in {known} songs and plays in none of them"
        elif not row.parts.get("train", 1):
            what = f"{row.name} is known and plays in {playing} songs, none of them in train"
        else:
            continue
        yield Finding(
            WARNING,
            "target never plays",
            what,
            "Choose targets without it, or add songs with it: it cannot be learned.",
        )


def cannot_be_used(unusable: Mapping[str, str]) -> Iterator[Finding]:
    """The reader's own findings, which name file and cure."""
    for id, why in unusable.items():
        cure = "" if "data.skip" in why else f"Or leave the song out with data.skip=[{id}]."
        yield Finding(ERROR, "unusable song", why, cure, (id,))


def not_as_published(altered: Mapping[Path, str]) -> Iterator[Finding]:
    """Files whose checksums are others than published, with the id of the song, or "", of each."""
    for path, id in altered.items():
        yield Finding(WARNING, "not as published", f"{path} {ALTERED}", RESTORE, (id,) if id else (), str(path))


def _named(ids: Sequence[str]) -> str:
    return f"{', '.join(ids[:4])}{f' and {len(ids) - 4} more' if len(ids) > 4 else ''}"
