"""Against a step-by-step reading of the published steps, written with other tools."""

import librosa
import numpy as np
import pytest
import scipy.signal
from numpy.testing import assert_allclose

from stemwise import activity
from stemwise.errors import DataError

RATE = 44100


def song(seconds: float = 3.0, stems: int = 3) -> np.ndarray:
    rng = np.random.default_rng(7)
    audio = rng.standard_normal((stems, round(seconds * RATE))) * rng.uniform(0.02, 0.3, (stems, 1))
    audio[0, :RATE] = 0
    audio[1, RATE : 2 * RATE] = 0
    audio[:, -RATE // 2 :] *= 1e-5
    return audio


def published_steps(stems: np.ndarray, hop: int, front: int, back: int, wn: float, padlen: int) -> np.ndarray:
    """Hann without its zeros, librosa's frames, rectify, root, window, mean; normalise, threshold, filter, logistic."""
    window = scipy.signal.windows.hann(4098)[1:-1]
    rows = []
    for stem in stems:
        frames = librosa.util.frame(np.pad(stem, (front, back)), frame_length=4096, hop_length=hop)
        rows.append(np.mean(((frames + np.abs(frames)) / 2).T ** 0.5 * window, axis=1))
    envelopes = np.array(rows)
    total = envelopes.sum(axis=0)
    scaled = len(stems) * envelopes / total.max()
    scaled[:, total < 0.01] = 0
    smooth = scipy.signal.filtfilt(*scipy.signal.butter(2, wn, "low"), scaled, axis=1, padlen=padlen)
    return 1 - 1 / (1 + np.exp(20 * (smooth - 0.15)))


@pytest.mark.parametrize("samples", [3 * RATE, 3 * RATE + 1, 32 * 4096 - 2048, 20 * 2048])
def test_equals_the_published_steps(samples):
    stems = song()[:, :samples]
    length = stems.shape[1]
    back = -(-(2048 + length) // 4096) * 4096 - 2048 - length
    expected = published_steps(stems, 2048, 2048, back, 0.075, 9)
    assert_allclose(activity.activation_confidence(stems, RATE), expected, rtol=0, atol=1e-8)


def test_labels_stand_on_the_grid_of_a_centred_stft():
    stems = song()
    frames = 1 + stems.shape[1] // 1024
    back = (frames - 1) * 1024 + 4096 - 2048 - stems.shape[1]
    expected = published_steps(stems, 1024, 2048, back, 0.0375, 18)
    found = activity.activation_confidence(stems, RATE, activity.LABELS)
    assert found.shape == (3, frames)
    assert_allclose(found, expected, rtol=0, atol=1e-8)


def test_vector_of_the_original_authors():
    assert_allclose(activity.envelope(np.ones(20), np.ones(10), hop=5, frames=5), [0.5, 1, 1, 1, 0.5])


@pytest.mark.parametrize("frame", [0, 1, 10, 20])
def test_a_frame_is_centred_on_its_sample(frame):
    click = np.zeros(1024 * 20 + 1)
    click[1024 * frame] = 1
    assert activity.envelope(click, np.hanning(4096), 1024, 21).argmax() == frame


def test_silence_and_short_clips():
    assert_allclose(activity.activation_confidence(np.zeros((2, RATE)), RATE), 1 - 1 / (1 + np.exp(-3)), atol=1e-12)
    for samples in (1, 100, 4096, 8 * 2048):
        assert np.isfinite(activity.activation_confidence(song()[:, :samples], RATE)).all()


def test_stereo_is_averaged_and_a_negative_half_wave_is_dropped():
    mono = song(1)
    assert_allclose(activity.activation_confidence(np.stack([mono, mono], axis=1), RATE),
                    activity.activation_confidence(mono, RATE))  # fmt: skip
    assert activity.activation_confidence(-np.abs(mono[:1]), RATE).max() < 0.05


def test_half_confidence_is_a_share_of_the_loudest_frame():
    """Two steady stems whose envelopes are 1 and q: H of the second is 2q / (1 + q), and C ≥ 0.5 from H = 0.15."""
    for share, active in ((0.16, True), (0.14, False)):  # of H
        quiet = share / (2 - share)  # H of the quiet one of two stems whose envelopes are 1 and `quiet`
        stems = np.stack([np.ones(4 * RATE), np.full(4 * RATE, quiet**2)])
        middle = activity.activation_confidence(stems, RATE).shape[1] // 2
        assert (activity.activation_confidence(stems, RATE)[1, middle] >= 0.5) == active


def test_other_rates_are_labelled_at_44100():
    low = scipy.signal.sosfilt(scipy.signal.butter(8, 4000, fs=RATE, output="sos"), song(4))
    half = scipy.signal.resample_poly(low, 1, 2, axis=1)
    found = activity.activation_confidence(half.astype(np.float32), RATE // 2)
    assert_allclose(found, activity.activation_confidence(low, RATE), atol=0.02)


def test_segments_end_at_the_last_active_frame():
    confidence = [0.9, 0.5, 0.49, 0.1, 0.7, 0.2, 0.6]
    times = np.arange(7) * 0.5
    assert activity.segments(confidence, times) == [(0.0, 0.5), (2.0, 2.0), (3.0, 3.0)]
    assert activity.segments(confidence, times, threshold=0.65) == [(0.0, 0.0), (2.0, 2.0)]
    assert activity.segments([0.1], [0.0]) == []
    with pytest.raises(DataError, match="7 confidences but 3 times"):
        activity.segments(confidence, times[:3])


def test_carry_interpolates_at_the_frame_times():
    ramp = np.arange(50.0)[None] * 1024 / RATE  # the value is the time itself
    times = np.array([0.0, 0.1, 0.4321, 1.0])
    assert_allclose(activity.carry(ramp, 1024, times)[0], times, atol=1e-6)


@pytest.mark.parametrize(
    ("stems", "said"),
    [
        ([], "without stems"),
        ([np.ones(100), np.ones(99)], "stem 1 has 99 samples, stem 0 has 100"),
        ([np.array([1.0, np.nan])], "stem 0: NaN"),
        ([np.zeros(0)], "no samples"),
        ([np.ones((44100, 2))], r"shape \(44100, 2\).*transpose"),
        ([np.ones(100, dtype=np.int16)], "int16; give floats"),
    ],
)
def test_what_cannot_be_labelled_raises(stems, said):
    with pytest.raises(DataError, match=said):
        activity.activation_confidence(stems, RATE)


@pytest.mark.parametrize(("hop", "cutoff", "padding"), [(441, 2.0, 42), (4410, 0.5, 4)])
def test_hop_and_cutoff_are_seconds_and_hertz(hop, cutoff, padding):
    """The published steps with the window's hop and the filter's Wn computed from them."""
    stems = song()
    frames = 1 + stems.shape[1] // hop
    back = (frames - 1) * hop + 4096 - 2048 - stems.shape[1]
    expected = published_steps(stems, hop, 2048, back, cutoff / (RATE / hop / 2), padding)
    found = activity.activation_confidence(stems, RATE, activity.Rule.of(hop / RATE, cutoff))
    assert_allclose(found, expected, rtol=0, atol=1e-8)


@pytest.mark.parametrize(
    ("hop", "cutoff", "said"),
    [(0.0, 0.8, "hop is 0"), (1.0, 0.8, r"cutoff is 0.8 Hz.*0 and 0.5 Hz"), (0.01, 0.0, "cutoff is 0 Hz")],
)
def test_rules_that_cannot_be(hop, cutoff, said):
    with pytest.raises(DataError, match=said):
        activity.Rule.of(hop, cutoff)


def test_the_published_rule_is_exact():
    assert 2 * activity.PUBLISHED.cutoff * activity.PUBLISHED.hop / RATE == pytest.approx(0.075, rel=1e-15)
