"""Lines of words, and chords dealt out to singers."""

from itertools import pairwise

import numpy as np
import pytest

from stemwise.synthesis.score import Note
from stemwise.synthesis.voice.group import split_lines
from stemwise.synthesis.voice.lyrics import draw_line


@pytest.mark.parametrize("count", range(1, 25))
def test_a_line_has_its_syllables_and_ends_with_a_whole_word(count):
    for seed in range(20):
        line = draw_line(count, np.random.default_rng(seed))
        assert len(line) == count
        assert all(line)
        assert not line[-1].endswith("-")


def test_lines_differ():
    rng = np.random.default_rng(0)
    assert len({" ".join(draw_line(8, rng)) for _ in range(50)}) > 45


def test_chords_are_dealt_from_the_lowest_up_and_lines_never_overlap():
    chords = [(0.0, (60, 64, 67)), (1.0, (67, 59, 62)), (1.9, (72,)), (3.0, (60, 64, 67, 72))]
    notes = [
        Note(start + 0.001 * i, start + 1.2, pitch, 90) for start, tones in chords for i, pitch in enumerate(tones)
    ]
    lines = split_lines(notes, 3)
    assert [[note.pitch for note in line] for line in lines] == [[60, 59, 72, 60], [64, 62, 64], [67, 67, 67]]
    for line in lines:
        assert all(one.end <= after.start for one, after in pairwise(line))
