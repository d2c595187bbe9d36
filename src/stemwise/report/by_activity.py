"""Differences of two systems against the share of time in which the target plays.

The paper of IASS guesses that its gain is smaller for instruments that always play; this looks at songs × targets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from stemwise.metrics.arrays import Doubles
from stemwise.metrics.points import figure_over_points, slope_over_points
from stemwise.report.comparison import COMPARED, measure_of, statistic_of
from stemwise.report.measures import Measure
from stemwise.report.systems import System, gather, pairs, song_numbers
from stemwise.report.tables import Cell

if TYPE_CHECKING:
    import pandas

    from stemwise.report.systems import Scores

BINS = ("never", "up to 1/4", "1/4 to 1/2", "1/2 to 3/4", "over 3/4")  # each with its upper end
OVERALL, WITHIN = "all points", "within targets"


def by_activity(
    scores_by_system: Mapping[str, Scores],
    gates: str | Mapping[str, str] = "off",
    baseline: str | None = None,
    measures: Sequence[str] = COMPARED,
    resamples: int = 2000,
    seed: int = 0,
) -> tuple[pandas.DataFrame, pandas.DataFrame]:
    """Bins and slopes of the differences (system minus against, as in `comparison.compare`) of songs × targets.

    Bins have a line for each pair × measure × bin: active (a word of BINS), active_share (mean of its points),
    difference with low and high (the measure's statistic over points), points, songs. Slopes have one for each pair ×
    measure × of: slope with low and high, the difference per whole share, so what separates always from never; points,
    songs. `of` is 'all points', or 'within targets': each target's means taken away, so that what a target is plays no
    part, only how much it plays in a song. Intervals are 95 % bootstraps over whole songs. Both are empty where the
    scores do not know shares. Raises DataError as `comparison.compare`.
    """
    import pandas

    bins: list[dict[str, Cell]] = []
    slopes: list[dict[str, Cell]] = []
    for pair in pairs(gather(scores_by_system, gates), baseline):
        for measure in map(measure_of, dict.fromkeys(measures)):
            if (found := points(pair, measure)) is not None:
                who: dict[str, Cell] = {"system": pair[0].name, "against": pair[1].name, "measure": measure.column}
                bins += [who | line for line in _bins(*found, measure, resamples, seed)]
                slopes += [who | line for line in _slopes(*found, resamples, seed)]
    return pandas.DataFrame(bins), pandas.DataFrame(slopes)


def points(pair: tuple[System, System], measure: Measure) -> tuple[Doubles, Doubles] | None:
    """Shares and differences, (song, target) each and NaN where a system has no figure; None without any."""
    one, other = pair
    share = one.active_share()
    with np.errstate(invalid="ignore"):
        apart = one.figures(measure) - other.figures(measure)
    if share is None:
        return None
    known = ~np.isnan(apart) & ~np.isnan(share)
    return (np.where(known, share, np.nan), np.where(known, apart, np.nan)) if known.any() else None


def bin_of(share: Doubles) -> Doubles:
    """The place in BINS of each share, 0 to 1; NaN of NaN."""
    return np.ceil(4 * share)


def _bins(share: Doubles, apart: Doubles, measure: Measure, resamples: int, seed: int) -> list[dict[str, Cell]]:
    songs, lines = song_numbers(apart), []
    place = bin_of(share).ravel()
    for number, name in enumerate(BINS):
        mine = place == number
        if mine.any():
            values, of = apart.ravel()[mine], songs[mine]
            figure = figure_over_points(values, of, statistic_of(measure), resamples=resamples, seed=seed)
            line: dict[str, Cell] = {"active": name, "active_share": float(share.ravel()[mine].mean())}
            line |= dict(zip(("difference", "low", "high"), figure, strict=True))
            lines.append(line | {"points": len(values), "songs": len(np.unique(of))})
    return lines


def _slopes(share: Doubles, apart: Doubles, resamples: int, seed: int) -> list[dict[str, Cell]]:
    songs = song_numbers(apart)
    targets = np.tile(np.arange(apart.shape[1]), apart.shape[0])
    known = np.isfinite(apart.ravel())
    lines: list[dict[str, Cell]] = []
    for of, groups in ((OVERALL, None), (WITHIN, targets)):
        figure = slope_over_points(share.ravel(), apart.ravel(), songs, groups, resamples=resamples, seed=seed)
        line: dict[str, Cell] = {"of": of, **dict(zip(("slope", "low", "high"), figure, strict=True))}
        lines.append(line | {"points": int(known.sum()), "songs": len(np.unique(songs[known]))})
    return lines
