"""What detectors must have in common to be held against each other, and what a reader of it must know."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import TYPE_CHECKING

from stemwise.errors import DataError
from stemwise.metrics.detection import same_truth
from stemwise.report.detection.measures import COMPARABLE
from stemwise.report.detection.table import Detections
from stemwise.report.detection.thresholds import Thresholds

if TYPE_CHECKING:
    import pandas


def cuts_of(
    found: Mapping[str, list[Detections]], thresholds: float | Mapping[str, Sequence[Thresholds]]
) -> dict[str, list[Thresholds]]:
    """By system those of each run. Raises DataError for another number of them than of runs."""
    if not isinstance(thresholds, Mapping):
        return {name: [thresholds] * len(runs) for name, runs in found.items()}
    cuts = {name: list(thresholds.get(name, ())) for name in found}
    for name, runs in found.items():
        if len(cuts[name]) != len(runs):
            raise DataError(f"{name} has {len(runs)} runs and thresholds for {len(cuts[name])}. Give each run its own.")
    return cuts


def pairs_of(found: Mapping[str, list[Detections]], baseline: str | None) -> list[tuple[str, str]]:
    """Who is held against whom: all in order, or each against `baseline`. Raises DataError for fewer than 2 systems."""
    names = list(found)
    if len(names) < 2:
        raise DataError(f"{', '.join(names) or 'Nothing'} alone cannot be compared. Give two systems.")
    if baseline is None:
        return list(combinations(names, 2))
    if baseline not in names:
        raise DataError(f"baseline {baseline}: choose one of {', '.join(names)}.")
    return [(name, baseline) for name in names if name != baseline]


def check_alike(found: Mapping[str, list[Detections]], measures: Sequence[str]) -> None:
    """Raises DataError for unknown measures and for systems scored on other songs, seconds, targets or labels."""
    if unknown := [measure for measure in measures if measure not in COMPARABLE]:
        raise DataError(f"measure {', '.join(unknown)}: choose of {', '.join(COMPARABLE)}.")
    if empty := [name for name, runs in found.items() if not runs]:
        raise DataError(f"{', '.join(empty)} has no runs. Give one, or several seeds.")
    first_name, first_runs = next(iter(found.items()))
    first = first_runs[0]
    for name, runs in found.items():
        for run in runs:
            what = f"{name} against {first_name}"
            for kind, mine, theirs in (("songs", run.songs, first.songs), ("targets", run.targets, first.targets)):
                if mine != theirs:
                    apart = sorted(set(mine) ^ set(theirs)) or ["their order"]
                    raise DataError(f"{what}: other {kind}, {', '.join(apart[:5])}. Score all on the same {kind}.")
            same_truth(run.clips, first.clips, what)
            if (run.seconds != first.seconds).any():
                raise DataError(f"{what}: clips begin at other seconds. Score all on the same seconds.")


def cautions_of(
    found: Mapping[str, list[Detections]],
    differences: pandas.DataFrame,
    thresholds: float | Mapping[str, Sequence[Thresholds]],
) -> list[str]:
    """Sentences beside the tables."""
    said = []
    if alone := [name for name, runs in found.items() if len(runs) == 1]:
        said.append(
            f"One training each of {', '.join(alone)}: the intervals are over songs and say nothing of another "
            "training of the same kind. Give several seeds to see that too."
        )
    if "f1" in set(differences["measure"]) and not isinstance(thresholds, Mapping):
        said.append(f"F1 is at the threshold {thresholds:g} for all targets, which none of the systems was tuned for.")
    return said
