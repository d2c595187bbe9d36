"""Longer clips: by hand, and as pandas groups them."""

import numpy as np
import pandas
import pytest

from stemwise.errors import DataError
from stemwise.metrics import Clips, pooled

from .made_up import clips

NAN = np.nan


def test_by_hand():
    truth = np.array([[0.1, 0.9], [0.6, 0.1], [0.2, 0.2], [NAN, 0.7], [0.9, 0.0], [0.0, 0.3], [0.1, 0.0]])
    probability = np.arange(14).reshape(7, 2) / 20
    found = pooled(Clips.of(truth, probability, [0, 0, 0, 0, 0, 1, 2]), 2)
    # Song 0 has five clips: two pairs, the fifth is left out. The others are shorter than a group: one group each.
    assert found.songs.tolist() == [0, 0, 1, 2]
    assert found.active.tolist() == [[True, True], [False, True], [False, False], [False, False]]
    assert found.known.tolist() == [[True, True], [False, True], [True, True], [True, True]]
    assert found.probability.tolist() == [[0.1, 0.15], [0.3, 0.35], [0.5, 0.55], [0.6, 0.65]]


def test_an_active_clip_beside_an_unknown_one_stays_unknown():
    found = pooled(Clips.of(np.array([[0.9], [NAN]]), np.zeros((2, 1)), [0, 0]), None)
    assert not found.known.any() and not found.active.any()


def test_whole_songs_are_what_pandas_groups(rng):
    found = clips(rng, songs=7, unknown=0.02)
    song = pooled(found, None)
    table = pandas.DataFrame(found.probability).groupby(found.songs).max()
    assert np.array_equal(song.probability, table.to_numpy()) and song.songs.tolist() == list(range(7))
    assert np.array_equal(song.known, pandas.DataFrame(found.known).groupby(found.songs).all().to_numpy())
    known = song.known
    assert np.array_equal(
        song.active[known], pandas.DataFrame(found.active).groupby(found.songs).any().to_numpy()[known]
    )
    assert 0 < known.sum() < known.size


@pytest.mark.parametrize("length", [3, 5, 13, 40])
def test_groups_are_full_or_the_only_one(rng, length):
    found = clips(rng, songs=6, length=12)  # 12, 13 or 14 clips a song
    group = pooled(found, length)
    counts = np.bincount(group.songs)
    sizes = np.bincount(found.songs)
    assert counts.tolist() == np.maximum(sizes // length, 1).tolist()
    size = min(length, sizes[0])
    assert np.array_equal(group.probability[0], found.probability[:size].max(axis=0))


def test_one_clip_a_group_changes_nothing(rng):
    found = clips(rng, unknown=0.2)
    same = pooled(found, 1)
    assert all(np.array_equal(getattr(same, name), getattr(found, name)) for name in ("active", "known", "probability"))


def test_no_clips_stay_none_and_groups_of_none_are_refused():
    empty = Clips.of(np.zeros((0, 3)), np.zeros((0, 3)), [])
    assert pooled(empty, 5).probability.shape == pooled(empty, None).probability.shape == (0, 3)
    with pytest.raises(DataError, match="Groups of 0 clips"):
        pooled(empty, 0)
