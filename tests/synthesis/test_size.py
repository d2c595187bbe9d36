"""Instruments of other sizes: the notes stay, the sound is another's."""

import numpy as np
import pytest
from scipy.signal import resample
from tests.synthesis.test_sound import cents_from

from stemwise.synthesis.instruments import instruments
from stemwise.synthesis.midi import midi_bytes, render_midi
from stemwise.synthesis.presets import find_preset
from stemwise.synthesis.render import RATE, render
from stemwise.synthesis.score import Bend, Control, Note, Part, Patch, Score
from stemwise.synthesis.size import enlarged, resized
from stemwise.synthesis.song import Options
from stemwise.synthesis.soundfonts import load_fonts
from stemwise.synthesis.sources import composed_jobs

NOTE = Note(0.5, 1.5, 69, 100)


def sounded(size: int, *notes: Note, program: int = 27, kit: bool = False) -> np.ndarray:
    part = Part("electric guitar", Patch("clean electric guitar", program, kit=kit, size=size), (), notes or (NOTE,))
    score = Score("t", "a", "Rock", "rock", 2.0, (part,))
    return render(score, part, load_fonts([])[0], False, np.random.default_rng(0))


def plain(part: Part, length: int) -> np.ndarray:
    return render_midi(midi_bytes(part, 120.0), load_fonts([])[0].data(), length, RATE)


@pytest.mark.parametrize("size", [-5, 0, 4])
def test_pitch_onset_and_length_stay(size):
    sound = sounded(size)
    assert sound.shape == (2, 2 * RATE)
    assert abs(cents_from(sound[0, round(0.8 * RATE) : round(1.4 * RATE)], 440)) < 20
    level = np.abs(sound).max(axis=0)
    assert np.flatnonzero(level > 0.05 * level.max())[0] / RATE == pytest.approx(0.5, abs=0.012)


@pytest.mark.parametrize("size", [-5, 4])
def test_is_the_higher_note_played_slower(size):
    """The same by scipy's Fourier resampling of the plain renderer's output."""
    slowed = 2 ** (size / 12)
    up = Part("piano", Patch("piano", 27), (), (Note(0.5 / slowed, 1.5 / slowed, 69 + size, 100),))
    fast = plain(up, round(2 * RATE / slowed))
    expected = resample(fast, 2 * RATE, axis=1)
    middle = slice(round(0.4 * RATE), round(1.6 * RATE))
    difference = (sounded(size) - expected)[:, middle]
    # 20 dB: that path rounds to whole samples and loses what lies above 22 kHz before it is slowed.
    assert np.square(difference).sum() < 1e-2 * np.square(expected[:, middle]).sum()
    assert np.square(sounded(size) - sounded(0)).sum() > 0.1 * np.square(expected).sum()


def test_a_larger_kit_is_tuned_lower():
    tom, peaks = Note(0.1, 0.6, 45, 100), []
    for size in (-3, 0, 3):
        spectrum = np.abs(np.fft.rfft(sounded(size, tom, program=0, kit=True)[0]))
        power = spectrum[: 2 * 400] ** 2  # below 400 Hz
        peaks.append((np.arange(len(power)) * power).sum() / power.sum())
    assert 12 * np.log2(peaks[0] / peaks[2]) == pytest.approx(6, abs=1.0)


def test_everything_in_time_moves_along_and_keys_stay_keys():
    part = Part(
        "drums", Patch("drum set", 0, kit=True, size=12), (), (NOTE,), (Control(1.0, 64, 127),), (Bend(0.8, 9),)
    )
    fast = enlarged(part)
    assert (fast.notes[0].start, fast.notes[0].end, fast.notes[0].pitch) == (0.25, 0.75, 69)
    assert (fast.controls[0].time, fast.bends[0].time) == (0.5, 0.4)
    high = Part("flute", Patch("flute", 73, size=12), (), (Note(0, 1, 120, 100),))
    assert enlarged(high).notes[0].pitch == 127
    assert enlarged(Part("flute", Patch("flute", 73), (), (NOTE,))).notes[0] is NOTE


def test_sizes_are_drawn_from_the_instruments_range_and_not_for_singers():
    guitar = instruments()["electric guitar"]
    part = Part("electric guitar", Patch("clean electric guitar", 27), (), (NOTE,))
    drawn = {
        split: {resized(part, guitar, split, np.random.default_rng(seed)).patch.size for seed in range(200)}
        for split in ("train", "valid", "test")
    }
    assert drawn == {"train": set(range(-4, 5)), "valid": {-5, 5}, "test": {0}}
    singer = Part("vocals", Patch("male singer", None, voices=("a",)), (), (NOTE,))
    assert resized(singer, instruments()["vocals"], "train", np.random.default_rng(0)) is singer


def test_sizes_of_validation_songs_are_heard_nowhere_else():
    heard: dict[str, set[tuple[str, int]]] = {"train": set(), "valid": set(), "test": set()}
    for job in composed_jobs(find_preset("tiny").with_songs(12), 0, Options()):
        heard[job.split] |= {(stem["kind"], stem["size"]) for stem in job.describe()["stems"] if "size" in stem}
    assert not heard["train"] & heard["valid"] and not heard["valid"] & heard["test"]
    assert {size for _, size in heard["test"]} == {0} and len({size for _, size in heard["train"]}) > 4
