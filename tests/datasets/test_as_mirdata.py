"""Readers as mirdata's datasets, against mirdata itself."""

import hashlib
import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import soundfile

from stemwise.datasets.as_mirdata import as_mirdata
from stemwise.datasets.medleydb import CITATION, HOW_TO_GET, LICENCE, MedleyDB
from stemwise.datasets.mms import Mms
from stemwise.datasets.moisesdb import MoisesDB
from stemwise.datasets.musdb18 import Musdb18
from stemwise.datasets.slakh import Slakh
from stemwise.errors import DataError, MissingExtra
from tests.sets import MAKERS, make_mms, make_stem_files, places
from tests.trees import INSTRUMENTS, edit_metadata, make_tree, stem_audio, write_song

needs_mirdata = pytest.mark.skipif(find_spec("mirdata") is None, reason="needs the extra mirdata")


@pytest.fixture
def tree(tmp_path) -> Path:
    return make_tree(tmp_path / "Tree", 0.5)


def of(findings: dict) -> dict:
    return findings["tracks"] | findings["multitracks"]


@needs_mirdata
def test_tracks_and_multitracks_as_mirdata_has_them(tree):
    from mirdata import core

    dataset, song = as_mirdata(MedleyDB(tree)), MedleyDB(tree).song("Ann_One")
    assert isinstance(dataset, core.Dataset) and dataset.data_home == str(tree)
    assert dataset.mtrack_ids == ["Ann_One", "Bob_Two", "Cyd_Three"]
    assert dataset.track_ids[:4] == [f"Ann_One-S0{number}" for number in range(1, 5)]
    found = dataset.mtracks["Ann_One"]
    assert isinstance(found, core.MultiTrack) and (found.artist, found.title) == ("Ann", "Ann_One")
    assert Path(found.mix_path).samefile(song.mix)
    for index, track in enumerate(found.tracks.values()):
        assert isinstance(track, core.Track) and track.instruments == (INSTRUMENTS[index],)
        audio, rate = track.audio
        assert rate == 44100
        np.testing.assert_array_equal(audio, song.read_stem(index))
        raw, _ = soundfile.read(track.audio_path, dtype="float32")
        np.testing.assert_array_equal(audio, raw.T)
    assert "Ann_One-S01" in repr(dataset.track("Ann_One-S01")) and "mix_path" in repr(found)


@needs_mirdata
def test_mixing_is_mirdatas_and_audio_the_sum(tree):
    found = as_mirdata(MedleyDB(tree)).multitrack("Bob_Two")
    mixture, _ = found.audio
    np.testing.assert_allclose(found.get_mix() * 4, mixture, atol=1e-6)
    bass, drums = found.track_ids[:2]
    target = found.get_target([bass, drums], weights=[1, 3], average=False)
    np.testing.assert_allclose(target, found.tracks[bass].audio[0] + 3 * found.tracks[drums].audio[0], atol=1e-6)


@needs_mirdata
def test_splits_are_the_readers(tree):
    assert as_mirdata(MedleyDB(tree)).get_mtrack_splits() == {
        "train": ["Ann_One"],
        "valid": ["Bob_Two"],
        "test": ["Cyd_Three"],
    }


@needs_mirdata
def test_citation_licence_and_how_to_get_it(tree, capsys, caplog):
    dataset = as_mirdata(MedleyDB(tree))
    dataset.cite()
    dataset.license()
    said = capsys.readouterr().out
    assert CITATION in said and LICENCE in said
    dataset.download()
    assert HOW_TO_GET in caplog.text


@needs_mirdata
def test_a_changed_and_a_missing_file_are_found_also_by_a_later_process(tree):
    assert not any(of(findings) for findings in as_mirdata(MedleyDB(tree)).validate(verbose=False))
    stems = sorted((tree / "Audio" / "Bob_Two" / "Bob_Two_STEMS").iterdir())
    audio, rate = soundfile.read(stems[1])
    audio[100] += 0.001
    soundfile.write(stems[1], audio, rate, subtype="PCM_16")
    (tree / "Audio" / "Ann_One" / "Ann_One_MIX.wav").unlink()
    missing, invalid = as_mirdata(MedleyDB(tree)).validate(verbose=False)
    assert of(missing) == {"Ann_One": [str(tree / "Audio" / "Ann_One" / "Ann_One_MIX.wav")]}
    assert of(invalid) == {"Bob_Two-S02": [str(stems[1])]}
    renewed = as_mirdata(MedleyDB(tree), renew=True)
    assert not any(of(findings) for findings in renewed.validate(verbose=False))
    assert renewed.multitrack("Ann_One").mix_path is None


@needs_mirdata
def test_a_song_that_is_gone_is_missing_and_a_new_one_is_entered(tree):
    as_mirdata(MedleyDB(tree))
    (tree / "Audio" / "Ann_One").rename(tree / "Ann_One")
    write_song(tree, "Dan_Four", [("piano", stem_audio("piano", 0.5, 1))], "Dan")
    dataset = as_mirdata(MedleyDB(tree))
    assert dataset.mtrack_ids[-1] == "Dan_Four"
    missing, invalid = dataset.validate(verbose=False)
    assert set(of(missing)) == {"Ann_One", *(f"Ann_One-S0{n}" for n in range(1, 5))} and not of(invalid)


@needs_mirdata
def test_the_index_has_md5s_lies_in_the_home_folder_and_is_made_once(tree, home, monkeypatch):
    before = sorted(tree.rglob("*"))
    as_mirdata(MedleyDB(tree))
    assert sorted(tree.rglob("*")) == before
    (path,) = home.glob("data/mirdata/*.json")
    index = json.loads(path.read_text())
    stem = tree / "Audio" / "Ann_One" / "Ann_One_STEMS" / "Ann_One_STEM_01.wav"
    digest = hashlib.md5(stem.read_bytes()).hexdigest()
    assert index["tracks"]["Ann_One-S01"] == {"audio": [str(stem.relative_to(tree)), digest]}
    monkeypatch.setattr(hashlib, "file_digest", None)  # whoever reads a file now fails
    as_mirdata(MedleyDB(tree))
    with pytest.raises(TypeError):
        as_mirdata(MedleyDB(tree), renew=True)


@needs_mirdata
def test_an_interrupt_keeps_the_checksums_of_whole_songs(tree, home, monkeypatch):
    real, left = hashlib.file_digest, [7]  # 5 files a song

    def digest(*given):
        left[0] -= 1
        if left[0] < 0:
            raise KeyboardInterrupt
        return real(*given)

    monkeypatch.setattr(hashlib, "file_digest", digest)
    with pytest.raises(KeyboardInterrupt):
        as_mirdata(MedleyDB(tree))
    (path,) = home.glob("data/mirdata/*.json")
    assert list(json.loads(path.read_text())["multitracks"]) == ["Ann_One"]
    left[0] = 10
    assert len(as_mirdata(MedleyDB(tree)).mtrack_ids) == 3


@needs_mirdata
@pytest.mark.parametrize("reader", [Slakh, MoisesDB])
def test_other_readers(reader, tmp_path):
    MAKERS[reader.__name__](tmp_path)
    dataset, songs = as_mirdata(reader(tmp_path)), reader(tmp_path).songs()
    assert dataset.mtrack_ids == [song.id for song in songs]
    found = dataset.mtracks[songs[0].id]
    np.testing.assert_allclose(found.get_mix() * len(found.tracks), songs[0].mixture(), atol=1e-6)
    assert not any(of(findings) for findings in dataset.validate(verbose=False))


@needs_mirdata
def test_two_trees_as_one(tmp_path):
    make_mms(tmp_path)
    dataset = as_mirdata(Mms(**places("Mms", tmp_path)))
    assert dataset.data_home == str(tmp_path) and len(dataset.mtracks) == 6
    assert not any(of(findings) for findings in dataset.validate(verbose=False))


@needs_mirdata
def test_of_a_stem_file_both_it_and_what_was_decoded_are_checked(tmp_path, home):
    make_stem_files(tmp_path, {"train": ("A - B",)})
    dataset = as_mirdata(Musdb18(tmp_path))
    mp4 = tmp_path / "train" / "A - B.stem.mp4"
    assert dataset.mtracks["A_B"].get_mix().shape == (2, 4 * 44100)
    mp4.write_bytes(mp4.read_bytes() + b"free")
    (vocals,) = home.glob("data/decoded/*/vocals.flac")
    vocals.unlink()
    missing, invalid = dataset.validate(verbose=False)
    assert of(missing) == {"A_B-vocals": [str(vocals)]} and of(invalid) == {"A_B": [str(mp4)]}


@needs_mirdata
def test_settings_of_the_reader_hold(tree):
    edit_metadata(tree / "Audio" / "Ann_One", lambda meta: meta.update(has_bleed="yes"))
    assert as_mirdata(MedleyDB(tree, bleed=False, skip=["Bob_Two"])).mtrack_ids == ["Cyd_Three"]
    assert len(as_mirdata(MedleyDB(tree)).mtrack_ids) == 3


@needs_mirdata
def test_a_folder_without_songs_and_a_song_that_cannot_be_used_raise(tree, tmp_path):
    with pytest.raises(DataError, match="no audio under"):
        as_mirdata(MedleyDB(tmp_path / "nowhere"))
    (tree / "Audio" / "Ann_One" / "Ann_One_STEMS" / "Ann_One_STEM_01.wav").unlink()
    with pytest.raises(DataError, match=r"no file .*Ann_One_STEM_01\.wav"):
        as_mirdata(MedleyDB(tree))


def test_without_mirdata_the_error_names_the_extra(tree, monkeypatch):
    import sys

    from stemwise.datasets import as_mirdata as module

    module._dataset_class.cache_clear()
    monkeypatch.setitem(sys.modules, "mirdata", None)
    with pytest.raises(MissingExtra, match=r"pip install 'stemwise\[mirdata\]'"):
        as_mirdata(MedleyDB(tree))
