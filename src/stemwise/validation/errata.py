"""What others found in published sets, for songs that are there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import yaml

import stemwise.datasets
from stemwise.validation.findings import NOTE, Finding

FILE = Path(next(iter(stemwise.datasets.__path__))) / "errata.yaml"


@dataclass(frozen=True)
class Erratum:
    """One fact of the songs whose ids fit any of the patterns, in data of these kinds."""

    kinds: tuple[str, ...]
    patterns: tuple[str, ...]
    what: str
    cure: str
    source: str


@cache
def errata() -> tuple[Erratum, ...]:
    """Entries of errata.yaml; those with `songs` say something else of each."""
    out = []
    for entry in yaml.safe_load(FILE.read_text(encoding="utf-8")):
        each = entry.get("songs") or {tuple(entry["together"]): entry["what"]}
        for ids, what in each.items():
            patterns = (ids,) if isinstance(ids, str) else ids
            out.append(Erratum(tuple(entry["kinds"]), patterns, what, entry["cure"], entry["source"]))
    return tuple(out)


def known_errata(kind: str, ids: Sequence[str]) -> Iterator[Finding]:
    """A note for each fact of songs that are there."""
    for erratum in errata():
        there = tuple(id for id in ids if any(fnmatchcase(id, pattern) for pattern in erratum.patterns))
        if there and kind in erratum.kinds:
            yield Finding(NOTE, "known of this set", f"{erratum.what} (source: {erratum.source})", erratum.cure, there)
