"""What every player does: place notes by bar and beat with a human hand, and voice chords."""

from collections.abc import Iterator, Sequence

import numpy as np

from stemwise.synthesis.score import Form, Note

Bars = Sequence[bool]


class Player:
    """Collects notes; onsets and velocities waver as a player's do (`tight`: standard deviation in seconds)."""

    def __init__(self, form: Form, bars: Bars, rng: np.random.Generator, tight: float = 0.008) -> None:
        self.form = form
        self.bars = bars
        self.rng = rng
        self.tight = tight
        self.notes: list[Note] = []

    def playing(self) -> Iterator[int]:
        return (bar for bar, plays in enumerate(self.bars) if plays)

    def last_before_rest(self, bar: int) -> bool:
        return bar + 1 >= len(self.bars) or not self.bars[bar + 1]

    def play(self, bar: int, beat: float, beats: float, pitch: int, velocity: float, late: float = 0.0) -> None:
        """`late` in seconds; a note never rings into a bar in which the part rests."""
        start = max(0.0, self.form.time(bar, beat) + late + float(np.clip(self.rng.normal(0, self.tight), -0.03, 0.03)))
        end = start + beats * self.form.bar_seconds / 4
        if self.last_before_rest(bar):
            end = min(end, self.form.time(bar + 1) - 0.02)
        loud = int(np.clip(self.rng.normal(velocity, 6), 20, 127))
        self.notes.append(Note(start, max(end, start + 0.05), pitch, loud))


def nearest(pitch: float, classes: Sequence[int]) -> int:
    """The pitch nearest to `pitch` whose pitch class is one of `classes`."""
    return min((p for p in range(int(pitch) - 7, int(pitch) + 9) if p % 12 in classes), key=lambda p: abs(p - pitch))


def above(pitch: int, pitch_class: int) -> int:
    """The lowest pitch of `pitch_class` that is not below `pitch`."""
    return pitch + (pitch_class - pitch) % 12


def close_voicing(chord: Sequence[int], low: int) -> list[int]:
    """The tones of a chord in the octave above `low`, from the bottom up."""
    return sorted(above(low, tone) for tone in chord)
