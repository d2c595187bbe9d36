"""From notes to dry stems to a mix: onsets, levels, pan, tone, room, drive."""

import sys

import numpy as np
import pytest

from stemwise.errors import MissingExtra
from stemwise.synthesis import amp, midi, produce, synthesize
from stemwise.synthesis.amp import drive
from stemwise.synthesis.instruments import instruments
from stemwise.synthesis.score import Bend, Note, Part, Patch
from stemwise.synthesis.soundfonts import load_fonts

RATE = 44100
PIANO = instruments()["piano"]
NO_ROOM = np.zeros((2, 1), dtype=np.float32)


def played(part: Part, length: int) -> np.ndarray:
    (font,) = load_fonts([])
    return midi.render_midi(midi.midi_bytes(part, 97.0), font.data(), length, RATE)


def cents_from(steady: np.ndarray, frequency: float) -> float:
    """How far the strongest partial within a third of an octave lies from `frequency`."""
    spectrum = np.abs(np.fft.rfft(steady * np.hanning(len(steady)), 8 * len(steady)))
    low, high = (round(frequency * ratio * len(steady) * 8 / RATE) for ratio in (0.87, 1.14))
    peak = (low + np.argmax(spectrum[low:high])) * RATE / (8 * len(steady))
    return 1200 * np.log2(peak / frequency)


def tone(frequency: float, seconds: float = 1.0, channels: int = 1) -> np.ndarray:
    wave = np.sin(2 * np.pi * frequency * np.arange(round(seconds * RATE)) / RATE)
    return np.tile(wave.astype(np.float32), (channels, 1))


def test_a_note_sounds_when_it_is_written_at_its_pitch():
    sound = played(Part("bass", Patch("electric bass", 33), (), (Note(1.0, 1.8, 69, 100),)), 3 * RATE)
    assert sound.shape == (2, 3 * RATE)
    level = np.abs(sound).max(axis=0)
    onset = np.flatnonzero(level > 0.05 * level.max())[0] / RATE
    assert onset == pytest.approx(1.0, abs=0.01)
    assert abs(cents_from(sound[0, round(1.1 * RATE) : round(1.6 * RATE)], 440)) < 20


def test_a_bend_of_a_quarter_of_the_wheel_is_half_a_semitone():
    note, bend = Note(0.0, 1.5, 69, 100), Bend(0.0, 2048)
    sound = played(Part("synthesizer", Patch("synthesizer", 80), (), (note,), (), (bend,)), 2 * RATE)
    assert cents_from(sound[0, round(0.3 * RATE) : round(1.2 * RATE)], 440) == pytest.approx(50, abs=12)


def test_drum_kits_of_train_and_test_sound_different():
    notes = [Note(0.1 + 0.25 * i, 0.2 + 0.25 * i, pitch, 100) for i, pitch in enumerate((36, 38, 42, 49))]
    kits = [played(Part("drums", Patch("drum set", kit, kit=True), (), tuple(notes)), RATE) for kit in (0, 40)]
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


def test_room_decays_within_its_time_and_stays_below_the_dry_sound():
    for seed in range(10):
        room = produce.draw_room((0.4, 0.9), RATE, np.random.default_rng(seed))
        assert 0.4 <= room.shape[1] / RATE <= 0.9
        energy = 10 * np.log10((room**2).sum(axis=1))
        assert ((energy > -22.1) & (energy < -8.9)).all()
        tenth = room.shape[1] // 10
        early, late = (room[:, k * tenth : (k + 1) * tenth] for k in (1, 9))
        # Over eight tenths of the time noise loses 0.8 × 60 dB, and the highs, which go sooner, their share.
        assert 44 < 10 * np.log10((early**2).mean() / (late**2).mean()) < 62


def test_the_bus_keeps_the_mix_the_sum_of_the_stems_and_peaks_below_the_limit():
    rng = np.random.default_rng(0)
    stems = [rng.standard_normal((2, 50000)).astype(np.float32) * gain for gain in (0.1, 3.0, 7.0)]
    stems[2][:, 30000:36000] *= 5
    glued = list(stems)
    scale = produce.master(glued, RATE)
    written = [produce.quantise(stem, scale) for stem in glued]
    total = np.sum(written, axis=0, dtype=np.int64)
    assert 0.88 < np.abs(total).max() / 32768 < 0.9
    # One gain for all stems at each moment: what it is for one it is for the others.
    gains = [glued[i] / stems[i] for i in (0, 1)]
    assert np.median(np.abs(gains[0] - gains[1])) < 1e-5
    assert gains[0].min() < 0.95  # and it does something where the sum is loud


def test_stems_that_cancel_are_not_clipped():
    loud = 5 * tone(440, channels=2)
    glued = [loud, -0.99 * loud]
    scale = produce.master(glued, RATE)
    assert max(np.abs(produce.quantise(stem, scale).astype(int)).max() for stem in glued) <= 32000


def test_what_lies_below_the_cut_is_taken_away():
    """The second-order cut of a flute at 150 Hz: a tone of 30 Hz loses at least 24 dB against one of 500 Hz."""
    flute, rng = instruments()["flute"], np.random.default_rng
    low, high = (produce._tone(tone(f, 2.0), flute, RATE, rng(0))[0, RATE:] for f in (30, 500))
    assert 20 * np.log10(high.std() / low.std()) > 24


@pytest.mark.parametrize("effect", [amp.ring, amp.sweep, amp.flange, amp.chop])
def test_effects_change_a_sound_but_not_its_length_and_leave_silence_silent(effect):
    sound = tone(440, channels=2)
    out = effect(sound, RATE, np.random.default_rng(1))
    assert out.shape == sound.shape
    assert np.abs(out - sound).max() > 0.1
    assert np.isfinite(out).all()
    assert not effect(0 * sound, RATE, np.random.default_rng(1)).any()


def test_drive_adds_odd_harmonics_and_the_cabinet_takes_the_top():
    third, top = overtones(12.0)
    assert third > 0.1 and top < 1e-3


def test_a_clean_guitar_is_driven_little_but_heard_through_the_cabinet():
    """tanh of a sine of amplitude a: the third harmonic is a² / 12 of the first in the limit of a small one."""
    clean, distorted = (sound.amp for sound in instruments()["electric guitar"].sounds)
    assert overtones(clean[0])[0] == pytest.approx(10 ** (clean[0] / 10) / 12, rel=0.15)
    assert overtones(clean[1])[0] < 0.08 and overtones(distorted[0])[0] > 0.2
    low, high = (drive(tone(f), RATE, np.random.default_rng(0), clean)[0, RATE // 2 :] for f in (500, 9000))
    assert 20 * np.log10(low.std() / high.std()) > 16  # fourth order from 5.5 kHz at most


def overtones(gain: float) -> tuple[float, float]:
    """Of 500 Hz through an amplifier: the third harmonic and 11.5 kHz against the first."""
    driven = drive(0.01 * tone(500), RATE, np.random.default_rng(0), (gain, gain))[0]
    spectrum = np.abs(np.fft.rfft(driven[RATE // 10 : RATE // 10 + RATE // 2]))  # 2 Hz a bin
    return float(spectrum[750] / spectrum[250]), float(spectrum[5750] / spectrum[250])


def test_drive_leaves_silence_silent():
    assert not drive(np.zeros((2, 100), dtype=np.float32), RATE, np.random.default_rng(0), (12, 30)).any()


def test_a_tone_knob_darkens_every_bass_differently_and_no_drum():
    def loss(kind: str, seed: int) -> float:
        """dB that 8 kHz loses against 200 Hz."""
        instrument, rng = instruments()[kind], np.random.default_rng
        low, high = (produce._tone(tone(f, 1.0), instrument, RATE, rng(seed))[0, RATE // 2 :] for f in (200, 8000))
        return 20 * np.log10(low.std() / high.std())

    bass = [loss("bass", seed) for seed in range(12)]
    # Second order from 5 kHz at most: 10 dB at 8 kHz; the bells take or give up to 4 at either end.
    assert min(bass) > 2 and max(bass) - min(bass) > 15
    assert max(abs(loss("drums", seed)) for seed in range(12)) < 8.1
