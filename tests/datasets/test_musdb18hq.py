"""MUSDB18-HQ: its split, its ids, and what is known of its stems."""

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from stemwise import labels
from stemwise.datasets.musdb import STEMS, VALIDATION, song_id, stem_labels
from stemwise.datasets.musdb18hq import Musdb18HQ
from stemwise.errors import DataError
from stemwise.loading.store import Recipe, prepare, stem_rows
from stemwise.taxonomy import check_label, targets
from tests.sets import MUSDB, make_musdb

MMS, FOUR = targets("mms"), targets("musdb")
ROCKSHOW, BOB, CYD = "ANiMAL_Rockshow", "BobsBand_ItsTwoThree", "CydFeatDee_Three"


@pytest.fixture
def tree(tmp_path) -> Path:
    make_musdb(tmp_path / "musdb")
    return tmp_path / "musdb"


def test_songs_stems_artists_and_titles(tree):
    songs = Musdb18HQ(tree).songs()
    assert [(song.id, song.artist, song.title) for song in songs] == [
        (ROCKSHOW, "ANiMAL", "Rockshow"),
        (BOB, "Bob's Band", "It's Two & Three"),
        (CYD, "Cyd (feat. Dee)", "Three"),
    ]
    assert [stem.label for stem in songs[0].stems] == list(STEMS)
    assert songs[0].mix == tree / "train" / "ANiMAL - Rockshow" / "mixture.wav"


def test_audio_is_read_at_full_depth(tree):
    path = tree / "test" / MUSDB["test"][0] / "vocals.wav"
    soundfile.write(path, np.full((4 * 44100, 2), 3 / 2**23), 44100, subtype="PCM_24")
    (song,) = (song for song in Musdb18HQ(tree).songs() if song.id == CYD)
    found = song.read_stem(STEMS.index("vocals"), 1000, 1010)
    np.testing.assert_array_equal(found, np.float32(3 / 2**23))


def test_ids_are_safe_in_file_names_and_on_command_lines():
    for name, id in {
        "Clara Berry And Wooldog - Waltz For My Victims": "ClaraBerryAndWooldog_WaltzForMyVictims",  # as in MedleyDB
        "Johnny Lokke - Promises & Lies": "JohnnyLokke_PromisesLies",
        "Traffic Experiment - Once More (With Feeling)": "TrafficExperiment_OnceMoreWithFeeling",
        "Music Delta - 80s Rock": "MusicDelta_80sRock",
        "A - B - C": "A_BC",
        "Nobody": "Nobody",
        "Mø - Ünder": "Mø_Ünder",
    }.items():
        assert song_id(name) == id
    assert len({song_id(name) for name in VALIDATION}) == len(VALIDATION)


def test_two_songs_of_one_id_and_a_name_without_letters_are_refused(tmp_path):
    make_musdb(tmp_path / "a", {"train": ("A - B's", "A - Bs"), "test": ()}, 1.0)
    with pytest.raises(DataError, match=r"A - Bs has the id of .*A - B's, A_Bs. Rename it"):
        Musdb18HQ(tmp_path / "a").songs()
    make_musdb(tmp_path / "b", {"train": ("?! - &",), "test": ()}, 1.0)
    with pytest.raises(DataError, match=r"no letter or digit in its name\. Rename it"):
        Musdb18HQ(tmp_path / "b").songs()


def test_a_stem_is_one_target_of_its_own_scheme(tree):
    song = Musdb18HQ(tree).songs()[0]
    assert not labels.unknown_targets(song, FOUR).any()
    held = {stem.id: FOUR.of_labels(stem.instruments) for stem in song.stems}
    assert held == {name: {FOUR.names.index(name)} for name in STEMS}
    for name in STEMS:
        for label in stem_labels()[name]:
            check_label(label, name)


def test_in_a_finer_scheme_what_a_stem_may_hold_is_unknown_not_silent(tree, tmp_path):
    song = Musdb18HQ(tree).songs()[0]
    unknown = dict(zip(MMS.names, labels.unknown_targets(song, MMS), strict=True))
    assert [name for name, known in unknown.items() if not known] == ["vocals", "bass"]
    rest = len(MMS.names)
    rows = {song.stems[index].id: row for index, row in stem_rows(song, MMS)}
    assert rows == {"vocals": 0, "bass": MMS.names.index("bass"), "drums": rest, "other": rest}
    ready = prepare(song, Recipe(MMS, 16000, 1), tmp_path / "store")
    assert [MMS.names[i] for i in range(rest) if ready.holds(i)] == ["vocals", "bass"]


def test_the_validation_songs_are_those_of_musdb():
    """Read from its file: importing musdb needs ffmpeg."""
    package = find_spec("musdb")
    if package is None:
        pytest.skip("needs the extra musdb")
    config = yaml.safe_load((Path(package.origin).parent / "configs" / "mus.yaml").read_text())
    assert set(config["validation_tracks"]) == VALIDATION and len(VALIDATION) == 14


def test_the_published_split_also_where_an_artist_is_in_two_parts(tmp_path):
    songs = {"train": ("Skelpolu - Human Mistakes", "A - B"), "test": ("Skelpolu - Resurrection",)}
    make_musdb(tmp_path, songs, 1.0)
    assert Musdb18HQ(tmp_path).splits() == {
        "train": ["A_B"],
        "valid": ["Skelpolu_HumanMistakes"],
        "test": ["Skelpolu_Resurrection"],
    }


def test_a_subset_without_validation_songs_asks_for_a_file_of_splits(tmp_path):
    make_musdb(tmp_path, {"train": ("A - B", "C - D"), "test": ("E - F",)}, 1.0)
    with pytest.raises(DataError, match=r"none of the 14 validation songs .* data\.splits_file="):
        Musdb18HQ(tmp_path).splits()
    wanted = {"train": ["A_B"], "valid": ["C_D"], "test": ["E_F"]}
    (tmp_path / "mine.json").write_text(json.dumps(wanted))
    assert Musdb18HQ(tmp_path, splits_file=tmp_path / "mine.json").splits() == wanted
    only_test = Musdb18HQ(tmp_path, skip=["A_B", "C_D"])
    assert only_test.splits() == {"train": [], "valid": [], "test": ["E_F"]}, "enough to be scored on"


def test_the_compressed_set_is_not_taken_for_it(tmp_path):
    (tmp_path / "train").mkdir()
    (tmp_path / "train" / "A - B.stem.mp4").touch()
    with pytest.raises(DataError, match=r"no songs under .*stem.mp4 files of MUSDB18 are another set"):
        Musdb18HQ(tmp_path).songs()


@pytest.mark.parametrize("part", ["valid", "validation"])
def test_songs_in_a_folder_that_the_set_has_not_are_not_left_out_without_a_word(part, tree):
    (tree / "test").rename(tree / part)
    with pytest.raises(DataError, match=rf"{part} holds songs, .*data=folder"):
        Musdb18HQ(tree).songs()


def test_a_stem_that_the_set_has_not_is_in_no_mixture_and_not_left_out_without_a_word(tree):
    song = next(path for path in (tree / "train").iterdir())
    shutil.copy(song / "bass.wav", song / "accompaniment.wav")
    assert Musdb18HQ(tree).validate() == []
    shutil.copy(song / "bass.wav", song / "guitar.wav")
    (finding,) = Musdb18HQ(tree).validate()
    assert "guitar.wav is no stem of MUSDB18-HQ" in finding and "data=folder" in finding
