"""Prepared stores: whole or not at all, noticed when stale or damaged, the same however they were filled."""

import errno
import json
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

import numpy as np
import psutil
import pytest
import soundfile

from stemwise.datasets.medleydb import MedleyDB
from stemwise.errors import DataError
from stemwise.files import beside
from stemwise.loading import filling, shard, store
from stemwise.loading.filling import Store
from stemwise.loading.index import read_index
from stemwise.loading.shard import PreparedSong, damage, write_rows
from stemwise.loading.store import VERSION, Recipe
from stemwise.taxonomy import targets
from tests.trees import IDS, INSTRUMENTS, edit_metadata, stem_audio, write_song

RECIPE = Recipe(targets("mms", ["vocals", "bass"]), 8000, 1)


def store_at(folder: Path) -> Store:
    return Store(folder, RECIPE, "Tree")


def fill(tree: Path, folder: Path, **how) -> filling.Filled:
    reader = MedleyDB(tree)
    return store_at(folder).fill(reader.songs(), reader.splits(), **({"processes": 1} | how))


def digests(root: Path) -> dict[str, str]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): sha256(path.read_bytes()).hexdigest() for path in files}


def shard_of(folder: Path, id: str) -> Path:
    (found,) = folder.glob(f"{id}-*")
    return found


def test_the_bytes_do_not_depend_on_the_number_of_processes_or_on_runs(tree, tmp_path):
    fill(tree, tmp_path / "serial")
    assert fill(tree, tmp_path / "parallel", processes=2).made == sorted(IDS)
    store_at(tmp_path / "pieces").fill(MedleyDB(tree).songs()[1:2], processes=1)
    assert fill(tree, tmp_path / "pieces").made == [IDS[0], IDS[2]]
    assert digests(tmp_path / "parallel") == digests(tmp_path / "serial") == digests(tmp_path / "pieces")
    assert len(digests(tmp_path / "serial")) == 3 * 5 + 2  # arrays and sheets, the index, the lock
    again = fill(tree, tmp_path / "serial")
    assert not again.made and not again.noticed and again.songs.keys() == set(IDS)


def test_the_index_says_of_each_song_what_its_arrays_hold(tree, tmp_path):
    edit_metadata(tree / "Audio" / IDS[1], lambda meta: meta["stems"]["S01"].update(instrument="Main System"))
    fill(tree, tmp_path / "store")
    index = read_index(tmp_path / "store")
    assert index.recipe == RECIPE and index.tree == "Tree" and index.splits == MedleyDB(tree).splits()
    for id, entry in index.songs.items():
        song = PreparedSong(tmp_path / "store" / entry["shard"])
        facts = shard.facts_in(entry)
        assert song.known() == facts
        assert facts.samples == song.audio.shape[-1] and facts.frames == song.activity.shape[-1]
        assert list(facts.plays) == [int(np.count_nonzero(row >= 0.5)) for row in song.activity]
        assert list(facts.known_audio) == song.known_audio.tolist() == [id != IDS[1]] * 2


def test_silence_takes_no_room_and_is_read_as_zeros(tmp_path):
    rng = np.random.default_rng(0)
    rows = rng.standard_normal((3, 2, 300_000)).astype(np.float32)
    rows[0, :, 100_000:250_000] = 0
    rows[2] = 0
    write_rows(tmp_path / "ours.npy", rows.shape, iter(rows))
    np.save(tmp_path / "numpys.npy", rows)
    assert (tmp_path / "ours.npy").read_bytes() == (tmp_path / "numpys.npy").read_bytes()
    if sys.platform.startswith("linux"):
        room = [(tmp_path / name).stat().st_blocks * 512 / rows.nbytes for name in ("ours.npy", "numpys.npy")]
        assert room[0] < 0.6 and room[1] >= 1


def truncate(folder: Path) -> None:
    with (folder / "audio.npy").open("rb+") as file:
        file.truncate(5000)


def flip(folder: Path) -> None:
    with (folder / "audio.npy").open("rb+") as file:
        file.seek(5000)
        byte = file.read(1)
        file.seek(5000)
        file.write(bytes([byte[0] ^ 1]))


def lose(folder: Path) -> None:
    (folder / "activity.npy").unlink()


def half_a_sheet(folder: Path) -> None:
    text = (folder / "song.json").read_text()
    (folder / "song.json").write_text(text[: len(text) // 2])


@pytest.mark.parametrize(
    ("harm", "verify", "said"),
    [
        (truncate, False, r"audio.npy has 5000 bytes of 384128"),
        (flip, True, "audio.npy holds other bytes than were written"),
        (lose, False, "activity.npy is missing"),
        (half_a_sheet, False, "song.json cannot be read"),
    ],
)
def test_a_damaged_song_is_noticed_said_and_made_anew(tree, tmp_path, harm, verify, said):
    folder = tmp_path / "store"
    fill(tree, folder)
    before = digests(folder)
    harm(shard_of(folder, IDS[1]))
    found = fill(tree, folder, verify=verify)
    assert found.made == [IDS[1]] and len(found.noticed) == 1
    assert re.search(rf"{IDS[1]}-\w+ was damaged \({said}.*\)\. Made anew", found.noticed[0])
    assert digests(folder) == before
    assert not fill(tree, folder, verify=True).made


def test_sizes_alone_do_not_see_a_flipped_bit(tree, tmp_path):
    """Why there is `verify`: every byte of a large store is not read before each training."""
    fill(tree, tmp_path / "store")
    flip(shard_of(tmp_path / "store", IDS[0]))
    assert not damage(shard_of(tmp_path / "store", IDS[0]))
    assert damage(shard_of(tmp_path / "store", IDS[0]), thorough=True)


def test_a_song_that_is_read_when_it_is_damaged_says_what_to_do(tree, tmp_path):
    song = fill(tree, tmp_path / "store").songs[IDS[0]]
    truncate(song.folder)
    with pytest.raises(DataError, match=r"audio\.npy: the prepared song cannot be read .*--verify"):
        _ = song.audio


def test_files_that_changed_are_noticed_and_readers_of_the_old_ones_go_on(tree, tmp_path):
    old = fill(tree, tmp_path / "store").songs
    before = np.array(old[IDS[0]].audio)
    path = next((tree / "Audio" / IDS[0]).rglob("*_STEM_01.wav"))
    sound, rate = soundfile.read(path)
    soundfile.write(path, 0.5 * sound, rate)
    found = fill(tree, tmp_path / "store")
    assert found.made == [IDS[0]] and found.stale == [old[IDS[0]].folder]
    assert found.noticed == [f"files, labels or settings changed since they were prepared: {IDS[0]}. Made anew."]
    np.testing.assert_array_equal(old[IDS[0]].audio, before)
    np.testing.assert_allclose(found.songs[IDS[0]].audio[1], 0.5 * before[1], atol=1e-3)
    later = fill(tree, tmp_path / "store")
    assert not later.made and not later.noticed and later.stale == [old[IDS[0]].folder]
    assert read_index(tmp_path / "store").songs[IDS[0]]["shard"] == found.songs[IDS[0]].folder.name


def test_a_store_of_another_release_is_noticed_and_made_anew(tree, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "VERSION", VERSION - 1)
    fill(tree, tmp_path / "store")
    index = json.loads((tmp_path / "store" / "store.json").read_text())
    (tmp_path / "store" / "store.json").write_text(json.dumps({**index, "format": VERSION - 1}))
    monkeypatch.undo()
    found = fill(tree, tmp_path / "store")
    assert found.made == sorted(IDS) and len(found.stale) == 3
    assert found.noticed[0].endswith(f"is of format {VERSION - 1}; this release makes its songs anew.")
    assert read_index(tmp_path / "store").version == VERSION


def test_an_index_that_is_no_index_says_so(tree, tmp_path):
    fill(tree, tmp_path / "store")
    (tmp_path / "store" / "store.json").write_text("{}")
    with pytest.raises(DataError, match=r"store/store\.json: no index of a store .* Remove it"):
        fill(tree, tmp_path / "store")


def test_songs_that_cannot_be_prepared_are_named_together_when_the_others_are_done(tree, tmp_path):
    songs = MedleyDB(tree).songs()
    for id in IDS[:2]:
        next((tree / "Audio" / id).rglob("*_STEM_02.wav")).write_bytes(b"no sound")
    with pytest.raises(DataError, match=rf"(?s)2 of 3 songs could not be prepared.*{IDS[0]}: .*{IDS[1]}: .*data\.skip"):
        store_at(tmp_path / "store").fill(songs, processes=1)
    assert list(read_index(tmp_path / "store").songs) == [IDS[2]]


def test_what_a_killed_run_left_is_removed_and_said(tree, tmp_path):
    left = tmp_path / "store" / f".{IDS[0]}-0123456789abcdef.77.part"
    left.mkdir(parents=True)
    (left / "audio.npy").write_bytes(b"half")
    found = fill(tree, tmp_path / "store")
    assert found.noticed == ["1 half-written songs of a run that was killed: removed."] and not left.exists()


def test_an_interrupt_leaves_whole_songs_and_no_half_one(tree, tmp_path, monkeypatch):
    original, count = store.audio.resample, 0

    def stop(*given):
        nonlocal count
        count += 1
        if count > 6:  # of four stems a song
            raise KeyboardInterrupt
        return original(*given)

    monkeypatch.setattr(store.audio, "resample", stop)
    with pytest.raises(KeyboardInterrupt):
        fill(tree, tmp_path / "store")
    assert [path.name[:-17] for path in (tmp_path / "store").iterdir() if path.name != ".lock"] == [IDS[0]]
    monkeypatch.undo()
    assert fill(tree, tmp_path / "store").made == [IDS[1], IDS[2]]


def test_a_full_disk_raises_and_leaves_nothing(tree, tmp_path):
    """As a limit on the size of files, which a process answers as it answers a disk that has no more room."""
    shard_size = 3 * 4 * 8000 * 4
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (shard_size // 2, limits[1]))
    try:
        with pytest.raises(OSError) as fault:
            fill(tree, tmp_path / "store")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, handler)
    assert fault.value.errno == errno.EFBIG
    assert [path.name for path in (tmp_path / "store").iterdir()] == [".lock"]


def test_a_second_process_waits_for_the_first_and_then_finds_all(tree, tmp_path, caplog):
    (tmp_path / "store").mkdir()
    hold = "import sys, time, filelock\nwith filelock.FileLock(sys.argv[1]): print(1, flush=True); time.sleep(1)"
    with subprocess.Popen(
        [sys.executable, "-c", hold, str(tmp_path / "store" / ".lock")], stdout=subprocess.PIPE
    ) as other:
        assert other.stdout.readline()
        with caplog.at_level("INFO"):
            began = time.monotonic()
            assert len(fill(tree, tmp_path / "store").made) == 3
    assert time.monotonic() - began > 0.5 and "waiting for another process" in caplog.text


def test_a_process_keeps_few_files_open_however_many_songs_it_reads(tree, tmp_path):
    first = fill(tree, tmp_path / "store").songs[IDS[0]]
    shard.forget()
    before = psutil.Process().num_fds()
    for number in range(300):
        other = first.folder.with_name(f"Other{number}")
        shutil.copytree(first.folder, other, copy_function=os.link)
        song = PreparedSong(other)
        assert song.audio[0, 0, 100] == first.audio[0, 0, 100] and song.activity.shape == first.activity.shape
    assert psutil.Process().num_fds() - before <= shard.OPEN + 2
    shard.forget()
    assert psutil.Process().num_fds() - before <= 2


def long_tree(root: Path, songs: int, seconds: float) -> Path:
    for number in range(songs):
        stems = [(name, stem_audio(name, seconds, number)) for name in INSTRUMENTS]
        write_song(root, f"A{number}_Song", stems, f"A{number}")
    return root


COMMAND = "from stemwise.cli import app; app()"


def prepare_command(tree: Path, out: Path) -> list[str]:
    words = ["prepare", str(tree), "--rate", "16000", "--channels", "1", "--processes", "2", "--out", str(out)]
    return [sys.executable, "-c", COMMAND, *words]


def test_kills_while_songs_are_written_change_no_byte_and_leave_no_process(tmp_path):
    tree = long_tree(tmp_path / "Tree", 4, 15.0)
    pieces, whole = tmp_path / "pieces", tmp_path / "whole"
    for done in (0, 2):
        with subprocess.Popen(prepare_command(tree, pieces), stderr=subprocess.DEVNULL) as process:
            while process.poll() is None and not (len([*pieces.glob("A*")]) >= done and [*pieces.glob(".*.part")]):
                time.sleep(0.005)
            workers = psutil.Process(process.pid).children(recursive=True)
            process.kill()
        assert not psutil.wait_procs(workers, timeout=10)[1], "workers outlived their caller"
        assert not (pieces / "store.json").exists()
    for folder in (pieces, whole):
        subprocess.run(prepare_command(tree, folder), check=True, capture_output=True)
    assert digests(pieces) == digests(whole) and len(digests(whole)) == 4 * 5 + 2


def test_a_folder_that_another_process_put_there_in_the_last_moment_stays(tmp_path, monkeypatch):
    rename = Path.replace

    def beaten(part: Path, target: Path) -> Path:
        target.mkdir()
        (target / "theirs").touch()
        return rename(part, target)

    monkeypatch.setattr(Path, "replace", beaten)
    with beside(tmp_path / "shard", keep=True) as part:
        part.mkdir()
        (part / "ours").touch()
    assert [path.name for path in tmp_path.rglob("*")] == ["shard", "theirs"]
