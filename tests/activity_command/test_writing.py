"""What `stemwise activity` writes: which files, with which packages, and nothing half done."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile

from stemwise.export import identity
from tests.activity_command.test_listening import TEXT, listen, spans
from tests.detectors import PLAYED, TONES, tone_song
from tests.test_cli import STEMWISE
from tests.test_light_core import HEAVY


def test_json_and_csv_say_the_same_as_the_lab(tmp_path, model):
    listen(tmp_path, model, tone_song(tmp_path / "a.wav"), *TEXT, "--hop", 0.25)
    folder = tmp_path / "out" / "a"
    told = json.loads((folder / "activity.json").read_text())
    assert (told["song"], told["seconds"], told["targets"]) == ("a.wav", 10.0, list(TONES))
    assert told["model"] == {"file": "two/model.safetensors", "identity": identity(model), "sample_rate": 16000}
    assert (told["window_seconds"], told["hop_seconds"], told["thresholds"]) == (1.0, 0.25, [0.5, 0.5])
    assert [tuple(each.values()) for each in told["segments"]] == spans(folder / "a.lab")
    with (folder / "activity.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["time"]) for row in rows] == [0.25 * number for number in range(40)]
    for target in TONES:
        assert [float(row[target]) for row in rows] == told["probability"][target]
    # A window that has nothing but the tone is sure of it, one with nothing of it of that.
    low = np.array(told["probability"]["low"])
    assert low[:9].min() > 0.99 and low[12:17].max() < 0.01


def test_all_formats_by_default(tmp_path, model):
    jams = pytest.importorskip("jams", reason="needs the extra jams")
    image = pytest.importorskip("matplotlib.image", reason="needs matplotlib")
    listen(tmp_path, model, tone_song(tmp_path / "a.wav"))
    folder = tmp_path / "out" / "a"
    assert {file.name for file in folder.iterdir()} == {
        "activity.png", "a.lab", "a.jams", "activity.json", "activity.csv"
    }  # fmt: skip
    assert image.imread(folder / "activity.png").shape[1] == 1500
    jam = jams.load(str(folder / "a.jams"))
    found = [(row.time, row.time + row.duration, row.value) for each in jam.annotations for row in each.data]
    assert found == PLAYED and jam.file_metadata.duration == 10.0
    assert jam.annotations[0].annotation_metadata.annotation_tools == "stemwise activity"


def test_folders_and_songs_of_one_name(tmp_path, model):
    for name in ("set/one.wav", "set/disc 2/one.wav", "set/disc 2/.shadow.wav", "other/one.flac"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        tone_song(tmp_path / name, 16000, 1)
    (tmp_path / "set" / "notes.txt").write_text("no song")
    listen(tmp_path, model, tmp_path / "set", tmp_path / "other" / "one.flac", tmp_path / "set" / "one.wav", *TEXT)
    written = {str(path.parent.relative_to(tmp_path / "out")) for path in (tmp_path / "out").rglob("activity.csv")}
    assert written == {"one.wav", "disc 2/one", "one.flac"}


def without(package: str, *words: object) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, in which a package cannot be imported; then what was loaded."""
    code = f"""import importlib.util, sys
found = importlib.util.find_spec
importlib.util.find_spec = lambda name, *rest: None if name == {package!r} else found(name, *rest)
sys.modules[{package!r}] = None
from stemwise.cli import app
try:
    app({[str(word) for word in words]!r})
finally:
    print("loaded:", *sys.modules)"""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)


def test_without_matplotlib_the_picture_is_left_out_or_asked_for_in_vain(tmp_path, model):
    source = tone_song(tmp_path / "a.wav", 16000, 1)
    words = ["activity", source, "--out", tmp_path / "out", "--model", model]
    shown = without("matplotlib", *words)
    assert shown.returncode == 0 and "no picture" in shown.stdout and "stemwise[plot]" in shown.stdout
    assert {"a.lab", "activity.json", "activity.csv"} <= {file.name for file in (tmp_path / "out" / "a").iterdir()}
    assert not (tmp_path / "out" / "a" / "activity.png").exists()
    shown = without("matplotlib", *words, "--format", "png")
    assert shown.returncode == 1 and "stemwise[plot]" in shown.stderr and "Traceback" not in shown.stderr


def test_jams_without_its_extra_is_a_sentence_and_text_needs_no_package(tmp_path, model):
    source = tone_song(tmp_path / "a.wav", 16000, 1)
    words = ["activity", source, "--out", tmp_path / "out", "--model", model]
    shown = without("jams", *words, "--format", "jams")
    assert shown.returncode == 1 and "stemwise[jams]" in shown.stderr and not (tmp_path / "out").exists()
    shown = without("jams", *words, *TEXT)
    assert shown.returncode == 0 and "no picture" not in shown.stdout
    loaded = shown.stdout.partition("loaded:")[2].split()
    assert "stemwise.listen.write" in loaded and not set(loaded) & HEAVY


def test_an_interrupt_leaves_nothing_half_written(tmp_path, model):
    rng = np.random.default_rng(0)
    soundfile.write(tmp_path / "long.wav", 0.1 * rng.standard_normal(600 * 16000).astype(np.float32), 16000)
    command = [STEMWISE, "activity", tmp_path / "long.wav", "--out", tmp_path / "out", "--model", model,
               "--hop", "0.02", "--device", "cpu"]  # fmt: skip
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    ) as process:
        held = Path(f"/proc/{process.pid}/fd")
        deadline = time.monotonic() + 60
        while not any(path.resolve().name == "long.wav" for path in held.iterdir()):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.02)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1]
    assert process.returncode == 130 and "interrupted" in said and "Traceback" not in said
    assert not (tmp_path / "out").exists()


def test_a_full_disk_leaves_nothing_half_written(tmp_path, model):
    """A limit on the size of files stands in for a full disk; files of an earlier run stay as they were."""
    source = tone_song(tmp_path / "a.wav", 16000, 1)
    listen(tmp_path, model, source, *TEXT)
    before = {path.name: path.read_bytes() for path in (tmp_path / "out" / "a").iterdir()}
    words = f"activity {source} --out {tmp_path / 'out'} --model {model} --hop 0.02 --format lab --format json"
    limited = f"ulimit -f 4; trap '' XFSZ; exec {STEMWISE} {words}"
    shown = subprocess.run(["bash", "-c", limited], capture_output=True, text=True, check=False)
    assert shown.returncode == 1 and "error:" in shown.stderr and "Traceback" not in shown.stderr
    assert {path.name: path.read_bytes() for path in (tmp_path / "out" / "a").iterdir()} == before
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a"]


def test_a_name_that_is_no_text_and_one_full_of_marks(tmp_path, model):
    try:
        strange = tone_song(tmp_path / "a.wav", 16000, 1).rename(
            Path(os.fsdecode(os.fsencode(tmp_path) + b"/na\xefve.wav"))
        )
    except OSError:
        pytest.skip("this file system takes names of UTF-8 only")
    marked = tone_song(tmp_path / "[b] $x$ 日.wav", 16000, 1)
    said = listen(tmp_path, model, strange, marked, *TEXT)
    assert "na�ve.wav: low 50%" in said and "[b] $x$ 日.wav: low 50%" in said
    told = {json.loads(path.read_text("utf-8"))["song"] for path in (tmp_path / "out").rglob("activity.json")}
    assert told == {"na�ve.wav", "[b] $x$ 日.wav"} and len(list((tmp_path / "out").rglob("*.lab"))) == 2
    strange.write_text("no sound")
    assert "na�ve.wav: cannot be read as audio" in listen(tmp_path, model, strange, marked, *TEXT, code=1)


def test_other_files_in_the_folder_stay(tmp_path, model):
    (tmp_path / "out" / "a").mkdir(parents=True)
    (tmp_path / "out" / "a" / "drums.wav").write_bytes(b"a stem")
    listen(tmp_path, model, tone_song(tmp_path / "a.wav", 16000, 1), *TEXT)
    assert (tmp_path / "out" / "a" / "drums.wav").read_bytes() == b"a stem"
