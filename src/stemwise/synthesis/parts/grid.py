"""Rhythms written as letters on sixteenths → strokes on beats."""

from collections.abc import Iterator
from dataclasses import dataclass

from stemwise.synthesis.style import STEPS_PER_BEAT

LOUDNESS = {"X": 1.12, "x": 1.0, "o": 0.66}


@dataclass(frozen=True)
class Stroke:
    """A letter at `beat`, held for `beats`."""

    beat: float
    beats: float
    letter: str

    @property
    def loudness(self) -> float:
        """A factor of velocity; letters other than X and o are of normal loudness."""
        return LOUDNESS.get(self.letter, 1.0)


def strokes(grid: str, beats: float, bar: int) -> Iterator[Stroke]:
    """The strokes of one bar of `beats`; a grid of two bars shows its first in the even bars.

    A stroke is held as long as `-` follow it, and rings for its own sixteenth without them.
    """
    letters = grid.replace(" ", "")
    steps = round(beats * STEPS_PER_BEAT)
    if len(letters) > steps:
        letters = letters[steps:] if bar % 2 else letters[:steps]
    for step, letter in enumerate(letters):
        if letter not in ".-":
            held = len(letters[step + 1 :]) - len(letters[step + 1 :].lstrip("-"))
            yield Stroke(step / STEPS_PER_BEAT, (1 + held) / STEPS_PER_BEAT, letter)
