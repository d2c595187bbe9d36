import json

import numpy as np
import pytest
import soundfile
import yaml

from stemwise import labels
from stemwise.activity import LABELS, activation_confidence
from stemwise.datasets.base import artist_keys, splits_by_artist
from stemwise.datasets.medleydb import MedleyDB
from stemwise.errors import AudioError, DataError
from stemwise.song import Song
from stemwise.taxonomy import targets
from tests.trees import IDS, INSTRUMENTS, edit_metadata, stem_audio, write_song

MMS = targets("mms")


def test_reads_songs_stems_and_audio(tree):
    songs = MedleyDB(tree).songs()
    assert [song.id for song in songs] == list(IDS)
    song = songs[0]
    assert (song.artist, song.rate, song.channels, song.samples) == ("Ann", 44100, 2, 4 * 44100)
    assert [stem.label for stem in song.stems] == list(INSTRUMENTS)
    expected = stem_audio("electric bass", 4.0, 0)[50_000:60_000].T
    np.testing.assert_allclose(song.read_stem(0, 50_000, 60_000), expected, atol=1 / 32768)
    np.testing.assert_allclose(song.mixture(), soundfile.read(song.mix, always_2d=True)[0].T, atol=4 / 32768)


def test_metadata_may_lie_in_a_folder_of_its_own(tree, tmp_path):
    elsewhere = tmp_path / "meta"
    elsewhere.mkdir()
    for path in tree.rglob("*_METADATA.yaml"):
        path.rename(elsewhere / path.name)
    assert len(MedleyDB(tree, metadata=elsewhere).songs()) == 3
    with pytest.raises(DataError, match=r"no Ann_One_METADATA.yaml beside the audio"):
        MedleyDB(tree).songs()


def test_file_names_come_from_the_metadata(tree):
    folder = tree / "Audio" / IDS[0]
    stem = folder / f"{IDS[0]}_STEMS" / f"{IDS[0]}_STEM_01.wav"
    stem.rename(stem.with_name("bass takes.wav"))
    with pytest.raises(DataError, match=r"no file .*STEM_01.wav.*data.skip"):
        MedleyDB(tree).songs()
    edit_metadata(folder, lambda meta: meta["stems"]["S01"].update(filename="bass takes.wav"))
    assert MedleyDB(tree).songs()[0].stems[0].path.name == "bass takes.wav"


def _stem_file(tree):
    return tree / "Audio" / IDS[0] / f"{IDS[0]}_STEMS" / f"{IDS[0]}_STEM_02.wav"


def _audio(samples: int, channels: int = 2, rate: int = 44100):
    return lambda tree: soundfile.write(_stem_file(tree), np.zeros((samples, channels)), rate)


def _meta(change):
    return lambda tree: edit_metadata(tree / "Audio" / IDS[0], change)


def _entry(**changes):
    return _meta(lambda meta: meta["stems"]["S02"].update(changes))


def _yaml(text: str):
    return lambda tree: (tree / "Audio" / IDS[0] / f"{IDS[0]}_METADATA.yaml").write_text(text)


BREAK = {
    "short": (_audio(1000), "has 1000 samples.*pad_short_stems"),
    "rate": (_audio(9, rate=48000), "has 48000 Hz.*44100 Hz"),
    "channels": (_audio(176400, 6), "6 channels"),
    "empty": (_audio(0), "no samples"),
    "no audio": (lambda tree: _stem_file(tree).write_text("hello"), "cannot be read as audio"),
    "gone": (lambda tree: _stem_file(tree).unlink(), "no file"),
    "label": (_entry(instrument="drumset"), "Ann_One, stem S02: unknown instrument 'drumset'. Did you mean 'drum set'"),
    "escape": (_entry(filename="../../../x.wav"), "points outside"),
    "absolute": (_entry(filename="/etc/x.wav"), "points outside"),
    "list name": (_entry(filename=["a"]), "must be text"),
    "stem is text": (_meta(lambda meta: meta["stems"].update(S02="bass.wav")), "needs `filename` and `instrument`"),
    "no stems": (_meta(lambda meta: meta.pop("stems")), "lists no stems"),
    "bad yaml": (_yaml("a: [1"), "not readable as YAML"),
}


@pytest.mark.parametrize("fault", BREAK)
def test_a_broken_song_is_named_with_the_cure(tree, fault):
    spoil, said = BREAK[fault]
    spoil(tree)
    with pytest.raises((DataError, AudioError), match=said):
        MedleyDB(tree).songs()
    assert len(MedleyDB(tree).validate()) == 1
    assert [song.id for song in MedleyDB(tree, skip=[IDS[0]]).songs()] == list(IDS[1:])


def test_all_findings_come_at_once_with_the_ids_to_skip(tree):
    for id in IDS[:2]:
        next((tree / "Audio" / id).rglob("*_STEM_01.wav")).unlink()
    with pytest.raises(DataError, match=r"(?s)2 of 3 songs.*Ann_One.*Bob_Two.*data.skip=\[Ann_One,Bob_Two\]"):
        MedleyDB(tree).songs()


def test_songs_with_bleed_can_be_left_out(tree):
    edit_metadata(tree / "Audio" / IDS[0], lambda meta: meta.update(has_bleed="yes"))
    assert [song.bleed for song in MedleyDB(tree).songs()] == [True, False, False]
    reader = MedleyDB(tree, bleed=False)
    assert [song.id for song in reader.songs()] == list(IDS[1:])
    assert reader.splits() == {"train": [], "valid": [IDS[1]], "test": [IDS[2]]}


def test_nan_is_found_when_the_audio_is_read(tree):
    audio = np.zeros((4 * 44100, 2), np.float32)
    audio[77, 1] = np.nan
    soundfile.write(_stem_file(tree), audio, 44100, subtype="FLOAT")
    with pytest.raises(AudioError, match=r"STEM_02.wav: NaN or infinity, first at sample 77"):
        MedleyDB(tree).songs()[0].mixture()


def test_short_stems_can_be_let_in_and_are_silent_behind_their_end(tree):
    soundfile.write(_stem_file(tree), np.full((1000, 2), 0.5), 44100)
    song = MedleyDB(tree, pad_short_stems=True).songs()[0]
    assert song.samples == 4 * 44100
    found = song.read_stem(1, 900, 1100)
    assert (found[:, :100] == 0.5).all() and (found[:, 100:] == 0).all()


def test_a_file_that_changed_since_it_was_listed_raises(tree):
    song = MedleyDB(tree).songs()[0]
    soundfile.write(_stem_file(tree), np.zeros((9 * 44100, 2)), 44100)
    with pytest.raises(AudioError, match="changed since"):
        song.read_stem(1)


def test_a_folder_without_songs_raises_naming_it(tmp_path):
    for root in (tmp_path, tmp_path / "missing"):
        with pytest.raises(DataError, match=f"{root}.*Audio/<ID>/<ID>_MIX.wav.*synthesize"):
            MedleyDB(root).songs()


def test_constructing_a_reader_leaves_the_disk_as_it_was(tmp_path):
    MedleyDB(tmp_path / "nowhere")
    assert list(tmp_path.iterdir()) == []


def test_splits_from_a_file_are_checked(tree):
    assert MedleyDB(tree).splits() == {"train": [IDS[0]], "valid": [IDS[1]], "test": [IDS[2]]}
    path = tree / "splits.json"
    for content, said in (
        ({"train": [IDS[0]], "valid": ["Zoe"], "test": []}, "valid names Zoe"),
        ({"train": [IDS[0]]}, "not of the form"),
        ({"train": [], "valid": [IDS[1]], "test": [IDS[1]]}, "Bob_Two of test is by an artist who is in valid too"),
    ):
        path.write_text(json.dumps(content))
        with pytest.raises(DataError, match=said):
            MedleyDB(tree).splits()
    edit_metadata(tree / "Audio" / IDS[2], lambda meta: meta.update(artist="Ann"))
    path.write_text(json.dumps({"train": [IDS[0]], "valid": [IDS[1]], "test": [IDS[2]]}))
    with pytest.raises(DataError, match="Cyd_Three of test is by an artist who is in train too"):
        MedleyDB(tree).splits()
    assert MedleyDB(tree, skip=[IDS[0]]).splits() == {"train": [], "valid": [IDS[1]], "test": [IDS[2]]}


def test_one_artist_in_several_spellings_stays_in_one_part():
    def song(id, artist):
        return Song(id, artist, "", 1, 1, 1, ())

    nelson = [song("LizNelson_A", "Liz Nelson"), song("LizNelson_B", "Liz Nelson & Jennifer Davies")]
    vinyl = [song("HopsNVinyl_A", "Hops 'n Vinyl"), song("X_B", "Hops ’n Vinyl")]
    others = [song(f"song_{n}", f"artist {n}") for n in range(5)]  # a prefix that is nobody's name joins nobody
    keys = artist_keys([*nelson, *vinyl, *others])
    assert keys["LizNelson_A"] == keys["LizNelson_B"] and keys["HopsNVinyl_A"] == keys["X_B"]
    assert len(set(keys.values())) == 7


def test_two_artists_of_one_song_are_one():
    """By its id Summer_Rain is Summer's, by its metadata Bob's: neither may be in another part than the other. Who
    shares no song keeps the key, and so the part, that he had."""
    made = {"Bob_Two": "Bob", "Summer_Rain": "Bob", "Summer_One": "Summer", "Cyd_One": "Cyd", "Cyd_B": "C & D"}
    songs = [Song(id, artist, "", 1, 1, 1, ()) for id, artist in made.items()]
    for order in (songs, songs[::-1]):
        keys = artist_keys(order)
        assert keys == {"Bob_Two": "bob", "Summer_Rain": "bob", "Summer_One": "bob", "Cyd_One": "cyd", "Cyd_B": "cyd"}
    chain = [Song(f"a{n}_x", f"a{n + 1}", "", 1, 1, 1, ()) for n in range(50)] + [Song("a0_y", "a0", "", 1, 1, 1, ())]
    assert set(artist_keys(chain).values()) == {"a0"}


def test_splits_by_artist_do_not_move_anybody_when_songs_are_added():
    def songs(artists):
        return [Song(f"{a}_{n}", a, "", 1, 1, 1, ()) for a in artists for n in range(2)]

    few = splits_by_artist(songs([f"artist {n}" for n in range(200)]))
    many = splits_by_artist(songs([f"artist {n}" for n in range(400)]))
    for part, ids in few.items():
        assert set(ids) <= set(many[part])
        assert len({id.rpartition("_")[0] for id in ids}) * 2 == len(ids)
    assert 0.1 < len(few["test"]) / 400 < 0.3 and 0.08 < len(few["valid"]) / 400 < 0.25


def test_with_few_artists_no_part_is_left_empty_if_it_can_be_helped():
    for names in (["Ann", "Bob", "Cyd"], ["x", "y", "z", "w"], ["only", "two"]):
        splits = splits_by_artist([Song(name, name, "", 1, 1, 1, ()) for name in names])
        assert sorted(id for ids in splits.values() for id in ids) == sorted(names)
        assert sum(bool(ids) for ids in splits.values()) == min(len(names), 3)
        assert splits["train"] and splits["valid"]


def test_labels_are_cached_and_the_cache_follows_the_files(tree, home, monkeypatch):
    song = MedleyDB(tree).songs()[0]
    first = labels.song_confidence(song)
    stems = [song.read_stem(i) for i in range(4)]
    np.testing.assert_allclose(first, activation_confidence(stems, 44100, LABELS), atol=1e-8)
    with monkeypatch.context() as patch:
        patch.setattr(labels, "measure", lambda *_: pytest.fail("computed twice"))
        np.testing.assert_array_equal(labels.song_confidence(song), first)
    soundfile.write(_stem_file(tree), stem_audio("drum set", 4.0, 99), 44100)
    assert not np.array_equal(labels.song_confidence(MedleyDB(tree).songs()[0]), first)
    assert not list(tree.rglob("*.npy")) and list(home.rglob("*.npy"))


def test_a_target_is_active_where_any_of_its_stems_is(tmp_path):
    stems = [
        ("drum set", stem_audio("drum set", 2, 0)),
        ("tambourine", stem_audio("x", 2, 1)),
        ("cymbal", stem_audio("y", 2, 2)),
    ]
    write_song(tmp_path, "A_B", stems, "A")
    song = MedleyDB(tmp_path).songs()[0]
    confidence = np.array([[0.1, 0.9, 0.2], [0.3, 0.3, 0.99], [0.2, 0.1, 0.8]])
    found = labels.target_confidence(song, confidence, MMS)
    np.testing.assert_array_equal(found[MMS.names.index("drums")], [0.2, 0.9, 0.8])
    assert found.sum() == pytest.approx(1.9)  # all other targets are absent, and the tambourine is no drum here


def test_a_stem_of_several_instruments_makes_their_targets_unknown_unless_they_are_one(tmp_path):
    audio = stem_audio("piano", 2, 0)
    write_song(tmp_path, "A_B", [(["piano", "male singer"], audio), (["female singer", "vocalists"], audio)], "A")
    song = MedleyDB(tmp_path).songs()[0]
    unknown = labels.unknown_targets(song, MMS)
    assert dict(zip(MMS.names, unknown, strict=True)) == {name: name in ("piano", "vocals") for name in MMS.names}


def test_lab_files_have_the_published_form(tree, tmp_path):
    song = MedleyDB(tree).songs()[0]
    activation, source = labels.write_labels(song, tmp_path / "labels").paths
    header, *rows = activation.read_text().splitlines()
    assert (activation.name, source.name) == ("Ann_One_ACTIVATION_CONF.lab", "Ann_One_SOURCEID.lab")
    assert header == "time,S01,S02,S03,S04" and rows[1].startswith("0.0464,")
    confidence = activation_confidence([song.read_stem(i) for i in range(4)], 44100)
    np.testing.assert_allclose(np.loadtxt(rows, delimiter=",")[:, 1:], confidence.T, atol=5e-5)
    lines = [line.split(",") for line in source.read_text().splitlines()]
    assert lines[0] == ["start_time", "end_time", "instrument_label"]
    singer = [(float(start), float(end)) for start, end, label in lines[1:] if label == "female singer"]
    assert len(singer) == 2 and singer[0][1] < 2.5 and singer[1][0] > 2.5  # rests in the third second


def test_taxonomy_schemes():
    assert MMS.names == ("vocals", "electric guitar", "acoustic guitar", "piano", "bass", "drums")
    assert targets("musdb").of_labels(["violin", "electric bass"]) == {2, 3}
    assert targets("mms", ["piano"]).of_labels(["violin"]) == {None}
    # What is in no group stays what is in no group, also where the groups are not all chosen.
    for name, label in (("other", "violin"), ("vocals", "choir"), ("bass", "double bass"), ("drums", "toms")):
        alone = targets("musdb", [name])
        assert alone.of_labels([label]) == {0}
        others = {"violin", "choir", "double bass", "toms"} - {label}
        assert alone.of_labels(others) == {None}
    with pytest.raises(DataError, match="no targets 'drumz'"):
        targets("drumz")
    with pytest.raises(DataError, match="have no 'kazoo'"):
        targets("mms", ["kazoo"])
    with pytest.raises(DataError, match="'bass' stands there twice"):
        targets("mms", ["bass", "drums", "bass"])
    assert targets("mms", "piano").names == ("piano",)


def test_a_scheme_of_ones_own_is_checked(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump({"strings": ["violin", "viola"], "lead": ["flute", "violin"]}, sort_keys=False))
    with pytest.raises(DataError, match="'violin' is in 'strings' and in 'lead'; a stem has one target"):
        targets(str(path))
    path.write_text(yaml.safe_dump({"rest": ["*"], "other": ["*"]}, sort_keys=False))
    with pytest.raises(DataError, match=r"'\*' is in 'rest' and in 'other'"):
        targets(str(path))
    path.write_text(yaml.safe_dump({"strings": ["violin", "vioola"]}))
    with pytest.raises(DataError, match=r"unknown instrument 'vioola'. Did you mean 'viola'"):
        targets(str(path))
