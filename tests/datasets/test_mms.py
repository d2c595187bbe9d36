"""MedleyDB and Mixing Secrets as one set."""

import json
from pathlib import Path

import pytest

from stemwise.datasets.mms import Mms
from stemwise.errors import DataError
from tests.sets import make_mms, make_secrets, places
from tests.trees import edit_metadata


@pytest.fixture
def roots(tmp_path) -> dict[str, Path]:
    make_mms(tmp_path)
    return places("Mms", tmp_path)


def test_songs_of_both_sets_by_id_each_with_its_own_rules(roots):
    reader = Mms(**roots)
    songs = {song.id: song for song in reader.songs()}
    assert list(songs) == ["Ann_One", "Bob_Two", "Cyd_Three", "Fay_One", "Gus_Two", "MR1101_HalAndIda"]
    assert songs["MR1101_HalAndIda"].artist == "HalAndIda" and len(songs["Ann_One"].stems) == 4
    assert reader.song("Fay_One") == songs["Fay_One"]
    with pytest.raises(DataError, match="has no song 'Fay_On', but Fay_One"):
        reader.song("Fay_On")
    assert all(str(root) in reader.where for root in roots.values())


def test_artists_of_both_sets_are_in_one_part(roots):
    """Nine artists, each alone in one set and with a band in the other: only who sees both sets knows them for one."""
    medley, secrets = roots.values()
    names = [f"Artist{letter}" for letter in "ABCDEFGHI"]
    make_secrets(secrets, {f"{name}_Secret": f"{name} and Band" for name in names}, 0.5)
    make_secrets(medley, {f"MR01{number:02d}_{name}": f"MR01{number:02d}" for number, name in enumerate(names)}, 0.5)
    for folder in (medley / "Audio").iterdir():  # labels and artist as MedleyDB has them
        edit_metadata(folder, lambda meta, id=folder.name: _as_medleydb(meta, id))
    splits = Mms(**roots).splits()
    part = {id: name for name, ids in splits.items() for id in ids}
    assert {name: part[f"{name}_Secret"] for name in names} == {
        id.partition("_")[2]: part[id] for id in part if id.startswith("MR01")
    }
    assert len(set(part.values())) == 3


def _as_medleydb(meta, id: str) -> None:
    if not id.startswith("MR"):
        return
    meta["artist"] = id.partition("_")[2].replace("Artist", "Artist ")
    for entry, label in zip(meta["stems"].values(), ("electric bass", "drum set", "vocalists", "piano"), strict=True):
        entry["instrument"] = label


def test_splits_of_a_tree_are_not_taken_for_those_of_both(roots, tmp_path):
    (roots["medleydb"] / "splits.json").write_text("nonsense")
    assert sum(map(len, Mms(**roots).splits().values())) == 6
    wanted = {"train": ["Ann_One", "Fay_One"], "valid": ["Bob_Two"], "test": ["Gus_Two"]}
    (tmp_path / "mine.json").write_text(json.dumps(wanted))
    assert Mms(**roots, splits_file=tmp_path / "mine.json").splits() == wanted


def test_an_id_in_both_sets_is_found_and_can_be_skipped(roots):
    make_secrets(roots["mixing_secrets"], {"Ann_One": "Ann"}, 1.0)
    (finding,) = Mms(**roots).validate()
    assert (
        all(str(root / "Audio" / "Ann_One") in finding for root in roots.values()) and "data.skip=[Ann_One]" in finding
    )
    assert len(Mms(**roots, skip=["Ann_One"]).songs()) == 5


def test_settings_hold_for_both(roots):
    for root, id in zip(roots.values(), ("Bob_Two", "Gus_Two"), strict=True):
        edit_metadata(root / "Audio" / id, lambda meta: meta.update(has_bleed="yes"))
    assert [song.id for song in Mms(**roots, bleed=False, skip=["Cyd_Three", "Fay_One"]).songs()] == [
        "Ann_One",
        "MR1101_HalAndIda",
    ]


def test_metadata_of_each_may_lie_elsewhere(roots, tmp_path):
    for key, root in roots.items():
        (tmp_path / key).mkdir()
        for path in root.rglob("*_METADATA.yaml"):
            path.rename(tmp_path / key / path.name)
    assert len(Mms(**roots).validate()) == 6
    elsewhere = {f"{key}_metadata": tmp_path / key for key in roots}
    assert len(Mms(**roots, **elsewhere).songs()) == 6
