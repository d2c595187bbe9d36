"""Which names of one list of targets speak for which of another, by the MedleyDB labels that they stand for."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stemwise import taxonomy
from stemwise.errors import DataError
from stemwise.external import Probability, Told, open_rows
from stemwise.taxonomy import Targets
from stemwise.taxonomy.inside import inside, written_out
from stemwise.texts import read_yaml

SAID = 4  # labels that a sentence names


@dataclass(frozen=True)
class TargetMap:
    """rows: of each target the numbers of the sources that speak for it; unheard: its labels of which none speaks."""

    targets: tuple[str, ...]
    sources: tuple[str, ...]
    rows: tuple[tuple[int, ...], ...]
    unheard: tuple[tuple[str, ...], ...]

    @property
    def complete(self) -> bool:
        return all(self.rows)

    def spread(self, probability: Probability, own: Probability | None = None) -> Told:
        """(source, frame) → the highest of those that speak for a target; the model's `own` (target, frame) where none
        does, and without that an open gate."""
        found = open_rows(len(self.rows), probability.shape[1])
        for index, row in enumerate(self.rows):
            if row:
                found.probability[index] = probability[list(row)].max(axis=0)
            elif own is not None:
                found.probability[index] = own[index]
            found.judged[index] = bool(row) or own is not None
        return found

    def thresholds(self, sources: float | Sequence[float], own: float | Sequence[float] | None) -> list[float]:
        """Of each target the lowest of those that speak for it, so that its gate opens whenever one of them calls it
        active; the model's own where none does, or 0, which never closes."""
        given = np.broadcast_to(np.asarray(sources, dtype=float), len(self.sources))
        kept = np.broadcast_to(np.asarray(0.0 if own is None else own, dtype=float), len(self.rows))
        return [float(given[list(row)].min() if row else before) for row, before in zip(self.rows, kept, strict=True)]

    def says(self, has_own: bool, who: str = "the detector") -> list[str]:
        lines = []
        for target, row, unheard in zip(self.targets, self.rows, self.unheard, strict=True):
            if not row:
                else_ = "keeps the model's own activity" if has_own else "has an open gate"
                lines.append(f"{target}: {who} listens to nothing of it; it {else_}")
                continue
            heard = ", ".join(self.sources[number] for number in row)
            more = f" and {len(unheard) - SAID} more" if len(unheard) > SAID else ""
            but = f" (not to {', '.join(unheard[:SAID])}{more}, which a hard gate may silence)" if unheard else ""
            lines.append(f"{target}: {who} listens to {heard}{but}")
        return lines


def map_targets(targets: Targets, sources: Targets, deaf: Collection[str] = ()) -> TargetMap:
    """A source speaks for a target if all of its labels are the target's, or if it has the same name. Those that are
    `deaf`, sources which learned from no song with them, speak for none: they would silence what they cannot hear."""
    mine, theirs = written_out(targets), written_out(sources)
    rows = tuple(
        tuple(number for number in row if sources.names[number] not in deaf)
        for row in inside(sources, targets, same_name=True)
    )
    unheard = []
    for name, held, row in zip(targets.names, mine, rows, strict=True):
        heard = frozenset().union(*(theirs[number] for number in row))
        same_thing = any(sources.names[number] == name and not theirs[number] for number in row)
        unheard.append(() if same_thing else tuple(sorted(held - heard)))
    return TargetMap(targets.names, sources.names, rows, tuple(unheard))


def named(names: Iterable[str], scheme: str | None = None) -> Targets:
    """What names stand for: targets of `scheme`, else of a scheme of the library that has them all, else each a label
    of MedleyDB's by itself. A name that is none of these has no labels, and only its like to go with."""
    names = tuple(names)
    if not names:
        return Targets((), ())  # `taxonomy.targets` of no names has all of its scheme
    found = scheme or taxonomy.scheme_of(names)
    if found is not None:
        return taxonomy.targets(found, names)
    return Targets(names, tuple(frozenset({name} & taxonomy.instrument_labels()) for name in names))


def scheme_beside(model: Path, names: Iterable[str]) -> str | None:
    """The scheme that the training beside an exported model was told, if there is one that has the targets `names`."""
    try:
        config = read_yaml(model.with_name("config.yaml"))
        scheme = config["scheme"]
        taxonomy.targets(scheme, names)
    except (DataError, OSError, KeyError, TypeError, AttributeError):
        return None
    return str(scheme)
