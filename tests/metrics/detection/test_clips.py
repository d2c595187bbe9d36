"""What is active, what is known, and what is refused."""

import numpy as np
import pytest

from stemwise.errors import DataError
from stemwise.metrics import Clips

from .made_up import clips


def test_active_from_the_threshold_on_and_unknown_is_neither():
    truth = np.array([[0.5, 0.49, np.nan], [1.0, 0.0, 0.9]])
    found = Clips.of(truth, np.zeros((2, 3)), [0, 1])
    assert found.active.tolist() == [[True, False, False], [True, False, True]]
    assert found.known.tolist() == [[True, True, False], [True, True, True]]
    assert Clips.of(truth, np.zeros((2, 3)), [0, 1], threshold=0.95).active.sum() == 1


def test_sums_per_song(rng):
    found = clips(rng, songs=5)
    expected = [found.probability[found.songs == song].sum(axis=0) for song in range(5)]
    assert np.allclose(found.per_song(found.probability), expected)
    assert found.song_count == 5


def test_entries_are_what_is_known(rng):
    found = clips(rng, unknown=0.3)
    active, probability = found.entries()
    assert len(active) == len(probability) == found.known.sum() < found.known.size
    assert np.array_equal(found.entries(2)[1], found.probability[found.known[:, 2], 2])


GOOD = {"truth": np.zeros((3, 2)), "probability": np.full((3, 2), 0.5), "songs": [0, 0, 1]}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"probability": np.array([[0.1, np.nan], [np.nan, 0.2], [0.3, 0.4]])}, "2 of 6 probabilities are NaN"),
        ({"probability": np.full((3, 2), -1.5)}, "6 probabilities lie outside 0 to 1, first -1.5"),
        ({"probability": np.full((3, 2), np.inf)}, "outside 0 to 1"),
        ({"probability": np.zeros((3, 1))}, r"probability \(3, 1\)"),
        ({"songs": [0, 1]}, r"songs \(2,\)"),
        ({"songs": [0, 1, 0]}, "put the clips of a song together"),
        ({"songs": [1, 1, 2]}, "put the clips of a song together"),
        ({"songs": [0, 0, 2]}, "put the clips of a song together"),
    ],
)
def test_refused_with_a_sentence(given, message):
    with pytest.raises(DataError, match=message):
        Clips.of(**{**GOOD, **given})


def test_active_and_unknown_at_once_is_refused():
    yes = np.ones((1, 1), bool)
    with pytest.raises(DataError, match="active and not known"):
        Clips(yes, ~yes, np.ones((1, 1)), np.zeros(1, np.int64))
