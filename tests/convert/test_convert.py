"""Loose sessions of any rate, length and format become songs whose stems sum to their mix."""

import csv
import json
from dataclasses import replace

import numpy as np
import pytest
import soundfile
import yaml
from typer.testing import CliRunner

from stemwise import audio
from stemwise.cli import app
from stemwise.convert import convert, many, propose, read_table, write_table
from stemwise.convert.state import STATE
from stemwise.datasets.medleydb import MedleyDB
from stemwise.errors import DataError

RATE = 44100


def tone(seconds: float, frequency: float, rate: int = RATE, channels: int = 1, gain: float = 0.1) -> np.ndarray:
    """(sample, channel)"""
    wave = gain * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)
    return np.repeat(wave[:, np.newaxis], channels, axis=1)


def put(path, sound, rate=RATE, **how):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, sound, rate, **how)


@pytest.fixture
def sessions(tmp_path, monkeypatch):
    """Two sessions: one of everything, one of a single file."""
    monkeypatch.setenv("STEMWISE_HOME", str(tmp_path / "home"))
    folder = tmp_path / "sessions"
    one = folder / "The Band - First Song"
    put(one / "01_Kick.wav", tone(3, 60))
    put(one / "02_Snare.wav", tone(3, 200, gain=0.05))
    put(one / "03_Overheads_L.wav", tone(3, 5000))
    put(one / "04_Overheads_R.wav", tone(3, 7000))
    put(one / "05_BassDI.flac", tone(2.5, 80, 48000), 48000, subtype="PCM_24")
    put(one / "Audio" / "06_AcGtr.ogg", tone(3, 330, 22050, channels=2), 22050)
    put(one / "07_Vox.mp3", tone(3, 440))
    put(one / "Mix.wav", tone(3, 999))
    put(one / "Click.wav", tone(3, 999))
    put(folder / "Solo_Piece" / "piano.wav", tone(1, 262, channels=2))
    return folder


def table_of(sessions, **changes):
    """The proposed rows, with cells changed by file name."""
    from dataclasses import replace

    return [replace(row, **changes.get(row.file.partition(".")[0], {})) for row in propose(sessions)]


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


def test_a_song_under_a_new_title_leaves_no_old_one(sessions, tmp_path):
    tree = tmp_path / "tree"
    convert(sessions, propose(sessions), tree)
    convert(sessions, table_of(sessions, piano={"title": "Other"}), tree)
    assert sorted(path.name for path in (tree / "Audio").iterdir()) == ["Solo_Other", "TheBand_FirstSong"]
    assert not list((tree / "Annotations").glob("Solo_Piece*"))


@pytest.fixture
def pair(tmp_path):
    """Two sessions, a tone of 440 Hz and one of 1000 Hz."""
    for name, frequency in (("a", 440), ("b", 1000)):
        put(tmp_path / "pair" / name / "bass.wav", tone(1, frequency))
    return tmp_path / "pair"


def titled(folder, **titles):
    """The rows with these titles; a session without one is left out."""
    return [
        replace(row, artist="Ann", title=titles[row.session]) if row.session in titles else replace(row, label="ignore")
        for row in propose(folder)
    ]


def heard(tree):
    """Song → the frequency of its mix, in Hz."""
    songs = sorted((tree / "Audio").iterdir())
    sounds = {song.name: audio.read(song / f"{song.name}_MIX.flac")[0][0] for song in songs}
    return {name: round(np.abs(np.fft.rfft(sound[:RATE])).argmax()) for name, sound in sounds.items()}


@pytest.mark.parametrize("processes", [1, 2])
def test_songs_follow_their_sessions_under_new_titles(pair, tmp_path, processes):
    """Titles that change hands, and a session that is left out and taken again: no song under another's name, none
    twice, none lost."""
    tree = tmp_path / "tree"
    convert(pair, titled(pair, a="One", b="One"), tree, processes=processes)
    assert heard(tree) == {"Ann_One": 440, "Ann_One2": 1000}
    with pytest.warns(UserWarning, match="Ann_One is removed: nothing of its session a is used"):
        convert(pair, titled(pair, b="One"), tree, processes=processes)
    assert heard(tree) == {"Ann_One": 1000}
    convert(pair, titled(pair, a="One", b="One"), tree, processes=processes)
    assert heard(tree) == {"Ann_One": 440, "Ann_One2": 1000}
    convert(pair, titled(pair, a="One", b="Two"), tree, processes=processes)
    convert(pair, titled(pair, a="Two", b="One"), tree, processes=processes)
    assert heard(tree) == {"Ann_One": 1000, "Ann_Two": 440}
    assert convert(pair, titled(pair, a="Two", b="One"), tree, processes=processes) == ([], {})
    assert {path.name.rpartition("_")[0] for path in (tree / "Annotations").iterdir()} >= set(heard(tree))


def test_a_run_that_ends_between_two_songs_that_change_names_is_mended(pair, tmp_path, monkeypatch):
    tree = tmp_path / "tree"
    convert(pair, titled(pair, a="One", b="Two"), tree)
    whole = many._try

    def second_fails(session, *_, **options):
        return whole(session, *_, **options) if session.id == "Ann_Two" else "no room"

    with monkeypatch.context() as patch:
        patch.setattr(many, "_try", second_fails)
        _, faults = convert(pair, titled(pair, a="Two", b="One"), tree)
    assert faults == {"b": "no room"} and heard(tree) == {"Ann_Two": 440}, "b's song stands under no other's name"
    convert(pair, titled(pair, a="Two", b="One"), tree)
    assert heard(tree) == {"Ann_One": 1000, "Ann_Two": 440}


def test_a_run_that_is_cut_off_between_song_and_note_is_made_good(pair, tmp_path, monkeypatch):
    """Also where the table is as it was before it: the song that was overwritten is vouched for by nothing."""
    tree, before = tmp_path / "tree", titled(pair, a="One", b="Two")
    convert(pair, before, tree)
    whole = many._try

    def cut_off(*arguments, **options):
        whole(*arguments, **options)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(many, "_try", cut_off)
        convert(pair, titled(pair, a="Two", b="One"), tree)
    assert heard(tree) == {"Ann_One": 440, "Ann_Two": 440}
    convert(pair, before, tree)
    assert heard(tree) == {"Ann_One": 440, "Ann_Two": 1000}


def test_two_sessions_that_claim_one_song_are_both_converted_anew(pair, tmp_path):
    tree = tmp_path / "tree"
    rows = titled(pair, a="One", b="One")
    convert(pair, rows, tree)
    state = json.loads((tree / STATE).read_text())
    state["b"]["id"] = "Ann_One"
    (tree / STATE).write_text(json.dumps(state))
    convert(pair, rows, tree)
    assert heard(tree)["Ann_One"] == 440 and 1000 in heard(tree).values()


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


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"label": "electric bas"}, "Did you mean 'electric bass'"),
        ({"label": ""}, "has no label"),
        ({"side": "left"}, "neither L, R nor empty"),
        ({"gain": "loud"}, "'loud' is no number"),
        ({"gain": "inf"}, "'inf' is no number"),
        ({"gain": "nan"}, "'nan' is no number"),
        ({"file": "gone.wav"}, "is not in the folder"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused_line_by_line(sessions, tmp_path, change, named):
    path = tmp_path / "table.csv"
    write_table(path, propose(sessions))
    rows = list(csv.DictReader(path.open()))
    rows[0].update(change)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    with pytest.raises(DataError, match=named):
        read_table(path, sessions)


def test_a_table_survives_being_written_and_read(sessions, tmp_path):
    rows = propose(sessions)
    write_table(tmp_path / "table.csv", rows)
    assert read_table(tmp_path / "table.csv", sessions) == rows


@pytest.mark.parametrize("between", [";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_table_as_excel_saves_it(sessions, tmp_path, between, encoding):
    put(sessions / "Bé - Two" / "Bass, low.wav", tone(1, 100))
    rows = propose(sessions)
    write_table(tmp_path / "table.csv", rows)
    with (tmp_path / "table.csv").open(encoding="utf-8") as file:
        lines = list(csv.reader(file))
    lines[1][lines[0].index("gain")] = "-3,5"
    with (tmp_path / "excel.csv").open("w", encoding=encoding, newline="") as file:
        csv.writer(file, delimiter=between).writerows(lines)
    assert read_table(tmp_path / "excel.csv", sessions) == [replace(rows[0], gain=-3.5), *rows[1:]]


def test_a_table_of_another_encoding_or_without_names_is_refused_and_kept(sessions, tmp_path):
    put(sessions / "Bé - Two" / "Bass.wav", tone(1, 100))
    path = tmp_path / "table.csv"
    write_table(path, propose(sessions))
    whole = path.read_text(encoding="utf-8")
    path.write_bytes(whole.encode("cp1252"))
    with pytest.raises(DataError, match="in Excel that is 'CSV UTF-8'"):
        read_table(path, sessions)
    path.write_text(whole.partition("\n")[2], encoding="utf-8")
    with pytest.raises(DataError, match="no column session, file, label, stem in its first line"):
        read_table(path, sessions)


def test_a_side_without_its_other_is_none(sessions):
    put(sessions / "Solo_Piece" / "Synth_L.wav", tone(1, 100))
    sides = {row.file: row.side for row in propose(sessions)}
    assert sides["Synth_L.wav"] == "" and sides["03_Overheads_L.wav"] == "L"


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


def test_state_that_is_no_json_is_refused(sessions, tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / STATE).write_text("{")
    with pytest.raises(DataError, match="is not JSON"):
        convert(sessions, propose(sessions), tree)
