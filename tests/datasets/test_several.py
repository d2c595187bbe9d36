"""Several sets as one."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from omegaconf import OmegaConf

from stemwise.datasets.base import Splits
from stemwise.datasets.medleydb import MedleyDB
from stemwise.datasets.mms import Mms
from stemwise.datasets.several import Several
from stemwise.datasets.slakh import Slakh
from stemwise.errors import DataError
from stemwise.loading.filling import Store
from stemwise.loading.store import Recipe
from stemwise.taxonomy import targets
from tests.sets import make_mms, make_musdb, make_slakh, places
from tests.trees import edit_metadata, make_tree, stem_audio, write_song


def song(root: Path, id: str, artist: str) -> Path:
    return write_song(root, id, [("drum set", stem_audio("drum set", 1.0, 0))], artist)


def all_of(splits: Splits) -> list[str]:
    return [id for ids in splits.values() for id in ids]


@pytest.fixture
def sets(tmp_path) -> dict[str, Path]:
    """A tree in MedleyDB form and one of MUSDB18-HQ."""
    make_tree(tmp_path / "own")
    make_musdb(tmp_path / "musdb", seconds=1.0)
    return {"own": tmp_path / "own", "musdb": tmp_path / "musdb"}


def test_songs_of_every_set_as_its_own_reader_reads_them(sets):
    reader = Several(sets)
    alone = MedleyDB(sets["own"]).songs()
    songs = {song.id: song for song in reader.songs()}
    assert len(songs) == len(alone) + 3 and list(songs) == sorted(songs)
    assert [songs[song.id] for song in alone] == alone
    assert songs["Cyd_Three"].stems[0].instruments and reader.song("Cyd_Three") == songs["Cyd_Three"]
    assert reader.validate() == [] and reader.where == f"{sets['own']} and {sets['musdb']}"


def test_every_song_is_where_its_own_set_puts_it(sets):
    splits, own, musdb = (
        Several(sets).splits(),
        MedleyDB(sets["own"]).splits(),
        Several({"musdb": sets["musdb"]}).splits(),
    )
    assert splits == {part: sorted([*own[part], *musdb[part]]) for part in splits}
    assert "Cyd_Three" in splits["test"]  # as published


def test_a_file_of_splits_counts_more(sets, tmp_path):
    first, *others = (song.id for song in Several(sets).songs())
    wanted = {"train": [first], "valid": [], "test": others[:1]}
    (tmp_path / "mine.json").write_text(json.dumps(wanted))
    assert Several(sets, splits_file=tmp_path / "mine.json").splits() == wanted


def test_what_is_skipped_is_in_no_part(sets):
    reader = Several(sets, skip=["Cyd_Three"])
    assert "Cyd_Three" not in [song.id for song in reader.songs()]
    assert "Cyd_Three" not in all_of(reader.splits())


@pytest.mark.parametrize("prefix", [False, True])
def test_a_broken_song_can_be_left_out_whole(sets, prefix):
    """Also for what asks the sets themselves, as splits do."""
    broken = MedleyDB(sets["own"]).songs()[0]
    broken.stems[0].path.unlink()
    id = f"own-{broken.id}" if prefix else broken.id
    reader = Several(sets, prefix=prefix)
    with pytest.raises(DataError, match=rf"data\.skip=\[{id}\]"):
        reader.songs()
    with pytest.raises(DataError, match=rf"data\.skip=\[{id}\]"):
        reader.song(id)
    for left in (reader.without_unusable(), Several(sets, skip=[id], prefix=prefix)):
        assert left.validate() == []
        assert sorted(all_of(left.splits())) == [song.id for song in left.songs()] and id not in all_of(left.splits())


def test_what_a_set_finds_beyond_single_songs_is_found(tmp_path):
    """Slakh: two tracks of one MIDI file, in two parts."""
    make_slakh(tmp_path / "slakh", {"train/Track00001": "1a", "test/Track01876": "1a"}, seconds=1.0)
    song(tmp_path / "own", "Ann_Song", "Ann")
    alone, both = Slakh(tmp_path / "slakh"), Several({"slakh": tmp_path / "slakh", "own": tmp_path / "own"})
    assert alone.validate() and both.validate() == alone.validate()


def test_short_stems_are_padded_in_sets_of_two_trees_too(tmp_path):
    make_mms(tmp_path)
    mms = Mms(**places("Mms", tmp_path))
    victim = mms.songs()[0].stems[1].path
    soundfile.write(victim, np.zeros((999, 2)), 44100)
    assert Several({"mms": mms}).validate() and not Several({"mms": mms}, pad_short_stems=True).validate()


def test_a_set_keeps_its_own_settings(sets):
    name = MedleyDB(sets["own"]).songs()[0].id
    edit_metadata(sets["own"] / "Audio" / name, lambda meta: meta.update(has_bleed="yes"))
    assert name in [song.id for song in Several(sets).songs()]
    reader = Several({**sets, "own": MedleyDB(sets["own"], bleed=False)})
    assert name not in [song.id for song in reader.songs()] and name not in all_of(reader.splits())


def test_an_id_in_two_sets_is_refused_or_told_apart(tmp_path):
    for root in ("one", "two"):
        song(tmp_path / root, "Ann_Song", "Ann")
        (tmp_path / root / "splits.json").write_text(
            json.dumps({"train": [], "valid": [], "test": [], {"one": "train", "two": "test"}[root]: ["Ann_Song"]})
        )
    roots = {"one": tmp_path / "one", "two": tmp_path / "two"}
    with pytest.raises(DataError, match=r"in the sets one and two.*data\.prefix=true.*data\.skip=\[Ann_Song\]"):
        Several(roots).songs()
    reader = Several(roots, prefix=True)
    assert [(each.id, each.artist) for each in reader.songs()] == [
        ("one-Ann_Song", "one Ann"),
        ("two-Ann_Song", "two Ann"),
    ]
    assert reader.splits() == {"train": ["one-Ann_Song"], "valid": [], "test": ["two-Ann_Song"]}


def test_an_artist_whom_two_sets_have_in_different_parts_is_refused(tmp_path):
    for root, id, part in (("one", "Ann_One", "train"), ("two", "Ann_Two", "test")):
        song(tmp_path / root, id, "Ann")
        (tmp_path / root / "splits.json").write_text(json.dumps({"train": [], "valid": [], "test": [], part: [id]}))
    roots = {"one": tmp_path / "one", "two": tmp_path / "two"}
    with pytest.raises(DataError, match="Ann_One is in train of one, and Ann_Two, by the same artist, in test of two"):
        Several(roots).splits()
    assert Several(roots, prefix=True).splits()["test"] == ["two-Ann_Two"]


def test_an_artist_whom_one_set_has_in_two_parts_is_its_own_affair(tmp_path):
    make_musdb(tmp_path / "musdb", {"train": ("Ann - One", "ANiMAL - Rockshow"), "test": ("Ann - Three",)}, seconds=1.0)
    song(tmp_path / "own", "Cyd_Four", "Cyd")
    splits = Several({"musdb": tmp_path / "musdb", "own": tmp_path / "own"}).splits()
    assert "Ann_One" in splits["train"] + splits["valid"] and "Ann_Three" in splits["test"]


def test_a_set_that_is_only_trained_on_is_in_no_other_part(sets):
    all_parts, splits = Several(sets).splits(), Several(sets, train_only=["musdb"]).splits()
    assert splits["train"] == all_parts["train"]
    own = {song.id for song in MedleyDB(sets["own"]).songs()}
    assert {part: [id for id in all_parts[part] if id in own] for part in ("valid", "test")} == {
        part: splits[part] for part in ("valid", "test")
    }
    with pytest.raises(DataError, match="no set 'medley', but own, musdb"):
        Several(sets, train_only=["medley"])


def test_a_file_of_splits_and_a_set_for_training_only_are_refused_together(sets, tmp_path):
    with pytest.raises(DataError, match=r"train_only=\['own'\] and data\.splits_file=.*Leave one of them out"):
        Several(sets, splits_file=tmp_path / "mine.json", train_only=["own"])


@pytest.mark.parametrize("first", ["musdb", "own"])
def test_an_artist_in_two_parts_of_one_set_and_in_one_of_another_is_refused(first, tmp_path):
    make_musdb(tmp_path / "musdb", {"train": ("Ann - One", "ANiMAL - Rockshow"), "test": ("Ann - Two",)}, seconds=1.0)
    song(tmp_path / "own", "Ann_Three", "Ann")
    (tmp_path / "own" / "splits.json").write_text(json.dumps({"train": [], "valid": [], "test": ["Ann_Three"]}))
    names = sorted(["musdb", "own"], key=lambda name: name != first)
    with pytest.raises(DataError, match="by the same artist, in"):
        Several({name: tmp_path / name for name in names}).splits()


@pytest.mark.parametrize("given", [{}, None, "place", ["place"]])
def test_no_sets_by_name_are_a_sentence(given):
    with pytest.raises(DataError, match=r"data\.sets=.* no sets by name"):
        Several(given)


def test_what_is_no_set_is_named(tmp_path):
    with pytest.raises(DataError, match=r"data\.sets\.mine is 3: give a place"):
        Several({"mine": 3})
    with pytest.raises(DataError, match="there is no such folder"):
        Several({"mine": tmp_path / "nowhere"}).songs()


def test_all_left_out_is_said(tmp_path):
    song(tmp_path, "Ann_Song", "Ann")
    with pytest.raises(DataError, match="all of their songs are left out"):
        Several({"mine": tmp_path}, skip=["Ann_Song"]).songs()


def test_all_of_one_set_may_be_left_out(sets):
    """The others are still there, by the splits too."""
    own = [song.id for song in MedleyDB(sets["own"]).songs()]
    left = Several(sets, skip=own)
    assert len(left.songs()) == 3 and sorted(all_of(left.splits())) == [song.id for song in left.songs()]


def test_many_sets_with_long_names_have_a_store(tmp_path):
    roots = {str(number): tmp_path / f"{number}{'x' * 60}" for number in range(6)}
    for name, root in roots.items():
        song(root, f"Ann{name}_Song", f"Ann{name}")
    store = Store.of(Several(roots), Recipe(targets("mms"), 8000, 1), tmp_path / "home")
    assert len(store.fill(Several(roots).songs(), processes=1).songs) == 6


def test_the_config_names_sets_by_place_or_as_files_of_conf_data(sets, tmp_path):
    from hydra.utils import instantiate

    config = OmegaConf.load("conf/data/several.yaml")
    config.sets = {
        "musdb": str(sets["musdb"]),
        "own": {"_target_": "stemwise.datasets.medleydb.MedleyDB", "root": str(sets["own"])},
    }
    assert instantiate(config).songs() == Several(sets).songs()
