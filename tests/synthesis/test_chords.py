"""Chord symbols against spellings from any harmony book."""

import pytest

from stemwise.errors import DataError
from stemwise.synthesis.chords import parse_bar, parse_chord

C, G, A = 0, 7, 9
NOTES = {"C": 0, "Db": 1, "D": 2, "Eb": 3, "E": 4, "F": 5, "Gb": 6, "G": 7, "Ab": 8, "A": 9, "Bb": 10, "B": 11}


@pytest.mark.parametrize(
    ("symbol", "tonic", "name", "spelling"),
    [
        ("I", C, "C", "C E G"),
        ("vi", C, "Am", "A C E"),
        ("ii7", C, "Dm7", "D F A C"),
        ("V7", G, "D7", "D Gb A C"),
        ("bVII", C, "Bb", "Bb D F"),
        ("Imaj7", G, "Gmaj7", "G B D Gb"),
        ("ii7b5", A, "Bm7b5", "B D F A"),
        ("V7b9", A, "E7b9", "E Ab B D F"),
        ("bVI", A, "F", "F A C"),
        ("i6", A, "Am6", "A C E Gb"),
        ("vdim", C, "Gdim", "G Bb Db"),
        ("IVsus4", C, "Fsus4", "F Bb C"),
    ],
)
def test_spelling(symbol, tonic, name, spelling):
    chord = parse_chord(symbol, tonic)
    assert chord.name == name
    assert chord.tones == tuple(NOTES[note] for note in spelling.split())


def test_a_bar_may_hold_two_chords():
    assert [chord.name for chord in parse_bar("ii7,V7", C)] == ["Dm7", "G7"]


@pytest.mark.parametrize("symbol", ["", "VIII", "H7", "I13", "i vi"])
def test_what_is_no_chord_is_refused(symbol):
    with pytest.raises(DataError, match="chord"):
        parse_chord(symbol, C)
