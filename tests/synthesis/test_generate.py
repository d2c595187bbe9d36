"""Runs: repeatable, parallel, stopped and continued, refused."""

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from filelock import FileLock

from stemwise.errors import DataError
from stemwise.synthesis import song, synthesize


class Broken(Exception):
    pass


def test_stopped_and_continued_gives_the_bytes_of_one_run(tiny, tmp_path, digest, monkeypatch):
    """The first run dies in its third song; the second makes what is missing and leaves the rest alone."""
    render, calls = song.render, []

    def breaking(score, part, font, words, rng):
        calls.append(score.title)
        if len(set(calls)) == 3 and len(calls) % 2:
            raise Broken
        return render(score, part, font, words, rng)

    with monkeypatch.context() as patch, pytest.raises(Broken):
        patch.setattr(song, "render", breaking)
        synthesize(tmp_path, processes=1)
    assert sorted(path.name for path in (tmp_path / "Audio").iterdir()) == ["Tiny0001_Song", "Tiny0002_Song"]
    assert not (tmp_path / "splits.json").exists()
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*.flac")}
    seen = []
    assert len(synthesize(tmp_path, progress=lambda done, total: seen.append((done, total)))) == 4
    assert seen == [(3, 4), (4, 4)]
    assert before == {path: path.stat().st_mtime_ns for path in before}
    assert digest(tmp_path) == digest(tiny)


def test_a_removed_song_comes_back_the_same_from_other_processes(tiny, tmp_path, digest):
    root = tmp_path / "copy"
    shutil.copytree(tiny, root)
    for name in ("Tiny0002_Song", "Tiny0004_Song"):
        shutil.rmtree(root / "Audio" / name)
    # What a process leaves that was killed too hard to clean up.
    left = root / "Audio" / ".Tiny0002_Song.1.part"
    left.mkdir()
    (left / "Tiny0002_Song_MIX.flac").touch()
    synthesize(root, processes=2)
    assert digest(root) == digest(tiny)


def test_another_seed_gives_another_song(tiny, tmp_path):
    (name,) = synthesize(tmp_path, seed=1, songs=1)
    mix = f"Audio/{name}/{name}_MIX.flac"
    assert (tmp_path / mix).read_bytes() != (tiny / mix).read_bytes()
    ours, theirs = (json.loads((root / "manifest.json").read_text())["songs"][name] for root in (tmp_path, tiny))
    assert ours["stems"] != theirs["stems"]


def test_a_finished_set_is_left_as_it_is(tiny):
    before = {path: path.stat().st_mtime_ns for path in (tiny / "Audio").rglob("*")}
    seen = []
    assert synthesize(tiny, progress=lambda *n: seen.append(n)) == [f"Tiny{n:04d}_Song" for n in range(1, 5)]
    assert not seen
    assert before == {path: path.stat().st_mtime_ns for path in (tiny / "Audio").rglob("*")}


def test_an_error_in_a_worker_reaches_the_caller_and_leaves_no_half_song(tmp_path):
    """A file where the first song's folder should go: the worker cannot put the song there."""
    synthesize_manifest(tmp_path)
    (tmp_path / "Audio" / "Tiny0001_Song").write_text("in the way")
    with pytest.raises(OSError, match="Tiny0001_Song"):
        synthesize(tmp_path, processes=2, songs=3)
    assert not list((tmp_path / "Audio").glob(".*"))
    assert not (tmp_path / "splits.json").exists()


def test_ctrl_c_ends_the_workers_in_the_middle_of_their_songs(tmp_path):
    """Each of these songs takes many times longer than the two seconds until the signal."""
    timer = threading.Timer(2.0, os.kill, (os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        synthesize(tmp_path, "standard", processes=2, songs=3)
    assert not list((tmp_path / "Audio").iterdir())


def test_workers_end_with_a_caller_that_was_killed(tmp_path):
    """They hold the pipe that it wrote to, so that it stays open for as long as one of them lives."""
    words = ("synthesize", "--preset", "standard", "--songs", "3", "--processes", "2", "--out", tmp_path)
    command = [Path(sys.executable).with_name("stemwise"), *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        for _ in range(600):
            assert process.poll() is None, process.stdout.read()
            if list(tmp_path.glob("Audio/.*")):
                break
            time.sleep(0.1)
        process.kill()
        process.communicate(timeout=60)
    assert not list(tmp_path.glob("Audio/Standard*"))


def test_a_set_may_have_a_name_of_its_own(tiny, tmp_path):
    """The same songs under other ids, so that both sets can be learned from at once."""
    (name,) = synthesize(tmp_path, songs=1, name="second")
    assert name == "Second0001_Song"
    ours, theirs = (root / "Audio" / id / f"{id}_MIX.flac" for root, id in ((tmp_path, name), (tiny, "Tiny0001_Song")))
    assert ours.read_bytes() == theirs.read_bytes()
    with pytest.raises(DataError, match=r"name='second'"):
        synthesize(tmp_path, songs=1)
    for name in ("my set", "Second", "é"):  # a large letter would give the ids of a small one
        with pytest.raises(DataError, match=f"called '{name}' cannot be made"):
            synthesize(tmp_path / "other", name=name)


@pytest.mark.parametrize(("wish", "named"), [({"seed": 5}, "seed=0.*wanted 5"), ({"songs": 7}, "number_of_songs=4"),
                                             ({"preset": "demo"}, "preset='tiny'.*wanted 'demo'"),
                                             ({"format": "wav"}, "format='flac'"),
                                             ({"only": ["rock"]}, "styles=")])  # fmt: skip
def test_a_folder_of_other_songs_is_refused(tiny, wish, named):
    with pytest.raises(DataError, match=named):
        synthesize(tiny, **wish)


def test_songs_of_another_recipe_are_refused(tmp_path):
    synthesize_manifest(tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    (tmp_path / "manifest.json").write_text(json.dumps({**manifest, "stemwise": "0.0.1"}))
    with pytest.raises(DataError, match=r"stemwise='0\.0\.1'"):
        synthesize(tmp_path, songs=3)


def test_a_folder_of_foreign_songs_is_refused(tmp_path):
    (tmp_path / "Audio" / "MusicDelta_Rock").mkdir(parents=True)
    with pytest.raises(DataError, match="without manifest"):
        synthesize(tmp_path)


def test_a_folder_in_which_another_run_is_at_work_is_refused(tmp_path):
    """Its half-made song is not taken for what a killed run left."""
    synthesize_manifest(tmp_path)
    half = tmp_path / "Audio" / ".Tiny0001_Song.1.part"
    half.mkdir()
    with FileLock(tmp_path / ".synthesize.lock"), pytest.raises(DataError, match="another run is making songs in it"):
        synthesize(tmp_path, songs=3)
    assert half.is_dir()


def test_a_broken_manifest_is_named(tmp_path):
    (tmp_path / "manifest.json").write_text("{")
    with pytest.raises(DataError, match="not JSON"):
        synthesize(tmp_path)


@pytest.mark.parametrize(
    "wish",
    [
        {"seed": -1},
        {"processes": 0},
        {"songs": 0},
        {"preset": "huge"},
        {"seconds": 2},
        {"only": ["polka"]},
        {"format": "mp3"},
        {"fonts": [Path("none.sf2")]},
    ],
)
def test_bad_wishes_are_refused_before_anything_is_written(tmp_path, wish):
    with pytest.raises(DataError):
        synthesize(tmp_path / "new", **wish)
    assert not (tmp_path / "new").exists()


def synthesize_manifest(root) -> None:
    """Open a tree of three tiny songs without making any."""
    from stemwise.synthesis import find_preset, styles, tree
    from stemwise.synthesis.song import Options
    from stemwise.synthesis.sources import composed_jobs

    preset = find_preset("tiny").with_songs(3)
    jobs = composed_jobs(preset, 0, Options(words=True))
    source = {"preset": "tiny", "seconds": preset.seconds, "styles": list(styles())}
    tree.open_tree(root, jobs, tree.identity(source, 0, 3, Options(words=True)))
