"""Excerpts at another speed: pitch, labels, and what stays together."""

import numpy as np
import pytest

from stemwise.activity import LABEL_HOP
from stemwise.activity import RATE as LABEL_RATE
from stemwise.loading.excerpts import Augmentation, Excerpts
from stemwise.loading.places import Place

RATE, HOP, SECONDS, TONES = 8000, 250, 12, (440.0, 1000.0)
SWITCH = 5.0  # seconds after which the first target starts


class Tones:
    """Two targets that are tones, the first from SWITCH on, and a rest of silence."""

    def __init__(self, seconds: float = SECONDS) -> None:
        time = np.arange(round(seconds * RATE)) / RATE
        self.audio = np.zeros((3, 1, len(time)), np.float32)
        for row, frequency in enumerate(TONES):
            self.audio[row, 0] = np.sin(2 * np.pi * frequency * time)
        self.audio[0, 0, time < SWITCH] = 0
        frames = np.arange(1 + round(seconds * LABEL_RATE) // LABEL_HOP) * LABEL_HOP / LABEL_RATE
        self.activity = np.stack([frames >= SWITCH, np.ones_like(frames)]).astype(np.float32)
        self.known = np.ones(2, bool)


def pitch(sound: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), 8 * len(sound)))
    return float(spectrum.argmax() * RATE / (8 * len(sound)))


def drawn(index: int, remix: float = 0.0, semitones: float = 4.0):
    excerpts = Excerpts([Tones()], 3 * RATE, RATE, HOP, 0, 99, Augmentation(remix=remix, varispeed=semitones))
    return excerpts[index]


def test_rows_of_one_place_keep_their_interval_and_the_range_is_used():
    shifts = []
    for index in range(40):
        example = drawn(index)
        low, high = (pitch(row[0].numpy()) for row in example.targets)
        shifts.append(12 * np.log2(high / TONES[1]))
        if example.activity[0].min() >= 0.5:
            assert 12 * np.log2(low / TONES[0]) == pytest.approx(shifts[-1], abs=0.1)
    assert -4.05 < min(shifts) < -3 and 3 < max(shifts) < 4.05


def test_remixed_rows_have_speeds_of_their_own():
    example = next(e for e in (drawn(i, remix=1.0) for i in range(40)) if e.activity[0].min() >= 0.5)
    low, high = (pitch(row[0].numpy()) for row in example.targets)
    assert abs(np.log2(low / TONES[0]) - np.log2(high / TONES[1])) > 0.02


def test_labels_pass_as_fast_as_the_sound():
    found = 0
    for index in range(60):
        example = drawn(index)
        if 0 < example.activity[0].mean() < 1:
            heard = np.flatnonzero(np.abs(example.targets[0, 0].numpy()) > 0.05)[0] / RATE
            labelled = np.flatnonzero(example.activity[0].numpy() >= 0.5)[0] * HOP / RATE
            assert heard == pytest.approx(labelled, abs=HOP / RATE + 0.03)
            found += 1
    assert found > 5


def test_a_place_is_moved_into_the_song_and_a_short_song_played_no_faster_than_it_is_long():
    song = Tones()
    late = Place(song, 9 * RATE).at(1.25, 3 * RATE)
    assert (late.start, late.speed) == (round((12 - 3 * 1.25) * RATE), 1.25)
    assert Place(song, RATE).at(0.8, 3 * RATE) == (song, RATE, 0.8)
    assert Place(Tones(3.0), 0).at(1.25, 3 * RATE)[1:] == (0, 1.0)


def test_without_it_nothing_changes():
    plain = Excerpts([Tones()], 3 * RATE, RATE, HOP, 0, 99)[7]
    zero = drawn(7, semitones=0.0)
    assert (plain.mixture == zero.mixture).all() and (plain.activity == zero.activity).all()
