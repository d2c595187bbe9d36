"""ROC AUC, average precision and LRAP: how well probabilities order what plays above what rests.

All by integer weights of songs, so that a bootstrap sorts once and only adds up anew.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemwise.metrics.arrays import Doubles
from stemwise.metrics.detection.clips import Bools, Clips, Places

BLOCK = 128  # draws at a time: what they cumulate stays in the processor's cache


def ranking_scores(clips: Clips, weights: Doubles) -> tuple[Doubles, Doubles]:
    """ROC AUC and average precision of each target, (draw, target) each; `weights` (draw, song) weigh whole songs.

    The area under the ROC curve is the share of pairs (active, resting) in the right order, ties half (Hanley and
    McNeil, Radiology 143, 1982); average precision is Σ (R_n - R_(n-1)) P_n over distinct probabilities, without
    interpolation. Both are NaN in draws without an active or without a resting clip.
    """
    columns = []
    for target in range(clips.probability.shape[1]):
        known = clips.known[:, target]
        columns.append(
            ranked(clips.active[known, target], clips.probability[known, target], clips.songs[known], weights)
        )
    if not columns:
        return np.zeros((len(weights), 0)), np.zeros((len(weights), 0))
    return np.stack([auc for auc, _ in columns], axis=1), np.stack([ap for _, ap in columns], axis=1)


def ranked(active: Bools, probability: Doubles, songs: Places, weights: Doubles) -> tuple[Doubles, Doubles]:
    """ROC AUC and average precision (draw,) each, of one target's `active` and `probability` (clip,).

    Clip c weighs `weights[:, songs[c]]`; `weights` is (draw, song).
    """
    order = np.argsort(-probability, kind="stable")
    active, of = active[order], songs[order]
    ends = np.append(np.flatnonzero(np.diff(probability[order])) + 1, len(order))
    starts = np.append(0, ends[:-1])
    hits = np.append(0, np.cumsum(active))
    # Where none of the clips of equal probability is active, neither area grows.
    grows = hits[ends] > hits[starts]
    spans = np.stack([starts[grows], ends[grows]])
    blocks = [weights[first : first + BLOCK] for first in range(0, len(weights), BLOCK)]
    areas = [_areas(block[:, of], block[:, of[active]], spans, hits[spans]) for block in blocks]
    auc, precision = (np.concatenate(side) if side else np.zeros(0) for side in zip(*areas, strict=True))
    return auc, precision


def clip_lrap(clips: Clips) -> Doubles:
    """(clip,) label ranking average precision, 0 to 1: for each active target, the share of active ones among the
    targets that are at least as probable, averaged over the active ones; NaN in clips where none is active.

    Only known targets are ranked. Ties count against the clip, as scikit-learn has them. Source: Tsoumakas, Katakis
    and Vlahavas, "Mining multi-label data" (2010).
    """
    total = np.zeros(len(clips.songs))
    for target in range(clips.probability.shape[1]):
        above = (clips.probability >= clips.probability[:, target : target + 1]) & clips.known
        share = (above & clips.active).sum(axis=1) / np.maximum(above.sum(axis=1), 1)
        total += np.where(clips.active[:, target], share, 0.0)
    active = clips.active.sum(axis=1)
    return np.where(active > 0, total / np.maximum(active, 1), np.nan)


def lrap(clips: Clips, weights: Doubles) -> Doubles:
    """(draw,) the mean of `clip_lrap` over the clips that have one; `weights` is (draw, song). NaN without any."""
    values = clip_lrap(clips)
    counted = ~np.isnan(values)
    sums = weights @ clips.per_song(np.where(counted, values, 0.0))
    return over(sums, weights @ clips.per_song(counted))


def over(upper: NDArray[Any], lower: NDArray[Any]) -> Doubles:
    """upper / lower, NaN where lower is 0."""
    return np.asarray(np.divide(upper, lower, out=np.full(np.shape(upper), np.nan), where=np.asarray(lower) > 0))


def _areas(weights: Doubles, active: Doubles, spans: Places, hits: Places) -> tuple[Doubles, Doubles]:
    """Of weights in the order of probability: (draw, clip), and (draw, active clip).

    `spans` (2, rank) are where clips of equal probability begin and end, `hits` how many active ones stand before.
    """
    passed, played = _cumulated(weights), _cumulated(active)
    all_active = played[:, -1]
    resting = passed[:, -1] - all_active
    before, after = played[:, hits[0]], played[:, hits[1]]
    reached = passed[:, spans[1]]
    wrong = (passed[:, spans[0]] - before + reached - after) / 2
    pairs = ((after - before) * (resting[:, None] - wrong)).sum(axis=1)
    precision = np.divide(after, reached, out=np.zeros_like(after), where=reached > 0)
    found = ((after - before) * precision).sum(axis=1)
    return over(pairs, all_active * resting), over(found, np.where(resting > 0, all_active, 0.0))


def _cumulated(weights: Doubles) -> Doubles:
    """(draw, n) → (draw, 1 + n), from 0 on."""
    out = np.zeros((weights.shape[0], weights.shape[1] + 1))
    np.cumsum(weights, axis=1, out=out[:, 1:])
    return out
