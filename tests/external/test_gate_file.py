"""Stems of somebody's separator, gated."""

import re

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from stemwise import gate_file
from stemwise.cli import app
from stemwise.errors import AudioError, DataError
from stemwise.external.detected import load_detected
from stemwise.external.stem_names import read_stem_folder
from stemwise.gate import Gate
from stemwise.gate_file import gate_stems
from tests.external.told import saved, tone

RATE, SECONDS = 44100, 8
LEAK = 0.01
BASS, SINGS = tone(200, SECONDS, [(3, 5)], RATE), tone(3000, SECONDS, [(0, 2), (6, 8)], RATE)
TONES = {"electric bass": 200.0, "male singer": 3000.0}


def stems(folder, suffix=".wav", rate=RATE, channels=2, **how) -> dict[str, np.ndarray]:
    """bass and vocals with a hundredth of each other in them, another tone as `other`; (sample, channel) by name."""
    folder.mkdir(parents=True)
    other = 0.1 * tone(1000, SECONDS, [(0, SECONDS)], RATE)
    made = {"bass": BASS + LEAK * SINGS, "vocals": SINGS + LEAK * BASS, "other": other}
    for name, audio in made.items():
        many_bits = np.repeat(audio, channels, axis=0).T.astype(np.float64) / 1.1
        soundfile.write(folder / f"{name}{suffix}", many_bits, rate, **how)
    return {name: soundfile.read(folder / f"{name}{suffix}", dtype="float64")[0] for name in made}


def stemwise(*words, code=0) -> str:
    shown = CliRunner().invoke(app, [*map(str, words)], terminal_width=200)
    assert shown.exit_code == code, shown.output
    assert shown.exception is None or isinstance(shown.exception, SystemExit)
    return shown.output


def seconds(start: float, end: float) -> slice:
    return slice(round(start * RATE), round(end * RATE))


@pytest.mark.parametrize(
    ("suffix", "subtype"),
    [*((".wav", each) for each in ("PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE")), (".flac", "PCM_24")],
)  # fmt: skip
def test_zeros_where_a_stem_rests_and_bit_for_bit_where_it_plays(tmp_path, suffix, subtype):
    """Windows of 1 s that hold a tenth of the tone have their middles from 0.25 s before to 0.25 s after it, and half
    way to the next middle the gate switches: 0.375 s. A window of the STFT smears that by 46 ms."""
    before = stems(tmp_path / "in", suffix, subtype=subtype)
    detector = saved(tmp_path / "d.safetensors", TONES)
    said = stemwise("gate", tmp_path / "in", "--by", detector, "--out", tmp_path / "out")
    after = {name: soundfile.read(tmp_path / "out" / f"{name}{suffix}", dtype="float64")[0] for name in before}
    assert (after["bass"][seconds(0, 2.55)] == 0).all() and (after["bass"][seconds(5.45, 8)] == 0).all()
    np.testing.assert_array_equal(after["bass"][seconds(2.75, 5.25)], before["bass"][seconds(2.75, 5.25)])
    assert before["bass"][seconds(1, 2)].any(), "what leaked into the stem is what the gate takes away"
    assert (after["vocals"][seconds(2.45, 5.55)] == 0).all()
    np.testing.assert_array_equal(after["vocals"][seconds(0, 2.25)], before["vocals"][seconds(0, 2.25)])
    np.testing.assert_array_equal(after["other"], before["other"])
    for name in before:
        mine, given = (soundfile.info(tmp_path / place / f"{name}{suffix}") for place in ("out", "in"))
        facts = ("samplerate", "frames", "channels", "subtype", "format")
        assert [getattr(mine, fact) for fact in facts] == [getattr(given, fact) for fact in facts]
    assert "bass: the detector listens to electric bass (not to double bass" in said
    assert "other: the detector listens to nothing of it; it has an open gate" in said
    assert not list(tmp_path.glob(".gating*"))


def test_activity_and_segments_beside_the_stems(tmp_path):
    stems(tmp_path / "in")
    stemwise("gate", tmp_path / "in", "--by", saved(tmp_path / "d.safetensors", TONES), "--out", tmp_path / "out")
    table = np.genfromtxt(tmp_path / "out" / "activity.csv", delimiter=",", names=True)
    assert table.dtype.names == ("time", "bass", "other", "vocals", "bass_gate", "other_gate", "vocals_gate")
    np.testing.assert_allclose(table["time"], np.arange(1 + SECONDS * RATE // 1024) * 1024 / RATE, atol=5e-5)
    lines = (tmp_path / "out" / "segments.csv").read_text().splitlines()[1:]
    found = {line.rsplit(",", 1)[1]: tuple(map(float, line.split(",")[:2])) for line in lines if "bass" in line}
    assert found == {"bass": pytest.approx((2.625, 5.375), abs=0.03)}


def test_stems_that_sum_to_the_mixture_are_heard_as_the_mixture_is(tmp_path):
    """The sum of the stems, the mixture as a file, and the mixture at another rate and in mono give the same gates."""
    made = stems(tmp_path / "in")
    mixture = sum(made.values())
    soundfile.write(tmp_path / "mix.wav", mixture, RATE, subtype="FLOAT")
    soundfile.write(tmp_path / "mono.wav", mixture[:, 0], RATE, subtype="FLOAT")
    soundfile.write(tmp_path / "low.wav", tone(200, SECONDS, [(3, 5)], 22050)[0], 22050)
    detector = saved(tmp_path / "d.safetensors", TONES)
    stemwise("gate", tmp_path / "in", "--by", detector, "--out", tmp_path / "sum")
    tables = {}
    for name in ("mix", "mono", "low"):
        words = ("--mixture", tmp_path / f"{name}.wav", "--out", tmp_path / name)
        stemwise("gate", tmp_path / "in", "--by", detector, *words)
        tables[name] = np.genfromtxt(tmp_path / name / "activity.csv", delimiter=",", names=True)
    summed = np.genfromtxt(tmp_path / "sum" / "activity.csv", delimiter=",", names=True)
    for name in ("bass", "vocals"):
        np.testing.assert_allclose(tables["mix"][name], summed[name], atol=2e-4)
        np.testing.assert_allclose(tables["mono"][name], summed[name], atol=2e-4)
    np.testing.assert_allclose(tables["low"]["bass_gate"], summed["bass_gate"])
    assert not tables["low"]["vocals_gate"].any(), "only the mixture is listened to"


@pytest.mark.parametrize("by", ["--by", "--labels"])
def test_a_gate_that_is_off_changes_nothing_and_a_soft_one_weighs(tmp_path, by):
    before = stems(tmp_path / "in", subtype="PCM_16")
    (tmp_path / "l.lab").write_text("1.0\t2.0\tvocals\n")
    words = (by, saved(tmp_path / "d.safetensors", TONES) if by == "--by" else tmp_path / "l.lab")
    for gate in ("off", "soft"):
        stemwise("gate", tmp_path / "in", *words, "--gate", gate, "--out", tmp_path / gate)
    for name, stem in before.items():
        np.testing.assert_array_equal(soundfile.read(tmp_path / "off" / f"{name}.wav")[0], stem)
    table = np.genfromtxt(tmp_path / "off" / "activity.csv", delimiter=",", names=True)
    assert (table["vocals_gate"] == 1).all() and table["vocals"].min() < 0.1
    table = np.genfromtxt(tmp_path / "soft" / "activity.csv", delimiter=",", names=True)
    np.testing.assert_array_equal(table["vocals_gate"], table["vocals"])


def test_labels_in_place_of_a_detector(tmp_path):
    before = stems(tmp_path / "in", subtype="PCM_16")
    (tmp_path / "l.lab").write_text("1.0\t2.0\tvocals\n6.0\t7.0\tmale singer\n")
    stemwise("gate", tmp_path / "in", "--labels", tmp_path / "l.lab", "--out", tmp_path / "out")
    sung = soundfile.read(tmp_path / "out" / "vocals.wav")[0]
    assert not sung[seconds(0, 0.9)].any() and not sung[seconds(2.1, 5.9)].any()
    np.testing.assert_array_equal(sung[seconds(1.1, 1.9)], before["vocals"][seconds(1.1, 1.9)])
    np.testing.assert_array_equal(soundfile.read(tmp_path / "out" / "bass.wav")[0], before["bass"])


def test_labels_without_a_line_open_all_gates(tmp_path):
    before = stems(tmp_path / "in", subtype="PCM_16")
    (tmp_path / "e.lab").write_text("start_time,end_time,instrument_label\n")
    stemwise("gate", tmp_path / "in", "--labels", tmp_path / "e.lab", "--out", tmp_path / "out")
    for name, sound in before.items():
        np.testing.assert_array_equal(soundfile.read(tmp_path / "out" / f"{name}.wav")[0], sound)


def test_mp3_and_stems_of_different_channels(tmp_path):
    (tmp_path / "in").mkdir()
    soundfile.write(tmp_path / "in" / "bass.mp3", np.repeat(BASS, 2, axis=0).T, RATE)
    soundfile.write(tmp_path / "in" / "vocals.mp3", SINGS[0], RATE)
    stemwise("gate", tmp_path / "in", "--by", saved(tmp_path / "d.safetensors", TONES), "--out", tmp_path / "out")
    found = {name: soundfile.info(tmp_path / "out" / f"{name}.mp3") for name in ("bass", "vocals")}
    assert (found["bass"].channels, found["vocals"].channels, found["bass"].format) == (2, 1, "MP3")
    assert np.abs(soundfile.read(tmp_path / "out" / "bass.mp3")[0][seconds(0.2, 2.4)]).max() < 1e-4


def spoiled(folder, how: str) -> list:
    """Words for a folder of stems that cannot be gated."""
    stems(folder / "in")
    if how == "length":
        soundfile.write(folder / "in" / "bass.wav", BASS[0, :-1], RATE)
    elif how == "rate":
        soundfile.write(folder / "in" / "bass.wav", BASS[0], 48000)
    elif how == "nan":
        soundfile.write(folder / "in" / "vocals.wav", np.full(SECONDS * RATE, np.nan), RATE, subtype="FLOAT")
    elif how == "nan late":  # past the first block; the song itself is whole, so that no sum meets it before
        vocals = np.where(np.arange(SECONDS * RATE) == 7 * RATE, np.nan, SINGS[0])
        soundfile.write(folder / "in" / "vocals.wav", vocals, RATE, subtype="FLOAT")
        soundfile.write(folder / "song.wav", (BASS + SINGS)[0] / 2, RATE)
        return ["--mixture", folder / "song.wav"]
    elif how == "corrupt":
        (folder / "in" / "vocals.wav").write_bytes(b"no audio")
    elif how == "names":
        for name in ("qwertz", "x1"):
            soundfile.write(folder / "in" / f"{name}.wav", BASS[0], RATE)
    elif how == "empty":
        for path in (folder / "in").iterdir():
            path.unlink()
    soundfile.write(folder / "short.wav", BASS[0, : 3 * RATE], RATE)
    return ["--mixture", folder / "short.wav"] if how == "mixture" else []


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("length", "have one length and rate"),
        ("rate", "at 48000 Hz"),
        ("nan", "vocals.wav: NaN"),
        ("nan late", f"vocals.wav: NaN or infinity, first at sample {7 * RATE}"),
        ("corrupt", "vocals.wav: cannot be read as audio"),
        ("names", r"do not say what is in the files: qwertz\.wav, x1\.wav\."),
        ("empty", "no audio files"),
        ("mixture", "it is no mixture of these stems"),
    ],
)
def test_what_cannot_be_gated_ends_in_a_sentence_and_leaves_nothing(tmp_path, how, said):
    words = spoiled(tmp_path, how)
    detector = saved(tmp_path / "d.safetensors", TONES)
    told = stemwise("gate", tmp_path / "in", "--by", detector, "--out", tmp_path / "out", *words, code=1)
    assert re.search(said, told.replace("\n", " ")), told
    assert not (tmp_path / "out").exists() and not list(tmp_path.glob(".gating*"))


def test_the_stems_themselves_are_never_written_over(tmp_path):
    stems(tmp_path / "in")
    detector = saved(tmp_path / "d.safetensors", TONES)
    said = stemwise("gate", tmp_path / "in", "--by", detector, "--out", tmp_path / "in", code=1)
    assert "would be lost" in said
    said = stemwise("gate", tmp_path / "in", "--by", "x", "--labels", "y", "--out", tmp_path / "o", code=1)
    assert "give one of them" in said


def test_an_interrupt_leaves_nothing_half_written(tmp_path, monkeypatch):
    stems(tmp_path / "in")
    folder = read_stem_folder(tmp_path / "in")
    source = load_detected(saved(tmp_path / "d.safetensors", TONES), folder.targets)

    class Cut(gate_file.Stft):
        calls = 0

        def gain(self, *given):
            Cut.calls += 1
            if Cut.calls == 3:
                raise KeyboardInterrupt
            return super().gain(*given)

    monkeypatch.setattr(gate_file, "Stft", Cut)
    with pytest.raises(KeyboardInterrupt):
        gate_stems(folder.paths, tmp_path / "out", source, Gate("hard"))
    assert Cut.calls == 3 and not (tmp_path / "out").exists() and not list(tmp_path.glob(".gating*"))


def test_memory_is_a_block_of_each_stem(tmp_path, monkeypatch):
    """No more samples are asked of a file at a time than a block, however long it is."""
    stems(tmp_path / "in")
    folder = read_stem_folder(tmp_path / "in")
    source = load_detected(saved(tmp_path / "d.safetensors", TONES), folder.targets)
    asked = []
    read = soundfile.SoundFile.read

    def counted(self, frames=-1, *given, **named):
        asked.append(frames)
        return read(self, frames, *given, **named)

    monkeypatch.setattr(soundfile.SoundFile, "read", counted)
    seen: list[float] = []
    gate_stems(folder.paths, tmp_path / "out", source, Gate("hard"), progress=seen.append)
    assert 0 < max(asked) <= gate_file.BLOCK * 1024 and min(asked) > 0
    assert seen == sorted(seen) and seen[-1] == 1


def test_names_say_what_stems_hold(tmp_path):
    folder = tmp_path / "in"
    folder.mkdir()
    names = ("Vocals", "electric_guitar", "guitar", "Lead Vox", "no_vocals", "mixture", "click", "oboe")
    for name in names:
        (folder / f"{name}.wav").touch()
    (folder / "activity.csv").touch()
    found = read_stem_folder(folder)
    held = dict(zip(found.targets.names, found.targets.labels, strict=True))
    assert "choir" in held["Vocals"] and "lap steel guitar" in held["electric guitar"] and held["oboe"] == {"oboe"}
    assert held["guitar"] == {"clean electric guitar", "distorted electric guitar", "acoustic guitar"}
    assert held["no vocals"] == {"*"} and "male singer" in held["Lead Vox"]
    assert found.left_out == ("click.wav", "mixture.wav")
    said = {"guitar": "acoustic guitar", "oboe.wav": "ignore", "Lead Vox.wav": "Female Singer"}
    again = read_stem_folder(folder, said)
    held = dict(zip(again.targets.names, again.targets.labels, strict=True))
    assert held["guitar"] == {"acoustic guitar"} and held["Lead Vox"] == {"female singer"} and "oboe" not in held
    for words, told in (
        ({"drums": "drums"}, "0 files of that name"),
        ({"guitar": "qwertz"}, "do not say what is in the files: guitar.wav"),
        ({"guitar": "other"}, "both hold everything else"),
    ):
        with pytest.raises(DataError, match=told):
            read_stem_folder(folder, words)


def test_what_a_mac_leaves_is_let_be_and_what_is_not_read_is_said(tmp_path):
    soundfile.write(tmp_path / "vocals.wav", np.zeros(800), 8000)
    (tmp_path / "._vocals.wav").write_bytes(b"Mac OS X")
    assert list(read_stem_folder(tmp_path).paths) == ["vocals"]
    (tmp_path / "bass.m4a").write_bytes(b"x")
    with pytest.raises(DataError, match=r"bass.m4a: files of this kind are not read"):
        read_stem_folder(tmp_path)


def test_no_stems_at_all():
    with pytest.raises(AudioError, match="no stems to gate"):
        gate_stems({}, None, None, Gate())
