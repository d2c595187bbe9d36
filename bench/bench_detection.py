"""Intervals over songs of ROC AUC and average precision, 18 targets, 25 songs of 2 minutes in clips of 1 s, one core:
songs copied and scored by scikit-learn in each resample, against weights of songs. The same resamples; figures are
compared."""

import time

import numpy as np
from sklearn.metrics import average_precision_score, roc_auc_score

from stemwise.metrics import Clips, ranking_scores
from stemwise.metrics.arrays import Doubles
from stemwise.metrics.detection import weights_of

SONGS, SECONDS, TARGETS, RESAMPLES, COPIED = 25, 120, 18, 2000, 20


def made_up() -> Clips:
    rng = np.random.default_rng(0)
    shape = (SONGS * SECONDS, TARGETS)
    truth = rng.random(shape) + 0.3 * rng.random(TARGETS)
    probability = np.clip(truth - 0.3 + rng.normal(0, 0.25, shape), 0, 1)
    return Clips.of(truth, probability, np.repeat(np.arange(SONGS), SECONDS), threshold=0.9)


def copied(clips: Clips, weights: Doubles) -> tuple[Doubles, Doubles]:
    """(draw, target) of AUC and of average precision."""
    found = []
    for draw in weights.astype(int):
        rows = np.repeat(np.arange(len(clips.songs)), draw[clips.songs])
        both = [(clips.active[rows, target], clips.probability[rows, target]) for target in range(TARGETS)]
        found.append([[score(*one) for one in both] for score in (roc_auc_score, average_precision_score)])
    table = np.array(found)
    return table[:, 0], table[:, 1]


def main() -> None:
    clips = made_up()
    weights = weights_of(clips, RESAMPLES)
    start = time.perf_counter()
    theirs = copied(clips, weights[:COPIED])
    copying = (time.perf_counter() - start) / COPIED * len(weights)
    start = time.perf_counter()
    ours = ranking_scores(clips, weights)
    weighing = time.perf_counter() - start
    apart = max(float(np.abs(one[:COPIED] - other).max()) for one, other in zip(ours, theirs, strict=True))
    print(f"songs copied, scikit-learn, extrapolated from {COPIED} of {RESAMPLES} resamples: {copying:.1f} s")
    print(f"songs weighed, {RESAMPLES} resamples: {weighing:.2f} s: {copying / weighing:.0f} ×")
    print(f"largest difference of any figure {apart:.1e}")


if __name__ == "__main__":
    main()
