"""Jobs as one table, and the column by which they are ordered."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stemwise.errors import DataError
from stemwise.evaluation.objective import direction
from stemwise.report.detection.measures import BY_COLUMN
from stemwise.report.measures import MEASURES
from stemwise.sweeps.jobs import Job

if TYPE_CHECKING:
    import pandas

BETTER: dict[str, str] = {measure.column: measure.better for measure in MEASURES}
BETTER |= dict.fromkeys(BY_COLUMN, "higher")
LOSSES = ("val/loss", "val/separation", "val/activity")
RATIOS = ("usdr", "csdr", "si_sdr")  # an estimate of silence scores 0 dB, or is left out
# Where nothing was said, the first of these that some job has: songs before terms before the weighted sum.
BY = ("val/usdr", "usdr", "val/auc", "auc", "val/separation", "val/loss")


@dataclass(frozen=True)
class Gathered:
    """jobs, the best first, those without the figure `by` last; varied: the settings that differ between them;
    figures: what any job scored; caution: what must be said of `by`, or nothing."""

    jobs: list[Job]
    varied: list[str]
    figures: list[str]
    by: str
    lower_is_better: bool
    caution: str

    def value(self, job: Job) -> float:
        """NaN where the job did not end or has no such figure: what a stopped training had so far is no result."""
        return job.figures.get(self.by, math.nan) if job.state == "ended" else math.nan


def gathered(jobs: Sequence[Job], by: str | None = None) -> Gathered:
    """Raises DataError for a figure that no job has."""
    figures = list(dict.fromkeys(name for job in jobs for name in job.figures))
    if by is not None and by not in figures:
        raise DataError(f"--by {by}: no job has this figure. There are {', '.join(figures) or 'none yet'}.")
    varied = _varied(jobs)
    weights = [name for name in varied if name.startswith("loss")]
    by = by or _choose(jobs, figures, bool(weights))
    caution = _caution(by, varied)
    lower = lower_is_better(by)
    whole = Gathered(list(jobs), varied, figures, by, lower, caution)
    order = sorted(jobs, key=lambda job: _rank(whole.value(job), lower))
    return Gathered(order, varied, figures, by, lower, caution)


def _caution(by: str, varied: Sequence[str]) -> str:
    weights = [name for name in varied if name.startswith("loss")]
    if by in LOSSES and (labels := [name for name in weights if name == "loss" or name.startswith("loss.terms")]):
        return f"The jobs differ in {labels[0]}: losses of different labels or terms are not the same quantity."
    if by == "val/loss" and weights:
        return f"The jobs differ in {weights[0]}: losses of different weights are not the same quantity."
    if by in RATIOS and any(name.startswith("gate") for name in varied):
        return (
            f"The jobs differ in their gates: where {by} is below 0 dB a gate that closes raises it, also while the "
            "target plays. Hold silence_energy against lost_energy."
        )
    return ""


def lower_is_better(figure: str) -> bool:
    if figure in BETTER:
        return BETTER[figure] == "lower"
    return direction(figure) == "minimize"


def frame(whole: Gathered) -> pandas.DataFrame:
    """A line a job, the best first: job, state, varied settings, figures, why."""
    import pandas

    lines = [
        {"job": job.name, "state": job.state}
        | {name: job.settings.get(name, "") for name in whole.varied}
        | {name: job.figures.get(name, math.nan) for name in whole.figures}
        | {"why": job.why}
        for job in whole.jobs
    ]
    return pandas.DataFrame(lines)


def _varied(jobs: Sequence[Job]) -> list[str]:
    names = dict.fromkeys(name for job in jobs for name in job.settings)
    return [name for name in names if len({job.settings.get(name) for job in jobs}) > 1]


def _choose(jobs: Sequence[Job], figures: Sequence[str], other_weights: bool) -> str:
    asked = [job.objective for job in jobs if job.objective]
    if asked and not (asked[0] == "val/loss" and other_weights):
        return asked[0]
    return next((name for name in BY if name in figures), next(iter(figures), ""))


def _rank(value: float, lower: bool) -> tuple[bool, float]:
    return (math.isnan(value), 0.0 if math.isnan(value) else value if lower else -value)
