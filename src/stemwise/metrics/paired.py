"""Two systems on the same songs: is one better, by how much of its spread, in how many songs."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import rankdata, wilcoxon

from stemwise.metrics.arrays import Doubles, Real, mean

LEAST_SONGS = 6  # 2 / 2**5 = 0.0625: five songs cannot reach 5 %, however they fall


@dataclass(frozen=True)
class PairedTest:
    """What `paired_test` found; signs are those of the differences.

    p: Wilcoxon's signed-rank test, two-sided; NaN with the reason in `why`
    rank_biserial: (R⁺ - R⁻) / (R⁺ + R⁻) of the ranks of |difference|, -1 to 1; NaN where no song differs
    d_z: Cohen's, mean over standard deviation of the differences; NaN where that deviation is 0 or a value infinite
    above, below: shares of songs with a difference over and under 0; the rest is equal
    songs: those with a difference that is not NaN
    """

    p: float
    why: str
    rank_biserial: float
    d_z: float
    above: float
    below: float
    songs: int


def paired_test(differences: Real) -> PairedTest:
    """Of `differences` (song,), one system minus the other; NaN marks a song that one of them has no figure for.

    Songs that are equal are dropped from the ranks, as Wilcoxon did (Biometrics Bulletin 1, 1945). p is exact up to
    50 songs (13 where values tie) and from the normal approximation beyond. Effect sizes: Kerby, "The simple difference
    formula" (Innovative Teaching 3, 2014); Lakens, Frontiers in Psychology 4:863 (2013).
    """
    values = np.asarray(differences, dtype=np.float64)
    values = values[~np.isnan(values)]
    other = values[values != 0]
    p, why = _wilcoxon(other, len(values))
    count = len(values) or float("nan")
    return PairedTest(
        p=p,
        why=why,
        rank_biserial=_rank_biserial(other),
        d_z=_d_z(values),
        above=np.count_nonzero(values > 0) / count,
        below=np.count_nonzero(values < 0) / count,
        songs=len(values),
    )


def holm(ps: Sequence[float] | Real) -> Doubles:
    """p values of one family, corrected so that any false finding in the family has at most the level's chance.

    Holm's step-down (Scandinavian Journal of Statistics 6, 1979), for tests that may depend on each other in any way.
    NaN stays NaN and is no test of the family.
    """
    raw = np.asarray(ps, dtype=np.float64)
    known = np.flatnonzero(~np.isnan(raw))
    order = known[np.argsort(raw[known], kind="stable")]
    steps = raw[order] * np.arange(len(order), 0, -1)
    corrected = np.full(raw.shape, np.nan)
    corrected[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return corrected


def _wilcoxon(other: Doubles, songs: int) -> tuple[float, str]:
    if len(other) < LEAST_SONGS:
        same = f", {songs - len(other)} more are equal" if songs > len(other) else ""
        return float("nan"), f"{len(other)} songs differ{same}; a test needs {LEAST_SONGS}"
    return float(wilcoxon(other, method="auto").pvalue), ""


def _rank_biserial(other: Doubles) -> float:
    if not len(other):
        return float("nan")
    ranks = rankdata(np.abs(other))
    return float((ranks * np.sign(other)).sum() / ranks.sum())


def _d_z(values: Doubles) -> float:
    if len(values) < 2 or not np.isfinite(values).all():
        return float("nan")
    middle, spread = float(mean(values)), float(values.std(ddof=1))
    # Equal values leave a deviation of rounding errors.
    return middle / spread if spread > 1e-12 * abs(middle) else float("nan")
