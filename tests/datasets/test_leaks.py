"""Songs that two sets share are found by name and by sound, and no run is scored on what it learned."""

import json
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from stemwise.cli import app
from stemwise.datasets import leaks
from stemwise.datasets.leaks import shared, shared_by_name, shared_by_sound
from stemwise.datasets.medleydb import MedleyDB
from stemwise.datasets.musdb18hq import Musdb18HQ
from stemwise.errors import DataError
from stemwise.texts import skipping
from tests.sets import make_musdb
from tests.test_eval_options import scored
from tests.test_landmarks import RATE, song, voice
from tests.test_train import SMALL, composed, trained
from tests.trees import edit_metadata, make_tree, write_song

PARTS = ("electric bass", "drum set", "female singer")


def write(root: Path, id: str, seed: int, artist: str, gains: tuple[float, ...] = (1, 1, 1)) -> None:
    stems = [(part, gain * voice(10 * seed + n).T) for n, (part, gain) in enumerate(zip(PARTS, gains, strict=True))]
    write_song(root, id, stems, artist, RATE)


@pytest.fixture
def two(tmp_path, home):
    """Two trees: one song under both names, one under two names in two balances, one in one only."""
    for id, seed in (("Ann_One", 1), ("Bob_Two", 2), ("Cyd_Three", 3)):
        write(tmp_path / "learned", id, seed, id[:3])
    write(tmp_path / "tested", "Ann_One", 1, "Ann")
    write(tmp_path / "tested", "MR1101_Bob", 2, "MR1101", (0.5, 1, 0.7))
    write(tmp_path / "tested", "Dee_Four", 4, "Dee")
    return tmp_path / "tested", tmp_path / "learned"


def ids(found) -> list[tuple[str, str, str]]:
    return [(one.id, one.also, one.by) for one in found]


def test_names_find_what_is_named_alike_and_sound_finds_the_rest(two):
    tested, learned = (MedleyDB(root).songs() for root in two)
    assert ids(shared_by_name(tested, learned)) == [("Ann_One", "Ann_One", "name")]
    assert ids(shared_by_sound(tested, learned)) == [
        ("Ann_One", "Ann_One", "sound"),
        ("MR1101_Bob", "Bob_Two", "sound"),
    ]
    assert ids(shared(tested, learned)) == [("Ann_One", "Ann_One", "name"), ("MR1101_Bob", "Bob_Two", "sound")]
    assert shared(tested[1:2], learned[1:]) == []


def test_every_copy_is_found(two, tmp_path):
    """Under another name beside one of its own: who leaves out the one must not keep the other."""
    write(two[1], "MR1102_Untold", 1, "MR1102", (0.6, 1, 0.8))
    tested, learned = (MedleyDB(root).songs() for root in two)
    found = {(one.also, one.by) for one in shared(tested, learned) if one.id == "Ann_One"}
    assert found == {("Ann_One", "name"), ("MR1102_Untold", "sound")}


def test_a_longer_song_with_more_in_common_hides_no_copy(two, monkeypatch):
    """Of the longer one it is too small a share, as of a quotation."""
    rng = np.random.default_rng(0)

    def marks(count, common):
        mine = np.stack([rng.integers(1 << 20, 1 << 30, count), rng.integers(0, 9000, count)], axis=1)
        mine[:common] = np.stack([np.arange(common), 2 * np.arange(common)], axis=1)
        return mine.astype(np.uint32)

    tested, learned = (MedleyDB(root).songs() for root in two)
    made = {"Ann_One": marks(5000, 5000), "Bob_Two": marks(9000, 262), "Cyd_Three": marks(600, 146)}
    monkeypatch.setattr(leaks, "song_landmarks", lambda song: made[song.id])
    assert ids(shared_by_sound(tested[:1], learned[1:])) == [("Ann_One", "Cyd_Three", "sound")]


def test_musdb_names_the_songs_of_medleydb(tmp_path):
    make_musdb(tmp_path / "musdb")
    audio = np.zeros((1000, 1))
    for id, artist, title in (
        ("ANiMAL_Rockshow", "ANiMAL", "Rockshow"),
        ("BobsBand_X", "Bob’s Band", "It’s Two and Three"),
        ("BobsBand_Y", "Bob's band", "It's Two & Three"),
        ("Else_Rockshow", "Else", "Rockshow"),
    ):
        folder = write_song(tmp_path / "medley", id, [("violin", audio)], artist)
        edit_metadata(folder, lambda meta, title=title: meta.update(title=title))
    found = shared_by_name(Musdb18HQ(tmp_path / "musdb").songs(), MedleyDB(tmp_path / "medley").songs())
    assert [one.also for one in found] == ["ANiMAL_Rockshow", "BobsBand_Y"]


def test_landmarks_are_kept_until_the_mix_changes(two, monkeypatch):
    (first, *_) = MedleyDB(two[0]).songs()
    before = leaks.song_landmarks(first)
    with monkeypatch.context() as patch:
        patch.setattr(leaks, "landmarks", lambda *_: pytest.fail("computed twice"))
        np.testing.assert_array_equal(leaks.song_landmarks(first), before)
    soundfile.write(first.mix, song(9).T, RATE)
    assert not np.array_equal(leaks.song_landmarks(first), before)


def test_the_command_names_what_to_leave_out(two, tmp_path):
    tested, learned = (str(tree.rename(tmp_path / f"[red]{name}")) for tree, name in zip(two, "ab", strict=True))
    found = CliRunner().invoke(app, ["leaks", learned, tested])
    assert found.exit_code == 2 and "2 of 3 songs" in found.output
    assert "data.skip=[Ann_One,Bob_Two]" in found.output and "sound" in found.output
    assert "in [red]a" in found.output and "in [red]b" in found.output
    skip = ["--train-set", "skip=[Bob_Two]"]
    assert "1 of 3 songs" in CliRunner().invoke(app, ["leaks", learned, tested, *skip]).output
    shutil.rmtree(Path(tested) / "Audio" / "Ann_One")
    shutil.rmtree(Path(tested) / "Audio" / "MR1101_Bob")
    assert "none of the 1 songs" in CliRunner().invoke(app, ["leaks", learned, tested], catch_exceptions=False).output


def test_a_run_is_not_scored_on_songs_that_it_learned_unless_told_to(tree, tmp_path, home, caplog):
    run, other = tmp_path / "run", tmp_path / "other"
    trained(run, tree, *SMALL)
    learned = json.loads((run / "splits.json").read_text())["train"]
    make_tree(other)
    words = (f"root={other}", "part=all", "report=false", "gates=['off']")
    with pytest.raises(DataError, match=rf"2 of 3 songs were in the run's training: {learned[0]} .*by name"):
        scored(run, *words)
    out = scored(run, *words, "shared=leave_out")
    assert json.loads((out / "summary.json").read_text())["facts"]["songs"].startswith("1 of")
    out = scored(run, *words, "shared=allow")
    assert json.loads((out / "summary.json").read_text())["facts"]["songs"].startswith("3 of")
    with pytest.raises(DataError, match="shared=maybe: choose one of refuse, leave_out, allow"):
        scored(run, *words, "shared=maybe")
    shutil.rmtree(tree)  # then ids are all there is
    with pytest.raises(DataError, match=r"2 of 3 songs were in the run's training: .*by id"):
        scored(run, *words)


def test_songs_that_only_have_no_title_are_not_taken_for_one(tmp_path, home):
    for tree, seed in (("one", 11), ("other", 12)):
        write(tmp_path / tree, "Tiny0001_Song", seed, "Tiny0001")
        edit_metadata(tmp_path / tree / "Audio" / "Tiny0001_Song", lambda meta: meta.update(title="Song"))
    one, other = (MedleyDB(tmp_path / tree).songs() for tree in ("one", "other"))
    assert shared(one, other) == []
    assert ids(shared(one, one)) == [("Tiny0001_Song", "Tiny0001_Song", "sound")]


def test_where_the_mix_cannot_be_read_the_stems_are_compared(two, caplog):
    tested, learned = (MedleyDB(root).songs() for root in two)
    tested[2].mix.write_bytes(b"hello")
    assert tested[2].id == "MR1101_Bob"
    assert ids(shared_by_sound(tested[2:], learned)) == [("MR1101_Bob", "Bob_Two", "sound")]
    assert "MR1101_Bob: its stems are compared instead" in caplog.text


def test_ids_that_hydra_would_not_read_as_text_are_printed_in_quotes(tmp_path):
    """The line is typed as it stands: through a shell, then Hydra."""
    for ids in (["Ann_One", "MR1101_Bob"], ["007", "12"], ["true", "A, B"], ["it's", 'so "called"'], ["a\\", 'b\\"']):
        (word,) = shlex.split(skipping(ids))
        assert composed(tmp_path, word).data.skip == ids
    assert skipping(["Ann_One", "Bob"]) == "data.skip=[Ann_One,Bob]" and skipping(["12"]) == "'data.skip=[\"12\"]'"
