"""MUSDB18's stem files: decoded once, as musdb's own reader decodes them."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
import soundfile
from src.train import train

from stemwise import ffmpeg
from stemwise.datasets import musdb18
from stemwise.datasets.musdb18 import STREAMS, Musdb18
from stemwise.datasets.musdb18hq import Musdb18HQ
from stemwise.errors import DataError, MissingExtra
from stemwise.ffmpeg import put_ffmpeg_on_path
from tests.sets import MUSDB, make_musdb, make_stem_files, overrides, stem_file
from tests.test_train import SMALL, composed

ONE = {"train": ("ANiMAL - Rockshow",)}


@pytest.fixture
def tree(tmp_path) -> Path:
    make_stem_files(tmp_path / "musdb", ONE)
    return tmp_path / "musdb"


def one(tree: Path) -> Path:
    return tree / "train" / "ANiMAL - Rockshow.stem.mp4"


def test_the_samples_are_those_that_stempeg_reads(tmp_path):
    """Bit for bit, as musdb asks for them, of a song of the set itself, which comes with stempeg."""
    put_ffmpeg_on_path()
    import stempeg

    (tmp_path / "test").mkdir()
    (tmp_path / "test" / "The Easton Ellises - Falcon 69.stem.mp4").write_bytes(
        Path(stempeg.example_stem_path()).read_bytes()
    )
    (song,) = Musdb18(tmp_path).songs()
    assert (song.id, song.rate, song.channels) == ("TheEastonEllises_Falcon69", 44100, 2)
    found = {stem.id: song.read_stem(index) for index, stem in enumerate(song.stems)}
    found["mixture"] = soundfile.read(song.mix, dtype="float32")[0].T
    expected, rate = stempeg.read_stems(stempeg.example_stem_path(), ffmpeg_format="s16le")
    assert rate == 44100 and expected.shape == (5, song.samples, 2)
    for index, name in enumerate(("mixture", "drums", "bass", "other", "vocals")):  # as musdb names them
        np.testing.assert_array_equal(found[name], expected[index].T, err_msg=name)


def test_a_song_ends_where_its_file_says_not_where_the_encoders_padding_does(tree):
    assert Musdb18(tree).songs()[0].samples == 4 * 44100
    shown = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", one(tree), "-map", "0:a:0", "-f", "s16le", "-"], capture_output=True, check=True
    )
    assert len(shown.stdout) // 4 >= 4 * 44100


def test_ids_splits_labels_and_titles_are_those_of_the_wav_files(tmp_path):
    make_stem_files(tmp_path / "mp4", MUSDB)
    make_musdb(tmp_path / "wav", MUSDB)
    ours, theirs = Musdb18(tmp_path / "mp4"), Musdb18HQ(tmp_path / "wav")
    assert ours.splits() == theirs.splits()
    for a, b in zip(ours.songs(), theirs.songs(), strict=True):
        assert (a.id, a.artist, a.title) == (b.id, b.artist, b.title)
        assert [(x.id, x.instruments, x.name) for x in a.stems] == [(x.id, x.instruments, x.name) for x in b.stems]
        for index in range(4):  # and the right stream is the right stem
            x, y = a.read_stem(index).ravel(), b.read_stem(index).ravel()
            assert np.corrcoef(x, y)[0, 1] > 0.95, a.stems[index].id


def test_a_song_is_decoded_once_into_the_home_folder(tree, home, monkeypatch):
    song = Musdb18(tree).songs()[0]
    paths = [*(stem.path for stem in song.stems), song.mix]
    assert all(path.is_relative_to(home / "data" / "decoded") and path.is_file() for path in paths)
    assert sorted(path.name for path in (home / "data" / "decoded").iterdir()) == [song.mix.parent.name]
    other = stem_file(1)
    monkeypatch.setattr(subprocess, "run", None)  # whoever starts a program now fails
    assert Musdb18(tree).songs() == [song]
    one(tree).write_bytes(other)
    with pytest.raises(TypeError):
        Musdb18(tree).songs()


def test_decoded_anew_it_is_the_same_song_to_every_cache(tree):
    song = Musdb18(tree).songs()[0]
    before = song.fingerprint()
    for path in song.mix.parent.iterdir():
        path.unlink()
    with pytest.raises(DataError, match=r"(?s)no file .*decoded.*remove the folder it should be in"):
        Musdb18(tree).songs()
    song.mix.parent.rmdir()
    assert Musdb18(tree).songs()[0].fingerprint() == before


def test_only_the_song_that_is_asked_for_is_decoded(tmp_path, home):
    make_stem_files(tmp_path, MUSDB)
    Musdb18(tmp_path).song("ANiMAL_Rockshow")
    assert len(list((home / "data" / "decoded").iterdir())) == 1


@pytest.mark.parametrize("share", [0.3, 0.33, 0.42, 0.5, 0.8, 0.95])
def test_a_truncated_file_is_found_and_leaves_nothing(share, tree, home):
    """With the index in front, as published, ffmpeg alone takes a file cut between two packets for a shorter one."""
    put_ffmpeg_on_path()
    import stempeg

    whole = Path(stempeg.example_stem_path()).read_bytes()
    one(tree).write_bytes(whole[: round(share * len(whole))])
    (finding,) = Musdb18(tree).validate()
    assert str(one(tree)) in finding and "data.skip=[ANiMAL_Rockshow]" in finding and "download it again" in finding
    assert not list(home.glob("data/decoded/*"))


def test_a_file_cut_between_two_packets_is_found_by_its_length(tree, home):
    put_ffmpeg_on_path()
    import stempeg

    one(tree).write_bytes(Path(stempeg.example_stem_path()).read_bytes()[:313813])
    (finding,) = Musdb18(tree).validate()
    assert "of 268288 samples" in finding


def test_what_has_not_five_streams_or_is_no_mp4_is_refused(tree):
    one(tree).write_bytes(stem_file(0, 1.0, STREAMS[:4]))
    with pytest.raises(DataError, match="4 audio streams instead of mixture, drums, bass, other, vocals"):
        Musdb18(tree).songs()
    one(tree).write_text("no film")
    with pytest.raises(DataError, match=r"cannot be decoded \(ffprobe: .*Invalid data"):
        Musdb18(tree).songs()


def test_without_ffmpeg_it_says_so_once_and_what_is_decoded_can_be_read(tmp_path, monkeypatch):
    make_stem_files(tmp_path, MUSDB)
    Musdb18(tmp_path, skip=["ANiMAL_Rockshow"]).songs()
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(ffmpeg, "find_spec", lambda _: None)
    assert len(Musdb18(tmp_path, skip=["ANiMAL_Rockshow"]).songs()) == 2
    with pytest.raises(MissingExtra, match=r"pip install 'stemwise\[musdb\]'"):
        Musdb18(tmp_path).songs()


def test_names_that_ffmpeg_would_take_for_something_else(tmp_path, monkeypatch):
    """A colon is a protocol to it, a per cent sign a number, a dash an option."""
    name = "-A: 100% - 'Q' & B"
    make_stem_files(tmp_path / "data:", {"test": (name,)})
    monkeypatch.chdir(tmp_path)
    (song,) = Musdb18("data:").songs()
    assert (song.artist, song.id) == ("-A: 100%", "A100_QB") and song.samples == 4 * 44100


def test_the_experiment_on_musdb_runs_on_stem_files(tmp_path):
    words = ["experiment=iass_musdb", "data=musdb18", *overrides("Musdb18", tmp_path / "tree"), *SMALL[:-2]]
    (run := tmp_path / "run").mkdir()
    assert np.isfinite(train(composed(run, *words, "loading.batch_size=1", "loading.excerpts=2"), run))


def test_folders_of_wav_files_are_not_taken_for_it(tmp_path):
    make_musdb(tmp_path, seconds=0.5)
    with pytest.raises(DataError, match=r"no songs under .*stem\.mp4.*data=musdb18hq"):
        Musdb18(tmp_path).songs()
    assert musdb18.LOOKS_LIKE == ("train/*.stem.mp4", "test/*.stem.mp4")
