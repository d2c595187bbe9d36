"""Two detectors on the same songs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from stemwise.errors import DataError
from stemwise.metrics.arrays import Doubles
from stemwise.metrics.detection.bootstrap import LEAST_DRAWS
from stemwise.metrics.detection.clips import Clips
from stemwise.metrics.intervals import bounds
from stemwise.metrics.paired import LEAST_SONGS


@dataclass(frozen=True)
class Difference:
    """One detector's figure minus another's.

    value: on the songs as they are
    low, high: percentile interval over songs, both detectors on the same draws
    p: two-sided; NaN with the reason in `why`
    """

    value: float
    low: float
    high: float
    p: float
    why: str


def over_seeds(draws: Sequence[Doubles]) -> Doubles:
    """(draw,) of each seed → (draw,) their mean: a detector's figure is that of its trainings on the same songs.

    Pooled, three seeds would count as three times the songs.
    """
    return np.asarray(np.mean(draws, axis=0))


def difference(mine: Doubles, theirs: Doubles, songs: int, level: float = 0.95) -> Difference:
    """Of figures (draw,) of two detectors under the same weights, the first of which are the songs as they are.

    The test divides the difference by the standard deviation over draws, as Student's t with songs - 1 degrees of
    freedom: figures such as the AUC over many songs are no mean of one number a song, on which a signed-rank test could
    stand. The deviation is taken √(n / (n - 1)) larger, since a draw of n songs varies by that much too little (Efron
    and Tibshirani, An Introduction to the Bootstrap, 1993, 5.3). Of made-up pairs that do not differ it tells 4 to 5 %
    apart at the level of 5 %, with 8, 12 or 25 songs; shares of draws beyond 0 would tell 8, 8 and 6 % apart.
    """
    apart = mine - theirs
    value, drawn = float(apart[0]), apart[1:][~np.isnan(apart[1:])]
    nan = float("nan")
    if len(drawn) < max(min(LEAST_DRAWS, len(apart) - 1), 2):
        return Difference(value, nan, nan, nan, f"{songs} songs, {len(drawn)} draws with a figure: too few")
    low, high = bounds(drawn, level)
    if songs < LEAST_SONGS:
        return Difference(value, low, high, nan, f"{songs} songs; a test needs {LEAST_SONGS}")
    spread = float(drawn.std(ddof=1)) * np.sqrt(songs / (songs - 1))
    if spread <= 1e-12:
        return Difference(value, low, high, nan, "the same difference whatever songs are drawn")
    return Difference(value, low, high, float(2 * student.sf(abs(value) / spread, songs - 1)), "")


def same_truth(one: Clips, other: Clips, what: str) -> None:
    """Raises DataError where two detectors were not held against the same clips; `what` says whose they are."""
    if one.known.shape != other.known.shape or (one.songs != other.songs).any():
        raise DataError(f"{what}: {one.known.shape} and {other.known.shape} clips × targets. Score the same songs.")
    apart = int(((one.active != other.active) | (one.known != other.known)).sum())
    if apart:
        raise DataError(f"{what}: {apart} of {one.known.size} labels differ. Score both against the same labels.")
