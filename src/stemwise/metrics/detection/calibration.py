"""Does a probability of 0.7 mean that the target plays in 70 % of such clips?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from stemwise.errors import DataError
from stemwise.metrics.arrays import Doubles
from stemwise.metrics.detection.clips import Bools
from stemwise.metrics.detection.ranking import over


@dataclass(frozen=True)
class Reliability:
    """edges: (bin + 1,) of probability; a bin holds what lies above its lower edge, up to and with its upper one
    probability, share: (bin,) mean probability, and share of entries that are active; NaN in empty bins
    count: (bin,) entries
    """

    edges: Doubles
    probability: Doubles
    share: Doubles
    count: NDArray[np.int64]

    @property
    def error(self) -> float:
        """Expected calibration error, 0 to 1: Σ count · |share - probability| / Σ count; NaN without entries.

        Never negative, so it is above 0 by chance alone, the more the fewer entries a bin has; intervals from
        resampling would lie too high, so there are none. Source: Naeini, Cooper and Hauskrecht, AAAI 2015.
        """
        total = self.count.sum()
        apart = np.abs(self.share - self.probability)[self.count > 0]
        return float((apart * self.count[self.count > 0]).sum() / total) if total else float("nan")


def reliability(
    active: Bools, probability: Doubles, bins: int = 10, by: Literal["width", "count"] = "width"
) -> Reliability:
    """Of `active` and `probability` (entry,): bins equally wide from 0 to 1, or with equally many entries.

    Equal probabilities share a bin, so bins of equal count may be fewer, the others empty. Raises DataError for shapes
    that differ and for fewer than 1 bin.
    """
    if active.shape != probability.shape or active.ndim != 1 or bins < 1:
        raise DataError(
            f"active {active.shape}, probability {probability.shape}, {bins} bins: give (entry,) arrays and 1 or more."
        )
    edges = np.linspace(0, 1, bins + 1)
    if by == "count" and len(probability):
        edges = np.quantile(probability, edges)
    place = np.searchsorted(edges[1:-1], probability)
    count = np.bincount(place, minlength=bins)
    sums = (np.bincount(place, weights=side, minlength=bins) for side in (probability, active.astype(np.float64)))
    mean, share = (over(side, count) for side in sums)
    return Reliability(edges, mean, share, count)
