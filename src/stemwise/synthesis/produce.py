"""Dry stems → a mix: tone, level, pan, room, and one scale for all."""

import numpy as np
from numpy.typing import NDArray

from stemwise.audio import Samples
from stemwise.synthesis.instruments import instruments
from stemwise.synthesis.score import Part

Pcm = NDArray[np.int16]

PEAK = 0.89
LEVEL_SPREAD = 1.7  # dB, standard deviation of a stem's level around that of its kind
FADE = 0.25


def produce_stem(part: Part, dry: Samples, room: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """(1 or 2, sample) dry, (2, tap) room → (2, sample) with this stem's tone, level, pan and room."""
    from scipy.signal import oaconvolve

    style = instruments()[part.kind]
    sound = _tone(dry, rate, rng)
    decibels = style.level + float(np.clip(rng.normal(0, LEVEL_SPREAD), -4, 4))
    sound = sound * np.float32(10 ** (decibels / 20) * 0.1 / max(playing_rms(sound, rate), 1e-6))
    sound = _pan(sound, float(rng.uniform(-1, 1)) * style.spread)
    if style.send:
        send = sound.mean(axis=0, keepdims=True)
        sound = sound + np.float32(style.send) * oaconvolve(send, room, axes=1)[:, : sound.shape[1]]
    return _fade(sound.astype(np.float32), rate)


def draw_room(rate: int, rng: np.random.Generator) -> Samples:
    """(2, tap) impulse response: noise that decays by 60 dB in 0.2 to 0.9 s, 9 to 22 dB below the dry sound."""
    seconds = float(rng.uniform(0.2, 0.9))
    time = np.arange(round(seconds * rate)) / rate
    noise = rng.standard_normal((2, len(time))) * np.exp(-np.log(1000) * time / seconds)
    noise[:, : round(0.008 * rate)] = 0
    energy = np.sqrt((noise**2).sum(axis=1, keepdims=True))
    return np.asarray(10 ** (rng.uniform(-22, -9) / 20) * noise / energy, dtype=np.float32)


def quantise(stems: list[Samples]) -> tuple[list[Pcm], Pcm]:
    """Stems (2, sample) → 16-bit stems and their exact sum, all at the scale that lets the sum peak at 0.89."""
    peak = float(np.abs(np.sum(stems, axis=0)).max(initial=0.0))
    scale = PEAK * 32768 / max(peak, 1e-6)
    # A stem alone may be louder than the sum in which others cancel it.
    loudest = max(float(np.abs(stem).max(initial=0.0)) for stem in stems)
    scale = min(scale, 32000 / max(loudest, 1e-6))
    written = [np.round(stem * scale).astype(np.int16) for stem in stems]
    return written, np.asarray(np.sum(written, axis=0, dtype=np.int32), dtype=np.int16)


def playing_rms(sound: Samples, rate: int) -> float:
    """Root mean square over the 50 ms frames whose power is above a hundredth of the loudest frame's."""
    size = rate // 20
    count = sound.shape[1] // size
    power = (sound[:, : count * size].reshape(len(sound), count, size).astype(np.float64) ** 2).mean(axis=(0, 2))
    playing = power[power > 0.01 * power.max(initial=0.0)]
    return float(np.sqrt(playing.mean())) if len(playing) else 0.0


def _tone(sound: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """Two broad bells of up to ±4 dB, so that one patch sounds different in every song."""
    from scipy.signal import sosfilt

    bells = [_bell(rng.uniform(*band), rng.uniform(-4, 4), rate) for band in ((150, 700), (1500, 6000))]
    return np.asarray(sosfilt(np.array(bells, dtype=np.float64), sound), dtype=np.float32)


def _bell(frequency: float, decibels: float, rate: int) -> list[float]:
    """Peaking section with Q 0.8, from Bristow-Johnson's "Cookbook formulae for audio EQ biquad filters"."""
    amplitude = 10 ** (decibels / 40)
    angle = 2 * np.pi * frequency / rate
    alpha = np.sin(angle) / 1.6
    a0 = 1 + alpha / amplitude
    cosine = -2 * np.cos(angle)
    row = (1 + alpha * amplitude, cosine, 1 - alpha * amplitude, a0, cosine, 1 - alpha / amplitude)
    return [float(value / a0) for value in row]


def _pan(sound: Samples, position: float) -> Samples:
    """Constant power; `position` −1 left to 1 right. A stereo stem keeps its width and is balanced."""
    angle = (position + 1) * np.pi / 4
    gains = np.sqrt(2) * np.array([[np.cos(angle)], [np.sin(angle)]])
    return np.asarray(gains * sound, dtype=np.float32)


def _fade(sound: Samples, rate: int) -> Samples:
    size = min(round(FADE * rate), sound.shape[1])
    sound[:, sound.shape[1] - size :] *= np.linspace(1, 0, size, dtype=np.float32)
    return sound
