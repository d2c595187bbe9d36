"""Thresholds of the gate, one per target, chosen on validation songs."""

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray

from stemwise.evaluation.reference import Reference
from stemwise.external import External, by_blocks
from stemwise.gate import Gate
from stemwise.separator import Separator

GRID = tuple(round(0.05 * step, 2) for step in range(1, 20))


def choose_gate(
    separator: Separator,
    songs: Iterable[Reference],
    gate: Gate,
    allowed: float | None = 1.0,
    external: External | None = None,
) -> Gate:
    """`gate` with the highest threshold per target that costs at most `allowed` % of its energy over all songs.

    `songs` may be a generator; one song is in memory at a time.

    The higher the threshold, the quieter the rests; what it costs is energy the gate cuts away where the target plays.
    A target that pays more even at the lowest threshold tried (0.05) gets 0, which opens its gate; one that never plays
    in `songs` keeps its threshold. Gates other than hard come back as they are, and all
    do when `allowed` is None. The activity is the model's own, or `external`.
    """
    if allowed is None or gate.kind != "hard" or not (external or has_activity(separator)):
        return gate
    lost = np.zeros((len(GRID), len(separator.model.targets)))
    total = np.zeros(len(separator.model.targets))
    for song in songs:
        probability = _activity(separator, song, external)
        if probability is None:
            return gate
        power = _frame_power(separator, song)
        total += power.sum(axis=1)
        for row, threshold in enumerate(GRID):
            weights = replace(gate, threshold=threshold).weights(probability, separator.model.frame_rate)
            lost[row] += ((1 - weights) * power).sum(axis=1)
    return replace(gate, threshold=_highest(lost, total, gate, allowed))


def has_activity(separator: Separator) -> bool:
    """Whether the model says something of activity itself."""
    return "activity" in getattr(separator.model, "outputs", ("activity",))


def _activity(separator: Separator, song: Reference, external: External | None) -> NDArray[np.float32] | None:
    """(target, frame). Nothing is separated where nobody asks what the model says."""
    if external is None:
        return separator.estimate(song.mixture)[1]
    own = separator.estimate(song.mixture)[1] if external.needs_own and has_activity(separator) else None
    times = np.arange(song.confidence.shape[1]) / separator.model.frame_rate
    return external.hear(song.name, by_blocks(song.mixture), song.rate, times, own).probability


def _highest(lost: NDArray[np.float64], total: NDArray[np.float64], gate: Gate, allowed: float) -> list[float]:
    given = np.broadcast_to(np.asarray(gate.threshold, dtype=float), len(total))
    chosen = []
    for column, energy, old in zip(lost.T, total, given, strict=True):
        affordable = [t for t, cost in zip(GRID, column, strict=True) if 100 * cost <= allowed * energy]
        chosen.append(float(old) if energy == 0 else max(affordable, default=0.0))
    return chosen


def _frame_power(separator: Separator, song: Reference) -> NDArray[np.float64]:
    """Energy (target, frame) of the references on the gate's frames; 0 for targets that are not known."""
    rows = [separator.stft(torch.from_numpy(stem)).abs().square().sum(dim=(0, 1)) for stem in song.stems]
    return np.asarray(torch.stack(rows).double().numpy() * song.known[:, None])
