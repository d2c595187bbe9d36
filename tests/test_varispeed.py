"""Excerpts at another speed: pitch, labels, and what stays together."""

import numpy as np
import pytest

from stemwise.activity import LABEL_HOP
from stemwise.activity import RATE as LABEL_RATE
from stemwise.loading.excerpts import Augmentation, Excerpts
from stemwise.loading.places import Places
from stemwise.loading.shard import PreparedSong

RATE, HOP, SECONDS, TONES = 8000, 250, 12, (440.0, 1000.0)
SWITCH = 5.0  # seconds after which the first target starts


class Tones(PreparedSong):
    """Two targets that are tones, the first from SWITCH on, and a rest of silence."""

    def __init__(self, seconds: float = SECONDS) -> None:
        time = np.arange(round(seconds * RATE)) / RATE
        self.audio = np.zeros((3, 1, len(time)), np.float32)
        for row, frequency in enumerate(TONES):
            self.audio[row, 0] = np.sin(2 * np.pi * frequency * time)
        self.audio[0, 0, time < SWITCH] = 0
        frames = np.arange(1 + round(seconds * LABEL_RATE) // LABEL_HOP) * LABEL_HOP / LABEL_RATE
        self.activity = np.stack([frames >= SWITCH, np.ones_like(frames)]).astype(np.float32)
        self.known_audio = self.known_activity = np.ones(2, bool)


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


def test_excerpts_reach_both_ends_of_a_song_and_a_short_song_is_played_no_faster_than_it_is_long():
    places, rng = Places([Tones()], 3 * RATE, RATE), np.random.default_rng(0)
    for speed in (0.8, 1.25):
        drawn = [places.draw(rng, speed=speed) for _ in range(2000)]
        last = (SECONDS - 3 * speed) * RATE
        assert {place.speed for place in drawn} == {speed}
        assert min(place.start for place in drawn) < 0.01 * last
        assert 0.99 * last < max(place.start for place in drawn) <= last
    short = Places([Tones(3.0)], 3 * RATE, RATE)
    assert short.draw(rng, speed=1.25)[1:] == (0, 1.0)


@pytest.mark.parametrize("speed", [0.7, 1.0, 1.4])
def test_a_balanced_excerpt_holds_the_moment_it_was_drawn_for_at_any_speed(speed):
    song = Tones()
    song.activity[0] = 0
    song.activity[0, 100:108] = 1  # 0.2 s of 12
    places, rng = Places([song], 3 * RATE, RATE, balance=1.0), np.random.default_rng(0)
    times = np.arange(song.activity.shape[1]) * LABEL_HOP / LABEL_RATE
    playing = 0
    for place in (places.draw(rng, 0, speed) for _ in range(400)):
        inside = (times >= place.start / RATE - 0.03) & (times <= place.start / RATE + 3 * speed + 0.03)
        playing += bool(song.activity[0, inside].any())
    assert playing > 0.45 * 400  # half of the draws look for playing, and find it


def test_stereo_rows_and_workers():
    """Both channels at one speed; the same batches from the index alone."""
    song = Tones()
    song.audio = np.repeat(song.audio, 2, axis=1)
    excerpts = Excerpts([song], 3 * RATE, RATE, HOP, 0, 99, Augmentation(remix=0.5, varispeed=4.0))
    example = excerpts[11]
    assert example.mixture.shape == (2, 3 * RATE) and (example.mixture[0] == example.mixture[1]).all()
    assert (Excerpts([song], 3 * RATE, RATE, HOP, 0, 99, excerpts.augmentation)[11].mixture == example.mixture).all()


def test_without_it_no_number_is_drawn_for_it():
    """The first number decides on remixing, the next two the place, then come the gains."""
    rng = np.random.default_rng((0, 7))
    rng.random()
    rng.choice(1, p=[1.0])
    start = int(rng.integers((SECONDS - 3) * RATE + 1))
    plain = Excerpts([Tones()], 3 * RATE, RATE, HOP, 0, 99)[7]
    np.testing.assert_array_equal(plain.targets[1, 0].numpy(), Tones().audio[1, 0, start : start + 3 * RATE])
