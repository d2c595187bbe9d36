"""Melody → the slow curves of singing, one value every HOP samples."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stemwise.synthesis.score import Note
from stemwise.synthesis.voice.singer import Singer

Array = NDArray[np.float64]

HOP = 64
GLIDE = 0.015  # standard deviation in seconds of the blur that joins one pitch to the next
SETTLE = 0.05  # time constant of the scoop
VIBRATO_AFTER = 0.25


def frames(seconds: float, rate: int) -> Array:
    """(frame,) times in seconds; one more than fits, so that every sample lies between two."""
    return np.arange(int(seconds * rate) // HOP + 2) * HOP / rate


def f0_curve(notes: Sequence[Note], singer: Singer, times: Array, rng: np.random.Generator) -> Array:
    """(frame,) Hz: the notes with glides between them, a scoop from below, vibrato on long notes, and jitter."""
    from scipy.ndimage import gaussian_filter1d

    starts = np.array([note.start for note in notes])
    pitches = np.array([note.pitch for note in notes], dtype=np.float64)
    per_second = 1 / (times[1] - times[0])
    current = np.clip(np.searchsorted(starts, times, side="right") - 1, 0, None)
    since = np.maximum(times - starts[current], 0.0)
    semitones = gaussian_filter1d(pitches[current], GLIDE * per_second)
    scoops = singer.scoop / 100 * rng.uniform(0.2, 1.0, len(notes))
    semitones -= scoops[current] * np.exp(-since / SETTLE)
    swell = np.clip((since - VIBRATO_AFTER) / 0.3, 0, 1)
    rate_drift = singer.vibrato_rate * (1 + 0.04 * _wander(len(times), per_second, 1.0, rng))
    wave = np.sin(2 * np.pi * np.cumsum(rate_drift) / per_second)
    semitones += singer.vibrato_depth / 100 * swell * wave
    semitones += 0.04 * _wander(len(times), per_second, 12.0, rng)
    return np.asarray(440.0 * 2 ** ((semitones - 69) / 12), dtype=np.float64)


def loudness_curve(notes: Sequence[Note], times: Array, rng: np.random.Generator) -> Array:
    """(frame,) 0 to 1: every note swells in 30 to 80 ms and fades in 60 to 110 ms; joined notes do not fall silent."""
    curve = np.zeros_like(times)
    for note in notes:
        attack, release = rng.uniform(0.03, 0.08), rng.uniform(0.06, 0.11)
        top = (note.velocity / 100) ** 1.5
        middle = note.start + min(attack, 0.5 * (note.end - note.start))
        corners = [note.start, middle, max(middle + 1e-3, note.end - 0.03), note.end + release]
        first, last = np.searchsorted(times, [corners[0], corners[-1]])
        shape = np.interp(times[first:last], corners, [0.0, top, 0.8 * top, 0.0])
        np.maximum(curve[first:last], shape, out=curve[first:last])
    return curve


def vowel_curves(notes: Sequence[Note], count: int, times: Array, rng: np.random.Generator) -> Array:
    """(count + 1, frame) shares that sum to 1: a vowel a note; the last row is the murmur some notes begin with."""
    from scipy.ndimage import gaussian_filter1d

    starts = np.array([note.start for note in notes])
    current = np.clip(np.searchsorted(starts, times, side="right") - 1, 0, None)
    chosen = rng.integers(count, size=len(notes))[current]
    since = times - starts[current]
    murmurs = (rng.random(len(notes)) < 0.3) * rng.uniform(0.04, 0.09, len(notes))
    chosen = np.where((since >= 0) & (since < murmurs[current]), count, chosen)
    shares = np.eye(count + 1)[:, chosen]
    return np.asarray(gaussian_filter1d(shares, 0.018 / (times[1] - times[0]), axis=1), dtype=np.float64)


def _wander(length: int, per_second: float, cutoff: float, rng: np.random.Generator) -> Array:
    """(length,) noise below about `cutoff` Hz with standard deviation 1."""
    from scipy.ndimage import gaussian_filter1d

    slow = gaussian_filter1d(rng.standard_normal(length), per_second / (2 * np.pi * cutoff))
    return np.asarray(slow / max(float(slow.std()), 1e-9), dtype=np.float64)
