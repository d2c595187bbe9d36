import numpy as np
import pytest

from stemwise.errors import ModelError
from stemwise.gate import Gate, smooth

RATE = 44100 / 1024


def median_by_hand(active: np.ndarray, frames: int) -> np.ndarray:
    padded = np.pad(active.astype(float), frames // 2, mode="reflect")  # numpy's reflect leaves the edge out
    return np.array([np.median(padded[i : i + frames]) for i in range(len(active))])


def test_hard_gate_is_strict_threshold_then_median_of_21_frames():
    probability = np.random.default_rng(0).random((3, 400))
    probability[0, :5] = 0.5
    expected = [median_by_hand(row > 0.5, 21) for row in probability]
    np.testing.assert_array_equal(Gate("hard", 0.5, 0.488).weights(probability, RATE), expected)


@pytest.mark.parametrize("value", [False, True])
def test_runs_of_ten_frames_vanish_and_eleven_stay(value):
    for run, stays in ((10, False), (11, True)):
        active = np.full((1, 100), not value)
        active[:, 40 : 40 + run] = value
        assert (smooth(active, 21)[0, 45] == value) == stays


def test_at_an_edge_six_frames_suffice():
    for run, stays in ((5, False), (6, True)):
        active = np.zeros((1, 100), dtype=bool)
        active[:, :run] = True
        assert (smooth(active, 21)[0, 0] == 1) == stays


@pytest.mark.parametrize(
    ("seconds", "rate", "frames"),
    [(0.488, RATE, 21), (0.488, 41.67, 21), (0.488, 31.25, 15), (0, RATE, 1), (0.03, RATE, 1)],
)
def test_the_filter_is_the_nearest_odd_number_of_frames(seconds, rate, frames):
    assert Gate("hard", 0.5, seconds).median_frames(rate) == frames


def test_thresholds_per_target_and_the_other_kinds():
    probability = np.array([[0.3, 0.6], [0.3, 0.6]])
    np.testing.assert_array_equal(Gate("hard", [0.2, 0.5], 0).weights(probability, RATE), [[1, 1], [0, 1]])
    np.testing.assert_array_equal(Gate("hard", 0.0, 0).weights(np.zeros((1, 2)), RATE), [[1, 1]])
    np.testing.assert_allclose(Gate("soft").weights(probability, RATE), probability)
    np.testing.assert_array_equal(Gate("off").weights(probability, RATE), np.ones((2, 2)))


def test_a_clip_shorter_than_the_filter_is_filtered_all_the_same():
    assert Gate("hard").weights(np.full((1, 3), 0.9), RATE).tolist() == [[1, 1, 1]]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: Gate("loud"), "gate 'loud' is unknown"),
        (lambda: Gate("hard", 1.5), "outside 0 to 1"),
        (lambda: Gate("hard", np.nan), "outside 0 to 1"),
        (lambda: Gate("hard", [0.5, np.nan]), "outside 0 to 1"),
        (lambda: Gate("hard", 0.5, -1), "median of -1"),
        (lambda: Gate("hard", 0.5, np.nan), "median of nan"),
        (lambda: Gate("hard", 0.5, np.inf), "median of inf"),
        (lambda: Gate("hard", "abc"), "gate of threshold abc, median 0.488 s: give numbers"),
        (lambda: Gate("hard", "0.5"), "give numbers, and one threshold or one per target"),
        (lambda: Gate("hard", None), "give numbers"),
        (lambda: Gate("hard", []), "give numbers"),
        (lambda: Gate("hard", 0.5, None), "give numbers"),
        (lambda: Gate("hard", [0.5, 0.5]).weights(np.ones((3, 9)), RATE), "2 gate thresholds for 3 targets"),
    ],
)
def test_settings_that_make_no_sense_raise(make, said):
    with pytest.raises(ModelError, match=said):
        make()
