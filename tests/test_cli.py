"""The commands, as a user types them."""

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from stemwise.activity import segments
from stemwise.cli import app
from stemwise.datasets.detect import find_song
from stemwise.export import SHIPPED, describe, save
from stemwise.gate import Gate
from tests.sets import make_manifest, put
from tests.test_export import DESCRIPTION, exported

STEMWISE = str(Path(sys.executable).with_name("stemwise"))
NAMES = {"a", "b"}


def stemwise(*words: object, code: int = 0) -> str:
    """What the command printed, on either stream; fails unless it ended with `code` and by itself."""
    shown = CliRunner().invoke(app, [*map(str, words)], terminal_width=200)
    assert shown.exit_code == code, shown.output
    assert shown.exception is None or isinstance(shown.exception, SystemExit)
    return shown.output


@pytest.fixture
def model(tmp_path) -> Path:
    save(tmp_path / "model.safetensors", exported(), DESCRIPTION)
    return tmp_path / "model.safetensors"


def song(path: Path, seconds: float = 3.0, rate: int = 44100, channels: int = 2, **how) -> Path:
    rng = np.random.default_rng(0)
    soundfile.write(path, 0.2 * rng.standard_normal((round(seconds * rate), channels)), rate, **how)
    return path


@pytest.mark.parametrize(
    ("name", "rate", "channels"), [("a.wav", 44100, 2), ("b c.flac", 48000, 1), ("d.mp3", 44100, 2), ("e.wav", 8000, 3)]
)
def test_stems_keep_rate_length_and_channels(tmp_path, model, name, rate, channels):
    source = song(tmp_path / name, rate=rate, channels=channels)
    stemwise("separate", source, "--out", tmp_path / "out", "--model", model)
    folder = tmp_path / "out" / source.stem
    assert {file.name for file in folder.iterdir()} == {"a.wav", "b.wav", "activity.csv", "segments.csv"}
    samples = 3 * rate if source.suffix != ".mp3" else soundfile.read(source)[0].shape[0]
    for file in folder.glob("*.wav"):
        info = soundfile.info(file)
        assert (info.samplerate, info.channels, info.frames) == (rate, channels, samples)
    header, *rows = (folder / "activity.csv").read_text().splitlines()
    assert header == "time,a,b,a gate,b gate" and len(rows) == 1 + -(-samples * 8000 // rate) // 128
    assert not list((tmp_path / "out").glob(".*"))


def test_stems_of_an_open_gate_are_what_the_model_makes_of_the_song(tmp_path, model):
    import torch

    source = song(tmp_path / "a.wav", rate=8000)
    stemwise("separate", source, "--out", tmp_path, "--model", model, "--gate", "off")
    mixture = torch.from_numpy(soundfile.read(source, dtype="float32")[0].T)[None]
    with torch.inference_mode():
        stems = exported().model.estimate(mixture).stems[0].numpy()
    for name, expected in zip("ab", stems, strict=True):
        np.testing.assert_allclose(soundfile.read(tmp_path / "a" / f"{name}.wav")[0].T, expected, atol=1e-5)


def test_stems_of_two_shifts_are_the_mean_of_two_songs(tmp_path, model):
    import torch

    source = song(tmp_path / "a.wav", rate=8000)
    stemwise("separate", source, "--out", tmp_path, "--model", model, "--gate", "off", "--shifts", 2)
    mixture = torch.from_numpy(soundfile.read(source, dtype="float32")[0].T)[None]
    later = torch.nn.functional.pad(mixture, (64, 0))
    with torch.inference_mode():
        both = [exported().model.estimate(each).stems[0, ..., -mixture.shape[-1] :] for each in (mixture, later)]
    for name, expected in zip("ab", (both[0] + both[1]) / 2, strict=True):
        np.testing.assert_allclose(soundfile.read(tmp_path / "a" / f"{name}.wav")[0].T, expected, atol=1e-5)


def test_a_gate_that_never_closes_does_not_say_that_its_target_always_plays(tmp_path):
    """Its segments are those in which the probability reaches one half, filtered as the others are."""
    gated = replace(exported(), gate=Gate("hard", [0.0, 0.3], 0.25))
    save(tmp_path / "open.safetensors", gated, DESCRIPTION)
    stemwise("separate", song(tmp_path / "a.wav"), "--out", tmp_path, "--model", tmp_path / "open.safetensors")
    frames = np.genfromtxt(tmp_path / "a" / "activity.csv", delimiter=",", names=True)
    probability = np.stack([frames["a"], frames["b"]])
    rate = 1 / np.diff(frames["time"]).mean()
    assert (frames["a_gate"] == 1).all()
    found = (tmp_path / "a" / "segments.csv").read_text().splitlines()[1:]
    for name, threshold in (("a", 0.5), ("b", 0.3)):
        plays = Gate("hard", threshold, 0.25).weights(probability, rate)["ab".index(name)]
        expected = [f"{start:.4f},{stop:.4f},{name}" for start, stop in segments(plays, frames["time"])]
        assert [line for line in found if line.endswith(name)] == expected


def test_stems_that_were_never_heard_in_training_are_named(tmp_path, model):
    words = ("separate", song(tmp_path / "a.wav"), "--out", tmp_path, "--model", model)
    assert "never heard" not in stemwise(*words)
    known = exported()
    save(model, replace(known, card={**known.card, "never heard in training": ["b"]}), DESCRIPTION)
    assert "never heard in training, so that these stems are worth nothing: b\n" in stemwise(*words)


@pytest.mark.parametrize("suffix", ["flac", "mp3"])
def test_other_formats(tmp_path, model, suffix):
    stemwise("separate", song(tmp_path / "a.wav"), "--out", tmp_path, "--model", model, "--format", suffix)
    assert soundfile.info(tmp_path / "a" / f"b.{suffix}").samplerate == 44100


def test_files_of_an_earlier_separation_stay_and_are_named(tmp_path, model):
    words = ("separate", song(tmp_path / "a.wav"), "--out", tmp_path, "--model", model)
    assert "there before" not in stemwise(*words) + stemwise(*words)
    assert "not of this separation, and there before: a.wav, b.wav\n" in stemwise(*words, "--format", "flac")
    assert (tmp_path / "a" / "b.wav").is_file()


def test_a_song_that_is_missing_is_told_before_a_model_is_looked_for(tmp_path):
    said = stemwise("separate", tmp_path / "a.wav", "--model", tmp_path / "none", code=1)
    assert "a.wav: no such file" in said and "model" not in said


def test_the_newest_run_is_the_default_model_and_else_the_one_that_ships(tmp_path, home):
    said = stemwise("separate", song(tmp_path / "a.wav"), "--out", tmp_path)
    assert f"model: {SHIPPED} (vocals, electric guitar" in said and "8 files in" in said
    save(home / "runs" / "x" / "model.safetensors", exported(), DESCRIPTION)
    said = stemwise("separate", tmp_path / "a.wav", "--out", tmp_path)
    assert "4 files in" in said and f"model: {home / 'runs' / 'x' / 'model.safetensors'} (a, b; 8000 Hz)" in said
    assert "4 files in" in stemwise("separate", tmp_path / "a.wav", "--out", tmp_path, "--model", home / "runs" / "x")
    assert f"model: {SHIPPED} (" in stemwise("separate", tmp_path / "a.wav", "--out", tmp_path, "--model", "shipped")


def test_a_model_to_pass_on_is_half_the_size_and_knows_its_scores(tmp_path, model):
    line = {"system": "x", "gate": "off", "target": "all", "songs": 3, "usdr": 2.5, "usdr_low": 2.0, "csdr": 1.0}
    summary = model.parent / "summary.json"
    assert "not scored yet" in stemwise("export", model, "--out", tmp_path / "a.safetensors")
    summary.write_text(json.dumps({"scores": [line, {**line, "target": "bass"}]}))
    said = stemwise("export", model.parent, "--out", tmp_path / "b.safetensors")
    assert "with its scores" in said and (tmp_path / "b.safetensors").stat().st_size < 0.7 * model.stat().st_size
    kept = {key: value for key, value in line.items() if key not in ("target", "csdr")}
    assert describe(tmp_path / "b.safetensors")["card"]["scores"] == [kept]
    seconds = {"detection": {"levels": [{"level": "1 s", "measure": "auc", "value": 0.9}]}}  # of clips=true
    summary.write_text(json.dumps({**json.loads(summary.read_text()), **seconds}))
    stemwise("export", model.parent, "--out", tmp_path / "c.safetensors")
    assert describe(tmp_path / "c.safetensors")["card"]["scores"] == [kept]


def test_a_model_that_is_passed_on_again_keeps_its_scores(tmp_path, model):
    lines = [{"system": "x", "usdr": 2.5}]
    known = exported()
    save(tmp_path / "there" / "a.safetensors", replace(known, card={**known.card, "scores": lines}), DESCRIPTION)
    assert "with its scores" in stemwise("export", tmp_path / "there" / "a.safetensors", "--out", tmp_path / "b")
    assert describe(tmp_path / "b")["card"]["scores"] == lines
    words = ("--out", tmp_path / "c", "--scores", tmp_path / "none.json")
    assert "none.json: no such file" in stemwise("export", tmp_path / "b", *words, code=1)
    assert not (tmp_path / "c").exists()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda path: path.unlink(), "no such file"),
        (lambda path: path.write_bytes(b"RIFF"), "cannot be read as audio"),
        (lambda path: soundfile.write(path, np.zeros((0, 2)), 44100), "holds no samples"),
        (lambda path: soundfile.write(path, np.full((99, 1), np.nan), 44100, subtype="FLOAT"), "NaN"),
    ],
)
def test_a_bad_song_ends_in_a_sentence_and_leaves_nothing(tmp_path, model, spoil, said):
    source = song(tmp_path / "a.wav")
    spoil(source)
    assert said in stemwise("separate", source, "--out", tmp_path / "out", "--model", model, code=1)
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_silence_gives_silence(tmp_path, model):
    soundfile.write(tmp_path / "a.wav", np.zeros((44100, 2)), 44100)
    stemwise("separate", tmp_path / "a.wav", "--out", tmp_path, "--model", model)
    assert not soundfile.read(tmp_path / "a" / "a.wav")[0].any()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)])
def test_what_ends_a_command_leaves_nothing_half_written(tmp_path, model, number):
    source = song(tmp_path / "long.wav", seconds=400)
    command = [STEMWISE, "separate", source, "--out", tmp_path / "out", "--model", model]
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    ) as process:
        deadline = time.monotonic() + 60
        while not list(tmp_path.glob("out/.separating-*/stems.npy")):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.02)
        process.send_signal(number)
        said = process.communicate(timeout=60)[1]
    assert process.returncode == 130 and "interrupted" in said and "Traceback" not in said
    assert list((tmp_path / "out").iterdir()) == []


def test_label_writes_outside_the_tree(tree, tmp_path, home):
    before = sorted(tree.rglob("*"))
    stemwise("label", tree)
    folder = home / "data" / "labels" / "Tree"
    assert len(list(folder.glob("*_ACTIVATION_CONF.lab"))) == len(list(folder.glob("*_SOURCEID.lab"))) == 3
    stemwise("label", tree, "--out", tmp_path / "elsewhere")
    assert len(list((tmp_path / "elsewhere").iterdir())) == 6
    assert sorted(tree.rglob("*")) == before


def test_label_leaves_out_what_it_is_told(tree, tmp_path):
    next((tree / "Audio" / "Ann_One").rglob("*_STEM_01.wav")).unlink()
    assert "--skip ID" in stemwise("label", tree, code=1)
    assert "2 songs" in stemwise("label", tree, "--skip", "Ann_One", "--out", tmp_path)


def test_label_refuses_an_empty_folder(tmp_path):
    assert f"{tmp_path} looks like no set that is known" in stemwise("label", tmp_path, code=1)
    assert f"no audio under {tmp_path}" in stemwise("label", tmp_path, "--kind", "medleydb", code=1)


def test_synthesize_then_label(tmp_path):
    said = stemwise("synthesize", "--preset", "tiny", "--songs", "3", "--out", tmp_path / "songs", "--processes", "1")
    assert "3 songs in" in said
    assert "3 songs" in stemwise("label", tmp_path / "songs")
    assert "preset" in stemwise("synthesize", "--preset", "nonesuch", "--out", tmp_path / "x", code=1)


def test_a_full_disk_ends_in_a_sentence(tmp_path, model):
    """A limit on the size of files stands in for a full disk. Room is taken first, so no work is lost."""
    command = f"{STEMWISE} separate {song(tmp_path / 'a.wav')} --out {tmp_path / 'out'} --model {model}"
    limited = f"ulimit -f 200; trap '' XFSZ; exec {command}"
    shown = subprocess.run(["bash", "-c", limited], capture_output=True, text=True, check=False)
    assert shown.returncode == 1 and "error:" in shown.stderr and "Traceback" not in shown.stderr
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("room", [40, 300])
def test_a_full_disk_under_the_synthesizer_ends_in_a_sentence_and_the_run_goes_on(tmp_path, room):
    """The limit, in kB, is met in the first or in a later stem; with two processes the sentence comes from a worker."""
    pytest.importorskip("midirenderer", reason="needs the extra synth")
    command = f"{STEMWISE} synthesize --preset tiny --songs 3 --processes {1 + (room > 100)} --out {tmp_path / 'songs'}"
    limited = f"ulimit -f {room}; trap '' XFSZ; exec {command}"
    shown = subprocess.run(["bash", "-c", limited], capture_output=True, text=True, check=False)
    assert shown.returncode == 1 and "Is the disk full?" in shown.stderr and "Traceback" not in shown.stderr
    assert list((tmp_path / "songs" / "Audio").iterdir()) == []
    assert "3 songs" in stemwise(*command.split()[1:])


def test_help_of_the_installed_command_lists_the_commands():
    said = subprocess.run([STEMWISE, "--help"], capture_output=True, text=True, check=True).stdout
    assert all(command in said for command in ("separate", "label", "synthesize"))


def test_label_takes_grid_hop_cutoff_targets_and_formats(tree, tmp_path):
    pytest.importorskip("jams", reason="needs the extra jams")
    said = stemwise("label", tree, "--out", tmp_path / "l", "--grid", "centred", "--hop", 0.01, "--cutoff", 2,
                    "--targets", "mms", "--format", "both", "--processes", 2)  # fmt: skip
    assert "drums" in said and "3 songs" in said
    assert len(list((tmp_path / "l").glob("*.jams"))) == len(list((tmp_path / "l").glob("*_SOURCEID.lab"))) == 3
    header, first, second = next((tmp_path / "l").glob("*CONF.lab")).read_text().splitlines()[:3]
    assert header.startswith("time,vocals") and (first[:6], second[:6]) == ("0.0000", "0.0100")
    assert "between 0 and 50 Hz" in stemwise("label", tree, "--hop", 0.01, "--cutoff", 80, code=1)
    assert "no targets 'mmz'" in stemwise("label", tree, "--targets", "mmz", code=1)


def test_show_draws_a_song(tree, tmp_path, home):
    said = stemwise("show", tree / "Audio" / "Ann_One")
    assert "4 stems" in said
    assert (home / "data" / "pictures" / "Ann_One.png").stat().st_size > 10000
    assert "has no song 'Ann_Ones', but Ann_One" in stemwise("show", tree / "Audio" / "Ann_Ones", code=1)
    assert "Give TREE/Audio/<ID>" in stemwise("show", tree, code=1)


def test_show_reads_a_song_as_its_tree_is_read(tmp_path, home):
    """Names mean what stems.yaml says at the top, also below a folder called train, which looks like a tree."""
    put(tmp_path, "own/train/A - B/bass.wav", "own/test/C - D/bass.wav")
    (tmp_path / "own" / "stems.yaml").write_text("bass: synthesizer\n")
    for kind in (None, "folder"):
        reader, id = find_song(tmp_path / "own" / "train" / "A - B", kind)
        assert reader.where == str(tmp_path / "own") and reader.song(id).stems[0].instruments == ("synthesizer",)
    make_manifest(tmp_path / "list")
    said = stemwise("show", next((tmp_path / "list").glob("manifest.*")), code=1)
    assert "songs. Name one with --song ID" in said


def test_where_no_bar_can_be_drawn_lines_say_how_far_it_is(monkeypatch, capsys):
    from stemwise.cli import common

    clock = iter([0.0, 10.0, 40.0, 50.0, 90.0, 200.0])
    monkeypatch.setattr(common.time, "monotonic", lambda: next(clock))
    with common.progress_bar("making songs") as progress:
        for share in (0.1, 0.25, 0.4, 0.5, 1.0):
            progress(share)
    assert capsys.readouterr().err.splitlines() == [
        "making songs: 25%, 2.0 min left",
        "making songs: 50%, 1.5 min left",
    ]
