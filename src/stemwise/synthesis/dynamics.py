"""Compression: gain curves that follow the level of a sound."""

import numpy as np
from numpy.typing import NDArray

from stemwise.audio import Samples

HOP = 128  # samples a step of the gain curve: 3 ms at 44.1 kHz, short against every attack used here
ATTACK, RELEASE = 0.008, 0.14  # time constants in seconds
SILENT = 1e-6

Curve = NDArray[np.float64]


def levels(sound: Samples) -> Curve:
    """(channel, sample) → (step,) root mean square of each HOP samples, all channels together."""
    steps = -(-sound.shape[1] // HOP)
    whole = sound[:, : sound.shape[1] // HOP * HOP].reshape(len(sound), -1, HOP)
    power = np.einsum("cth,cth->t", whole, whole, dtype=np.float64) / (len(sound) * HOP)
    rest = sound[:, whole.shape[1] * HOP :]
    if steps > len(power):
        power = np.append(power, float((rest.astype(np.float64) ** 2).mean()))
    return np.asarray(np.sqrt(power), dtype=np.float64)


def gain_curve(level: Curve, threshold: float, ratio: float, rate: int) -> Curve:
    """(step,) gains, at most 1: above `threshold` (linear) the level rises by 1 dB for each `ratio` dB that came in.

    Attack and release smooth the gain in dB, after Giannoulis, Massberg and Reiss, "Digital dynamic range compressor
    design", J. Audio Eng. Soc. 60 (2012), with the detector in the log domain behind the gain computer.
    """
    over = np.maximum(20 * np.log10(np.maximum(level, SILENT) / threshold), 0.0)
    wanted = ((1 - 1 / ratio) * over).tolist()
    rise, fall = (float(np.exp(-HOP / rate / seconds)) for seconds in (ATTACK, RELEASE))
    smooth, now = [], 0.0
    for value in wanted:
        keep = rise if value > now else fall
        now = keep * now + (1 - keep) * value
        smooth.append(now)
    return np.asarray(10 ** (-np.array(smooth) / 20), dtype=np.float64)


def apply_gain(sound: Samples, gains: Curve) -> Samples:
    """(channel, sample) times a gain curve, drawn straight from the middle of each step to the next."""
    points = np.concatenate([gains[:1], gains, gains[-1:]]).astype(np.float32)
    ramp = ((np.arange(HOP, dtype=np.float32) + 0.5) / HOP)[np.newaxis]
    curve = points[:-1, np.newaxis] + np.diff(points)[:, np.newaxis] * ramp
    return np.asarray(sound * curve.ravel()[HOP // 2 :][: sound.shape[1]], dtype=np.float32)


def compress(sound: Samples, ratio: float, rate: int) -> Samples:
    """(channel, sample) compressed above the level at which it mostly plays."""
    level = levels(sound)
    playing = level[level > 0.1 * level.max(initial=0.0)]
    if ratio <= 1 or not len(playing):
        return sound
    return apply_gain(sound, gain_curve(level, float(np.sqrt((playing**2).mean())), ratio, rate))
