"""How far a figure could move with other songs: bootstrap intervals."""

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from stemwise.metrics.arrays import Doubles, Real, mean, median

Statistic = Literal["mean", "median", "pooled"]


def bootstrap_interval(
    values: Real,
    statistic: Literal["mean", "median"] = "mean",
    level: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> tuple[float, float]:
    """Percentile bootstrap over songs: (low, high) of the statistic, in the unit of the values.

    `values` is (song,), or (song, target) for the mean over targets of each target's statistic; then whole songs are
    drawn, so that the targets of a song stay together. NaN marks a song without a figure and is left out; (NaN, NaN)
    with fewer than 2 songs. Infinite values are ranks like any other for the median; for the mean they give NaN.
    The values of two systems subtracted song by song give the interval of a paired comparison.
    """
    table = np.asarray(values, dtype=np.float64)
    table = table.reshape(-1, 1) if table.ndim == 1 else table
    table = table[~np.isnan(table).all(axis=1)][:, ~np.isnan(table).all(axis=0)]
    if len(table) < 2 or (statistic == "mean" and not np.isfinite(table[~np.isnan(table)]).all()):
        return float("nan"), float("nan")
    drawn = np.random.default_rng(seed).integers(0, len(table), (resamples, len(table)))
    figures = _over_targets(table, drawn, statistic)
    return bounds(figures[~np.isnan(figures)], level)


def bootstrap_ratio(
    numerators: Real, denominators: Real, level: float = 0.95, resamples: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """Percentile bootstrap over songs of Σ numerators / Σ denominators, each (song,), or (song, target) for the mean
    over targets of each target's ratio.

    Draws in which any denominators sum to 0 are left out; (NaN, NaN) with fewer than 2 songs.
    """
    if len(numerators) < 2:
        return float("nan"), float("nan")
    drawn = np.random.default_rng(seed).integers(0, len(numerators), (resamples, len(numerators)))
    upper, lower = np.asarray(numerators)[drawn].sum(axis=1), np.asarray(denominators)[drawn].sum(axis=1)
    whole = (lower > 0).reshape(resamples, -1).all(axis=1)
    return bounds((upper[whole] / lower[whole]).reshape(int(whole.sum()), -1).mean(axis=1), level)


def _over_targets(table: Doubles, drawn: NDArray[np.int64], statistic: str) -> Doubles:
    """(resample,); NaN where a draw holds no song of some target, since its mean would be one over other targets."""
    reduce = mean if statistic == "mean" else median
    columns = [reduce(column[drawn], axis=1) for column in table.T]
    with np.errstate(invalid="ignore"):
        figures: Doubles = np.mean(columns, axis=0)
    return figures


def times_drawn(songs: int, resamples: int, seed: int) -> Doubles:
    """(resample, song) how often each song is drawn when as many as there are are drawn with replacement."""
    drawn = np.random.default_rng(seed).integers(0, max(songs, 1), (resamples, songs))
    counts = [np.bincount(draw, minlength=songs) for draw in drawn]
    return np.array(counts, dtype=np.float64).reshape(resamples, songs)


def bounds(figures: Doubles, level: float) -> tuple[float, float]:
    """Percentiles of resampled figures (resample,) that `level` lies between; (NaN, NaN) of none."""
    if not figures.size:
        return float("nan"), float("nan")
    tail = (1 - level) / 2
    # No interpolation: between -inf and a number there is nothing to interpolate.
    low = np.quantile(figures, tail, method="lower")
    high = np.quantile(figures, 1 - tail, method="higher")
    return float(low), float(high)
