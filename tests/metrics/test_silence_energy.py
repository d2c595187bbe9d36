"""Silence energy on arrangements whose rests are known, and the matrix of silent inputs for every metric."""

import itertools
import warnings

import numpy as np
import pytest

from stemwise.metrics import (
    activity_scores,
    csdr,
    csdr_common,
    lost_energy,
    rests,
    si_sdr,
    silence_energy,
    usdr,
    windowed_sdr,
)

RATE = 8000
FRAME = RATE // 10


def by_frames(levels, channels=1):
    """A signal of ±level in each frame of 0.1 s."""
    signal = np.repeat(np.asarray(levels, dtype=float), FRAME)
    signal[1::2] *= -1
    return np.tile(signal, (channels, 1))


def naive_rests(reference, mixture):
    """The definition word for word, frame by frame."""
    frames = [slice(i * FRAME, (i + 1) * FRAME) for i in range(reference.shape[1] // FRAME)]
    wanted = [float((reference[:, f] ** 2).sum()) for f in frames]
    mixed = [float((mixture[:, f] ** 2).sum()) for f in frames]
    quiet = [energy <= 1e-6 * max(wanted) for energy in wanted]
    return [all(quiet[max(i - 1, 0) : i + 2]) and mixed[i] > 1e-6 * max(mixed) for i in range(len(frames))]


def test_a_rest_needs_silent_neighbours_and_a_mixture_that_is_heard():
    reference = by_frames([1, 0, 0, 0, 0, 1, 0, 0])
    mixture = by_frames([1, 1, 1, 0, 1, 1, 1, 1])
    assert rests(reference, mixture, RATE).tolist() == [False, False, True, False, False, False, False, True]


def test_thresholds_are_60_db_below_the_loudest_frame():
    reference = by_frames([1, 0, 0.9e-3, 0, 0, 1.1e-3, 0, 0, 0])
    mixture = by_frames([1, 1, 1, 1, 1, 1, 1, 0.9e-3, 1.1e-3])
    assert rests(reference, mixture, RATE).tolist() == [False, False, True, True, False, False, False, False, True]


def test_rests_follow_the_definition_for_random_arrangements(rng):
    for _ in range(50):
        reference, mixture = (by_frames(rng.choice([0, 0, 1e-4, 1], size=40), 2) for _ in range(2))
        mixture = np.pad(mixture, [(0, 0), (0, 99)])
        reference = np.pad(reference, [(0, 0), (0, 99)])
        assert rests(reference, mixture, RATE).tolist() == naive_rests(reference, mixture)


@pytest.mark.parametrize("level", [0.0, -20.0, -79.0, -100.0])
def test_energy_is_the_leak_in_the_rests_with_a_floor(level):
    reference = by_frames([1] * 5 + [0] * 11)
    mixture = by_frames([2] * 16)
    leak = by_frames([9] * 6 + [2 * 10 ** (level / 20)] * 10)  # loud where the target plays, which must not count
    scores = silence_energy(leak, reference, mixture, RATE)
    assert scores.energy_db == pytest.approx(max(level, -80), abs=1e-9)
    assert scores.share_silent == (1.0 if level <= -60 else 0.0)
    assert scores.seconds == pytest.approx(1.0)


def test_one_ratio_of_sums_rather_than_a_mean_of_decibels():
    reference = np.zeros((2, 4 * FRAME))
    mixture = by_frames([1, 1, 2, 2], channels=2)
    estimate = by_frames([0, 1, 0, 1e-4], channels=2)
    scores = silence_energy(estimate, reference, mixture, RATE)
    assert scores.energy_db == pytest.approx(10 * np.log10((1 + 1e-8) / 10), abs=1e-9)
    assert scores.share_silent == 0.75


def test_order_of_channels_and_a_common_gain_change_nothing(rng):
    reference = by_frames([0, 0, 0, 1, 0, 0], channels=2)
    mixture, estimate = rng.normal(size=(2, *reference.shape))
    before = silence_energy(estimate, reference, mixture, RATE)
    swapped = silence_energy(estimate[::-1], reference[::-1], mixture[::-1], RATE)
    assert swapped.energy_db == pytest.approx(before.energy_db, abs=1e-9)
    quieter = silence_energy(1e-3 * estimate, reference, 1e-3 * mixture, RATE)
    assert quieter.energy_db == pytest.approx(before.energy_db, abs=1e-9)


def test_a_clip_shorter_than_a_frame_has_no_rests():
    scores = silence_energy(*np.zeros((3, 1, FRAME - 1)), RATE)
    assert np.isnan(scores.energy_db)
    assert scores.seconds == 0


@pytest.mark.parametrize(
    ("seconds", "plays"), itertools.product((0, 0.04, 0.5, 2), itertools.product((False, True), repeat=3))
)
def test_silence_matrix(rng, seconds, plays):
    """Reference, estimate and mixture each zero or not, at awkward lengths: documented results and no warning."""
    shape = (2, round(seconds * RATE))
    reference, estimate, mixture = (rng.normal(size=shape) * playing for playing in plays)
    heard, estimated, mixed = (array.any() for array in (reference, estimate, mixture))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ratios = usdr(reference, estimate), si_sdr(reference, estimate), csdr(reference, estimate, RATE)
        common = csdr_common(reference, estimate, RATE)
        windows = windowed_sdr(reference, estimate, RATE)
        silence = silence_energy(estimate, reference, mixture, RATE)
        lost = lost_energy(reference**2, np.zeros(shape[1]))
    assert np.isnan([*ratios, lost]).tolist() == [not heard] * 4
    assert np.isnan(windows).tolist() == [not (heard and estimated)] * len(windows)
    assert np.isnan(common) == (not heard or seconds < 1)
    if heard:
        assert np.isfinite(ratios[1]) == estimated
        assert lost == 100
    if heard and not estimated:
        assert ratios[1:] == (-np.inf, 0.0)
        assert -0.01 < ratios[0] <= 0
    has_rests = mixed and not heard and seconds >= 0.1
    assert np.isnan(silence.energy_db) == np.isnan(silence.share_silent) == (not has_rests)
    assert silence.seconds == pytest.approx(seconds if has_rests else 0)
    if has_rests and not estimated:
        assert (silence.energy_db, silence.share_silent) == (-80, 1)


@pytest.mark.parametrize("plays", itertools.product((False, True), repeat=2))
def test_silence_matrix_of_activity(plays):
    truth, probability = np.full(10, plays[0]), np.full(10, float(plays[1]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scores = activity_scores(truth, probability, 0.5)
    assert np.isnan([scores.auc, scores.average_precision]).all()
    assert np.isnan(scores.precision) == (not plays[1])
    assert np.isnan([scores.recall, scores.f1]).tolist() == [not plays[0]] * 2
    if plays[0]:
        assert scores.f1 == scores.recall == float(plays[1])
