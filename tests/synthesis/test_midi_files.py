"""MIDI files of all kinds: what is read, what is refused, and that nothing else comes out."""

import io
import json
import os

import mido
import numpy as np
import pretty_midi
import pytest
import yaml
from typer.testing import CliRunner

from stemwise.cli import app
from stemwise.errors import DataError
from stemwise.synthesis import synthesize_midi
from stemwise.synthesis.instruments import instruments
from stemwise.synthesis.midi_files import find_midi, label_and_kind, read_score
from stemwise.synthesis.song import Options
from stemwise.synthesis.sources import midi_jobs
from stemwise.taxonomy import check_label
from stemwise.texts import spelling


def band(seconds: float = 6.0, *, spread: int = 1) -> pretty_midi.PrettyMIDI:
    """Bass, a piano on two tracks, a bent guitar, drums; a note each quarter second, `spread` notes at a time."""
    song = pretty_midi.PrettyMIDI(initial_tempo=100)
    for program, drums, pitch in ((33, False, 40), (0, False, 60), (0, False, 48), (30, False, 52), (0, True, 36)):
        track = pretty_midi.Instrument(program, drums)
        starts = np.arange(0, seconds - 0.25, 0.25)
        track.notes = [pretty_midi.Note(90, pitch + i % 7, t, t + 0.2) for t in starts for i in range(spread)]
        song.instruments.append(track)
    song.instruments[3].pitch_bends = [pretty_midi.PitchBend(4096, 1.0), pretty_midi.PitchBend(0, 2.0)]
    song.instruments[3].control_changes = [
        pretty_midi.ControlChange(64, 127, 0.5),
        pretty_midi.ControlChange(10, 0, 0.5),
    ]
    return song


def saved(song: pretty_midi.PrettyMIDI) -> bytes:
    buffer = io.BytesIO()
    song.write(buffer)
    return buffer.getvalue()


def type_two() -> bytes:
    file = mido.MidiFile(type=2)
    file.tracks += [mido.MidiTrack([mido.Message("note_on", note=60, time=10)]) for _ in range(2)]
    buffer = io.BytesIO()
    file.save(file=buffer)
    return buffer.getvalue()


def ten_thousand_at_once() -> bytes:
    song = band()
    song.instruments[0].notes = [pretty_midi.Note(90, i % 128, 0.0, 5.0 + i * 1e-3) for i in range(10_000)]
    song.instruments += [pretty_midi.Instrument(i) for i in range(100)]
    for track in song.instruments[-100:]:
        track.notes = [pretty_midi.Note(90, pitch, 1.0, 4.0) for pitch in range(100)]
    return saved(song)


def smpte(data: bytes) -> bytes:
    return data[:12] + bytes([0xE7, 40]) + data[14:]


def test_programs_become_parts_with_labels_controls_and_bends(tmp_path):
    path = tmp_path / "Ann Lee - A Song.mid"
    path.write_bytes(saved(band()))
    score = read_score(path)
    assert (score.artist, score.title) == ("Ann Lee", "A Song")
    assert sorted(part.patch.label for part in score.parts) == [
        "distorted electric guitar", "drum set", "electric bass", "piano",
    ]  # fmt: skip
    piano = next(part for part in score.parts if part.kind == "piano")
    assert len(piano.notes) == 2 * len(next(part for part in score.parts if part.kind == "bass").notes)
    guitar = next(part for part in score.parts if part.kind == "electric guitar")
    assert [bend.value for bend in guitar.bends] == [4096, 0]
    assert [control.number for control in guitar.controls] == [64]
    assert [part.patch.kit for part in score.parts if part.kind == "drums"] == [True]


def test_every_program_has_a_label_of_the_taxonomy_and_a_kind_that_can_be_mixed():
    for drums in (False, True):
        for program in range(128):
            label, kind = label_and_kind(program, drums)
            check_label(label, f"program {program}")
            assert kind in instruments()


@pytest.mark.parametrize(
    ("data", "named"),
    [
        (b"", "is no MIDI file"),
        (b"RIFF" + bytes(40), "is no MIDI file"),
        (saved(band())[:300], "cannot be read|notes"),
        (type_two(), "type 2"),
        (smpte(saved(band())), "SMPTE"),
        (saved(pretty_midi.PrettyMIDI()), "0 notes"),
        (saved(band(3 * 3600.0)), "10800 s long"),
        (saved(band(2.0)), "2 s long"),
        (ten_thousand_at_once(), "notes sound at once"),
        (bytes(14).replace(b"\0\0\0\0", b"MThd", 1) + bytes(5_000_001), "bytes, more than"),
    ],
    ids=["empty", "wav", "cut", "type2", "smpte", "no notes", "3 hours", "short", "10000", "large"],
)
def test_what_cannot_be_rendered_is_refused_in_a_sentence(tmp_path, data, named):
    path = tmp_path / "bad.mid"
    path.write_bytes(data)
    with pytest.raises(DataError, match=rf"bad\.mid.*({named})"):
        read_score(path)


def test_spoiled_files_raise_nothing_but_sentences(tmp_path):
    rng = np.random.default_rng(0)
    good, path, refused = saved(band()), tmp_path / "x.mid", 0
    for _ in range(200):
        data = bytearray(good)
        for at in rng.integers(0, len(data), rng.integers(1, 12)):
            data[at] = rng.integers(256)
        path.write_bytes(data[: rng.integers(len(data) // 2, len(data) + 1)])
        try:
            read_score(path)
        except DataError:
            refused += 1
    assert refused > 20


def test_copies_count_once_and_an_empty_folder_is_named(tmp_path):
    for name in ("a/one.mid", "b/copy.MID", "b/other.kar"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(saved(band(6.0 if "other" not in name else 7.0)))
    assert [path.name for path in find_midi(tmp_path)] == ["one.mid", "other.kar"]
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match=r"none: no MIDI files.*\.mid"):
        find_midi(tmp_path / "none")


def test_a_folder_is_rendered_and_its_bad_files_are_told(tmp_path):
    folder, root = tmp_path / "midi", tmp_path / "songs"
    folder.mkdir()
    for number in range(3):
        (folder / f"Song {number}.mid").write_bytes(saved(band(6.0 + number)))
    (folder / "bad.mid").write_bytes(type_two())
    made, refused = synthesize_midi(root, folder, processes=1)
    assert made == ["Song0_Song0", "Song1_Song1", "Song2_Song2"]
    assert len(refused) == 1 and "type 2" in refused[0]
    splits = json.loads((root / "splits.json").read_text())
    assert sorted(len(ids) for ids in splits.values()) == [1, 1, 1]
    metadata = yaml.safe_load((root / "Audio" / made[0] / f"{made[0]}_METADATA.yaml").read_text())
    assert len(metadata["stems"]) == 4
    (folder / "Song 1.mid").write_bytes(saved(band(9.0)))
    with pytest.raises(DataError, match="midi="):
        synthesize_midi(root, folder, processes=1)


def test_names_of_other_days_are_no_obstacle(tmp_path):
    """Old collections are full of names in Latin-1."""
    name = os.fsdecode(b"caf\xe9.mid")
    (tmp_path / name).write_bytes(saved(band(6.0)))
    ((job,), refused) = midi_jobs(tmp_path, 0, Options())
    assert not refused and job.source.path.name == name


def test_an_artist_in_two_spellings_is_in_one_part(tmp_path):
    """As `read_splits` compares them: else a set would be made that cannot be read."""
    names = [f"Artist {number}" for number in range(12)]
    for number, name in enumerate(
        [*names, *(name.upper() for name in names), *(name.replace(" ", "") for name in names)]
    ):
        (tmp_path / name).mkdir()
        (tmp_path / name / "song.mid").write_bytes(saved(band(6.0 + number)))
    jobs, refused = midi_jobs(tmp_path, 0, Options())
    assert len(jobs) == 36 and not refused
    parts = {}
    for job in jobs:
        parts.setdefault(spelling(job.source.path.parent.name), set()).add(job.split)
    assert len(parts) == 12 and all(len(part) == 1 for part in parts.values())
    assert set.union(*parts.values()) == {"train", "valid", "test"}


@pytest.mark.parametrize(
    "words",
    [
        ("--name", "a"),
        ("--seconds", "30"),
        ("--style", "jazz"),
        ("--voices", "words"),
        ("--seconds", "0.0"),
        ("--preset", "tiny"),
    ],
)
def test_what_means_nothing_to_midi_files_is_refused(tmp_path, words):
    (tmp_path / "a.mid").write_bytes(saved(band()))
    told = CliRunner().invoke(app, ["synthesize", "--midi", str(tmp_path), "--out", str(tmp_path / "out"), *words])
    assert told.exit_code == 1 and f"error: {words[0]}: MIDI files have names" in " ".join(told.output.split())
    assert not (tmp_path / "out").exists()
