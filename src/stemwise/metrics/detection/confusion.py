"""What plays unheard where something else is wrongly heard."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stemwise.metrics.arrays import Doubles
from stemwise.metrics.detection.clips import Clips
from stemwise.metrics.detection.ranking import over
from stemwise.metrics.detection.thresholds import called


@dataclass(frozen=True)
class Confusion:
    """Row j tells of the clips in which target j was called active and rests: a false positive of j.

    share: (j, i) share of those clips, 0 to 1, in which i plays and was not called active: a false negative of i.
        Clips in which i is not known are not counted. The diagonal is 0, since j rests there; a row is NaN where j has
        no false positive. Rows need not sum to 1: several targets, or none, may be missed in one clip.
    clips, songs: (j,) number of clips with a false positive of j, and of songs with such clips
    missed: (i,) share of all clips in which i is a false negative: what a row would hold if j had nothing to do with it
    """

    share: Doubles
    clips: NDArray[np.int64]
    songs: NDArray[np.int64]
    missed: Doubles

    def row(self, target: int, most: int = 3) -> list[int]:
        """Up to `most` targets that were missed most where `target` was wrongly heard, the most missed first."""
        shares = np.nan_to_num(self.share[target])
        return [int(place) for place in np.argsort(-shares, kind="stable")[:most] if shares[place] > 0]


def confusion(clips: Clips, thresholds: Doubles | float) -> Confusion:
    """`thresholds` is one number or (target,). Raises DataError as `thresholds.called`."""
    heard = called(clips, thresholds)
    wrong = (heard & ~clips.active & clips.known).astype(np.float64)
    unheard = (clips.active & ~heard).astype(np.float64)
    return Confusion(
        share=over(wrong.T @ unheard, wrong.T @ clips.known),
        clips=wrong.sum(axis=0).astype(np.int64),
        songs=(clips.per_song(wrong) > 0).sum(axis=0),
        missed=over(unheard.sum(axis=0), clips.known.sum(axis=0)),
    )
