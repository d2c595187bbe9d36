"""Figures over songs × targets whose intervals come from songs: all points of a song are drawn together."""

from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from stemwise.metrics.arrays import Doubles, Real
from stemwise.metrics.intervals import bounds, times_drawn

Figure = tuple[float, float, float]
NONE: Figure = (float("nan"), float("nan"), float("nan"))


def figure_over_points(
    values: Real,
    songs: NDArray[np.int64],
    statistic: Literal["mean", "median"] = "mean",
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Figure:
    """(figure, low, high): mean or median of `values` (point,), with a percentile bootstrap over whole songs.

    `songs` (point,) numbers the song of each point. NaN is left out; the interval is NaN with fewer than 2 songs, and
    all three are for a mean of values that are infinite.
    """
    known = ~np.isnan(values)
    points, of = np.asarray(values, dtype=np.float64)[known], songs[known]
    if not len(points) or (statistic == "mean" and not np.isfinite(points).all()):
        return NONE
    figure = _means if statistic == "mean" else _medians
    return _with_interval(lambda weights: figure(points, weights), of, level, resamples, seed)


def slope_over_points(
    x: Real,
    y: Real,
    songs: NDArray[np.int64],
    groups: NDArray[np.int64] | None = None,
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Figure:
    """(slope, low, high): least squares of `y` on `x` (point,), with a percentile bootstrap over whole songs.

    With `groups` (point,) each group has a mean of its own, in x and in y, and only what differs within groups counts.
    Points with NaN or infinity are left out; NaN where x does not vary.
    """
    known = np.isfinite(x) & np.isfinite(y)
    if not known.any():
        return NONE
    across, up, of = np.asarray(x, np.float64)[known], np.asarray(y, np.float64)[known], songs[known]
    group = np.zeros(len(of), np.int64) if groups is None else groups[known]
    return _with_interval(lambda weights: _slopes(across, up, group, weights), of, level, resamples, seed)


def _with_interval(
    figures: Callable[[Doubles], Doubles], songs: NDArray[np.int64], level: float, resamples: int, seed: int
) -> Figure:
    """`figures` maps weights (draw, point), how often each point was drawn, to figures (draw,)."""
    names, places = np.unique(songs, return_inverse=True)
    found = float(figures(np.ones((1, len(songs))))[0])
    if len(names) < 2:
        return found, float("nan"), float("nan")
    resampled = figures(times_drawn(len(names), resamples, seed)[:, places])
    return found, *bounds(resampled[~np.isnan(resampled)], level)


def _means(points: Doubles, weights: Doubles) -> Doubles:
    return np.asarray(weights @ points / weights.sum(axis=1))


def _medians(points: Doubles, weights: Doubles) -> Doubles:
    order = np.argsort(points)
    passed = np.cumsum(weights[:, order], axis=1)
    count = passed[:, -1:]
    low, high = (points[order][(passed > place).argmax(axis=1)] for place in ((count - 1) // 2, count // 2))
    with np.errstate(invalid="ignore"):
        return np.asarray(low / 2 + high / 2)


def _slopes(x: Doubles, y: Doubles, groups: NDArray[np.int64], weights: Doubles) -> Doubles:
    """Σ_g (Σ w x y - Σ w x Σ w y / Σ w) / Σ_g (Σ w x² - (Σ w x)² / Σ w), NaN where x does not vary in a draw."""
    together, alone = np.zeros(len(weights)), np.zeros(len(weights))
    for group in np.unique(groups):
        mine = groups == group
        # Centred first: sums of squares of what is far from 0 would lose the digits that count.
        a, b, w = x[mine] - x[mine].mean(), y[mine] - y[mine].mean(), weights[:, mine]
        count, to_a, to_b = np.maximum(w.sum(axis=1), 1.0), w @ a, w @ b
        together += w @ (a * b) - to_a * to_b / count
        alone += w @ (a * a) - to_a**2 / count
    varies = alone > 1e-12
    slopes = np.full(len(weights), np.nan)
    slopes[varies] = together[varies] / alone[varies]
    return slopes
