"""MoisesDB: each source a stem, its label from stem and type, short stems, bleed."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from stemwise import labels
from stemwise.datasets.moisesdb import LABELS, MoisesDB, read_labels, source_labels
from stemwise.errors import DataError
from stemwise.taxonomy import check_label, targets
from tests.sets import MOISES, make_moises

MMS = targets("mms")
FIRST = min(MOISES)
# Types without their brackets, as converted copies of the set have them.
SHORT = """lead_male_singer lead_female_singer human_choir background_vocals bass_guitar bass_synthesizer tuba bassoon
snare_drum toms kick_drum cymbals overheads full_acoustic_drumkit drum_machine hi-hat hi_hat fx click_track
clean_electric_guitar distorted_electric_guitar lap_steel_guitar_or_slide_guitar acoustic_guitar a-tonal_percussion
pitched_percussion grand_piano electric_piano synth_pad synth_lead other_sounds violin viola cello violin_section
viola_section cello_section string_section other_strings brass flutes reeds other_wind"""


@pytest.fixture
def tree(tmp_path) -> Path:
    make_moises(tmp_path)
    return tmp_path


def folder(tree: Path, id: str = FIRST) -> Path:
    return tree / "moisesdb_v0.1" / id


def edit(tree: Path, change, id: str = FIRST) -> MoisesDB:
    path = folder(tree, id) / "data.json"
    data = json.loads(path.read_text())
    change(data)
    path.write_text(json.dumps(data))
    return MoisesDB(tree)


def test_songs_sources_and_labels(tree):
    song = MoisesDB(tree).songs()[0]
    assert (song.id, song.artist, song.title, song.mix) == (FIRST, "Artist 1", "Song 0", None)
    assert [(stem.id, stem.instruments, stem.path.relative_to(folder(tree)).as_posix()) for stem in song.stems] == [
        ("S01", ("electric bass",), "bass/t0.wav"),
        ("S02", ("drum set",), "drums/t1.wav"),
        ("S03", ("female singer",), "vocals/t2.wav"),
        ("S04", ("violin",), "bowed_strings/t3.wav"),
        ("S05", ("vocalists",), "vocals/t4.wav"),
    ]
    assert not labels.unknown_targets(song, MMS).any()


def test_the_mixture_is_the_sum_of_all_sources_over_the_longest(tree):
    path = folder(tree) / "vocals" / "t4.wav"
    short, rate = soundfile.read(path)
    soundfile.write(path, short[:44100], rate)
    song = MoisesDB(tree).songs()[0]
    assert song.samples == 4 * 44100
    expected = np.zeros((2, song.samples))
    for source in folder(tree).rglob("*.wav"):
        audio, _ = soundfile.read(source)
        expected[:, : len(audio)] += audio.T
    np.testing.assert_allclose(song.mixture(), expected, atol=1e-6)
    (finding,) = MoisesDB(tree, pad_short_stems=False).validate()
    assert "44100 samples" in finding


def test_a_song_with_a_source_that_has_bleed(tree):
    reader = edit(tree, lambda data: data["stems"][0]["tracks"][0].update(has_bleed=True))
    song = reader.song(FIRST)
    unknown = dict(zip(MMS.names, labels.unknown_targets(song, MMS), strict=True))
    assert song.bleed and unknown["piano"] and not unknown["bass"], "what has no stem may be in any"
    assert len(MoisesDB(tree, bleed=False).songs()) == 2
    edit(tree, lambda data: data["stems"][0]["tracks"][0].update(has_bleed=None))
    assert not MoisesDB(tree).song(FIRST).bleed


def test_several_tracks_of_a_stem(tree):
    def together(data):
        data["stems"][2]["tracks"] += data["stems"].pop(4)["tracks"]

    before = [stem.path for stem in MoisesDB(tree).song(FIRST).stems]
    assert sorted(stem.path for stem in edit(tree, together).song(FIRST).stems) == sorted(before)


def test_splits_by_artist(tmp_path):
    songs = {f"{number:032x}": f"Artist {number // 3}" for number in range(60)}
    make_moises(tmp_path / "few", dict(list(songs.items())[:4]))
    reader = MoisesDB(tmp_path / "few")
    part = {id: name for name, ids in reader.splits().items() for id in ids}
    assert len({part[f"{number:032x}"] for number in range(3)}) == 1 and len(part) == 4
    wanted = {"train": [f"{n:032x}" for n in range(3)], "valid": [f"{3:032x}"], "test": []}
    (tmp_path / "mine.json").write_text(json.dumps(wanted))
    assert MoisesDB(tmp_path / "few", tmp_path / "mine.json").splits() == wanted


def test_a_song_without_artist_or_name_is_its_own(tree):
    def nameless(data):
        data.pop("artist")
        data["song"] = ""

    song = edit(tree, nameless).song(FIRST)
    assert (song.artist, song.title) == (FIRST, FIRST)


@pytest.mark.parametrize(
    ("stem", "kind", "expected"),
    [
        ("vocals", "other_(vocoder,_beatboxing_etc)", ("vocalists", "beatboxing")),
        ("vocals", "other", ("vocalists", "beatboxing")),
        ("bass", "contrabass/double_bass_(bass_of_instrings)", ("double bass",)),
        ("bass", "Bass Synthesizer (Moog etc)", ("synthesizer",)),
        ("drums", "hi-hat", ("high hat",)),
        ("other", "fx/processed_sound,_scratches,_gun_shots,_explosions_etc", ("fx/processed sound", "scratches")),
        ("piano", "electric_piano_(rhodes,_wurlitzer,_piano_sound_alike)", ("electric piano", "piano")),
        ("other_keys", "organ,_electric_organ", ("electronic organ", "pipe organ")),
        ("percussion", "full_acoustic_drumkit", ("drum set",)),  # filed in another stem
    ],
)
def test_what_names_a_source(stem, kind, expected):
    assert source_labels(stem, kind, "here") == expected


def test_all_types_of_the_taxonomy_and_their_short_forms_are_known():
    for stem, kinds in yaml.safe_load(LABELS.read_text()).items():
        for kind, wanted in kinds.items():
            assert source_labels(stem.replace(" ", "_"), kind.replace(" ", "_"), "here") == tuple(wanted)
            for label in wanted:
                check_label(label, f"{LABELS}, {kind}")
    for kind in SHORT.split():
        assert source_labels("somewhere", kind, "here")
    assert "other" not in read_labels()


def test_an_unknown_type_is_refused_naming_the_file_of_labels(tree):
    reader = edit(tree, lambda data: data["stems"][0]["tracks"][0].update(trackType="bas_guitar"))
    with pytest.raises(
        DataError, match=rf"{FIRST}, bass, track t0: unknown trackType 'bas_guitar'.*'bass guitar'.*{LABELS}"
    ):
        reader.songs()
    with pytest.raises(DataError, match="unknown trackType 'other'"):
        source_labels("drums", "other", "here")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda data: data.pop("stems"), "lists no stems"),
        (lambda data: data["stems"][0].pop("stemName"), "KeyError('stemName')"),
        (lambda data: data["stems"][0]["tracks"][0].pop("id"), "KeyError('id')"),
        (lambda data: data["stems"].insert(0, "vocals"), "TypeError"),
        (lambda data: data.update(stems=[]), "lists no tracks"),
        (lambda data: data["stems"][0].update(stemName="../../elsewhere"), "outside this folder"),
        (lambda data: data["stems"].append(data["stems"][0]), "t0.wav is several stems of the metadata"),
    ],
)
def test_broken_metadata_is_found(change, said, tree):
    (finding,) = edit(tree, change).validate()
    assert FIRST in finding and said in finding


def test_no_json_and_a_uuid_twice_are_refused(tree):
    path = folder(tree) / "data.json"
    path.write_text("{")
    (finding,) = MoisesDB(tree).validate()
    assert str(path) in finding and "not readable as JSON" in finding
    make_moises(tree / "again", {FIRST: "Artist 1"})
    (tree / "again" / "moisesdb_v0.1").rename(tree / "v2")
    with pytest.raises(DataError, match=rf"v2/{FIRST}: also at .*moisesdb_v0.1/{FIRST}"):
        MoisesDB(tree).songs()


def test_the_folder_of_a_provider_alone_is_told_apart(tree):
    with pytest.raises(DataError, match=r"no songs under .*the root is the folder above moisesdb_v0\.1"):
        MoisesDB(tree / "moisesdb_v0.1").songs()
