"""A detector that is told what to say, as the activity of a gate."""

import numpy as np
import pytest

from stemwise.audio import resample
from stemwise.detector import Detector
from stemwise.errors import ModelError
from stemwise.export import save
from stemwise.external import by_blocks
from stemwise.external.detected import find_detector, load_detected
from stemwise.gate import Gate
from stemwise.taxonomy import targets
from tests.external.told import RATE, saved, tone, tone_detector
from tests.test_export import DESCRIPTION, exported

SONG = tone(200, 10, [(4, 6)]) + tone(3000, 10, [(1, 2), (8, 10)])
TIMES = np.arange(0, 10, 0.025)


@pytest.fixture
def bass_and_piano(tmp_path):
    path = saved(tmp_path / "d.safetensors", {"electric bass": 200, "piano": 3000, "violin": 0}, [0.3, 0.6, 0.5])
    return load_detected(path, targets("mms", ["piano", "bass", "drums"]))


def opened(row) -> tuple[float, float]:
    at = TIMES[row > 0.5]
    return float(at[0]), float(at[-1])


def test_a_gate_opens_up_to_half_a_second_early_and_closes_as_late(bass_and_piano):
    """Of the windows of 1 s every 0.25 s those from 3.25 to 5.75 s hold a tenth of the tone or more: their middles are
    3.75 to 6.25 s, and half way to the next ones the probability crosses one half."""
    heard = bass_and_piano.hear("song", by_blocks(SONG), RATE, TIMES)
    assert opened(heard.probability[1]) == pytest.approx((3.65, 6.35), abs=0.026)
    piano = heard.probability[0]
    assert (piano[(TIMES > 0.65) & (TIMES < 2.35)] > 0.5).all() and (piano[(TIMES > 2.4) & (TIMES < 7.6)] < 0.5).all()
    assert (piano[TIMES > 7.65] > 0.5).all(), "up to the end of the song"
    assert (heard.probability[2] == 1).all() and heard.judged.tolist() == [True, True, False]


@pytest.mark.parametrize("rate", [8000, 22050, 44100, 48000])
def test_a_mixture_of_another_rate_is_resampled_block_by_block(bass_and_piano, rate):
    there = tone(200, 10, [(4, 6)], rate) + tone(3000, 10, [(1, 2), (8, 10)], rate)
    expected = bass_and_piano.hear("song", by_blocks(SONG), RATE, TIMES).probability
    for size in (1000, 1 << 18):
        found = bass_and_piano.hear("song", by_blocks(np.repeat(there, 2, axis=0), size), rate, TIMES).probability
        np.testing.assert_allclose(found > 0.5, expected > 0.5)
    whole = bass_and_piano.hear("song", by_blocks(resample(there, rate, RATE)), RATE, TIMES).probability
    np.testing.assert_allclose(found, whole, atol=1e-3)


def test_what_is_heard_is_what_the_detector_says_at_these_times(bass_and_piano):
    detection = Detector(tone_detector({"electric bass": 200, "piano": 3000, "violin": 0}).model).detect(SONG, 0.25)
    found = bass_and_piano.hear("song", by_blocks(SONG), RATE, TIMES).probability
    np.testing.assert_allclose(found[:2], detection.at(TIMES)[[1, 0]], atol=1e-6)


def test_thresholds_come_from_the_detector_or_the_model(bass_and_piano):
    own = Gate("hard", [0.1, 0.2, 0.3], 0.3)
    assert bass_and_piano.gate(own, True) == Gate("hard", [0.6, 0.3, 0.3], 0.3)
    assert bass_and_piano.gate(own, False) == Gate("hard", [0.6, 0.3, 0.0], 0.3)
    assert bass_and_piano.gate(Gate("off"), False).kind == "hard"
    assert bass_and_piano.gate(Gate("soft"), False).kind == "soft"


def test_which_detector(tmp_path, home):
    with pytest.raises(ModelError, match="no detector was trained here, and none ships"):
        find_detector("newest")
    with pytest.raises(ModelError, match="no detector ships with this version"):
        find_detector("shipped")
    run = home / "runs" / "iad" / "1"
    run.mkdir(parents=True)
    saved(run / "model.safetensors", {"piano": 200})
    assert find_detector(None) == find_detector("newest") == find_detector(run) == run / "model.safetensors"


def test_models_that_cannot_gate_are_refused(tmp_path):
    with pytest.raises(ModelError, match="listens to violin, and none of them is one of vocals, "):
        load_detected(saved(tmp_path / "v.safetensors", {"violin": 0}), targets("mms"))
    save(tmp_path / "s.safetensors", exported(), DESCRIPTION)
    with pytest.raises(ModelError, match="this model separates"):
        load_detected(tmp_path / "s.safetensors", targets("mms"))
