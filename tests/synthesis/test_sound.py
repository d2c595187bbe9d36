"""From notes to dry stems to a mix: onsets, levels, pan, tone, room, drive."""

import sys

import numpy as np
import pytest

from stemwise.errors import MissingExtra
from stemwise.synthesis import midi, produce, synthesize
from stemwise.synthesis.amp import drive
from stemwise.synthesis.score import Note, Part, Patch

RATE = 44100
PIANO = Part("piano", Patch("piano", 0), (True,), ())
NO_ROOM = np.zeros((2, 1), dtype=np.float32)


def tone(frequency: float, seconds: float = 1.0, channels: int = 1) -> np.ndarray:
    wave = np.sin(2 * np.pi * frequency * np.arange(round(seconds * RATE)) / RATE)
    return np.tile(wave.astype(np.float32), (channels, 1))


def test_a_note_sounds_when_it_is_written_at_its_pitch():
    content = midi.midi_bytes([Note(1.0, 1.8, 69, 100)], 33, drums=False, tempo=97.0, name="bass")
    sound = midi.render_midi(content, 3 * RATE, RATE)
    assert sound.shape == (2, 3 * RATE)
    level = np.abs(sound).max(axis=0)
    onset = np.flatnonzero(level > 0.05 * level.max())[0] / RATE
    assert onset == pytest.approx(1.0, abs=0.01)
    steady = sound[0, round(1.1 * RATE) : round(1.6 * RATE)]
    spectrum = np.abs(np.fft.rfft(steady * np.hanning(len(steady)), 8 * len(steady)))
    low = slice(round(380 * len(steady) * 8 / RATE), round(500 * len(steady) * 8 / RATE))
    peak = (low.start + np.argmax(spectrum[low])) * RATE / (8 * len(steady))
    assert abs(1200 * np.log2(peak / 440)) < 20


def test_drum_kits_of_train_and_test_sound_different():
    notes = [Note(0.1 + 0.25 * i, 0.2 + 0.25 * i, pitch, 100) for i, pitch in enumerate((36, 38, 42, 49))]
    kits = [midi.render_midi(midi.midi_bytes(notes, kit, True, 120.0, "drums"), RATE, RATE) for kit in (0, 40)]
    assert np.abs(kits[0] - kits[1]).max() > 0.1 * np.abs(kits[0]).max()


@pytest.mark.parametrize("package", ["midirenderer", "pretty_midi"])
def test_missing_extra_is_named(package, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingExtra, match=rf"{package}.*stemwise\[synth\]"):
        synthesize(tmp_path / "songs")
    assert not (tmp_path / "songs").exists()


def test_stems_of_any_level_come_out_alike():
    levels = []
    for gain in (0.001, 0.9):
        out = produce.produce_stem(PIANO, gain * tone(440), NO_ROOM, RATE, np.random.default_rng(0))
        levels.append(produce.playing_rms(out, RATE))
    assert levels[0] == pytest.approx(levels[1], rel=1e-3)


def test_playing_rms_leaves_rests_out():
    sound = np.concatenate([tone(440), np.zeros((1, 9 * RATE), dtype=np.float32)], axis=1)
    assert produce.playing_rms(sound, RATE) == pytest.approx(np.sqrt(0.5), rel=0.02)
    assert produce.playing_rms(np.zeros((1, RATE), dtype=np.float32), RATE) == 0


@pytest.mark.parametrize("position", [-1.0, -0.4, 0.0, 0.7])
def test_pan_keeps_power_and_leans_to_its_side(position):
    out = produce._pan(tone(440), position)
    power = (out**2).mean(axis=1)
    assert power.sum() == pytest.approx(1.0, rel=1e-3)
    assert np.sign(round(float(power[1] - power[0]), 4)) == np.sign(position)


@pytest.mark.parametrize("decibels", [-4.0, 3.0])
def test_bell_has_its_gain_at_its_centre_and_none_far_away(decibels):
    from scipy.signal import sosfreqz

    _, response = sosfreqz([produce._bell(1000.0, decibels, RATE)], worN=[1000.0, 10.0, 21000.0], fs=RATE)
    assert 20 * np.log10(np.abs(response)) == pytest.approx([decibels, 0.0, 0.0], abs=0.1)


def test_room_decays_and_stays_below_the_dry_sound():
    for seed in range(10):
        room = produce.draw_room(RATE, np.random.default_rng(seed))
        energy = 10 * np.log10((room**2).sum(axis=1))
        assert ((energy > -22.1) & (energy < -8.9)).all()
        tenth = room.shape[1] // 10
        # Over eight tenths of the time noise loses 0.8 × 60 dB.
        early, late = (room[:, k * tenth : (k + 1) * tenth] for k in (1, 9))
        assert 10 * np.log10((early**2).mean() / (late**2).mean()) == pytest.approx(48, abs=4)


def test_mix_is_the_sum_of_the_quantised_stems_and_peaks_below_the_limit():
    rng = np.random.default_rng(0)
    stems = [rng.standard_normal((2, 5000)).astype(np.float32) * gain for gain in (0.1, 3.0, 7.0)]
    written, mix = produce.quantise(stems)
    assert mix.dtype == np.int16
    assert (np.sum(written, axis=0, dtype=np.int64) == mix).all()
    assert 0.88 < np.abs(mix.astype(int)).max() / 32768 < 0.9


def test_stems_that_cancel_are_not_clipped():
    loud = 5 * tone(440, channels=2)
    written, mix = produce.quantise([loud, -0.99 * loud])
    assert max(np.abs(stem.astype(int)).max() for stem in written) <= 32000
    assert (np.sum(written, axis=0, dtype=np.int64) == mix).all()


def test_drive_adds_odd_harmonics_and_the_cabinet_takes_the_top():
    driven = drive(0.01 * tone(500), RATE, np.random.default_rng(0))[0]
    spectrum = np.abs(np.fft.rfft(driven[RATE // 10 : RATE // 10 + RATE // 2]))
    third, top = spectrum[750], spectrum[5750]  # 2 Hz a bin: 1.5 kHz and 11.5 kHz
    assert third > 0.1 * spectrum[250]
    assert top < 1e-3 * spectrum[250]


def test_drive_leaves_silence_silent():
    assert not drive(np.zeros((2, 100), dtype=np.float32), RATE, np.random.default_rng(0)).any()
