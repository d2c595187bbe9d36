"""Notes and a singer → audio."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stemwise.audio import Samples
from stemwise.synthesis.score import Note
from stemwise.synthesis.voice import pitch, source, vowels
from stemwise.synthesis.voice.singer import Singer

Array = NDArray[np.float64]


def sing(notes: Sequence[Note], singer: Singer, seconds: float, rate: int, rng: np.random.Generator) -> Samples:
    """One line of notes, sorted by start → (1, sample); exactly silent away from the notes.

    Every vowel's filter runs over the whole source and the vowels are mixed by slow curves: resonators that never
    change cannot click, and five of them cost less than one that does.
    """
    length = round(seconds * rate)
    if not notes:
        return np.zeros((1, length), dtype=np.float32)
    times = pitch.frames(seconds, rate)
    f0 = pitch.f0_curve(notes, singer, times, rng)
    loud = _at_samples(pitch.loudness_curve(notes, times, rng), length)
    shares = pitch.vowel_curves(notes, len(singer.vowels), times, rng)
    voiced = source.harmonics(_at_samples(f0, length), singer.tilt, rate)
    voiced += singer.breath * rng.standard_normal(length)
    voice = _spoken(voiced * loud, shares, singer, float(np.median(f0)), rate)
    voice += _hisses(notes, singer, length, rate, rng)
    return voice[np.newaxis].astype(np.float32)


def _spoken(voiced: Array, shares: Array, singer: Singer, f0: float, rate: int) -> Array:
    from scipy.signal import sosfilt

    total = np.zeros_like(voiced)
    for name, share in zip((*singer.vowels, "murmur"), shares, strict=True):
        sections = vowels.resonators(vowels.formants(name, singer.voice.female, singer.formant_scale), rate)
        gain = (0.5 if name == "murmur" else 1.0) * 0.15 / vowels.level(sections, f0, singer.tilt, rate)
        total += gain * sosfilt(sections, voiced) * _at_samples(share, len(voiced))
    return total


def _hisses(notes: Sequence[Note], singer: Singer, length: int, rate: int, rng: np.random.Generator) -> Array:
    """Short noises between 2.5 and 9 kHz at the beginning of some notes, like a soft s or t."""
    from scipy.signal import butter, sosfilt

    out = np.zeros(length)
    for note in notes:
        chance, low, span, gain = rng.random(), rng.uniform(2500, 5500), rng.uniform(0.03, 0.09), rng.uniform(0.03, 0.1)
        start = max(0, round((note.start - span / 2) * rate))
        size = min(round(span * rate), length - start)
        if chance < singer.consonants and size > 0:
            noise = sosfilt(butter(2, (low, low + 3500), "bandpass", fs=rate, output="sos"), rng.standard_normal(size))
            out[start : start + size] += gain * noise * np.hanning(size)
    return out


def _at_samples(curve: Array, length: int) -> Array:
    return np.asarray(np.interp(np.arange(length) / pitch.HOP, np.arange(len(curve)), curve), dtype=np.float64)
