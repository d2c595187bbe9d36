"""The picture of what plays when: where it is green, and how long songs are drawn."""

import io

import numpy as np
import pytest

from stemwise.detector import Detection
from stemwise.report.canvas import GREEN
from stemwise.report.lanes import COLUMNS, clock, columns, lanes_picture

image = pytest.importorskip("matplotlib.image")


def found_of(probability: np.ndarray, hop: float = 1.0, window: float = 1.0, seconds: float | None = None) -> Detection:
    names = tuple(f"instrument {number}" for number in range(len(probability)))
    length = probability.shape[1] * hop if seconds is None else seconds
    return Detection(names, probability.astype(np.float32), probability > 0.5, window, hop, length)


def green(picture: bytes) -> np.ndarray:
    """(row, column) of the lanes, the legend below left out."""
    pixels = np.round(255 * image.imread(io.BytesIO(picture))[..., :3])
    colour = [int(GREEN[place : place + 2], 16) for place in (1, 3, 5)]
    return (np.abs(pixels - np.array(colour)).max(axis=2) < 12)[: -round(0.35 * 150)]


def test_bars_are_where_a_target_is_active():
    """Active in the second quarter of the first lane, and in the last of the second."""
    probability = np.full((2, 40), 0.1)
    probability[0, 10:20] = probability[1, 30:] = 0.9
    found = green(lanes_picture(found_of(probability), [0.5, 0.5], "a song"))
    rows = np.flatnonzero(found.any(axis=1))
    apart = np.flatnonzero(np.diff(rows) > 1)
    assert len(apart) == 1
    first, second = (np.flatnonzero(found[part].any(axis=0)) for part in np.split(rows, apart + 1))
    assert len(second) == pytest.approx(len(first), abs=2)
    assert first[0] + 2 * len(first) == pytest.approx(second[0], abs=3)


def test_one_window_of_three_hours_can_be_seen():
    probability = np.full((1, 10800), 0.1)
    probability[0, 5000] = 0.9
    assert green(lanes_picture(found_of(probability), [0.5], "long")).any()


def test_columns_hold_the_mean_and_the_highest_of_their_windows():
    rng = np.random.default_rng(0)
    probability = rng.random((3, 4 * COLUMNS - 2)).astype(np.float32)
    edges, mean, highest = columns(found_of(probability, 0.5))
    assert mean.shape == (3, COLUMNS) and len(edges) == COLUMNS + 1
    np.testing.assert_allclose(mean[:, 7], probability[:, 28:32].mean(axis=1), rtol=1e-6)
    np.testing.assert_allclose(highest[:, -1], probability[:, -2:].max(axis=1))
    # Windows of 1 s every 0.5 s: the 28th is judged for 14 to 15 s and stands around its middle.
    assert edges[7] == pytest.approx(28 * 0.5 + 0.25) and edges[0] == 0 and edges[-1] >= (4 * COLUMNS - 2) * 0.5
    few = columns(found_of(probability[:, :30]))
    np.testing.assert_array_equal(few[1], few[2])
    np.testing.assert_allclose(few[0], np.arange(31))


@pytest.mark.parametrize("seconds", [0.0001, 0.4, 1.0, 59.9, 86400.0])
def test_songs_of_any_length_and_name_are_drawn(seconds):
    windows = max(round(seconds), 1)
    probability = np.random.default_rng(0).random((18, windows))
    picture = lanes_picture(found_of(probability, seconds=seconds), [0.5] * 18, "$un_$closed {math} \\ 日本")
    assert image.imread(io.BytesIO(picture)).shape[1] == 1500


def test_times():
    assert [clock(each) for each in (0, 0.4, 5, 65.2, 599.7, 3599.6, 3723)] == [
        "0:00", "0.4 s", "0:05", "1:05", "10:00", "1:00:00", "1:02:03"
    ]  # fmt: skip
