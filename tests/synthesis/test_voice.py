import time
from dataclasses import replace

import numpy as np
import pytest

from stemwise.synthesis.score import Note
from stemwise.synthesis.voice import draw_singer, sing, vowels
from stemwise.synthesis.voice.source import BAND_LIMIT, harmonics
from stemwise.synthesis.voice.voices import Voice

RATE = 44100
NOTES = tuple(Note(0.2 + 0.8 * i, 0.95 + 0.8 * i, pitch, 100) for i, pitch in enumerate((0, 4, 7, 12, 5, 2)))


def melody(base: int) -> list[Note]:
    return [replace(note, pitch=base + note.pitch) for note in NOTES]


def singer(female: bool, seed: int):
    return draw_singer(Voice("", female), np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("female", "base"), [(False, 48), (True, 60)])
def test_pitch_is_the_melody(female, base, seed):
    """An independent estimator (YIN) finds every note within 15 cents, past the scoop and across the vibrato."""
    import librosa

    notes = melody(base)
    audio = sing(notes, singer(female, seed), 5.5, RATE, np.random.default_rng(seed))[0]
    f0 = librosa.yin(audio, fmin=70, fmax=900, sr=RATE, frame_length=4096, hop_length=441)
    for note in notes:
        middle = f0[round((note.start + 0.2) * 100) : round((note.end - 0.05) * 100)]
        cents = 1200 * np.log2(np.median(middle) / (440 * 2 ** ((note.pitch - 69) / 12)))
        assert abs(cents) < 15


def test_vibrato_has_the_singers_rate():
    held = [Note(0.1, 4.1, 60, 100)]
    one = replace(singer(False, 0), vibrato_rate=5.0, vibrato_depth=60.0, breath=0.0)
    from stemwise.synthesis.voice import pitch

    times = pitch.frames(4.2, RATE)
    f0 = pitch.f0_curve(held, one, times, np.random.default_rng(0))
    steady = 1200 * np.log2(f0[(times > 1) & (times < 4)])
    spectrum = np.abs(np.fft.rfft((steady - steady.mean()) * np.hanning(len(steady)), 8 * len(steady)))
    rate = np.argmax(spectrum) / (8 * len(steady) * (times[1] - times[0]))
    assert rate == pytest.approx(5.0, abs=0.5)
    assert 40 < (steady.max() - steady.min()) / 2 < 90


def test_silence_away_from_the_notes():
    audio = sing(melody(55), singer(True, 1), 8.0, RATE, np.random.default_rng(0))
    assert audio.shape == (1, 8 * RATE)
    power = audio[0] ** 2
    loud = power[round(0.3 * RATE) : round(4.5 * RATE)].mean()
    assert power[: round(0.1 * RATE)].mean() < 1e-6 * loud
    assert power[round(5.6 * RATE) :].mean() < 1e-8 * loud


def test_no_notes_are_silence():
    assert not sing([], singer(True, 1), 1.0, RATE, np.random.default_rng(0)).any()


def test_consonants_are_noise_above_the_vowels():
    quiet, hissing = (replace(singer(False, 2), consonants=share) for share in (0.0, 1.0))
    above = [highs(sing(melody(50), one, 5.5, RATE, np.random.default_rng(0))[0]) for one in (quiet, hissing)]
    assert above[1] > 3 * above[0]


def test_singers_differ_in_timbre():
    envelopes = [np.log(np.abs(np.fft.rfft(sing(melody(52), singer(False, s), 5.5, RATE, np.random.default_rng(0))[0])))
                 for s in range(3)]  # fmt: skip
    bands = np.array([[part.mean() for part in np.array_split(e[1000:40000], 30)] for e in envelopes])
    differences = [np.abs(bands[i] - bands[j]).mean() for i, j in ((0, 1), (0, 2), (1, 2))]
    assert min(differences) > 0.3  # nepers, 2.6 dB in the mean over the bands


@pytest.mark.parametrize("name", list(vowels.VOWELS))
@pytest.mark.parametrize("female", [False, True])
def test_a_vowel_peaks_at_its_formants(name, female):
    """Noise through the filter has a local maximum within 12 % of F1 (neighbours pull each other)."""
    from scipy.signal import sosfreqz

    frequencies = vowels.formants(name, female, 1.0)
    grid = np.arange(100, 5000, 5.0)
    _, response = sosfreqz(vowels.resonators(frequencies, RATE), worN=grid, fs=RATE)
    power = np.abs(response)
    peaks = grid[1:-1][(power[1:-1] > power[:-2]) & (power[1:-1] > power[2:])]
    for formant in frequencies[:3]:
        assert np.abs(peaks / formant - 1).min() < 0.12


def test_vowels_are_equally_loud_by_their_level():
    """`level` predicts the root mean square of the filtered source."""
    from scipy.signal import sosfilt

    source = harmonics(np.full(RATE, 150.0), 1.2, RATE)
    for name in ("heed", "hod", "whod"):
        sections = vowels.resonators(vowels.formants(name, False, 1.0), RATE)
        measured = np.sqrt(np.mean(sosfilt(sections, source)[RATE // 4 :] ** 2))
        assert measured == pytest.approx(vowels.level(sections, 150.0, 1.2, RATE), rel=0.05)


@pytest.mark.parametrize("f0", [82.0, 220.0, 700.0])
def test_source_has_only_harmonics_of_f0_and_none_above_the_band_limit(f0):
    """Aliases and interpolation leave less than −50 dB between the harmonics and −70 dB above the limit."""
    spectrum = np.abs(np.fft.rfft(harmonics(np.full(RATE, f0), 1.0, RATE) * np.blackman(RATE))) ** 2
    frequency = np.arange(len(spectrum))
    between = np.abs((frequency / f0 + 0.5) % 1 - 0.5) * f0 > 8
    assert spectrum[between].sum() < 1e-5 * spectrum.sum()
    assert spectrum[frequency > BAND_LIMIT + 10].sum() < 1e-7 * spectrum.sum()


def test_source_amplitudes_fall_with_the_tilt():
    spectrum = np.abs(np.fft.rfft(harmonics(np.full(RATE, 200.0), 1.5, RATE)))
    assert spectrum[1600] / spectrum[200] == pytest.approx(8**-1.5, rel=0.02)


def test_singing_is_fast():
    """At least 20 times real time in CPU time, with room for a busy machine: measured 45 and more."""
    notes = [Note(0.1 + 0.5 * i, 0.58 + 0.5 * i, 60 + i % 5, 100) for i in range(38)]
    began = time.process_time()
    sing(notes, singer(True, 0), 20.0, RATE, np.random.default_rng(0))
    assert 20.0 / (time.process_time() - began) > 20


def highs(audio: np.ndarray) -> float:
    spectrum = np.abs(np.fft.rfft(audio)) ** 2
    frequency = np.arange(len(spectrum)) * RATE / len(audio)
    return float(spectrum[(frequency > 4000) & (frequency < 9500)].sum())
