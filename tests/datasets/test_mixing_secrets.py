"""Mixing Secrets' quirks: labels, room microphones, magazine issues for artists."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from stemwise import labels
from stemwise.datasets.base import artist_keys
from stemwise.datasets.mixing_secrets import LABELS, MixingSecrets, read_labels
from stemwise.errors import DataError
from stemwise.taxonomy import check_label, instrument_labels, targets
from tests.sets import make_secrets
from tests.trees import edit_metadata

MMS = targets("mms")


@pytest.fixture
def tree(tmp_path) -> Path:
    make_secrets(tmp_path)
    return tmp_path


def relabelled(tree: Path, instrument, key: str = "S01") -> MixingSecrets:
    edit_metadata(tree / "Audio" / "Fay_One", lambda meta: meta["stems"][key].update(instrument=instrument))
    return MixingSecrets(tree)


def test_stems_keep_their_file_names_and_get_labels_of_the_taxonomy(tree):
    song = MixingSecrets(tree).songs()[0]
    assert [(stem.id, stem.path.name, stem.instruments) for stem in song.stems] == [
        ("S01", "12_BassDI.wav", ("electric bass",)),
        ("S02", "Fay_One_STEM_drums.wav", ("drum set",)),
        ("S03", "21_LeadVox.wav", ("vocalists",)),
    ]
    assert song.mix.name == "Fay_One_MIX.mp3"


def test_room_microphones_are_in_no_mixture_and_need_no_file(tree):
    song = MixingSecrets(tree).songs()[0]
    total = sum(song.read_stem(index) for index in range(3))
    np.testing.assert_array_equal(song.mixture(), total)
    (song.stems[0].path.parent / "04_Room.wav").unlink()
    assert MixingSecrets(tree).validate() == []


def test_a_song_of_room_microphones_alone_is_refused(tree):
    def only_room(meta):
        meta["stems"] = {"S04": meta["stems"]["S04"]}

    edit_metadata(tree / "Audio" / "Fay_One", only_room)
    with pytest.raises(DataError, match=r"Fay_One: all of its stems are left out.*data.skip=\[Fay_One\]"):
        MixingSecrets(tree).songs()


def test_an_artist_filed_under_an_issue_is_taken_from_the_title(tree):
    artists = {song.id: song.artist for song in MixingSecrets(tree).songs()}
    assert artists == {"Fay_One": "Fay", "Gus_Two": "Gus", "MR1101_HalAndIda": "HalAndIda"}
    edit_metadata(tree / "Audio" / "MR1101_HalAndIda", lambda meta: meta.pop("title"))
    edit_metadata(tree / "Audio" / "Fay_One", lambda meta: meta.update(artist="Hal and Ida"))
    edit_metadata(tree / "Audio" / "Gus_Two", lambda meta: meta.update(artist="MR Nobody"))
    songs = MixingSecrets(tree).songs()
    assert [song.artist for song in songs] == ["Hal and Ida", "MR Nobody", "HalAndIda"]
    keys = artist_keys(songs)
    assert keys["Fay_One"] == keys["MR1101_HalAndIda"] != keys["Gus_Two"]


def test_a_name_that_leaves_open_what_it_is_makes_its_targets_unknown(tree):
    song = relabelled(tree, "Keys").songs()[0]
    assert set(song.stems[0].instruments) == {"piano", "electric piano", "electronic organ", "synthesizer"}
    assert song.stems[0].label == "Keys"
    unknown = labels.unknown_targets(song, MMS)
    assert [MMS.names[index] for index in np.flatnonzero(unknown)] == ["piano"]
    song = relabelled(tree, "ElecGtr").songs()[0]  # clean or distorted is one target
    assert not labels.unknown_targets(song, MMS).any()
    assert MMS.of_labels(song.stems[0].instruments) == {MMS.names.index("electric guitar")}


def test_lists_and_any_spelling_are_mapped(tree):
    assert relabelled(tree, ["Oboe", "MALE RAPPER FX"]).songs()[0].stems[0].label == "oboe + male rapper"
    assert relabelled(tree, ["leadvox", "backingvox"]).songs()[0].stems[0].instruments == ("vocalists",)
    assert relabelled(tree, "main system").songs()[0].stems[0].instruments == ("Main System",)


def test_an_unmapped_label_is_refused_naming_the_file_of_labels(tree):
    with pytest.raises(DataError, match=rf"Fay_One, stem S01: unknown instrument 'wurlitzr'.*'wurlitzer'.*{LABELS}"):
        relabelled(tree, "wurlitzr").songs()


def test_the_map_leads_to_the_taxonomy_once_for_each_name():
    for name, found in read_labels().items():
        assert name == name.casefold()
        for label in found:
            check_label(label, f"{LABELS}, {name}")
    file = yaml.safe_load(LABELS.read_text())
    names = [name for group in file["one label"].values() for name in group] + file["left out"]
    names += [name for entry in file["several labels"] for name in entry["names"]]
    assert len(names) == len(set(names)) >= 170
    assert not set(names) & {label.casefold() for label in instrument_labels()}
    assert all(len(entry["may be"]) > 1 for entry in file["several labels"])


def test_the_map_is_part_of_the_package():
    pyproject = (Path(__file__).resolve().parents[2] / "pyproject.toml").read_text()
    assert '"datasets/*.yaml"' in pyproject and LABELS.parent.name == "datasets"
