"""Runs compared as their files tell of them: seeds, thresholds, targets that are not the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from stemwise.errors import DataError
from stemwise.evaluation.heard import Heard
from stemwise.evaluation.regrouped import Common, common
from stemwise.report.compared import same_seeds
from stemwise.report.detection.comparison import DetectionComparison, compare_detection
from stemwise.report.detection.measures import BY_COLUMN, COMPARED, OF_RANKS
from stemwise.report.detection.thresholds import by_level


def compare_heard(
    systems: Mapping[str, Sequence[Heard]],
    baseline: str | None = None,
    measures: Sequence[str] = (),
    resamples: int = 2000,
    seed: int = 0,
) -> DetectionComparison:
    """`compare_detection` of runs, by system those of its seeds, each at its own thresholds.

    Runs of other targets are brought to common ones (`evaluation.regrouped`); then there is nothing to call a target
    active by, and without `measures` those of thresholds are left out. Raises DataError as both do, and for a measure
    of thresholds of what was regrouped.
    """
    together = common(systems)
    chosen = tuple(measures) or (OF_RANKS if together.like else COMPARED)
    if together.like and (called := [name for name in chosen if name not in OF_RANKS]):
        raise DataError(
            f"measure {called[0]}: the thresholds of {', '.join(together.groups)} are of other targets than those of "
            f"{together.like}. Choose of {', '.join(OF_RANKS)}."
        )
    clips = {name: [run.clips for run in runs] for name, runs in together.runs.items()}
    cuts = {
        name: [0.5 if together.like or run.thresholds is None else run.thresholds for run in runs]
        for name, runs in together.runs.items()
    }
    found = compare_detection(clips, cuts, baseline, measures=chosen, resamples=resamples, seed=seed)
    facts = {name: [dict(run.facts) for run in runs] for name, runs in together.runs.items()}
    said = [*found.cautions, *same_seeds(facts), *_of_targets(together, systems)]
    said += _of_thresholds(together) if "f1" in chosen or "recall" in chosen else []
    return replace(found, facts=facts, cautions=tuple(said))


def _of_targets(found: Common, systems: Mapping[str, Sequence[Heard]]) -> list[str]:
    """What was regrouped how, and what was left out."""
    said = []
    for name, groups in found.groups.items():
        told = [f"{target} ({', '.join(mine)})" for target, mine in groups.items() if mine != [target]]
        more = f": {', '.join(told)}" if told else ""
        left = [mine for mine in systems[name][0].targets.names if not any(mine in group for group in groups.values())]
        less = f" Left out: {', '.join(left)}." if left else ""
        said.append(f"{name} is heard as the targets of {found.like}, by the highest of its own{more}.{less}")
    if found.like:
        kept = found.runs[found.like][0].clips["target"].unique()
        lost = [target for target in systems[found.like][0].targets.names if target not in kept]
        less = f" Without {', '.join(lost)}, which the others lack." if lost else ""
        said.append(f"What truly plays is what {found.like} was scored on.{less} Thresholds play no part.")
    return said


def _of_thresholds(found: Common) -> list[str]:
    """Whose thresholds are not what those of the others are."""
    heading = BY_COLUMN["f1"].heading
    unknown = [name for name, runs in found.runs.items() if any(run.thresholds is None for run in runs)]
    alike = [
        name
        for name, runs in found.runs.items()
        if name not in unknown and any(not by_level(run.thresholds) for run in runs)
    ]
    said = []
    if unknown:
        said.append(f"{heading} of {', '.join(unknown)} is at the threshold 0.5: nothing says which were chosen.")
    if alike:
        said.append(
            f"{heading} of {', '.join(alike)} is at thresholds that are the same at all levels and may have been "
            "chosen by another rule, as a gate's are by what it costs."
        )
    return said
