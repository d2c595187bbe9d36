"""`stemwise validate`, as a user types it, the splits that are written, and the other commands that take any set."""

import json

import pytest

from stemwise.datasets.medleydb import MedleyDB
from stemwise.errors import DataError
from tests.sets import make_mms, make_musdb
from tests.test_cli import stemwise
from tests.trees import IDS, edit_metadata, make_tree
from tests.validation.spoiled import make_spoiled, stem_file


def test_the_command_ends_with_0_when_training_may_start(tree, tmp_path, home):
    before = sorted(tree.rglob("*"))
    said = stemwise("validate", tree, "--json", tmp_path / "f.json")
    assert "training may start" in said and "3, 0.00 hours" in said
    written = json.loads((tmp_path / "f.json").read_text())
    assert written["may_train"] is True and written["kind"] == "medleydb" and set(written["songs"]) == set(IDS)
    assert (home / "data" / "validated" / "Tree" / "validation.html").is_file()
    assert sorted(tree.rglob("*")) == before
    assert "may not start" in stemwise("validate", tree, "--strict", "--json", tmp_path / "f.json", code=1)
    assert json.loads((tmp_path / "f.json").read_text())["may_train"] is False


def test_a_folder_is_named_to_the_letter(tmp_path):
    said = stemwise("validate", make_tree(tmp_path / "my [/songs]"), "--out", tmp_path / "out")
    assert f"{tmp_path}/my [/songs]" in said


def test_the_command_ends_with_1_and_names_every_error(tmp_path):
    root = make_spoiled(tmp_path / "Tree")
    said = stemwise("validate", root, "--out", tmp_path / "out", code=1)
    assert str(stem_file(root, "Dee_Four", 1)) in said and "Fay_Six_STEM_02.wav" in said and "may not start" in said
    left = stemwise("validate", root, "--set", "skip=[Dee_Four, Fay_Six]", "--out", tmp_path / "out")
    assert "training may start" in left


def test_what_cannot_be_asked_is_refused(tree, tmp_path):
    assert "looks like no set" in stemwise("validate", tree / "Audio" / IDS[0] / f"{IDS[0]}_STEMS", code=1)
    assert "no setting 'skipp'" in stemwise("validate", tree, "--set", "skipp=[A]", code=1)
    assert "give key=value" in stemwise("validate", tree, "--set", "skip", code=1)
    assert "cannot be read" in stemwise("validate", tree, "--set", "skip=[A", code=1)
    assert "are not what data of the kind medleydb takes" in stemwise("validate", tree, "--set", "metadata=3", code=1)
    assert "2, 0.00 hours" in stemwise("validate", tree, "--set", f"skip={IDS[2]}", "--set", "splits_file=")
    assert "give it once" in stemwise("validate", tree, "--set", f"root={tmp_path}", code=1)
    assert "no setting 'kind'" in stemwise("validate", tree, "--set", "kind=mms", code=1)
    assert "no targets 'mmz'" in stemwise("validate", tree, "--targets", "mmz", code=1)


def test_two_trees_are_one_set(tmp_path):
    make_mms(tmp_path)
    where = ("validate", tmp_path / "MedleyDB", "--kind", "mms")
    assert "needs mixing_secrets too" in stemwise(*where, code=1)
    said = stemwise(*where, "--set", f"mixing_secrets={tmp_path / 'MixingSecrets'}")
    assert "M&MS (kind mms)" in said and "6, 0.01 hours" in said and "31 songs of Mixing Secrets" in said


def test_without_the_extra_there_is_a_table_and_no_page(tree, tmp_path, home, monkeypatch):
    import sys

    for package in ("jinja2", "matplotlib", "pandas"):
        monkeypatch.setitem(sys.modules, package, None)
    said = stemwise("validate", tree)
    assert "training may start" in said and "no page" in said and "stemwise[train]" in said
    assert not (home / "data" / "validated").exists()
    assert "needs the package jinja2" in stemwise("validate", tree, "--out", tmp_path / "out", code=1)


def test_splits_are_written_with_artists_and_read_back(tree, tmp_path):
    path = tmp_path / "splits.json"
    stemwise("validate", tree, "--write-splits", path)
    content = json.loads(path.read_text())
    assert content["artists"] == {"train": ["Ann"], "valid": ["Bob"], "test": ["Cyd"]}
    assert MedleyDB(tree, splits_file=path).splits() == MedleyDB(tree).splits()
    edit_metadata(tree / "Audio" / IDS[1], lambda meta: meta.update(artist="BOB."))
    assert MedleyDB(tree, splits_file=path).splits() == MedleyDB(tree).splits()  # another spelling of one name
    edit_metadata(tree / "Audio" / IDS[1], lambda meta: meta.update(artist="Zoe"))
    with pytest.raises(DataError, match="Bob_Two of valid is by Zoe, who is not among the artists listed for valid"):
        MedleyDB(tree, splits_file=path).splits()
    for wrong in ({"train": ["Ann"]}, ["Ann"], {"train": [1], "valid": [], "test": []}):
        path.write_text(json.dumps({**content, "artists": wrong}))
        with pytest.raises(DataError, match="not of the form"):
            MedleyDB(tree, splits_file=path).splits()


def test_splits_that_a_splits_file_may_not_have_are_written_with_a_word(tmp_path):
    make_musdb(tmp_path / "m", {"train": ("Actions - South Of The Water", "Actions - One Minute Smile"),
                                "test": ("Cyd - Three",)}, seconds=2.0)  # fmt: skip
    said = stemwise("validate", tmp_path / "m", "--targets", "musdb", "--write-splits", tmp_path / "s.json")
    assert "refuses artists in two parts" in said and (tmp_path / "s.json").is_file()


def test_a_run_remembers_the_artists_of_its_parts(tree, tmp_path):
    from types import SimpleNamespace

    from omegaconf import OmegaConf

    from stemwise.experiment import runs

    data = SimpleNamespace(dataset=MedleyDB(tree))
    card = runs.record(tmp_path, OmegaConf.create({"name": "n", "seed": 0}), data)
    assert json.loads((tmp_path / "splits.json").read_text())["artists"]["valid"] == ["Bob"]
    assert runs.read(tmp_path, SimpleNamespace(card=card))[1] == data.dataset.splits()
    assert MedleyDB(tree, splits_file=tmp_path / "splits.json").splits() == data.dataset.splits()


def test_a_song_of_a_tree_is_found_by_its_folder_or_its_id(tmp_path, home):
    make_tree(tmp_path / "Tree")
    make_musdb(tmp_path / "m", seconds=2.0)
    rockshow = tmp_path / "m" / "train" / "ANiMAL - Rockshow"
    for words in ([rockshow], [tmp_path / "m", "--song", "ANiMAL_Rockshow"], [rockshow, "--kind", "musdb18hq"]):
        (home / "data" / "pictures" / "ANiMAL_Rockshow.png").unlink(missing_ok=True)
        assert "4 stems, 2.0 s" in stemwise("show", *words)
        assert (home / "data" / "pictures" / "ANiMAL_Rockshow.png").is_file()
    assert "4 stems" in stemwise("show", tmp_path / "Tree", "--song", IDS[0])
    assert "has no song 'Ann_Ones', but Ann_One" in stemwise("show", tmp_path / "Tree", "--song", "Ann_Ones", code=1)
    assert "is no song of a set that is known" in stemwise("show", tmp_path / "m", code=1)
    assert "no kind of data 'muzdb'" in stemwise("show", rockshow, "--kind", "muzdb", code=1)


def test_label_reads_any_layout(tmp_path):
    make_musdb(tmp_path / "m", seconds=2.0)
    said = stemwise("label", tmp_path / "m", "--out", tmp_path / "labels", "--set", "skip=[ANiMAL_Rockshow]")
    assert "2 songs" in said and len(list((tmp_path / "labels").iterdir())) == 4
    assert "has no setting 'metadata'" in stemwise("label", tmp_path / "m", "--metadata", tmp_path, code=1)
