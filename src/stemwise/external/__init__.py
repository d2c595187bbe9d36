"""Activity for a gate from elsewhere: of a detector, or of label files; for stems of any separator."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from stemwise.audio import Samples
from stemwise.gate import Gate, Kind

Probability = NDArray[np.float32]
Times = NDArray[np.float64]

OWN = "model"  # what `gate.source` says of a model's own activity


@dataclass(frozen=True)
class Told:
    """Activity for a gate: probability (target, frame); judged (target,), False where nobody listened, and the row is
    ones: an open gate."""

    probability: Probability
    judged: NDArray[np.bool_]


class External(Protocol):
    """Says when the targets of a separator play, in the place of its own activity."""

    @property
    def source(self) -> str:
        """A word that names it in tables, as `detector`."""
        ...

    @property
    def needs_own(self) -> bool:
        """Whether some target keeps what the model itself says."""
        ...

    def hear(
        self, name: str, blocks: Iterable[Samples], rate: int, times: Times, own: Probability | None = None
    ) -> Told:
        """The mixture of the song `name` in blocks (channel, sample) at `rate` Hz → activity at `times` in seconds.

        `own` (target, frame) is the model's, if it has any.
        """
        ...

    def gate(self, own: Gate, has_own: bool) -> Gate:
        """`own` with the thresholds that fit this activity; `has_own`: the model says something of its own."""
        ...

    def key(self, name: str) -> tuple[object, ...]:
        """All that the answer for a song depends on, beside its mixture and the code."""
        ...

    def says(self, has_own: bool) -> list[str]:
        """A sentence a target: what is listened to for it."""
        ...


def by_blocks(samples: Samples, size: int = 1 << 18) -> Iterator[Samples]:
    """(channel, sample) in pieces, as of an array that is mapped from disk."""
    return (samples[:, at : at + size] for at in range(0, samples.shape[1], size))


def open_rows(targets: int, frames: int) -> Told:
    """Activity of which nothing is known: gates stay open."""
    return Told(np.ones((targets, frames), np.float32), np.zeros(targets, dtype=bool))


def as_hard(own: Gate) -> Kind:
    """The kind of a gate that somebody asked for; that of a model without activity may be off."""
    return "hard" if own.kind == "off" else own.kind
