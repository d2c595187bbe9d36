"""Several singers at once: each takes a voice of the chords."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np

from stemwise.audio import Samples
from stemwise.synthesis.score import Note
from stemwise.synthesis.voice.singer import Singer

Line = Callable[[Sequence[Note], Singer, float, int, np.random.Generator], Samples]

TOGETHER = 0.02  # seconds within which onsets count as one chord
APART = 0.012  # standard deviation in seconds of a singer's entries


def sing_group(
    notes: Sequence[Note], singers: Sequence[Singer], sing: Line, seconds: float, rate: int, rng: np.random.Generator
) -> Samples:
    """Notes that may overlap → (1, sample); the lowest of each chord goes to the first singer. `sing` makes a line."""
    total = np.zeros((1, round(seconds * rate)), dtype=np.float32)
    for line, singer in zip(split_lines(notes, len(singers)), singers, strict=True):
        late = float(np.clip(rng.normal(0, APART), -2 * APART, 2 * APART))
        moved = [replace(note, start=max(0.0, note.start + late), end=max(0.05, note.end + late)) for note in line]
        total += sing(moved, singer, seconds, rate, rng)
    return total


def split_lines(notes: Sequence[Note], count: int) -> list[list[Note]]:
    """`count` lines of one note at a time: notes that begin together by their height, the lowest first; what is above
    the last line is left out."""
    lines: list[list[Note]] = [[] for _ in range(count)]
    chord: list[Note] = []
    for note in sorted(notes, key=lambda note: note.start):
        if chord and note.start - chord[0].start > TOGETHER:
            _deal(chord, lines)
            chord = []
        chord.append(note)
    _deal(chord, lines)
    return [_one_at_a_time(line) for line in lines]


def _deal(chord: list[Note], lines: list[list[Note]]) -> None:
    for line, note in zip(lines, sorted(chord, key=lambda note: note.pitch), strict=False):
        line.append(note)


def _one_at_a_time(line: list[Note]) -> list[Note]:
    ends = [min(one.end, after.start) for one, after in pairwise(line)] + [note.end for note in line[-1:]]
    return [replace(note, end=end) for note, end in zip(line, ends, strict=True) if end > note.start]
