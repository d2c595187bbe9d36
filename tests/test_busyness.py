"""Shares of time counted by hand on songs of tones, and the picture of them."""

import numpy as np
import pytest

from stemwise.busyness import measure_busyness, real_groups
from stemwise.labels import song_confidence
from stemwise.report.busy import busyness_figure
from stemwise.song import Song, Stem
from stemwise.taxonomy import check_label

RATE = 44100


@pytest.fixture
def song(tmp_path) -> Song:
    """Twenty seconds: drums throughout, keyboards in the first and the last quarter, a singer in the second half."""
    import soundfile

    plays = {"drum set": (0, 20), "piano": (0, 5), "electric piano": (15, 20), "female singer": (10, 20)}
    stems = []
    for number, (label, (start, stop)) in enumerate(plays.items()):
        audio = np.zeros(20 * RATE)
        audio[start * RATE : stop * RATE] = 0.3 * np.sin(2 * np.pi * 220 * np.arange((stop - start) * RATE) / RATE)
        soundfile.write(tmp_path / f"{number}.wav", audio, RATE, subtype="PCM_16")
        stems.append(Stem(f"S{number}", (label,), tmp_path / f"{number}.wav"))
    return Song("song", "a", "t", RATE, 20 * RATE, 1, tuple(stems))


def test_groups_are_active_where_any_stem_is(song):
    """Envelope tracking opens early and closes late by up to 0.4 s at each edge."""
    found = measure_busyness([song])
    assert found.groups["drums"] == [1.0]
    assert found.groups["keys"][0] == pytest.approx(0.5, abs=0.045)
    assert found.groups["vocals"][0] == pytest.approx(0.5, abs=0.025)
    assert found.labels["piano"][0] == pytest.approx(0.25, abs=0.025)
    assert "bass" not in found.groups
    assert found.stems == [4]
    assert found.at_once[0] == pytest.approx(2.0, abs=0.07)
    assert found.at_once[0] == pytest.approx(sum(found.groups[name][0] for name in found.groups))


def test_labels_use_the_same_activity_as_training(song):
    active = song_confidence(song) >= 0.5
    assert measure_busyness([song]).labels["piano"][0] == active[1].mean()


def test_groups_share_no_label_and_name_only_known_ones():
    labels = [label for group in real_groups() for label in group.labels]
    assert len(labels) == len(set(labels))
    for label in labels:
        check_label(label, "busyness")


def test_distance_from_the_real_range():
    drums = next(group for group in real_groups() if group.name == "drums")
    assert drums.beside(0.82) == 0
    assert drums.beside(0.7) == pytest.approx(0.1)
    assert drums.beside(0.95) == pytest.approx(0.1)


def test_the_picture_is_drawn_for_one_song_and_for_many(song):
    one = busyness_figure(measure_busyness([song]))
    two = busyness_figure(measure_busyness([song, song]))
    assert one[:4] == two[:4] == b"\x89PNG"
    assert one != two
