"""Dry stems → a mix: cut, tone, compression, level, pan and room of each stem, then a bus for all."""

import numpy as np
from numpy.typing import NDArray

from stemwise.audio import Samples
from stemwise.synthesis.dynamics import apply_gain, compress, gain_curve, levels
from stemwise.synthesis.instruments import Instrument

Pcm = NDArray[np.int16]

PEAK = 0.89
LEVEL_SPREAD = 1.7  # dB, standard deviation of a stem's level around that of its kind
FADE = 0.25
BUS_RATIO = 2.0
HEADROOM = 4.0  # dB that the bus compressor lets peaks stand above the level at which the mix mostly plays


def produce_stem(instrument: Instrument, dry: Samples, room: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """(1 or 2, sample) dry, (2, tap) room → (2, sample) with this stem's tone, dynamics, level, pan and room."""
    sound = compress(_tone(dry, instrument, rate, rng), instrument.squeeze, rate)
    decibels = instrument.level + float(np.clip(rng.normal(0, LEVEL_SPREAD), -4, 4))
    sound = sound * np.float32(10 ** (decibels / 20) * 0.1 / max(playing_rms(sound, rate), 1e-6))
    sound = _pan(sound, float(rng.uniform(-1, 1)) * instrument.spread)
    if instrument.send:
        sound = _in_room(sound, np.float32(instrument.send) * room)
    return _fade(sound, rate)


def draw_room(seconds: tuple[float, float], rate: int, rng: np.random.Generator) -> Samples:
    """(2, tap) impulse response: noise that decays by 60 dB within `seconds` (shortest, longest), its highs sooner,
    9 to 22 dB below the dry sound."""
    from scipy.signal import butter, sosfilt

    decay = float(rng.uniform(*seconds))
    time = np.arange(round(decay * rate)) / rate
    noise = rng.standard_normal((2, len(time)))
    dark = sosfilt(butter(1, 2500, fs=rate, output="sos"), noise) * np.exp(-np.log(1000) * time / decay)
    bright = noise * np.exp(-np.log(1000) * time / (0.5 * decay))
    tail = 2 * dark + 0.5 * bright
    tail[:, : round(rng.uniform(0.004, 0.025) * rate)] = 0
    energy = np.sqrt((tail**2).sum(axis=1, keepdims=True))
    return np.asarray(10 ** (rng.uniform(-22, -9) / 20) * tail / energy, dtype=np.float32)


def glue(total: Samples, rate: int) -> NDArray[np.float64]:
    """The bus compressor's gain curve for the sum of all stems; applied to each stem, their sum stays the mix."""
    level = levels(total)
    threshold = playing_rms(total, rate) * 10 ** (HEADROOM / 20)
    return gain_curve(level, max(threshold, 1e-6), BUS_RATIO, rate)


def master(stems: list[Samples], rate: int) -> float:
    """Send the stems through the bus, in their places in the list; return the scale to 16 bit at which their sum
    peaks at 0.89 and no stem alone clips."""
    gains = glue(np.sum(stems, axis=0), rate)
    for i, stem in enumerate(stems):
        stems[i] = apply_gain(stem, gains)
    peak = float(np.abs(np.sum(stems, axis=0)).max(initial=0.0))
    # A stem alone may be louder than the sum in which others cancel it.
    loudest = max(float(np.abs(stem).max(initial=0.0)) for stem in stems)
    return min(PEAK * 32768 / max(peak, 1e-6), 32000 / max(loudest, 1e-6))


def quantise(stem: Samples, scale: float) -> Pcm:
    """(2, sample) → 16 bit."""
    return np.asarray(np.rint(stem * np.float32(scale)), dtype=np.int16)


def playing_rms(sound: Samples, rate: int) -> float:
    """Root mean square over the 50 ms frames whose power is above a hundredth of the loudest frame's."""
    size = rate // 20
    count = sound.shape[1] // size
    blocks = sound[:, : count * size].reshape(len(sound), count, size)
    power = np.einsum("cth,cth->t", blocks, blocks, dtype=np.float64) / (len(sound) * size)
    playing = power[power > 0.01 * power.max(initial=0.0)]
    return float(np.sqrt(playing.mean())) if len(playing) else 0.0


def _tone(sound: Samples, instrument: Instrument, rate: int, rng: np.random.Generator) -> Samples:
    """A cut below, two broad bells of up to ±4 dB and, where the instrument has one, a tone knob that is turned down to
    anywhere in its range: so one patch sounds different in every song."""
    from scipy.signal import butter, sosfilt

    sections = [butter(2, instrument.low, "highpass", fs=rate, output="sos")]
    sections += [[_bell(rng.uniform(*band), rng.uniform(-4, 4), rate)] for band in ((150, 700), (1500, 6000))]
    if instrument.dark:
        corner = float(np.exp(rng.uniform(*np.log(instrument.dark))))
        sections.append(butter(2, corner, fs=rate, output="sos"))
    return np.asarray(sosfilt(np.vstack(sections), sound.astype(np.float64)), dtype=np.float32)


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
    return np.asarray(gains.astype(np.float32) * sound, dtype=np.float32)


def _in_room(sound: Samples, room: Samples) -> Samples:
    from scipy.signal import oaconvolve

    send = sound.mean(axis=0, keepdims=True)
    return np.asarray(sound + oaconvolve(send, room, axes=1)[:, : sound.shape[1]], dtype=np.float32)


def _fade(sound: Samples, rate: int) -> Samples:
    size = min(round(FADE * rate), sound.shape[1])
    sound[:, sound.shape[1] - size :] *= np.linspace(1, 0, size, dtype=np.float32)
    return sound
