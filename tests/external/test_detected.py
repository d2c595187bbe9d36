"""A detector that is told what to say, as the activity of a gate."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch

from stemwise import export
from stemwise.audio import resample
from stemwise.detector import Detector
from stemwise.errors import ModelError
from stemwise.evaluation.reference import Reference
from stemwise.evaluation.thresholds import choose_gate
from stemwise.export import find_detector, save
from stemwise.external import by_blocks
from stemwise.external.detected import load_detected
from stemwise.external.mapping import named
from stemwise.gate import Gate
from stemwise.model import Estimate
from stemwise.separator import Separator
from stemwise.taxonomy import targets
from tests.external.told import RATE, description, saved, tone, tone_detector
from tests.test_export import DESCRIPTION, exported
from tests.test_kept_evaluation import kept, prepared, scored, separator

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


def test_which_detector(tmp_path, home, monkeypatch):
    assert find_detector("newest") == find_detector("shipped") == export.SHIPPED_DETECTOR
    monkeypatch.setattr(export, "SHIPPED_DETECTOR", tmp_path / "none.safetensors")
    with pytest.raises(
        ModelError, match=r"no trained detector under .*, and no detector ships with this version.*experiment=iad_cnn"
    ):
        find_detector("newest")
    with pytest.raises(ModelError, match="no detector ships with this version"):
        find_detector("shipped")
    with pytest.raises(ModelError, match=r"gone: no such model.*experiment=iad_cnn"):
        find_detector(tmp_path / "gone")
    run = home / "runs" / "iad" / "1"
    run.mkdir(parents=True)
    saved(run / "model.safetensors", {"piano": 200})
    assert find_detector(None) == find_detector("newest") == find_detector(run) == run / "model.safetensors"


def test_what_a_detector_never_heard_in_training_it_does_not_silence(tmp_path):
    """Of two basses it learned one; of drums nothing, so that theirs stay open."""
    tones = {"electric bass": 200, "double bass": 3000, "drum set": 0}
    known = tone_detector(tones)
    told = replace(known, card={"never heard in training": ["double bass", "drum set"]})
    save(tmp_path / "d.safetensors", told, description(list(tones)))
    heard = load_detected(tmp_path / "d.safetensors", targets("mms", ["bass", "drums"]))
    assert heard.mapping.rows == ((0,), ())
    assert heard.says(False)[1] == "drums: the detector listens to nothing of it; it has an open gate"
    found = heard.hear("song", by_blocks(SONG), RATE, TIMES)
    assert opened(found.probability[0]) == pytest.approx((3.65, 6.35), abs=0.026)
    assert (found.probability[1] == 1).all() and found.judged.tolist() == [True, False]
    with pytest.raises(ModelError, match=r"and never heard double bass, drum set in training\), and none"):
        load_detected(tmp_path / "d.safetensors", targets("mms", ["drums"]))


def test_models_that_cannot_gate_are_refused(tmp_path):
    with pytest.raises(ModelError, match="listens to violin, and none of what it heard is one of vocals, "):
        load_detected(saved(tmp_path / "v.safetensors", {"violin": 0}), targets("mms"))
    save(tmp_path / "s.safetensors", exported(), DESCRIPTION)
    with pytest.raises(ModelError, match="this model separates"):
        load_detected(tmp_path / "s.safetensors", targets("mms"))


class Both:
    """Every target is half the mixture, and the model itself is sure that all of them always play."""

    sample_rate, frame_rate, context, kind = RATE, RATE / 256, 0.1, "separation"
    targets = ("piano", "bass", "drums")
    outputs = frozenset({"stems", "activity"})

    def __init__(self, outputs=("stems", "activity")):
        self.outputs = frozenset(outputs)

    def estimate(self, mixture):
        frames = 1 + mixture.shape[-1] // 256
        activity = torch.full((1, 3, frames), 3.0) if "activity" in self.outputs else None
        return Estimate(mixture[:, None].repeat(1, 3, 1, 1) / 2, activity=activity)


def validation_song() -> Reference:
    """The piano also plays from 5 s to 6 s, where the detector does not hear it: a quarter of its energy."""
    stems = np.stack([tone(3000, 10, [(0, 3)]) + tone(5000, 10, [(5, 6)]), tone(200, 10, [(4, 6)]), tone(1000, 10, [])])
    frames = 1 + stems.shape[-1] // 256
    return Reference("song", RATE, stems.sum(axis=0), stems, np.zeros((3, frames), np.float32), np.ones(3, bool))


def test_thresholds_are_chosen_on_validation_songs_with_this_activity(bass_and_piano):
    """A threshold that costs nothing is the highest, one that nobody can afford 0; drums that nobody hears never play
    there and keep theirs."""
    own = bass_and_piano.gate(Gate("hard", [0.1, 0.2, 0.3], 0.3), True)
    for outputs in (("stems", "activity"), ("stems",)):
        both = Separator(Both(outputs))
        chosen = choose_gate(both, [validation_song()], own, 1.0, bass_and_piano)
        assert chosen.threshold == [0.0, 0.95, 0.3] and chosen.median_seconds == 0.3
        assert choose_gate(both, [validation_song()], own, 30.0, bass_and_piano).threshold == [0.95, 0.95, 0.3]
    assert choose_gate(both, [validation_song()], own, None, bass_and_piano) == own


def test_nothing_is_separated_where_the_detector_hears_every_target(tmp_path):
    class Untouched(Both):
        targets = ("piano", "bass")

        def estimate(self, mixture):
            raise AssertionError

    path = saved(tmp_path / "d.safetensors", {"electric bass": 200, "piano": 3000})
    heard = load_detected(path, targets("mms", ["piano", "bass"]))
    song = validation_song()
    song = replace(song, stems=song.stems[:2], known=song.known[:2], confidence=song.confidence[:2])
    gate = choose_gate(Separator(Untouched()), [song], Gate("hard"), 1.0, heard)
    assert gate.threshold == [0.0, 0.95]


def test_kept_scores_are_those_of_this_activity_in_any_number_of_processes(tmp_path):
    songs = {name: prepared(tmp_path / name, seed) for seed, name in enumerate("ab")}
    plain, keep = Separator(separator().model, Gate("hard", 0.5, 0.3)), kept(tmp_path)
    tables = []
    for hertz in (200.0, 0.0):
        path = saved(tmp_path / f"{hertz}.safetensors", {"one": hertz})
        heard = load_detected(path, named(["one", "two"]))
        tables.append(scored(plain, songs, keep, external=heard))
        fresh = scored(plain, songs, None, external=heard, processes=2)
        pd.testing.assert_frame_equal(tables[-1], fresh, check_exact=False, rtol=1e-5)
    assert len(list(keep.parts.iterdir())) == 4 and not tables[0].equals(tables[1])
    assert list(dict.fromkeys(tables[0].gate)) == ["", "off", "hard, detector"]
