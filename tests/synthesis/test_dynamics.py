"""Compressors against the line that their ratio draws."""

import numpy as np
import pytest

from stemwise.synthesis import dynamics

RATE = 44100


def tone(amplitude: float, seconds: float = 1.0) -> np.ndarray:
    wave = amplitude * np.sin(2 * np.pi * 1000 * np.arange(round(seconds * RATE)) / RATE)
    return np.tile(wave.astype(np.float32), (2, 1))


@pytest.mark.parametrize(("decibels", "ratio"), [(12.0, 2.0), (6.0, 4.0), (-6.0, 4.0), (20.0, 1.0)])
def test_a_steady_tone_rises_by_a_decibel_for_each_ratio_decibels(decibels, ratio):
    threshold = 0.05
    level = threshold * 10 ** (decibels / 20)
    gains = dynamics.gain_curve(np.full(2000, level), threshold, ratio, RATE)
    expected = -max(decibels, 0) * (1 - 1 / ratio)
    assert 20 * np.log10(gains[-1]) == pytest.approx(expected, abs=0.01)


def test_attack_and_release_take_their_time():
    level = np.concatenate([np.full(1000, 0.001), np.full(2000, 1.0), np.full(2000, 0.001)])
    decibels = 20 * np.log10(dynamics.gain_curve(level, 0.1, 2.0, RATE))
    step = dynamics.HOP / RATE
    # After one time constant a first-order system has come 1 − 1/e of its way: here of 10 dB.
    attack = round(dynamics.ATTACK / step)
    assert decibels[1000 + attack - 1] == pytest.approx(-10 * (1 - np.exp(-attack * step / dynamics.ATTACK)), abs=0.1)
    release = round(dynamics.RELEASE / step)
    assert decibels[3000 + release - 1] == pytest.approx(-10 * np.exp(-release * step / dynamics.RELEASE), abs=0.2)


def test_levels_are_root_mean_squares():
    sound = tone(0.5, 0.5)[:, : 100 * dynamics.HOP + 17]
    found = dynamics.levels(sound)
    assert len(found) == 101
    assert np.sqrt((found[:100] ** 2).mean()) == pytest.approx(0.5 / np.sqrt(2), rel=1e-3)


def test_gain_is_drawn_straight_between_the_middles_of_its_steps():
    gains = np.array([1.0, 0.5, 0.8, 0.8])
    sound = np.ones((1, 4 * dynamics.HOP), dtype=np.float32)
    middles = (np.arange(4) + 0.5) * dynamics.HOP
    expected = np.interp(np.arange(sound.shape[1]) + 0.5, middles, gains)
    assert dynamics.apply_gain(sound, gains)[0] == pytest.approx(expected, abs=1e-5)


def test_compression_brings_loud_and_quiet_nearer_and_leaves_silence():
    sound = np.concatenate([tone(0.8), tone(0.2), np.zeros((2, RATE), dtype=np.float32)], axis=1)
    out = dynamics.compress(sound, 4.0, RATE)
    loud, quiet = (np.sqrt((out[:, k * RATE + RATE // 2 : (k + 1) * RATE] ** 2).mean()) for k in (0, 1))
    assert 20 * np.log10(loud / quiet) < 20 * np.log10(4) - 2
    assert not out[:, 2 * RATE + 10 :].any()
    assert (dynamics.compress(sound, 1.0, RATE) == sound).all()
    assert not dynamics.compress(np.zeros((2, 1000), dtype=np.float32), 3.0, RATE).any()
