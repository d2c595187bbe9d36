"""Nothing is separated or scored twice, nothing stale is used, and an evaluation goes on where it was interrupted."""

import os
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import stemwise.evaluation.estimates as estimates_module
from stemwise.evaluation import runner
from stemwise.evaluation.digests import song_digest
from stemwise.evaluation.estimates import Estimates
from stemwise.evaluation.gate_grid import GateGrid
from stemwise.evaluation.runner import Kept, evaluate, evaluate_grid
from stemwise.gate import Gate
from stemwise.loading.shard import PreparedSong, forget, write_rows, write_sheet
from stemwise.model import SpectralModel
from stemwise.nets.separation.iass_small import IassSmall
from stemwise.separator import Separator
from stemwise.spectral import Stft

RATE, SECONDS = 8000, 3
GRID = GateGrid([0.4, 0.6], [0.0, 0.5])


def prepared(folder: Path, seed: int) -> PreparedSong:
    rng = np.random.default_rng(seed)
    folder.mkdir()
    audio = 0.1 * rng.standard_normal((3, 1, SECONDS * RATE)).astype(np.float32)
    audio[0, :, : RATE * SECONDS // 2] = 0
    write_rows(folder / "audio.npy", audio.shape, list(audio))
    active = np.ones((2, 1 + SECONDS * 44100 // 1024), np.float32)
    active[0, : active.shape[1] // 2] = 0
    np.save(folder / "activity.npy", active)
    for name in ("known_audio", "known_activity"):
        np.save(folder / f"{name}.npy", np.ones(2, np.bool_))
    write_sheet(folder, {})
    return PreparedSong(folder)


@pytest.fixture
def songs(tmp_path) -> dict[str, PreparedSong]:
    """Not in alphabetical order."""
    return {name: prepared(tmp_path / name, seed) for seed, name in enumerate(("b", "c", "a"))}


class Counting(Separator):
    """Counts what it separates; raises `fault` in place of the song of that number."""

    made, fault_at = 0, 0
    fault: BaseException = KeyboardInterrupt()

    def estimate(self, mixture, out=None, progress=None):
        self.made += 1
        if self.made == self.fault_at:
            if out is not None:
                out[:] = 1
            raise self.fault
        return super().estimate(mixture, out, progress)


def separator(gate: Gate | None = None, chunk_seconds: float = 12.0, shifts: int = 1) -> Counting:
    torch.manual_seed(0)
    net = IassSmall(2, 257, RATE, widths=(8, 12, 16))
    model = SpectralModel(net, Stft(512, 256), ["one", "two"], RATE)
    return Counting(model, gate or Gate("hard", 0.5, 0.3), chunk_seconds, shifts=shifts)


def quiet(_: str) -> None:
    return None


def kept(folder: Path, model: str = "model", room: float = 1e9) -> Kept:
    return Kept(Estimates(model, room), folder / "parts")


def scored(made: Separator, songs, keep: Kept | None, **settings) -> pd.DataFrame:
    return evaluate(made, songs, ["off", "hard"], "mine", quiet, kept=keep, **settings)


def test_another_gate_separates_nothing_and_another_model_chunk_shift_or_song_does(songs, tmp_path, home):
    first, keep = separator(), kept(tmp_path)
    scored(first, songs, keep)
    again = separator(Gate("hard", 0.3, 0.0))
    table = scored(again, songs, keep)
    pd.testing.assert_frame_equal(table, scored(separator(Gate("hard", 0.3, 0.0)), songs, None), check_exact=True)
    grid = evaluate_grid(again, songs, GRID, "mine", quiet, kept=keep)
    assert (first.made, again.made) == (3, 0) and grid.song.drop_duplicates().tolist() == ["b", "c", "a"]
    assert len(list(home.glob("data/estimates/*/stems.npy"))) == 3
    scored(made := separator(), songs, kept(tmp_path, "another"))
    scored(chunky := separator(chunk_seconds=1.0), songs, keep)
    scored(shifted := separator(shifts=2), songs, keep)
    assert (made.made, chunky.made, shifted.made) == (3, 3, 3)
    before = song_digest(songs["c"])
    audio = np.load(tmp_path / "c" / "audio.npy")
    write_rows(tmp_path / "c" / "audio.npy", audio.shape, list(audio * 0.5))
    write_sheet(tmp_path / "c", {})
    forget()
    assert song_digest(songs["c"]) != before
    changed = separator()
    table = scored(changed, songs, keep)
    assert changed.made == 1
    pd.testing.assert_frame_equal(table, scored(separator(), songs, None), check_exact=True)


def test_an_interrupt_leaves_nothing_half_and_the_same_question_goes_on(songs, tmp_path, home):
    keep, cut = kept(tmp_path), separator()
    cut.fault_at = 3
    with pytest.raises(KeyboardInterrupt):
        scored(cut, songs, keep)
    assert {path.name.split("-")[0] for path in (home / "data" / "estimates").iterdir()} == {"b", "c"}
    assert sorted(path.name.split("-")[0] for path in keep.parts.iterdir()) == ["b", "c"]
    said: list[str] = []
    going_on = separator()
    table = evaluate(going_on, songs, ["off", "hard"], "mine", said.append, kept=keep)
    assert going_on.made == 1 and said == ["2 of 3 songs were scored before", "scored 3 of 3: a"]
    pd.testing.assert_frame_equal(table, scored(separator(), songs, None), check_exact=True)


def test_parts_of_another_question_are_not_used(songs, tmp_path, monkeypatch):
    keep = kept(tmp_path)
    scored(separator(), songs, keep)
    for made, gates in ((separator(Gate("hard", 0.2)), ["off", "hard"]), (separator(), ["hard"])):
        table = evaluate(made, songs, gates, "mine", quiet, kept=keep)
        pd.testing.assert_frame_equal(table, evaluate(made, songs, gates, "mine", quiet), check_exact=True)
    assert len(list(keep.parts.iterdir())) == 9
    monkeypatch.setattr(runner, "code_digest", lambda *rooms: "other code")
    scored(separator(), songs, keep)
    assert len(list(keep.parts.iterdir())) == 12


def test_a_damaged_part_or_estimate_is_made_anew(songs, tmp_path, home):
    keep = kept(tmp_path)
    expected = scored(separator(), songs, keep)
    for number, path in enumerate(sorted(keep.parts.iterdir())):
        path.write_bytes(path.read_bytes()[: 100 * number])
    (short, empty, _) = sorted((home / "data" / "estimates").iterdir())
    os.truncate(short / "stems.npy", 1000)
    (empty / "probability.npy").write_bytes(b"")
    made = separator()
    pd.testing.assert_frame_equal(scored(made, songs, keep), expected, check_exact=True)
    assert made.made == 2


def test_a_full_disk_costs_time_and_no_result(songs, tmp_path, home, monkeypatch, caplog):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(estimates_module, "new_array", full)
    table = scored(separator(), songs, kept(tmp_path))
    assert "cannot be kept" in caplog.text and "set estimates_gb=0" in caplog.text
    assert not list((home / "data" / "estimates").iterdir())
    pd.testing.assert_frame_equal(table, scored(separator(), songs, None), check_exact=True)


def test_the_longest_unused_make_room_but_none_of_this_evaluation(songs, tmp_path, home):
    folder = home / "data" / "estimates"
    one = 2 * SECONDS * RATE * 4
    scored(separator(), songs, kept(tmp_path, "old", 3.5 * one))
    for age, path in enumerate(sorted(folder.iterdir())):
        os.utime(path, (time.time() - 1000 - age,) * 2)
    left = folder / ".x.1.part"
    left.mkdir()
    (left / "stems.npy").write_bytes(b"0" * one)
    os.utime(left, (1, 1))
    scored(separator(), dict(list(songs.items())[:2]), kept(tmp_path, "new", 3.5 * one))
    assert sorted(path.name.split("-")[0] for path in folder.iterdir()) == ["a", "b", "c"]  # a: the old one used last
    assert not left.exists()
    many = separator()
    scored(many, songs, kept(tmp_path, "newest", 2.5 * one))
    kept_now = {path.name for path in folder.iterdir()}
    assert many.made == 3 and sorted(name.split("-")[0] for name in kept_now) == ["b", "c"]
    again = separator(Gate("soft"))
    scored(again, songs, kept(tmp_path, "newest", 2.5 * one))
    assert again.made == 1, "a set larger than the room is kept in part"
    scored(none := separator(Gate("off")), songs, kept(tmp_path, "none", 0))
    assert none.made == 3 and kept_now == {path.name for path in folder.iterdir()}


def test_bounds_are_computed_once_for_all_runs(songs, tmp_path, monkeypatch):
    expected = scored(separator(), songs, kept(tmp_path / "x"))
    monkeypatch.setattr(runner, "score_bounds", None)
    table = scored(separator(), songs, kept(tmp_path / "y"))
    pd.testing.assert_frame_equal(table, expected, check_exact=True)


def test_two_processes_score_as_one_does(songs, tmp_path):
    torch_threads = torch.get_num_threads()
    torch.set_num_threads(1)
    plain = Separator(separator().model, Gate("hard", 0.5, 0.3))
    try:
        one, two = (scored(plain, songs, keep, processes=n) for n, keep in ((1, None), (2, kept(tmp_path))))
    finally:
        torch.set_num_threads(torch_threads)
    pd.testing.assert_frame_equal(one, two, check_exact=False, rtol=1e-5)
    assert two.song.drop_duplicates().tolist() == ["b", "c", "a"]
    assert len(list((tmp_path / "parts").iterdir())) == 3


def test_what_is_left_is_said_in_words():
    assert [runner._duration(seconds) for seconds in (7.4, 120, 7200)] == ["7 s", "2 min", "2.0 h"]
