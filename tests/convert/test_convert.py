"""Loose sessions of any rate, length and format become songs whose stems sum to their mix."""

import csv

import numpy as np
import pytest
import soundfile
import yaml
from typer.testing import CliRunner

from stemwise import audio
from stemwise.cli import app
from stemwise.convert import convert, propose
from stemwise.datasets.medleydb import MedleyDB
from stemwise.errors import DataError

from .made_up import RATE, put, table_of, tone


def stems_in(tree, id):
    folder = tree / "Audio" / id
    meta = yaml.safe_load((folder / f"{id}_METADATA.yaml").read_text())
    read = {stem["instrument"]: (folder / f"{id}_STEMS" / stem["filename"]) for stem in meta["stems"].values()}
    return meta, {label: soundfile.read(path, always_2d=True) for label, path in read.items()}


def test_raws_are_summed_and_stems_sum_to_the_mix(sessions, tmp_path):
    tree = tmp_path / "tree"
    made, faults = convert(sessions, propose(sessions), tree)
    assert not faults
    assert [(song.id, song.stems) for song in made] == [("Solo_Piece", 1), ("TheBand_FirstSong", 4)]
    meta, stems = stems_in(tree, "TheBand_FirstSong")
    assert set(stems) == {"drum set", "electric bass", "acoustic guitar", "male singer"}
    kick, snare, left, right = (tone(3, f, gain=g)[:, 0] for f, g in ((60, 0.1), (200, 0.05), (5000, 0.1), (7000, 0.1)))
    drums, rate = stems["drum set"]
    assert rate == RATE
    np.testing.assert_allclose(drums[:, 0], kick + snare + left, atol=1e-4)
    np.testing.assert_allclose(drums[:, 1], kick + snare + right, atol=1e-4)
    mix = soundfile.read(tree / "Audio" / "TheBand_FirstSong" / meta["mix_filename"], dtype="int32")[0]
    paths = sorted((tree / "Audio" / "TheBand_FirstSong" / meta["stem_dir"]).iterdir())
    total = sum(soundfile.read(path, dtype="int32")[0].astype(np.int64) for path in paths)
    assert np.array_equal(mix, total)
    assert [raw["filename"] for raw in meta["stems"]["S01"]["raw"].values()][:2] == ["01_Kick.wav", "02_Snare.wav"]
    assert meta["artist"] == "The Band" and meta["title"] == "First Song"


def test_other_rates_and_lengths_are_brought_to_one(sessions, tmp_path):
    convert(sessions, propose(sessions), tmp_path / "tree")
    _, stems = stems_in(tmp_path / "tree", "TheBand_FirstSong")
    longest = audio.info(sessions / "The Band - First Song" / "07_Vox.mp3").samples
    assert {len(sound) for sound, _ in stems.values()} == {max(longest, 3 * RATE)}
    bass, _ = stems["electric bass"]
    inside = slice(round(0.2 * RATE), round(2.3 * RATE))
    np.testing.assert_allclose(bass[inside, 0], tone(3, 80)[inside, 0], atol=1e-4)
    assert np.abs(bass[round(2.6 * RATE) :]).max() == 0


def test_24_bits_only_where_a_file_has_more_than_16(sessions, tmp_path):
    convert(sessions, propose(sessions), tmp_path / "tree")
    kinds = {path.name: soundfile.info(path).subtype for path in (tmp_path / "tree").rglob("*.flac")}
    assert {kind for name, kind in kinds.items() if name.startswith("TheBand")} == {"PCM_24"}
    assert {kind for name, kind in kinds.items() if name.startswith("Solo")} == {"PCM_16"}
    piano, _ = stems_in(tmp_path / "tree", "Solo_Piece")[1]["piano"]
    assert np.array_equal(piano, soundfile.read(sessions / "Solo_Piece" / "piano.wav")[0]), "16 bits stay as they are"


def test_what_would_clip_is_scaled_by_one_factor(sessions, tmp_path):
    loud = table_of(sessions, **{"01_Kick": {"gain": 20.0}, "07_Vox": {"gain": 12.0}})
    (made,) = convert(sessions, [row for row in loud if row.session != "Solo_Piece"], tmp_path / "tree")[0]
    _, stems = stems_in(tmp_path / "tree", "TheBand_FirstSong")
    factor = 10 ** (made.scale / 20)
    assert factor < 0.8
    bass = stems["electric bass"][0][RATE : 2 * RATE, 0]
    np.testing.assert_allclose(bass, factor * tone(3, 80)[RATE : 2 * RATE, 0], atol=1e-4)
    mix = soundfile.read(tmp_path / "tree" / "Audio" / "TheBand_FirstSong" / "TheBand_FirstSong_MIX.flac")[0]
    assert np.abs(mix).max() == pytest.approx(0.98, abs=1e-3)


def test_the_tree_is_read_and_its_activity_lies_beside(sessions, tmp_path):
    convert(sessions, propose(sessions), tmp_path / "tree", format="wav")
    songs = MedleyDB(tmp_path / "tree").songs()
    assert [song.id for song in songs] == ["Solo_Piece", "TheBand_FirstSong"]
    lines = (tmp_path / "tree" / "Annotations" / "TheBand_FirstSong_SOURCEID.lab").read_text().splitlines()
    assert lines[0] == "start_time,end_time,instrument_label"
    assert {line.split(",")[2] for line in lines[1:]} <= {"drum set", "electric bass", "acoustic guitar", "male singer"}
    assert len(lines) > 3


def test_what_did_not_change_is_kept(sessions, tmp_path):
    tree = tmp_path / "tree"
    convert(sessions, propose(sessions), tree)
    before = {path: path.stat().st_mtime_ns for path in (tree / "Audio").rglob("*.flac")}
    assert convert(sessions, propose(sessions), tree) == ([], {})
    made, _ = convert(sessions, table_of(sessions, piano={"gain": -3.0}), tree)
    assert [song.id for song in made] == ["Solo_Piece"]
    after = {path: path.stat().st_mtime_ns for path in before}
    assert {path.parent.parent.name for path in before if before[path] != after[path] and "STEM" in path.name} == {
        "Solo_Piece"
    }


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        ("corrupt", "cannot be read as audio"),
        ("nan", "NaN"),
        ("six channels", "6 channels"),
        ("empty", "is empty"),
        ("side of stereo", "side L of a pair, but has 2 channels"),
        ("two labels", "has the labels"),
    ],
)
def test_a_bad_session_is_named_and_the_others_are_converted(sessions, tmp_path, fault, named):
    path = sessions / "Solo_Piece" / "piano.wav"
    rows = propose(sessions)
    if fault == "corrupt":
        path.write_bytes(b"RIFF nothing")
    elif fault == "nan":
        put(path, np.full((100, 2), np.nan), subtype="FLOAT")
    elif fault == "six channels":
        put(path, np.zeros((100, 6)))
    elif fault == "empty":
        put(path, np.zeros((0, 2)))
    elif fault == "side of stereo":
        rows = table_of(sessions, piano={"side": "L"})
    else:
        put(sessions / "Solo_Piece" / "organ.wav", tone(1, 100))
        rows = table_of(sessions, piano={"stem": "keys"}, organ={"stem": "keys"})
    made, faults = convert(sessions, rows, tmp_path / "tree")
    assert [song.id for song in made] == ["TheBand_FirstSong"]
    assert named in faults["Solo_Piece"]
    assert [song.name for song in (tmp_path / "tree" / "Audio").iterdir()] == ["TheBand_FirstSong"]
    assert not list((tmp_path / "tree").glob(".*"))


def test_a_broken_off_run_leaves_nothing_half_made_and_goes_on(sessions, tmp_path, monkeypatch):
    class Broken(Exception):
        pass

    def breaking(*_):
        raise Broken

    tree = tmp_path / "tree"
    (tree / ".sums-left").mkdir(parents=True)
    with monkeypatch.context() as patch, pytest.raises(Broken):
        patch.setattr("stemwise.convert.session.to_pcm", breaking)
        convert(sessions, propose(sessions), tree)
    assert not list((tree / "Audio").iterdir()) and not list(tree.glob(".*"))
    assert len(convert(sessions, propose(sessions), tree)[0]) == 2


def test_processes_change_nothing(sessions, tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    convert(sessions, propose(sessions), one)
    convert(sessions, propose(sessions), two, processes=2)
    for path in (one / "Audio").rglob("*.flac"):
        assert path.read_bytes() == (two / path.relative_to(one)).read_bytes()


def test_silent_and_short_files_are_noted(sessions, tmp_path):
    put(sessions / "Solo_Piece" / "organ.wav", np.zeros((3 * RATE, 1)))
    made, _ = convert(sessions, propose(sessions), tmp_path / "tree")
    (piece,) = (song for song in made if song.id == "Solo_Piece")
    assert any("'organ' is silent" in note for note in piece.notes)
    assert any("piano.wav ends 2.0 s before" in note for note in piece.notes)


def test_a_song_that_is_there_already_keeps_its_name(sessions, tmp_path):
    (tmp_path / "tree" / "Audio" / "Solo_Piece").mkdir(parents=True)
    made, _ = convert(sessions, propose(sessions), tmp_path / "tree")
    assert "Solo_Piece2" in {song.id for song in made}


def test_the_command_proposes_then_converts(sessions, tmp_path):
    run = ["convert", str(sessions), "--to", "medleydb", "--out", str(tmp_path / "tree")]
    put(sessions / "Solo_Piece" / "thing.wav", tone(1, 500))
    first = CliRunner().invoke(app, run)
    assert first.exit_code == 0, first.output
    assert "11 files of 2 sessions; 1 without a label" in first.output
    table = tmp_path / "tree" / "sessions.csv"
    refused = CliRunner().invoke(app, run)
    assert refused.exit_code == 1
    rows = list(csv.DictReader(table.open()))
    for row in rows:
        row["label"] = row["label"] or "synthesizer"
    with table.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    done = CliRunner().invoke(app, run)
    assert done.exit_code == 0, done.output
    assert "2 sessions converted, 0 kept" in done.output
    assert "0 sessions converted, 2 kept" in CliRunner().invoke(app, run).output


@pytest.mark.parametrize("what", ["none", "no audio", "inside", "format"])
def test_folders_that_cannot_be_converted(sessions, tmp_path, what):
    (tmp_path / "nothing").mkdir()
    with pytest.raises(DataError):
        if what == "none":
            propose(tmp_path / "gone")
        elif what == "no audio":
            propose(tmp_path / "nothing")
        elif what == "inside":
            convert(sessions, propose(sessions), sessions / "out")
        else:
            convert(sessions, propose(sessions), tmp_path / "tree", format="mp3")


def test_hidden_files_are_left_alone_and_hidden_parents_are_not(sessions, tmp_path):
    put(sessions / "Solo_Piece" / "._piano.wav", tone(1, 100))
    put(sessions / "Solo_Piece" / ".trash" / "organ.wav", tone(1, 100))
    moved = sessions.rename(tmp_path / ".sessions")
    assert [row.file for row in propose(moved) if row.session == "Solo_Piece"] == ["piano.wav"]


def test_one_session_alone(sessions, tmp_path):
    """Audio right in the folder: the folder is the session."""
    made, faults = convert(sessions / "Solo_Piece", propose(sessions / "Solo_Piece"), tmp_path / "tree")
    assert [song.id for song in made] == ["Solo_Piece"] and not faults
