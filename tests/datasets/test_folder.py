"""Own stems: songs, what is left out of them, and splits of folders."""

import json
import re
import shutil

import numpy as np
import pytest
import soundfile

from stemwise.datasets.base import with_artists
from stemwise.datasets.folder import Folder, artist_and_title
from stemwise.errors import DataError
from stemwise.loading.prepared import PreparedStore
from tests.sets import FOLDERS, NOISE, held, make_folder, put


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


@pytest.mark.parametrize("file", ["demo.wav", "Loose - Song/bass.wav", "validate/E - F/bass.wav"])
def test_audio_beside_the_songs_or_beside_the_parts_is_found(file, tmp_path):
    put(tmp_path, "train/A - B/bass.wav", "test/C - D/bass.wav", file)
    with pytest.raises(DataError, match=rf"{tmp_path / file.split('/')[0]} lies beside train, valid and test"):
        Folder(tmp_path).songs()


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


def test_an_id_to_skip_that_is_a_number_is_refused_with_the_way_to_write_it(tmp_path):
    put(tmp_path, "1234/vox.wav", "Ann - One/vox.wav")
    assert [song.id for song in Folder(tmp_path, skip=["1234"]).songs()] == ["Ann_One"]
    for reader in (Folder, PreparedStore):
        with pytest.raises(DataError, match=r"1234 is no text\. Quote ids of digits, as they are written"):
            reader(tmp_path, skip=[1234])
