"""What a detector said of seconds, beside what was so."""

import numpy as np
import pandas as pd
import pytest

from stemwise.detector import Detector
from stemwise.evaluation.detection import detect_songs, lines, window_maxima
from stemwise.loading.shard import PreparedSong, facts_of
from stemwise.mel import LogMel
from stemwise.model.mel import MelModel
from stemwise.nets.detection.fully_connected import FullyConnected

RATE, LABEL_HOP = 16000, 1024 / 44100


def test_a_second_has_its_highest_confidence():
    """By hand: every frame from a whole second to before the next one."""
    rng = np.random.default_rng(0)
    confidence = rng.random((3, 400))
    times = np.arange(400) * LABEL_HOP
    found = window_maxima(confidence, 1.0, 9)
    for window in range(9):
        inside = (times >= window) & (times < window + 1)
        np.testing.assert_allclose(found[:, window], confidence[:, inside].max(axis=1), rtol=1e-6)


def test_windows_behind_the_last_frame_rest():
    assert window_maxima(np.ones((1, 10)), 1.0, 3).tolist() == [[1, 0, 0]]


def test_a_line_a_second_and_target():
    table = lines(
        "Song", ["piano", "violin"], np.array([[0.1, 0.9], [0.2, np.nan]]), np.array([[0.3, 0.4], [0.5, 0.6]])
    )
    assert table["second"].tolist() == [0, 0, 1, 1]
    assert table["target"].tolist() == ["piano", "violin"] * 2
    np.testing.assert_allclose(table["truth"], [0.1, 0.2, 0.9, np.nan], rtol=1e-6)
    np.testing.assert_allclose(table["probability"], [0.3, 0.5, 0.4, 0.6], rtol=1e-6)


def prepared(folder, samples, known=(True, True)):
    """Two targets and a rest: noise, of which the first target plays in the second half."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    audio = 0.1 * rng.standard_normal((3, 1, samples)).astype(np.float32)
    frames = 1 + int(samples / RATE / LABEL_HOP)
    activity = np.zeros((2, frames), np.float32)
    activity[0, frames // 2 :] = 0.9
    arrays = {"audio": audio, "activity": activity, "known_audio": np.array(known), "known_activity": np.array(known)}
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
    return PreparedSong(folder, facts_of(samples, activity, arrays["known_audio"], arrays["known_activity"])), audio


@pytest.fixture
def detector():
    return Detector(MelModel(FullyConnected(targets=2), LogMel(), ("piano", "violin"), RATE))


def test_songs_are_heard_as_the_sum_of_their_rows(tmp_path, detector):
    song, audio = prepared(tmp_path / "one", 4 * RATE + 5000, known=(True, False))
    table = detect_songs(detector, {"One": song}, report=lambda line: None)
    wide = table.pivot(index="second", columns="target", values="probability")[["piano", "violin"]].to_numpy().T
    np.testing.assert_allclose(wide, detector.detect(audio.sum(axis=0)).probability[:, :4], atol=1e-6)
    truth = table[table["target"] == "piano"]["truth"].tolist()
    assert truth == pytest.approx([0, 0, 0.9, 0.9])
    assert table[table["target"] == "violin"]["truth"].isna().all()


def test_a_song_shorter_than_a_window_has_one(tmp_path, detector):
    song, _ = prepared(tmp_path / "short", RATE // 2)
    table = detect_songs(detector, {"Short": song}, report=lambda line: None)
    assert len(table) == 2 and isinstance(table, pd.DataFrame)
