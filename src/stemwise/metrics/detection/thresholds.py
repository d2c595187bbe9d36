"""F1, precision and recall where probabilities are cut, and where to cut them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from stemwise.errors import DataError
from stemwise.metrics.arrays import Doubles
from stemwise.metrics.detection.clips import Bools, Clips
from stemwise.metrics.detection.ranking import over

DEFAULT = 0.5


class CutScores(NamedTuple):
    """(draw, target) each, 0 to 1."""

    f1: Doubles
    precision: Doubles
    recall: Doubles


def called(clips: Clips, thresholds: Doubles | float) -> Bools:
    """(clip, target) where the detector says 'active': strictly above the threshold (target,), as the gate has it.

    Raises DataError for another number of thresholds, and for NaN.
    """
    cut = np.asarray(thresholds, dtype=np.float64)
    count = clips.probability.shape[1]
    if cut.shape not in ((), (count,)) or np.isnan(cut).any():
        raise DataError(f"thresholds {cut}: give one number, or one for each of {count} targets.")
    return np.asarray(clips.probability > cut)


def cut_scores(clips: Clips, thresholds: Doubles | float, weights: Doubles) -> CutScores:
    """F1 = 2 TP / (2 TP + FP + FN), precision and recall of each target; `weights` (draw, song) weigh whole songs.

    Precision is NaN in draws where the target is nowhere called active, F1 and recall where it nowhere is.
    """
    heard = called(clips, thresholds) & clips.known
    hits, said, active = (weights @ clips.per_song(part) for part in (heard & clips.active, heard, clips.active))
    return CutScores(over(2 * hits, np.where(active > 0, said + active, 0.0)), over(hits, said), over(hits, active))


def best_thresholds(clips: Clips, default: float = DEFAULT) -> Doubles:
    """(target,) where F1 on these clips is highest, for use on others: halfway between the probabilities on either
    side, so that nothing hangs on a rounding.

    Of several with that F1 the one nearest to `default`, which a target without an active clip gets too.
    """
    return np.array([_best(*clips.entries(target), default) for target in range(clips.probability.shape[1])])


def f1_curve(clips: Clips, thresholds: Doubles) -> Doubles:
    """(threshold, target) F1 if all targets were cut at each of `thresholds`."""
    ones = np.ones((1, clips.song_count))
    return np.concatenate([cut_scores(clips, float(cut), ones).f1 for cut in thresholds])


def _best(active: Bools, probability: Doubles, default: float) -> float:
    order = np.argsort(-probability, kind="stable")
    values, count = np.unique(-probability, return_counts=True)
    values, said = -values, np.cumsum(count)
    hits = np.cumsum(active[order])[said - 1] if len(order) else np.zeros(0)
    below = np.append(values[1:], 0.0)
    # A probability of 0 is above no threshold.
    usable = values > 0
    if not active.any() or not usable.any():
        return default
    middle = below + (values - below) / 2
    cuts = np.where(middle < values, middle, below)[usable]
    f1 = (2 * hits / (said + active.sum()))[usable]
    highest = cuts[f1 >= f1.max() - 1e-12]
    return float(highest[np.abs(highest - default).argmin()])
