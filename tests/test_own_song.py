"""Separating one's own song: nothing of one's own is lost, and nothing is made up."""

import json
import os
import sys
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from stemwise import audio, stem_files
from stemwise.audio import AudioInfo
from stemwise.bundle import join
from stemwise.errors import AudioError
from stemwise.export import Exported, build, load, save
from stemwise.gate import Gate
from stemwise.stem_files import file_names, write_stem
from tests.test_bundle import description
from tests.test_bundle import exported as one_target
from tests.test_cli import model, song, stemwise  # noqa: F401 - model is a fixture
from tests.test_export import DESCRIPTION, exported


def test_the_song_itself_is_never_written_over(tmp_path, model):  # noqa: F811
    """It lies in a folder of its name, which is that of a target."""
    source = song((tmp_path / "a").mkdir() or tmp_path / "a" / "a.wav")
    before = source.read_bytes()
    said = stemwise("separate", source, "--out", tmp_path, "--model", model, code=1)
    assert "a.wav: is itself where a stem is to be, and would be lost" in said and source.read_bytes() == before
    assert [path.name for path in (tmp_path / "a").iterdir()] == ["a.wav"]
    stemwise("separate", source, "--out", tmp_path, "--model", model, "--format", "flac")
    assert source.read_bytes() == before and (tmp_path / "a" / "a.flac").is_file()


def test_a_file_in_the_place_of_the_folder_is_said_before_the_work(tmp_path, model, monkeypatch):  # noqa: F811
    source = song(tmp_path / "a.wav")
    source.rename(tmp_path / "a")
    monkeypatch.setattr("stemwise.separator.Separator.separate", lambda *_: pytest.fail("separated"))
    said = stemwise("separate", tmp_path / "a", "--out", tmp_path, "--model", model, code=1)
    assert "a: is a file, where a folder of stems is to be" in said


def test_targets_of_any_name_have_a_file(tmp_path):
    odd = ["fx/processed sound", ".hidden", "a b", "A_B", "a_b_2", "", "Gesang (Bühne)"]
    names = ["fx_processed_sound", "_hidden", "a_b", "A_B_2", "a_b_2_2", "_", "Gesang_(Bühne)"]
    assert file_names(odd) == names
    described = {**DESCRIPTION, "targets": odd[:2]}
    save(tmp_path / "m.safetensors", replace(exported(), model=build(described).eval()), described)
    stemwise("separate", song(tmp_path / "s.wav"), "--out", tmp_path, "--model", tmp_path / "m.safetensors")
    assert {path.name for path in (tmp_path / "s").glob("*.wav")} == {"fx_processed_sound.wav", "_hidden.wav"}


@pytest.mark.parametrize("right", [1.0, -1.0])
def test_channels_that_cancel_out_are_said(tmp_path, model, right):  # noqa: F811
    sound = 0.1 * np.random.default_rng(0).standard_normal(44100)
    soundfile.write(tmp_path / "s.wav", np.stack([sound, right * sound], axis=1), 44100, subtype="FLOAT")
    said = stemwise("separate", tmp_path / "s.wav", "--out", tmp_path, "--model", model)
    assert ("s.wav: its channels cancel out" in said) == (right < 0)


def test_a_model_that_says_nothing_of_activity_makes_none_up(tmp_path):
    plain = description("bass", kind="open_unmix")
    path = tmp_path / "m.safetensors"
    save(path, Exported(build(plain).eval(), Gate("hard", [0.5])), plain)
    words = ("separate", song(tmp_path / "s.wav"), "--out", tmp_path, "--model", path)
    for wrong in (("--gate", "hard"), ("--gate", "soft"), ("--threshold", 0.5)):
        assert "says nothing of activity, so no gate can go by it" in stemwise(*words, *wrong, code=1)
    stemwise(*words, "--gate", "off")
    stemwise(*words)
    lines = (tmp_path / "s" / "activity.csv").read_text().splitlines()
    assert lines[0] == "time,bass gate" and all(line.endswith(",1.0000") for line in lines[1:])
    assert (tmp_path / "s" / "segments.csv").read_text() == "start_time,end_time,target\n"


def test_what_was_never_heard_is_known_of_joined_models_too(tmp_path):
    paths = [one_target(tmp_path, "drums"), one_target(tmp_path, "bass")]
    known, plain = load(paths[1]), description("bass")
    save(paths[1], replace(known, card={**known.card, "never heard in training": ["bass"]}), plain)
    assert join(paths)[0].card["never heard in training"] == ["bass"]


def test_a_stem_of_more_than_4_gib_is_an_rf64(tmp_path, monkeypatch):
    monkeypatch.setattr(stem_files, "LARGEST_WAV", 4 * 999)
    for samples, form in ((999, "WAV"), (1000, "RF64")):
        stem = np.random.default_rng(0).standard_normal((1, samples)).astype(np.float32)
        path = write_stem(tmp_path / f"{samples}.wav", stem, AudioInfo(8000, samples, 1), 8000)
        assert soundfile.info(path).format == form
        np.testing.assert_array_equal(audio.read(path)[0], stem)


def test_a_wav_that_is_larger_than_it_can_say_is_refused(tmp_path):
    path = song(tmp_path / "a.wav")
    with path.open("rb+") as file:
        file.truncate((1 << 32) + 1000)  # with a hole, which takes no room
    with pytest.raises(AudioError, match="more than 4 GiB, which no wav can say"):
        audio.info(path)


def test_ogg_recordings_one_behind_the_other_are_refused(tmp_path):
    for name, hertz in (("a", 200), ("b", 300)):
        sound = 0.1 * np.sin(2 * np.pi * hertz * np.arange(8000) / 8000)
        soundfile.write(tmp_path / f"{name}.ogg", sound, 8000)
    both = tmp_path / "both.ogg"
    both.write_bytes((tmp_path / "a.ogg").read_bytes() + (tmp_path / "b.ogg").read_bytes())
    audio.info(tmp_path / "a.ogg")
    with pytest.raises(AudioError, match="several recordings one behind the other"):
        audio.info(both)


def test_nan_is_told_by_its_place_in_the_file(tmp_path):
    sound = np.zeros(500_000, np.float32)
    sound[400_000] = np.nan
    soundfile.write(tmp_path / "a.wav", sound, 44100, subtype="FLOAT")
    with pytest.raises(AudioError, match="first at sample 400000"):
        list(audio.blocks(tmp_path / "a.wav", 1 << 18))


@pytest.mark.skipif(os.name != "posix" or sys.platform == "darwin", reason="names are Unicode there")
def test_names_that_are_no_utf8_are_written_too(tmp_path, model):  # noqa: F811
    folder = tmp_path / "st"
    folder.mkdir()
    source = song(folder / "vocals, lead.wav")
    odd = os.fsdecode(b"Lead Vocals \xe9.wav")
    (folder / odd).write_bytes(source.read_bytes())
    (tmp_path / "a.lab").write_text("start,end,label\n0.5,1.0,male singer\n")
    stemwise("gate", folder, "--labels", tmp_path / "a.lab", "--out", tmp_path / "gated")
    assert {path.name for path in (tmp_path / "gated").glob("*.wav")} == {odd, "vocals, lead.wav"}
    header, first, *_ = (tmp_path / "gated" / "activity.csv").read_text().splitlines()
    assert '"vocals, lead"' in header and len(first.split(",")) == 5
    said = stemwise("separate", source, "--out", tmp_path / os.fsdecode(b"out\xe9"), "--model", model)
    assert "4 files" in said


def test_one_song_that_cannot_be_written_stops_no_other(tmp_path):
    first, second = song(tmp_path / "one.wav", 1.0), song(tmp_path / "two.wav", 1.0)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "one").write_text("in the way")
    words = ("activity", first, second, "--out", tmp_path / "out", "--format", "json")
    said = stemwise(*words, code=1)
    assert "1 of 2 could not be listened to" in said
    assert json.loads((tmp_path / "out" / "two" / "activity.json").read_text())


def test_a_name_as_long_as_a_file_may_have_can_be_written(tmp_path):
    path = tmp_path / f"{'夜' * 83}.wav"  # 253 bytes
    audio.write(path, np.zeros((1, 100), np.float32), 8000)
    assert [each.name for each in tmp_path.iterdir()] == [path.name]
