"""Confusion by hand, and by the words of its definition."""

import numpy as np
import pytest

from stemwise.metrics import Clips, confusion
from stemwise.metrics.detection import called

from .made_up import clips


def test_by_hand():
    """Targets: guitar, synth, drums. Synth is wrongly heard in clips 0, 1 and 3; guitar is missed in 0 and 1."""
    truth = np.array([[1, 0, 1], [1, 0, 0], [1, 1, 1], [0, 0, 1], [0, 0, 0]], float)
    probability = np.array([[0.2, 0.9, 0.9], [0.1, 0.8, 0.1], [0.9, 0.9, 0.2], [0.1, 0.7, 0.3], [0.6, 0.1, 0.2]])
    found = confusion(Clips.of(truth, probability, [0, 0, 1, 1, 2]), 0.5)
    assert found.clips.tolist() == [1, 3, 0] and found.songs.tolist() == [1, 2, 0]
    assert found.share[1] == pytest.approx([2 / 3, 0, 1 / 3])
    assert found.share[0].tolist() == [0, 0, 0]
    assert np.isnan(found.share[2]).all()
    assert found.missed == pytest.approx([2 / 5, 0, 2 / 5])
    assert found.row(1) == [0, 2] and found.row(1, 1) == [0] and found.row(0) == found.row(2) == []


def test_clips_in_which_the_missed_one_is_unknown_do_not_count():
    truth = np.array([[0, 1], [0, np.nan], [0, 0]], float)
    probability = np.array([[0.9, 0.1], [0.9, 0.1], [0.9, 0.1]])
    found = confusion(Clips.of(truth, probability, [0, 0, 0]), 0.5)
    assert found.share[0, 1] == 1 / 2 and found.clips[0] == 3 and found.missed[1] == 1 / 2


def test_what_is_unknown_is_not_wrongly_heard():
    found = confusion(Clips.of(np.array([[np.nan, 1.0]]), np.array([[0.9, 0.1]]), [0]), 0.5)
    assert found.clips.tolist() == [0, 0] and np.isnan(found.share).all()


@pytest.mark.parametrize("unknown", [0.0, 0.3])
def test_by_its_definition(rng, unknown):
    here = clips(rng, unknown=unknown)
    cuts = np.array([0.3, 0.5, 0.6, 0.4])
    found, said = confusion(here, cuts), called(here, cuts)
    for wrong in range(4):
        rows = np.flatnonzero(said[:, wrong] & ~here.active[:, wrong] & here.known[:, wrong])
        assert found.clips[wrong] == len(rows) > 0 and found.songs[wrong] == len(set(here.songs[rows]))
        for missed in range(4):
            counted = rows[here.known[rows, missed]]
            unheard = here.active[counted, missed] & ~said[counted, missed]
            assert found.share[wrong, missed] == pytest.approx(unheard.mean())
    assert (np.diag(found.share) == 0).all()
