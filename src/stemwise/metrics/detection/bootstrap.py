"""Figures of a detector with intervals over songs.

A draw of songs is a row of weights, how often each song was drawn: nothing is copied, sorted or pooled again. The first
row of every array of draws is no draw but the songs as they are.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from stemwise.metrics.arrays import Doubles, mean
from stemwise.metrics.detection.clips import Clips
from stemwise.metrics.detection.ranking import lrap, ranking_scores
from stemwise.metrics.detection.thresholds import cut_scores
from stemwise.metrics.intervals import bounds, times_drawn

LEAST_DRAWS = 100  # from fewer the ends of a 95 % interval are a matter of one or two draws


class Figure(NamedTuple):
    """A figure and its percentile interval over songs; NaN where there is none.

    draws: resamples behind the interval
    targets: those whose mean it is
    """

    value: float
    low: float
    high: float
    draws: int
    targets: int


def weights_of(clips: Clips, resamples: int = 2000, seed: int = 0) -> Doubles:
    """(1 + resamples, song): ones, then how often each song was drawn; no draws of fewer than 2 songs."""
    songs = clips.song_count
    return np.concatenate([np.ones((1, songs)), times_drawn(songs, resamples if songs > 1 else 0, seed)])


def draws_of(clips: Clips, thresholds: Doubles | float, weights: Doubles) -> dict[str, Doubles]:
    """auc, average_precision, f1, precision and recall (draw, target), lrap (draw, 1); `weights` is (draw, song)."""
    auc, precision = ranking_scores(clips, weights)
    drawn = {"auc": auc, "lrap": lrap(clips, weights)[:, None], "average_precision": precision}
    return drawn | cut_scores(clips, thresholds, weights)._asdict()


def macro(drawn: Doubles) -> Doubles:
    """(draw, target) → (draw,) the mean over the targets that have a figure in the draw; NaN without any.

    A draw may hold no song with a rare target. To leave such draws out would leave those in which the songs with rare
    targets hardly vary: of 14 made-up songs and 18 targets it keeps 29 % of draws, and says 0.011 of a standard
    deviation that is 0.017; this says 0.015.
    """
    return mean(drawn[:, ~np.isnan(drawn[0])], axis=1)


def macro_figure(drawn: Doubles, level: float = 0.95) -> Figure:
    """Of draws (draw, target): the mean over targets, as `macro` has it, and its interval."""
    means = macro(drawn)
    return Figure(float(means[0]), *_interval(means[1:], level), int(np.count_nonzero(~np.isnan(drawn[0]))))


def target_figures(drawn: Doubles, clips: Clips, level: float = 0.95) -> list[Figure]:
    """Of draws (draw, target): each target's figure, with an interval where it plays in 2 songs and rests in 2."""
    resting = clips.known & ~clips.active
    songs = [(clips.per_song(part) > 0).sum(axis=0) for part in (clips.active, resting)]
    varies = np.minimum(*songs) >= 2
    found = []
    for column, usable in zip(drawn.T, varies, strict=True):
        interval = _interval(column[1:], level) if usable else (float("nan"), float("nan"), 0)
        found.append(Figure(float(column[0]), *interval, 1))
    return found


def _interval(draws: Doubles, level: float) -> tuple[float, float, int]:
    """Low, high, and the number of draws with a figure."""
    known = draws[~np.isnan(draws)]
    if len(known) < min(LEAST_DRAWS, len(draws)) or not len(known):
        return float("nan"), float("nan"), len(known)
    return *bounds(known, level), len(known)
