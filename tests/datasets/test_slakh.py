"""Slakh2100 and BabySlakh: labels of patches and programs, files before flags, MIDI files in two parts."""

import json
from pathlib import Path

import numpy as np
import pretty_midi
import pytest
import soundfile
import yaml

from stemwise import labels
from stemwise.datasets.slakh import LABELS, Slakh, read_labels, stem_labels
from stemwise.errors import DataError
from stemwise.taxonomy import check_label, targets
from tests.sets import SLAKH, make_slakh

MMS, FOUR = targets("mms"), targets("musdb")
BABY = {f"Track{number:05d}": f"{number}f" for number in range(1, 21)}


@pytest.fixture
def tree(tmp_path) -> Path:
    make_slakh(tmp_path)
    return tmp_path


def edit(folder: Path, key: str, **entries) -> None:
    meta = yaml.safe_load((folder / "metadata.yaml").read_text())
    meta["stems"][key].update(entries)
    (folder / "metadata.yaml").write_text(yaml.safe_dump(meta))


def test_songs_stems_labels_and_parts(tree):
    reader = Slakh(tree)
    songs = reader.songs()
    assert [(song.id, song.artist, song.channels) for song in songs] == [
        ("Track00001", "1a", 1),
        ("Track01501", "2b", 1),
        ("Track01876", "3c", 1),
    ]
    assert [(stem.id, stem.instruments, stem.label) for stem in songs[0].stems] == [
        ("S00", ("electric bass",), "electric bass"),
        ("S01", ("piano",), "piano"),
        ("S02", ("drum set", "drum machine"), "Drums"),
    ]
    assert reader.splits() == {"train": ["Track00001"], "valid": ["Track01501"], "test": ["Track01876"]}
    assert not labels.unknown_targets(songs[0], MMS).any()


def test_the_stems_sum_to_the_mix(tree):
    song = Slakh(tree).songs()[0]
    mix, _ = soundfile.read(song.mix, dtype="float32")
    np.testing.assert_allclose(song.mixture()[0], mix, atol=4 / 2**16)


def test_a_file_counts_more_than_the_flag(tree):
    folder = tree / "train" / "Track00001"
    edit(folder, "S00", audio_rendered=False)
    assert [stem.id for stem in Slakh(tree).song("Track00001").stems] == ["S00", "S01", "S02"]
    (folder / "stems" / "S00.flac").unlink()
    assert [stem.id for stem in Slakh(tree).song("Track00001").stems] == ["S01", "S02"]
    edit(folder, "S00", audio_rendered=True)
    with pytest.raises(DataError, match=r"Track00001, stem S00: no file .*S00\.flac, though .* as rendered"):
        Slakh(tree).song("Track00001")


def test_audio_that_the_metadata_does_not_know_is_found(tree):
    stems = tree / "test" / "Track01876" / "stems"
    (stems / "S07.flac").write_bytes((stems / "S00.flac").read_bytes())
    (stems / "._S00.flac").touch()
    (stems / "band").mkdir()  # what slakh-utils leaves there
    (finding,) = Slakh(tree).validate()
    assert "metadata.yaml has no stem S07" in finding


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ({"is_drum": True, "program_num": 0, "plugin_name": "grand_piano.nkm"}, ("drum set", "drum machine")),
        ({"program_num": 0}, ("piano",)),
        ({"program_num": 0, "plugin_name": "harpsichord.nkm"}, ("harpsichord",)),  # one of the twelve pianos
        ({"program_num": 6, "plugin_name": "concert_grand.nkm"}, ("piano",)),  # and pianos play harpsichords
        ({"program_num": 2}, ("piano", "electric piano")),
        ({"program_num": 2, "plugin_name": "scarbee_mark_I.nkm"}, ("electric piano",)),
        (
            {"program_num": 25, "plugin_name": "/Library/Audio/Plug-Ins/Components/AGML2.component"},
            ("acoustic guitar",),
        ),
        ({"program_num": 50, "plugin_name": "string_ensemble.nkm"}, ("string section",)),
        ({"program_num": 30, "plugin_name": "some_other.nkm"}, ("distorted electric guitar",)),
        ({"midi_program_name": "electric guitar (JAZZ)"}, ("clean electric guitar",)),
        ({"inst_class": "Guitar"}, ("acoustic guitar", "clean electric guitar", "distorted electric guitar")),
        ({"program_num": 108}, ("other instrument",)),
        ({"program_num": 38}, ("synthesizer",)),
    ],
)
def test_what_names_a_stem(entry, expected):
    assert stem_labels(entry, "here") == expected


def test_an_unknown_instrument_is_refused_naming_the_file_of_labels(tree):
    edit(
        tree / "train" / "Track00001",
        "S00",
        program_num=200,
        plugin_name="x.nkm",
        midi_program_name="?",
        inst_class="?",
    )
    with pytest.raises(DataError, match=rf"Track00001, stem S00: unknown instrument \(patch x, 200, .*{LABELS}"):
        Slakh(tree).songs()


def test_every_program_and_the_drums_lead_to_the_taxonomy_once():
    """Numbers and names as pretty_midi has them, which reads the MIDI files of Slakh elsewhere."""
    file = yaml.safe_load(LABELS.read_text())
    programs = [program for programs in file["programs"].values() for program in programs]
    names = {number: name for number, name, *_ in programs}
    assert names[54] == "Synth Voice"  # which pretty_midi calls a choir
    assert sorted(names) == list(range(129)) and len(programs) == 129
    for number in set(range(128)) - {54}:
        assert letters(names[number]) == letters(pretty_midi.program_to_instrument_name(number)), number
    for labels_ in (*(program[2:] for program in programs), list(file["patches"])):
        for label in labels_:
            check_label(label, str(LABELS))
    patches = [patch for patches in file["patches"].values() for patch in patches]
    assert len(patches) == len(set(patches)) and all(patch == patch.casefold() for patch in patches)
    assert set(read_labels()) >= {str(number) for number in range(129)}


def letters(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


def test_babyslakh_is_split_by_midi_file(tmp_path):
    """16 kHz, wav, no parts: tracks of one MIDI file in one part, and adding tracks moves nobody."""
    make_slakh(tmp_path, BABY | {"Track00020": "1f"}, ".wav", 16000)
    reader = Slakh(tmp_path)
    songs, splits = reader.songs(), reader.splits()
    assert len(songs) == 20 and songs[0].rate == 16000 and songs[0].mix.name == "mix.wav"
    part = {id: name for name, ids in splits.items() for id in ids}
    assert len(part) == 20 and all(splits.values()) and part["Track00020"] == part["Track00001"]
    assert reader.validate() == []
    fewer = Slakh(tmp_path, skip=["Track00002"]).splits()
    assert {id: name for name, ids in fewer.items() for id in ids} == {
        id: name for id, name in part.items() if id != "Track00002"
    }


def test_a_midi_file_in_two_parts_is_found_where_redux_drops_it(tmp_path):
    """As in Slakh2100-orig; of the same file in one part, both are kept."""
    more = {"train/Track00002": "1a", "test/Track01877": "1a", "validation/Track01502": "1a", "test/Track00000": "2b"}
    make_slakh(tmp_path, SLAKH | more)
    findings = Slakh(tmp_path).validate()
    assert [finding.partition(":")[0] for finding in findings] == ["Track01502", "Track00000", "Track01877"]
    assert "same MIDI file as" in findings[0] and str(tmp_path / "train" / "Track00001") in findings[0]
    named = [finding.partition(":")[0] for finding in findings]
    with pytest.raises(DataError, match=r"data\.skip=\[Track01502,Track00000,Track01877\]"):
        Slakh(tmp_path).songs()
    left = Slakh(tmp_path, skip=named)
    assert left.validate() == [] and left.splits()["train"] == ["Track00001", "Track00002"]


def test_other_splits_by_a_file_may_move_tracks_but_not_part_a_midi_file(tmp_path):
    make_slakh(tmp_path, SLAKH | {"test/Track01877": "1a"})
    wanted = {"train": ["Track00001", "Track01877"], "valid": ["Track01501"], "test": ["Track01876"]}
    (tmp_path / "mine.json").write_text(json.dumps(wanted))
    assert Slakh(tmp_path, tmp_path / "mine.json").splits() == wanted
    (tmp_path / "mine.json").write_text(json.dumps({**wanted, "train": ["Track00001"], "test": ["Track01877"]}))
    with pytest.raises(DataError, match="Track01877 of test is by an artist who is in train too"):
        Slakh(tmp_path, tmp_path / "mine.json").splits()


def test_what_redux_omits_is_not_read(tree):
    make_slakh(tree, {"omitted/Track00009": "9z"})
    assert len(Slakh(tree).songs()) == 3


def test_one_track_in_two_parts_and_broken_metadata_are_refused(tree):
    make_slakh(tree, {"test/Track00001": "9z"})
    with pytest.raises(DataError, match=r"test/Track00001: also at .*train/Track00001"):
        Slakh(tree).songs()
    (tree / "test" / "Track00001" / "metadata.yaml").rename(tree / "test" / "Track01876" / "metadata.yaml")
    for path in sorted((tree / "test" / "Track00001").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (tree / "train" / "Track00001" / "metadata.yaml").unlink()
    (tree / "validation" / "Track01501" / "metadata.yaml").write_text("UUID: 1\n")
    missing, empty = Slakh(tree).validate()
    assert "Track00001: no file" in missing and "metadata.yaml" in missing
    assert "lists no stems" in empty and "program_num" in empty


def test_a_song_without_any_audio_is_refused(tree):
    for path in (tree / "train" / "Track00001" / "stems").iterdir():
        edit(path.parents[1], path.stem, audio_rendered=False)
        path.unlink()
    (finding,) = Slakh(tree).validate()
    assert "none of its stems was rendered" in finding


def test_in_the_scheme_of_musdb_everything_is_known(tree):
    assert not labels.unknown_targets(Slakh(tree).songs()[0], FOUR).any()
