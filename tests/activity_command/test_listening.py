"""`stemwise activity`, as a user types it, by a detector of which it is known what it hears."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch

from stemwise.export import SHIPPED_DETECTOR, Exported, build, describe, save
from stemwise.gate import Gate
from stemwise.labels import read_segments
from tests.detectors import PLAYED, TONES, TWO_TONES, hears_tones, saved, tone_song, tones
from tests.test_cli import stemwise
from tests.test_export import DESCRIPTION, exported

TEXT = ["--format", "lab", "--format", "json", "--format", "csv"]  # files without further packages


def listen(tmp_path: Path, model: Path, *words: object, code: int = 0) -> str:
    return stemwise("activity", "--out", tmp_path / "out", "--model", model, *words, code=code)


def spans(path: Path) -> list[tuple[float, float, str]]:
    return [(segment.start, segment.end, segment.label) for segment in read_segments(path)]


@pytest.mark.parametrize(
    ("name", "rate", "channels"),
    [("a.wav", 44100, 2), ("b c.flac", 48000, 1), ("d.mp3", 44100, 2), ("e.ogg", 22050, 2), ("f.wav", 8000, 6),
     ("g.wav", 192000, 1), ("h.flac", 44100, 6)],
)  # fmt: skip
def test_what_plays_is_found_at_any_rate_and_number_of_channels(tmp_path, model, name, rate, channels):
    source = tone_song(tmp_path / name, rate, channels)
    said = listen(tmp_path, model, source, *TEXT)
    folder = tmp_path / "out" / source.stem
    assert {file.name for file in folder.iterdir()} == {f"{source.stem}.lab", "activity.json", "activity.csv"}
    assert f"{name}: low 50%, high 50%" in said
    found = spans(folder / f"{source.stem}.lab")
    assert [each[2] for each in found] == [each[2] for each in PLAYED]
    # An mp3 has a few hundredths of a second more, and may carry a tone into them.
    np.testing.assert_allclose([each[:2] for each in found], [each[:2] for each in PLAYED], atol=0.06)
    assert [path.name for path in (tmp_path / "out").iterdir()] == [source.stem]


def test_targets_that_were_never_heard_in_training_are_named(tmp_path, model):
    song = tone_song(tmp_path / "a.wav")
    assert "never heard" not in listen(tmp_path, model, song, *TEXT)
    known = hears_tones()
    save(model, replace(known, card={**known.card, "never heard in training": ["high"]}), TWO_TONES)
    assert "never heard in training, so that what is said of them is worth nothing: high\n" in listen(
        tmp_path, model, song, *TEXT
    )


@pytest.mark.parametrize(
    ("right", "said"), [(-1.0, "nothing"), (-0.985, "42 dB below them"), (-0.97, ""), (0.0, ""), (1.0, "")]
)
def test_channels_that_cancel_out_are_said(tmp_path, model, right, said):
    """(1 + r) / 2 of a channel is left, against the root mean square of 1 and r: 42.4 dB below that at r = -0.985, and
    36.3 at -0.97."""
    song = tones()
    soundfile.write(tmp_path / "a.wav", np.stack([song, right * song], axis=1), 44100, subtype="FLOAT")
    shown = listen(tmp_path, model, tmp_path / "a.wav", *TEXT)
    if said:
        assert f"a.wav: its channels cancel out; their mean, which is what is heard, is {said}." in shown
        assert "warning: " in shown
    else:
        assert "warning" not in shown


def test_a_context_of_ones_own(tmp_path):
    """A recurrent net hears what is near and far: a whole song at once is not what its blocks give, and is said."""
    torch.manual_seed(0)
    net = {
        "_target_": "stemwise.nets.detection.crnn.Crnn",
        "targets": 2,
        "channels": [4, 4, 4, 4],
        "width": 8,
        "hidden": 8,
    }
    described = {**TWO_TONES, "net": net, "context_seconds": 2.0}
    path, model = tmp_path / "m.safetensors", build(described).eval()
    save(path, Exported(model, Gate("hard", 0.5, 0.0)), described)
    source = tone_song(tmp_path / "a.wav", 16000, 1)
    told = {}
    for context in ("song", "4", None):
        listen(tmp_path, path, source, "--format", "json", *(("--context", context) if context else ()))
        told[context] = json.loads((tmp_path / "out" / "a" / "activity.json").read_text())
    assert [told[each]["context_seconds"] for each in told] == [600.0, 4.0, 2.0]
    with torch.inference_mode():
        heard = torch.from_numpy(soundfile.read(source, dtype="float32")[0])[None, None]
        whole = torch.sigmoid(model.estimate(heard).activity)[0].numpy()
    for row, target in zip(whole, TONES, strict=True):
        np.testing.assert_allclose(told["song"]["probability"][target], row, atol=1e-4)
        assert (
            told["song"]["probability"][target] != told["4"]["probability"][target] != told[None]["probability"][target]
        )


def test_a_threshold_for_all_in_place_of_the_models(tmp_path):
    path = saved(tmp_path / "m.safetensors", gate=Gate("hard", [0.5, 1.0], 0.0))
    source = tone_song(tmp_path / "a.wav")
    listen(tmp_path, path, source, *TEXT)
    assert spans(tmp_path / "out" / "a" / "a.lab") == PLAYED[:2]
    listen(tmp_path, path, source, *TEXT, "--threshold", 0.5)
    assert spans(tmp_path / "out" / "a" / "a.lab") == PLAYED


def test_one_bad_song_does_not_stop_the_others(tmp_path, model):
    good, text = tone_song(tmp_path / "good.wav", 16000, 1), tmp_path / "text.wav"
    text.write_text("this is no sound\n" * 99)
    (tmp_path / "empty").mkdir()
    said = listen(tmp_path, model, text, tmp_path / "empty", tmp_path / "gone.wav", good, *TEXT, code=1)
    assert "text.wav: cannot be read as audio" in said and "gone.wav: no such file" in said
    assert "empty: no audio in this folder" in said and "3 of 4 could not be listened to" in said
    assert spans(tmp_path / "out" / "good" / "good.lab") == PLAYED
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["good"]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.unlink(), "no such file"),
        (lambda path: path.write_text("words, and more words"), "cannot be read as audio"),
        (lambda path: path.write_bytes(path.read_bytes()[:9999]), "truncated"),
        (lambda path: soundfile.write(path, np.zeros((0, 2)), 44100), "holds no samples"),
        (lambda path: soundfile.write(path, np.full((99, 1), np.nan), 44100, subtype="FLOAT"), "NaN"),
        (lambda path: path.unlink() or path.mkdir(), "no audio in this folder"),
    ],
)
def test_a_bad_song_ends_in_a_sentence_and_leaves_nothing(tmp_path, model, spoil, said):
    source = tone_song(tmp_path / "a.wav")
    spoil(source)
    shown = listen(tmp_path, model, source, code=1)
    assert said in shown and shown.count("error:") == 1
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("seconds", [1 / 16000, 0.3, 3.0])
def test_silence_and_clips_shorter_than_a_window(tmp_path, model, seconds):
    pytest.importorskip("matplotlib", reason="draws")
    soundfile.write(tmp_path / "a.wav", np.zeros(max(round(seconds * 16000), 1)), 16000)
    said = listen(tmp_path, model, tmp_path / "a.wav", "--format", "png", *TEXT)
    folder = tmp_path / "out" / "a"
    assert "a.wav: no instrument reaches its threshold; nearest is low with 0.00" in said
    assert (folder / "a.lab").read_text() == "start_time,end_time,instrument_label\n"
    told = json.loads((folder / "activity.json").read_text())
    assert told["segments"] == [] and len(told["probability"]["low"]) == max(round(seconds), 1)
    assert (folder / "activity.png").stat().st_size > 1000


def test_a_short_tone_is_heard_in_the_time_it_has(tmp_path, model):
    soundfile.write(tmp_path / "a.wav", tones()[: round(0.9 * 44100)], 44100)
    listen(tmp_path, model, tmp_path / "a.wav", *TEXT)
    assert spans(tmp_path / "out" / "a" / "a.lab") == [(0.0, 0.9, "low")]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--threshold", 0], "between 0 and 1"),
        (["--threshold", "nan"], "between 0 and 1"),
        (["--hop", 0.3], "evenly"),
        (["--hop", "nan"], "give seconds"),
        (["--hop", -1], "give seconds"),
        (["--context", "album"], "give seconds, or song"),
        (["--context", 1.5], "whole number of windows"),
        (["--device", "abacus"], "not to be had"),
        (["--device", "cpu:x"], "not to be had"),
    ],
)
def test_options_that_cannot_be_are_said_before_the_first_song(tmp_path, model, words, said):
    songs = [tone_song(tmp_path / name, 16000, 1) for name in ("a.wav", "b.wav")]
    shown = listen(tmp_path, model, *songs, *words, code=1)
    assert said in shown and shown.count("error:") == 1 and not (tmp_path / "out").exists()


def test_models(tmp_path, home):
    """The newest run with a detector, whatever separators there are; else the one that ships, or a sentence."""
    source = tone_song(tmp_path / "a.wav", 16000, 1)
    if not SHIPPED_DETECTOR.is_file():
        shown = stemwise("activity", source, "--out", tmp_path / "out", code=1)
        assert "no trained detector under" in shown and "experiment=iad_cnn" in shown
    saved(home / "runs" / "tones" / "model.safetensors")
    save(home / "runs" / "separator" / "model.safetensors", exported(), DESCRIPTION)
    shown = stemwise("activity", source, "--out", tmp_path / "out", *TEXT)
    assert f"model: {home / 'runs' / 'tones' / 'model.safetensors'} (2 instruments)" in shown
    (home / "runs" / "broken").mkdir()
    (home / "runs" / "broken" / "model.safetensors").write_bytes(b"half a file")
    shown = stemwise("activity", source, "--out", tmp_path / "out", *TEXT)
    assert "warning: passed over, since it cannot be read" in shown and "runs/tones/model.safetensors (2 instr" in shown
    assert "low 50%" in listen(tmp_path, home / "runs" / "tones", source, *TEXT)
    shown = listen(tmp_path, home / "runs" / "separator", source, code=1)
    assert "this model separates" in shown and "stemwise separate" in shown


def test_a_detector_to_pass_on_is_half_the_size_and_knows_its_scores(tmp_path, model):
    line = {"level": "1 s", "measure": "lrap", "value": 0.9, "low": 0.8, "high": 0.95, "songs": 3, "targets": 2}
    levels = [line, {**line, "measure": "auc", "value": None}]
    (model.parent / "summary.json").write_text(json.dumps({"facts": {}, "detection": {"levels": levels}}))
    small = tmp_path / "small.safetensors"
    assert "with its scores" in stemwise("export", model.parent, "--out", small)
    assert describe(small)["card"]["scores"] == [{key: line[key] for key in line if key != "targets"}]
    assert small.stat().st_size < 0.7 * model.stat().st_size
    listen(tmp_path, small, tone_song(tmp_path / "a.wav"), *TEXT)
    assert spans(tmp_path / "out" / "a" / "a.lab") == PLAYED
