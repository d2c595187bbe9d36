"""Which store a set has, and what no store takes."""

import json
import shutil
from pathlib import Path

import pytest

from stemwise.datasets.manifest import Manifest
from stemwise.datasets.medleydb import MedleyDB
from stemwise.datasets.mms import Mms
from stemwise.errors import DataError
from stemwise.loading import filling
from stemwise.loading.filling import Store
from stemwise.loading.store import Recipe
from stemwise.taxonomy import targets
from tests.sets import make_manifest
from tests.test_store import RECIPE, digests, fill
from tests.trees import IDS, make_tree


def test_two_sets_never_share_a_folder_and_its_name_says_what_it_is(tree, tmp_path):
    make_tree(tmp_path / "other" / "Tree")
    six = Recipe(targets("mms"), 44100, 2)
    ours, theirs = (Store.of(MedleyDB(root), six, tmp_path) for root in (tree, tmp_path / "other" / "Tree"))
    assert ours.folder != theirs.folder and ours.folder.name.startswith("Tree_6-targets_44100_stereo_")
    assert Store.of(MedleyDB(tree), RECIPE, tmp_path).folder.name.startswith("Tree_vocals+bass_8000_mono_")
    other_labels = Recipe(targets("mms", ["vocals", "drums"]), 8000, 1)
    assert Store.of(MedleyDB(tree), other_labels, tmp_path).folder != Store.of(MedleyDB(tree), RECIPE, tmp_path).folder


def test_a_store_of_another_set_or_recipe_is_not_mixed_with_this_one(tree, tmp_path):
    fill(tree, tmp_path / "store")
    before = digests(tmp_path / "store")
    songs = MedleyDB(tree).songs()
    for other in (Recipe(RECIPE.targets, 16000, 1), Recipe(targets("mms", ["vocals", "piano"]), 8000, 1)):
        with pytest.raises(DataError, match=r"the store of Tree: vocals, bass at 8000 Hz .* another folder"):
            Store(tmp_path / "store", other, "Tree").fill(songs[:1], processes=1)
    with pytest.raises(DataError, match=r"it cannot take Forest"):
        Store(tmp_path / "store", RECIPE, "Forest").fill(songs, processes=1, verify=True)
    assert digests(tmp_path / "store") == before


def test_a_store_takes_its_set_where_it_moved_to_and_no_other_set_of_the_same_name(tree, tmp_path):
    out = tmp_path / "store"

    def prepare(root: Path, skip: list[str] | None = None) -> filling.Filled:
        reader = MedleyDB(root, skip=skip or [])
        of = Store.of(reader, RECIPE, tmp_path)
        return Store(out, RECIPE, of.tree, of.source, of.left_out).fill(reader.songs(), reader.splits(), 1, verify=True)

    prepare(tree)
    assert str(tmp_path) not in (out / "store.json").read_text()
    assert not prepare(tree, skip=IDS[:1]).made
    moved = tmp_path / "elsewhere" / tree.name
    shutil.copytree(tree, moved)
    assert [path.name.partition("-")[0] for path in prepare(moved).stale] == [*IDS]  # of the files that were there
    again = shutil.copytree(tree, tmp_path / "again" / tree.name)
    assert len(prepare(again, skip=IDS[:1]).made) == 2  # what is left out need not be there
    before = digests(out)
    other = make_tree(tmp_path / "other" / tree.name)
    shutil.rmtree(other / "Audio" / IDS[0])
    (other / "splits.json").write_text(json.dumps({"train": [*IDS[1:]], "valid": [], "test": []}))
    with pytest.raises(DataError, match=f"another folder called {tree.name}: 1 of its songs .* first {IDS[0]}"):
        prepare(other)
    assert digests(out) == before


def test_a_set_has_one_store_in_whatever_words_it_is_named(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make_manifest(tmp_path / "own")
    for each in (tmp_path / "m", tmp_path / "s"):
        each.mkdir()
    readers = (Manifest("own"), Manifest(tmp_path / "own" / "manifest.csv"))
    assert len({Store.of(reader, RECIPE, tmp_path).folder for reader in readers}) == 1
    both = (Mms("m", "s"), Mms(tmp_path / "m", tmp_path / "s"))
    (folder,) = {Store.of(reader, RECIPE, tmp_path).folder for reader in both}
    assert folder.name.startswith("m_and_s_")
