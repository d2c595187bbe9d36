"""What a report shows: scores, curves, and songs to see and hear."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stemwise.audio import Samples
from stemwise.errors import DataError
from stemwise.metrics.arrays import Real

if TYPE_CHECKING:
    import pandas

CLIPS = ("reference", "estimate", "gated")


@dataclass(frozen=True)
class SongView:
    """One song on the page: activity over the whole song, audio of an excerpt.

    times: (frame,) in seconds
    truth: (target, frame), confidence 0 to 1 of the true labels
    probability: (target, frame) of the net; a row of NaN where the net has no activity head
    gate: (target, frame), weights 0 to 1
    thresholds: (target,)
    excerpt_start: seconds into the song at which the clips begin
    clips: target → {"reference", "estimate", "gated"} → (channel, sample); a clip may be missing
    mixture: (channel, sample) of the excerpt

    Raises DataError when shapes and targets do not fit together.
    """

    id: str
    title: str
    rate: int
    targets: tuple[str, ...]
    times: Real
    truth: Real
    probability: Real
    gate: Real
    thresholds: NDArray[np.floating] | tuple[float, ...]
    excerpt_start: float
    clips: dict[str, dict[str, Samples]]
    mixture: Samples

    def __post_init__(self) -> None:
        expected = (len(self.targets), len(self.times))
        for name in ("truth", "probability", "gate"):
            shape = getattr(self, name).shape
            if shape != expected:
                raise DataError(f"{self.id}: {name} has shape {shape}; {expected} (target, frame) was expected.")
        if len(self.thresholds) != len(self.targets):
            raise DataError(
                f"{self.id}: {len(self.thresholds)} thresholds for {len(self.targets)} targets. Give one each."
            )
        if unknown := set(self.clips) - set(self.targets):
            raise DataError(f"{self.id}: clips of {sorted(unknown)}, but the targets are {list(self.targets)}.")


@dataclass(frozen=True)
class Page:
    """A report as `write_page` takes it.

    facts: seed, commit, configuration, numbers of songs, how thresholds were chosen, ...
    scores: one line per song × target × system × gate, with the columns that `tables.summarise` lists
    curves: the csv log of the training (step, epoch, train/..., val/...), sparse with NaN; may be empty
    """

    title: str
    facts: dict[str, str]
    scores: pandas.DataFrame
    curves: pandas.DataFrame
    songs: list[SongView] = field(default_factory=list)
