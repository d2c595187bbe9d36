"""Does the activity head know when an instrument plays? Scores by frame, and by the times it starts and stops."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stemwise.errors import DataError
from stemwise.metrics.arrays import Doubles, Real


@dataclass(frozen=True)
class ActivityScores:
    """All 0 to 1; NaN where a figure has no meaning, as `activity_scores` describes."""

    precision: float
    recall: float
    f1: float
    auc: float
    average_precision: float


@dataclass(frozen=True)
class OnsetScores:
    """F1 of the times at which the target starts and stops, 0 to 1; NaN when neither side has a segment."""

    onset_f1: float
    offset_f1: float


def require_numbers(probability: Real) -> None:
    """Raise DataError for NaN among probabilities."""
    if np.isnan(probability).any():
        raise DataError(f"{np.isnan(probability).sum()} of {probability.size} probabilities are NaN; the net diverged.")


def activity_scores(truth: NDArray[np.bool_], probability: Real, threshold: float) -> ActivityScores:
    """Frame scores of one target in one song; `truth` and `probability` are (frame,).

    A frame is called active when its probability is strictly above `threshold`. precision is NaN
    when no frame is called active; recall and F1 = 2 TP / (2 TP + FP + FN) are NaN when no frame truly is; the area
    under the ROC curve and average precision, Σ (R_n - R_(n-1)) P_n, are NaN unless the truth has both classes.
    Raises DataError for shapes that differ and for NaN among the probabilities.
    """
    truth, probability = np.asarray(truth, dtype=np.bool_), np.asarray(probability)
    if truth.shape != probability.shape or truth.ndim != 1:
        raise DataError(f"truth has shape {truth.shape}, probability {probability.shape}. Give both as (frame,).")
    require_numbers(probability)
    called = probability > threshold
    hits, active = int(np.sum(called & truth)), int(truth.sum())
    both = 0 < active < truth.size
    return ActivityScores(
        precision=_ratio(hits, int(called.sum())),
        recall=_ratio(hits, active),
        f1=_ratio(2 * hits, int(called.sum()) + active) if active else float("nan"),
        auc=_area_under_roc(truth, probability) if both else float("nan"),
        average_precision=_average_precision(truth, probability) if both else float("nan"),
    )


def onset_scores(true: ArrayLike, estimated: ArrayLike, tolerance: float = 0.5) -> OnsetScores:
    """F1 of starts and of stops, matched one to one within `tolerance` seconds, the limit included.

    `true` and `estimated` hold a segment a row, (segment, 2), start and stop in seconds; either may be empty.
    """
    truth, found = (np.asarray(side, dtype=np.float64).reshape(-1, 2) for side in (true, estimated))
    pair = (_event_f1(truth[:, column], found[:, column], tolerance) for column in (0, 1))
    return OnsetScores(*pair)


def _event_f1(true: Doubles, estimated: Doubles, tolerance: float) -> float:
    return _ratio(2 * _matches(np.sort(true), np.sort(estimated), tolerance), true.size + estimated.size)


def _matches(true: Doubles, estimated: Doubles, tolerance: float) -> int:
    """The size of the largest matching: on a line with one tolerance, the earliest possible partner is the best."""
    count = i = j = 0
    limit = tolerance + 1e-9  # 1.1 - 0.6 is a little over 0.5 in binary
    while i < true.size and j < estimated.size:
        if abs(true[i] - estimated[j]) <= limit:
            count, i, j = count + 1, i + 1, j + 1
        elif true[i] < estimated[j]:
            i += 1
        else:
            j += 1
    return count


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")


def _area_under_roc(truth: NDArray[np.bool_], probability: Real) -> float:
    """The share of (active, inactive) pairs in the right order, ties counted half (Mann-Whitney)."""
    from scipy.stats import rankdata

    positives = int(truth.sum())
    above = float(rankdata(probability)[truth].sum()) - positives * (positives + 1) / 2
    return above / (positives * (truth.size - positives))


def _average_precision(truth: NDArray[np.bool_], probability: Real) -> float:
    order = np.argsort(-probability, kind="stable")
    hits: NDArray[Any] = np.cumsum(truth[order])
    last = np.append(np.diff(probability[order]) != 0, True)  # equal probabilities share one threshold
    precision = hits[last] / (np.flatnonzero(last) + 1)
    return float(np.sum(np.diff(hits[last], prepend=0) * precision) / truth.sum())
