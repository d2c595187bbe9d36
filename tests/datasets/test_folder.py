"""Own stems: what names mean, splits of folders, labels of one's own."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from stemwise import labels
from stemwise.datasets.base import with_artists
from stemwise.datasets.folder import Folder, artist_and_title
from stemwise.datasets.stem_names import StemNames, labels_of
from stemwise.errors import DataError
from stemwise.loading.datamodule import MultitrackDataModule
from stemwise.loading.prepared import PreparedStore
from stemwise.taxonomy import instrument_labels, targets
from tests.sets import FOLDERS, make_folder, make_musdb

NOISE = np.random.default_rng(0).uniform(-0.1, 0.1, (800, 1))


def put(root, *files: str, rate: int = 8000, audio=NOISE):
    for file in files:
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        soundfile.write(root / file, audio, rate)
    return root


def held(root, id: str, **settings) -> dict[str, tuple[str, ...]]:
    return {stem.path.name: stem.instruments for stem in Folder(root, **settings).song(id).stems}


def test_the_song_is_what_was_put_there(tmp_path):
    make_folder(tmp_path)
    songs = Folder(tmp_path).songs()
    assert [(song.id, song.artist, song.title) for song in songs] == [
        ("Ivy_One", "Ivy", "One"),
        ("Jan_Two", "Jan", "Two"),
        ("KaiLou_Three", "Kai & Lou", "Three"),
    ]
    assert [(song.rate, song.channels) for song in songs] == [(44100, 2), (48000, 1), (44100, 2)]
    for song, (name, files) in zip(songs, FOLDERS.items(), strict=True):
        assert sorted(stem.path.name for stem in song.stems) == sorted(files)
        assert song.mix == tmp_path / name / "Mixture.wav" and song.complete
        for index, stem in enumerate(song.stems):
            written = soundfile.read(stem.path, always_2d=True)[0].T
            np.testing.assert_allclose(song.read_stem(index), written, atol=1e-6)


def test_names_are_known_by_the_table_then_the_taxonomy_then_by_what_people_write(tmp_path):
    put(tmp_path, "A - B/01_Kick.wav", "A - B/kick drum.wav", "A - B/Fred.wav", "A - B/GTR 2.wav", "A - B/tuba.wav")
    table = {"fred": "Male Singer", "gtr": ["clean electric guitar", "acoustic guitar"]}
    assert held(tmp_path, "A_B", stems=table) == {
        "01_Kick.wav": ("drum set",),
        "Fred.wav": ("male singer",),
        "GTR 2.wav": ("clean electric guitar", "acoustic guitar"),
        "kick drum.wav": ("kick drum",),
        "tuba.wav": ("tuba",),
    }


def test_the_table_may_lie_in_the_tree_or_in_a_file_and_may_be_a_config(tmp_path):
    from omegaconf import OmegaConf

    put(tmp_path / "tree", "A - B/Fred.wav", "A - B/808.wav")
    text = "fred: [male singer, male rapper]\n808: drum machine\n"
    want = {"808.wav": ("drum machine",), "Fred.wav": ("male singer", "male rapper")}
    (tmp_path / "mine.yaml").write_text(text)
    assert held(tmp_path / "tree", "A_B", stems=tmp_path / "mine.yaml") == want
    assert held(tmp_path / "tree", "A_B", stems=OmegaConf.create(text)) == want
    (tmp_path / "tree" / "stems.yaml").write_text(text)
    assert held(tmp_path / "tree", "A_B") == want
    assert held(tmp_path / "tree", "A_B", stems={"fred": "tuba", "808": "flute"})["Fred.wav"] == ("tuba",)


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("vox 2.wav", ("female singer",)),  # stands in the table itself
        ("02 Vox_2.wav", ("female singer",)),
        ("vox 7.wav", ("male singer",)),
        ("VOX_L.wav", ("male singer",)),
        ("vo\u0308x.wav", ("tuba",)),  # accents apart, as macOS writes them
        ("ба́с 2.wav", ("electric bass",)),
        ("Full Mix.wav", ("mix",)),
        ("click.wav", ("ignore",)),
        ("backing.wav", ("*",)),
    ],
)
def test_names_of_a_table_in_all_their_spellings(name, labels, tmp_path):
    table = {"Vox": "male singer", "vox_2": "female singer", "v\u00f6x": "tuba", "ба́с": "electric bass"}
    names = StemNames({**table, "click": "ignore", "backing": "*"})
    assert names.of(tmp_path / name).labels == labels


@pytest.mark.parametrize(
    ("table", "said"),
    [
        ({"vox": "male singr"}, r"data.stems, 'vox': unknown instrument 'male singr'. Did you mean 'male singer'"),
        ({"vox": ["male singer", "mix"]}, "unknown instrument 'mix'"),
        ({"vox": []}, "has no label"),
        ({"vox": None}, "must be text, found None"),
        ({"vox": {"a": 1}}, "must be text"),
        ({"vox": "own: "}, "no label. One of your own is own: and a name in small letters"),
        ({"vox": "own:a;b"}, "comma, semicolon"),
        ({"Vox": "tuba", "vox": "flute"}, "'vox' stands there twice"),
        (["vox"], "must name a label for each name"),
    ],
)
def test_a_table_that_cannot_be_right_is_refused(table, said):
    with pytest.raises(DataError, match=said):
        StemNames(table)


def test_a_table_with_a_key_twice_or_of_no_yaml_is_refused(tmp_path):
    put(tmp_path, "A - B/vox.wav")
    for text, said in (("vox: tuba\nvox: flute\n", "'vox' stands twice"), ("vox: [", "not readable as YAML")):
        (tmp_path / "stems.yaml").write_text(text)
        with pytest.raises(DataError, match=f"^{tmp_path}/stems.yaml.*{said}"):  # once, not for each song
            Folder(tmp_path).songs()


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("kalimba.wav", r"its name says no instrument.*data.stems=\{kalimba: LABEL\}.*own:kalimba"),
        ("cielo.wav", "Did you mean 'cello'"),
        ("no_vocals.wav", r"its name says no instrument\. Say what it is"),
        ("click.wav", "says that it is no instrument's"),
        ("Room.wav", "says that it is no instrument's"),
        ("vox.m4a", "not read. Export it as wav"),
        ("more/vox.wav", "is a folder with audio"),
        ("a/b/c.FLAC", "is a folder with audio"),
        ("BASS.flac", r"bass.wav have one name|have one name"),
        ("master.wav", "both are the mix.*mix: ignore|both are the mix"),
    ],
)
def test_nothing_is_left_out_without_a_word(file, said, tmp_path):
    put(tmp_path, "A - B/bass.wav", "A - B/mix.wav", "C - D/bass.wav")
    path = tmp_path / "A - B" / file
    path.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(tmp_path / "A - B" / "bass.wav", path)
    (finding,) = Folder(tmp_path).validate()
    assert re.search(said, finding) and "data.skip=[A_B]" in finding
    assert str(tmp_path / "A - B") in finding and file.split("/")[0] in finding
    assert [song.id for song in Folder(tmp_path, skip=["A_B"]).songs()] == ["C_D"]


def test_files_to_ignore_are_left_out_by_the_table_only(tmp_path):
    put(tmp_path, "A - B/bass.wav", "A - B/click.wav", "A - B/notes.txt.wav")
    assert list(held(tmp_path, "A_B", stems={"click": "ignore", "notes.txt": "ignore"})) == ["bass.wav"]
    with pytest.raises(DataError, match="holds no stems"):
        Folder(tmp_path, stems={"click": "ignore", "notes.txt": "ignore", "bass": "mix"}).songs()


def test_what_is_no_audio_is_no_stem(tmp_path):
    put(tmp_path, "A - B/bass.wav")
    for name in ("notes.txt", "song.mid", ".hidden.wav", "._bass.wav", "session.als"):
        (tmp_path / "A - B" / name).write_text("hello")
    (tmp_path / "A - B" / "MIDI").mkdir()
    (tmp_path / "readme.txt").write_text("hello")
    assert list(held(tmp_path, "A_B")) == ["bass.wav"]


@pytest.mark.parametrize("file", ["demo.wav", "Loose - Song/bass.wav"])
def test_audio_beside_the_songs_or_beside_the_parts_is_found(file, tmp_path):
    put(tmp_path, "train/A - B/bass.wav", "test/C - D/bass.wav", file)
    with pytest.raises(DataError, match=rf"{tmp_path / file.split('/')[0]} lies beside train, valid and test"):
        Folder(tmp_path).songs()


def test_musdb_has_the_labels_that_its_own_reader_gives(tmp_path):
    from stemwise.datasets.musdb18hq import Musdb18HQ

    make_musdb(tmp_path, seconds=1.0)
    ours, theirs = Folder(tmp_path), Musdb18HQ(tmp_path)
    for own, their in zip(ours.songs(), theirs.songs(), strict=True):
        assert (own.id, own.artist, own.title, own.mix) == (their.id, their.artist, their.title, their.mix)
        assert {s.path: set(s.instruments) for s in own.stems} == {s.path: set(s.instruments) for s in their.stems}
    assert ours.splits()["test"] == theirs.splits()["test"]


def test_a_rest_holds_what_no_other_stem_of_the_song_does():
    names = StemNames({"backing": "*", "singing": "male singer"})
    voice, rest = labels_of([names.of(path_of("singing")), names.of(path_of("backing"))])
    assert voice == ("male singer",)
    assert not set(rest) & {"male singer", "female singer", "choir", "Unlabeled"} and "tuba" in rest and len(rest) > 90
    six = [names.of(path_of(name)) for name in ("vocals", "drums", "bass", "piano", "other")]
    found = dict(zip(("vocals", "drums", "bass", "piano", "other"), labels_of(six), strict=True))
    assert not set(found["other"]) & {"piano", "tack piano", "shaker", "double bass"} and "violin" in found["other"]
    assert "shaker" in found["drums"] and found["piano"] == ("piano",)
    assert labels_of(six[:2]) == [("male singer", "female singer"), ("drum set",)]  # without a rest names mean less


def path_of(name):
    return Path(f"{name}.wav")


def test_what_a_name_leaves_open_is_unknown_and_said(tmp_path, caplog):
    put(tmp_path, "A - B/guitar.wav", "A - B/bass.wav")
    reader = Folder(tmp_path)
    (song,) = reader.songs()
    scheme = targets("mms")
    unknown = {n for n, no in zip(scheme.names, labels.unknown_targets(song, scheme), strict=True) if no}
    assert unknown == {"electric guitar", "acoustic guitar"}
    assert "guitar: clean electric guitar or distorted electric guitar or acoustic guitar" in caplog.text
    caplog.clear()
    assert reader.songs() and not caplog.records  # once
    assert not Folder(tmp_path, stems={"guitar": "acoustic guitar"}).validate() and not caplog.records


def test_an_incomplete_song_needs_a_mix_that_fits(tmp_path):
    put(tmp_path, "A - B/vox.wav")
    put(tmp_path, "A - B/mix.wav", audio=NOISE * 2)
    (song,) = Folder(tmp_path, complete=False).songs()
    assert not song.complete and song.remains
    np.testing.assert_allclose(song.remainder(), NOISE.T, atol=1e-3)
    assert not Folder(tmp_path).songs()[0].remains
    put(tmp_path, "A - B/mix.wav", audio=NOISE[:-1])
    (finding,) = Folder(tmp_path, complete=False).validate()
    assert "mix.wav: 799 samples" in finding and "data.skip=[A_B]" in finding


def test_folders_of_parts_are_the_split(tmp_path):
    put(tmp_path, "Train/A - B/bass.wav", "validation/C - D/bass.wav", "test/E/bass.wav", "train/F - G/bass.wav")
    assert Folder(tmp_path).splits() == {"train": ["A_B", "F_G"], "valid": ["C_D"], "test": ["E"]}
    (tmp_path / "mine.json").write_text(json.dumps({"train": ["E"], "valid": ["A_B"], "test": []}))
    assert Folder(tmp_path, splits_file=tmp_path / "mine.json").splits()["train"] == ["E"]
    put(tmp_path, "test/A - Z/bass.wav")
    with pytest.raises(DataError, match="A_Z of test is by an artist who is in train too"):
        Folder(tmp_path).splits()
    assert Folder(tmp_path, split_by="song").splits()["test"] == ["A_Z", "E"]


def test_without_a_folder_valid_some_artists_of_train_are_validated_on(tmp_path):
    songs = [f"Artist {number} - {title}" for number in range(8) for title in "xy"]
    put(tmp_path, *(f"train/{song}/bass.wav" for song in songs), "test/Z - A/bass.wav")
    splits = Folder(tmp_path).splits()
    assert splits["test"] == ["Z_A"] and len(splits["train"]) + len(splits["valid"]) == 16
    assert 2 <= len(splits["valid"]) <= 8
    assert not {id[:7] for id in splits["train"]} & {id[:7] for id in splits["valid"]}


def test_a_song_called_test_is_a_song(tmp_path):
    put(tmp_path, "Test/bass.wav", "Other Song/bass.wav")
    assert [song.id for song in Folder(tmp_path).songs()] == ["OtherSong", "Test"]


def test_one_band_alone_can_be_split_by_song(tmp_path):
    put(tmp_path, *(f"We - {title}/bass.wav" for title in "abcdefghijkl"))
    assert sorted(map(len, Folder(tmp_path).splits().values())) == [0, 0, 12]
    splits = Folder(tmp_path, split_by="song").splits()
    assert all(splits.values()) and sum(map(len, splits.values())) == 12
    (tmp_path / "splits.json").write_text(json.dumps({"train": ["We_A"], "valid": ["We_B"], "test": []}))
    with pytest.raises(DataError, match="by an artist who is in train too"):
        Folder(tmp_path).splits()
    assert Folder(tmp_path, split_by="song").splits()["valid"] == ["We_B"]
    path = tmp_path / "with_artists.json"
    path.write_text(json.dumps(with_artists(splits, Folder(tmp_path).songs())))
    assert Folder(tmp_path, split_by="song", splits_file=path).splits() == splits
    with pytest.raises(DataError, match="choose artist or song"):
        Folder(tmp_path, split_by="album")


def test_names_of_folders():
    assert artist_and_title("Ann - One - Two") == ("Ann", "One - Two")
    assert artist_and_title("Ann_One") == ("Ann_One", "Ann_One")
    assert artist_and_title(" - One") == (" - One", " - One")


def test_two_folders_of_one_id_are_refused(tmp_path):
    put(tmp_path, "A B - C/bass.wav", "AB - C/bass.wav")
    with pytest.raises(DataError, match=r"has the id of .*AB_C\. Rename it"):
        Folder(tmp_path).songs()
    shutil.rmtree(tmp_path / "AB - C")
    put(tmp_path, "!!!/bass.wav")
    with pytest.raises(DataError, match="has no letter or digit in its name"):
        Folder(tmp_path).songs()


SCHEME = "kalimba: [own:kalimba]\nbass: [electric bass]\nother: ['*']\n"


def test_an_instrument_that_the_taxonomy_lacks_can_be_a_target(tmp_path, home):
    for number in range(3):
        put(tmp_path, f"{number} - x/kalimba.wav", f"{number} - x/bass.wav", f"{number} - x/zither.wav")
    (tmp_path / "scheme.yaml").write_text(SCHEME)
    scheme = targets(str(tmp_path / "scheme.yaml"))
    table = {"kalimba": "own:kalimba", "zither": "own:zither"}
    song = Folder(tmp_path, stems=table).songs()[0]
    assert scheme.of_labels(["own:kalimba"]) == {0} and scheme.of_labels(["own:zither"]) == {2}
    assert not labels.unknown_targets(song, scheme).any()
    assert labels.unknown_targets(song, targets("mms")).sum() == 0
    # What somebody else calls an instrument that the list lacks may be a kalimba.
    vague = Folder(tmp_path, stems={**table, "zither": "other instrument"}).songs()[0]
    assert labels.unknown_targets(vague, scheme).tolist() == [True, False, True]
    assert labels.unknown_targets(vague, targets("mms")).sum() == 0
    assert "own:kalimba" not in instrument_labels()


def test_a_label_of_ones_own_that_no_song_has_is_no_silence(tmp_path, home):
    for number in range(3):
        put(tmp_path, f"{number} - x/kalimba.wav")
    (tmp_path / "scheme.yaml").write_text(SCHEME)
    reader = Folder(tmp_path, stems={"kalimba": "own:kalimbo"})
    data = MultitrackDataModule(reader, str(tmp_path / "scheme.yaml"), None, 8000, 1, 256, 0.05, 1, 1, 1)
    with pytest.raises(DataError, match=r"own:kalimba.*no stem .*they have own:kalimbo"):
        data.prepare_data()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kalimba: [own:Kalimba]", "'own:Kalimba' is no label"),
        ("kalimba: [kalimba]", "or own:kalimba, to have it as a target"),
        ("kalimba: own:kalimba", "must be a name and a list of labels"),
        ("- kalimba", "must hold a list of labels for each target"),
        ("a: [tuba]\na: [flute]", "'a' stands twice"),
        ("a: [", "not readable as YAML"),
        ("a: [[tuba]]", "must be text"),
    ],
)
def test_a_scheme_of_another_form_is_refused(text, said, tmp_path):
    (tmp_path / "mine.yaml").write_text(text)
    with pytest.raises(DataError, match=f"mine.yaml.*{said}"):
        targets(str(tmp_path / "mine.yaml"))


def test_a_table_from_the_command_line(tmp_path):
    from hydra import compose, initialize_config_dir
    from hydra.utils import instantiate

    put(tmp_path, "A - B/vox.wav", "A - B/gtr.wav", "A - B/kal.wav", "A - B/hi hat.wav", "A - B/808.wav")
    said = (
        "data.stems={vox: male singer, gtr: [clean electric guitar, distorted electric guitar], kal: own:kalimba, "
        "hi hat: high hat, 808: ignore}"
    )
    conf = Path(__file__).resolve().parents[2] / "conf"
    with initialize_config_dir(str(conf), version_base="1.3"):
        config = compose("train", overrides=["data=folder", f"data.root={tmp_path}", said])
    (song,) = instantiate(config.data).songs()
    assert {stem.path.stem: stem.instruments for stem in song.stems} == {
        "vox": ("male singer",),
        "gtr": ("clean electric guitar", "distorted electric guitar"),
        "kal": ("own:kalimba",),
        "hi hat": ("high hat",),
    }


def test_an_id_to_skip_that_is_a_number_is_refused_with_the_way_to_write_it(tmp_path):
    put(tmp_path, "1234/vox.wav", "Ann - One/vox.wav")
    assert [song.id for song in Folder(tmp_path, skip=["1234"]).songs()] == ["Ann_One"]
    for reader in (Folder, PreparedStore):
        with pytest.raises(DataError, match=r"1234 is no text\. Quote ids of digits: \"data\.skip=\['1234'\]\""):
            reader(tmp_path, skip=[1234])
