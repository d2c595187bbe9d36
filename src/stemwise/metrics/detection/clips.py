"""What a detector said of clips, and what is true of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stemwise.errors import DataError
from stemwise.metrics.arrays import Doubles, Real

Bools = NDArray[np.bool_]
Places = NDArray[np.int64]

COLUMNS = ("song", "second", "target", "truth", "probability")  # of a table of clips
ACTIVE = 0.5  # activation confidence from which a clip counts as active


@dataclass(frozen=True)
class Clips:
    """Clips of songs: those of a song stand together, in the order of time, and are equally long.

    active: (clip, target), true where the target plays, false where it rests or where that is not known
    known: (clip, target); what is not known counts in no score
    probability: (clip, target), 0 to 1
    songs: (clip,) the number of each clip's song: 0, 0, 0, 1, 1, 2, ...

    Raises DataError for shapes that do not fit, clips of one song that stand apart, and probabilities that are NaN or
    not between 0 and 1.
    """

    active: Bools
    known: Bools
    probability: Doubles
    songs: Places

    def __post_init__(self) -> None:
        shapes = {name: getattr(self, name).shape for name in ("active", "known", "probability")}
        if (
            len(set(shapes.values())) > 1
            or self.probability.ndim != 2
            or self.songs.shape != self.probability.shape[:1]
        ):
            listed = ", ".join(f"{name} {shape}" for name, shape in {**shapes, "songs": self.songs.shape}.items())
            raise DataError(f"Shapes do not match: {listed}. Give (clip, target) arrays, and songs as (clip,).")
        if len(self.songs) and (self.songs[0] != 0 or not np.isin(np.diff(self.songs), (0, 1)).all()):
            raise DataError("songs must count 0, 0, 1, 1, 2, ...: put the clips of a song together, in order of time.")
        bad = int(np.count_nonzero(np.isnan(self.probability)))
        if bad:
            raise DataError(f"{bad} of {self.probability.size} probabilities are NaN: the net diverged. Train it anew.")
        beyond = self.probability[(self.probability < 0) | (self.probability > 1)]
        if len(beyond):
            raise DataError(f"{len(beyond)} probabilities lie outside 0 to 1, first {beyond[0]:g}. Apply the sigmoid.")
        if (self.active & ~self.known).any():
            raise DataError("Some entries are active and not known at once. What is not known is false in active.")

    @staticmethod
    def of(truth: Real, probability: Real, songs: ArrayLike, threshold: float = ACTIVE) -> Clips:
        """From `truth` (clip, target), confidence with NaN where nothing is known; active from `threshold` on."""
        confidence = np.asarray(truth, dtype=np.float64)
        known = ~np.isnan(confidence)
        active = np.where(known, confidence, -np.inf) >= threshold
        return Clips(active, known, np.asarray(probability, dtype=np.float64), np.asarray(songs, dtype=np.int64))

    @property
    def starts(self) -> Places:
        """(song,) the first clip of each song."""
        return np.flatnonzero(np.diff(self.songs, prepend=-1)).astype(np.int64)

    @property
    def song_count(self) -> int:
        return len(self.starts)

    def per_song(self, values: NDArray[Any]) -> Doubles:
        """Sums of `values` (clip, ...) over the clips of each song: (song, ...)."""
        if not len(values):
            return np.zeros(values.shape)
        return np.asarray(np.add.reduceat(values, self.starts, axis=0, dtype=np.float64))

    def entries(self, target: int | None = None) -> tuple[Bools, Doubles]:
        """Active and probability of what is known, (entry,) each: of one target, or of all together."""
        chosen = slice(None) if target is None else slice(target, target + 1)
        known = self.known[:, chosen]
        return self.active[:, chosen][known], self.probability[:, chosen][known]
