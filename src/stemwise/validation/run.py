"""A reader's tree, validated."""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from stemwise.datasets.base import Splits
from stemwise.datasets.folders import SongFolders
from stemwise.errors import DataError
from stemwise.home import data_home
from stemwise.song import Song
from stemwise.taxonomy import Targets
from stemwise.validation.errata import known_errata
from stemwise.validation.facts import SongFacts
from stemwise.validation.findings import ERROR, Finding, may_train, sort
from stemwise.validation.measure import measure_songs
from stemwise.validation.set_checks import (
    cannot_be_used,
    check_splits,
    check_targets,
    not_as_published,
    same_songs,
)
from stemwise.validation.song_checks import check_song
from stemwise.validation.summary import Summary, summarise


@dataclass(frozen=True)
class Validation:
    """What is known of a set. `splits` is None where the reader could not make them; a finding says why."""

    where: str
    name: str
    kind: str
    licence: str
    citation: str
    songs: tuple[Song, ...]
    facts: Mapping[str, SongFacts]
    splits: Splits | None
    summary: Summary
    findings: tuple[Finding, ...]

    def to_json(self, strict: bool = False) -> dict[str, Any]:
        return {
            "where": self.where,
            "kind": self.kind,
            "licence": self.licence,
            "citation": self.citation,
            "may_train": may_train(self.findings, strict),
            "findings": [asdict(found) for found in self.findings],
            "summary": asdict(self.summary),
            "songs": {id: facts.to_json() for id, facts in self.facts.items()},
        }


def validate(
    reader: SongFolders,
    targets: Targets,
    processes: int = 1,
    progress: Callable[[float], object] | None = None,
    cache: Path | None = None,
) -> Validation:
    """Measure every song that can be used, and judge the set for a training on `targets`.

    `cache` is a folder, `data/validation` of the home folder if None. `progress(share)` is called after each measured
    song. Raises DataError for a tree without songs.
    """
    unusable, whole = reader.unusable(), reader.without_unusable()
    songs = whole.songs()
    facts = measure_songs(songs, cache or data_home() / "validation", processes, progress)
    splits, why = _splits(whole)
    module = sys.modules[type(reader).__module__]
    kind = module.__name__.rpartition(".")[2]
    summary = summarise(songs, facts, targets, splits)

    def findings() -> Iterator[Finding]:
        yield from cannot_be_used(unusable)
        yield from not_as_published(whole.altered())
        for song in songs:
            yield from check_song(song, facts[song.id])
        yield from same_songs(list(facts.values()), splits)
        if splits is not None:
            yield from check_splits(songs, splits)
        elif why:
            yield Finding(ERROR, "splits", why, "Correct the file of splits, or name another with data.splits_file=...")
        yield from check_targets(summary.targets, songs)
        yield from known_errata(kind, [song.id for song in songs])

    return Validation(
        reader.where,
        module.NAME,
        kind,
        module.LICENCE,
        module.CITATION,
        tuple(songs),
        facts,
        splits,
        summary,
        tuple(sort(findings())),
    )


def _splits(reader: SongFolders) -> tuple[Splits | None, str]:
    """The splits, or why there are none; nothing need be said of a tree whose songs are all unusable."""
    if not reader.songs():
        return None, ""
    try:
        return reader.splits(), ""
    except DataError as fault:
        return None, str(fault)
