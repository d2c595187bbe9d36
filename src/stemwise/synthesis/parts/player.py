"""What every player does: place notes by bar and beat with a human hand, and voice chords."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np

from stemwise.synthesis.instruments import Chair
from stemwise.synthesis.score import Bend, Control, Form, Note
from stemwise.synthesis.style import Style

Bars = Sequence[bool]
Choice = TypeVar("Choice")

# How loud a section is played, as a factor of velocity.
DYNAMICS = {"intro": 0.86, "verse": 0.88, "chorus": 1.0, "bridge": 0.93, "solo": 0.98, "break": 0.82, "outro": 0.88}
EXPRESSION = 11


@dataclass
class Player:
    """One chair at work; collects notes, controls and bends. `solos`: the first bars of the sections that it leads."""

    form: Form
    style: Style
    chair: Chair
    bars: Bars
    rng: np.random.Generator
    solos: frozenset[int] = frozenset()
    tightness: float = 1.0  # times the style's
    notes: list[Note] = field(default_factory=list)
    controls: list[Control] = field(default_factory=list)
    bends: list[Bend] = field(default_factory=list)
    behind: float = 0.0  # seconds that this player is always late, or early

    def __post_init__(self) -> None:
        self.behind = float(np.clip(self.rng.normal(0, 0.5 * self.style.tight), -0.012, 0.012))

    def playing(self) -> Iterator[int]:
        """Bars in which it plays its part and no solo."""
        return (bar for bar, plays in enumerate(self.bars) if plays and not self.solo(bar))

    def solo(self, bar: int) -> bool:
        return self.form.section_of(bar).first_bar in self.solos

    def last_before_rest(self, bar: int) -> bool:
        return bar + 1 >= len(self.bars) or not self.bars[bar + 1]

    def last_of_section(self, bar: int) -> bool:
        section = self.form.section_of(bar)
        return bar == section.first_bar + section.bars - 1

    def by_section(self, draw: Callable[[], Choice]) -> Callable[[int], Choice]:
        """A choice a kind of section: `draw` is asked for verse, chorus and bridge, and the others share theirs."""
        of = {name: draw() for name in ("verse", "chorus", "bridge")}
        of |= {"intro": of["verse"], "outro": of["verse"], "solo": of["chorus"], "break": of["bridge"]}
        return lambda bar: of[self.form.section_of(bar).name]

    def pick(self, choices: Sequence[Choice]) -> Choice:
        return choices[int(self.rng.integers(len(choices)))]

    def play(
        self, bar: int, beat: float, beats: float, pitch: int, velocity: float, late: float = 0.0, syllable: str = ""
    ) -> None:
        """`beat` and `beats` in quarter notes, `late` in seconds; no note rings into a bar in which the part rests."""
        tight = self.tightness * self.style.tight
        waver = late + self.behind + float(np.clip(self.rng.normal(0, tight), -0.03, 0.03))
        start = max(0.0, self.form.time(bar, beat) + waver)
        end = self.form.time(bar, beat + beats) + waver
        if self.last_before_rest(bar):
            end = min(end, self.form.time(bar + 1) - 0.02)
        dynamic = DYNAMICS[self.form.section_of(bar).name]
        loud = int(np.clip(self.rng.normal(velocity * dynamic, 5), 20, 127))
        self.notes.append(Note(start, max(end, start + 0.05), int(np.clip(pitch, 0, 127)), loud, syllable))

    def swell(self, bar: int, bars: int, low: int, high: int) -> None:
        """Expression that rises over `bars` and falls back at their end."""
        steps = 8 * bars
        for step in range(steps):
            height = np.sin(0.5 * np.pi * (step + 1) / steps)
            self.controls.append(
                Control(self.form.time(bar, step * self.form.beats / 8), EXPRESSION, round(low + (high - low) * height))
            )


def nearest(pitch: float, classes: Sequence[int]) -> int:
    """The pitch nearest to `pitch` whose pitch class is one of `classes`."""
    return min((p for p in range(int(pitch) - 7, int(pitch) + 9) if p % 12 in classes), key=lambda p: abs(p - pitch))


def above(pitch: int, pitch_class: int) -> int:
    """The lowest pitch of `pitch_class` that is not below `pitch`."""
    return pitch + (pitch_class - pitch) % 12


def close_voicing(tones: Sequence[int], low: int) -> list[int]:
    """The tones of a chord in the octave above `low`, from the bottom up."""
    return sorted(above(low, tone) for tone in tones)
