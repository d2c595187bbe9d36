"""What a sound is sent through before it is mixed: a guitar amplifier, or an effect that disguises it."""

from collections.abc import Callable

import numpy as np

from stemwise.audio import Samples


def drive(sound: Samples, rate: int, rng: np.random.Generator, gains: tuple[float, float]) -> Samples:
    """(channel, sample) → (1, sample), as an amplifier has one speaker: high-pass, tanh, whose gain in dB over the
    sound's peak is drawn from `gains`, then a cabinet: low-pass at 3.5 to 5.5 kHz and a bump of 3 to 6 dB around 110
    Hz. A clean guitar is driven little, but it too is heard through a cabinet."""
    from scipy.signal import butter, sosfilt

    sound = sound.mean(axis=0, keepdims=True)
    peak = float(np.abs(sound).max(initial=0.0))
    if peak == 0:
        return sound
    gain = np.float32(10 ** (rng.uniform(*gains) / 20) / peak)
    tight = sosfilt(butter(1, rng.uniform(80, 160), "highpass", fs=rate, output="sos"), sound)
    driven = np.tanh(gain * tight)
    cabinet = butter(4, rng.uniform(3500, 5500), "lowpass", fs=rate, output="sos")
    bump = butter(1, (80, 160), "bandpass", fs=rate, output="sos")
    voiced = driven + np.float32(rng.uniform(0.4, 1.0)) * sosfilt(bump, driven)
    return np.asarray(sosfilt(cabinet, voiced), dtype=np.float32)


def process(sound: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """(channel, sample) → the same shape, through one of: ring modulation, a sweeping filter, a flanger, a chopper."""
    effects: tuple[Callable[[Samples, int, np.random.Generator], Samples], ...] = (ring, sweep, flange, chop)
    return np.asarray(effects[int(rng.integers(len(effects)))](sound, rate, rng), dtype=np.float32)


def ring(sound: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """Times a sine of 60 to 700 Hz."""
    carrier = np.sin(2 * np.pi * rng.uniform(60, 700) * np.arange(sound.shape[1]) / rate)
    return np.asarray(sound * carrier, dtype=np.float32)


def sweep(sound: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """Slowly back and forth between what is below 600 Hz and what is above."""
    from scipy.signal import butter, sosfilt

    dark = sosfilt(butter(2, 600, fs=rate, output="sos"), sound)
    share = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(sound.shape[1]) / rate / rng.uniform(3, 9))
    return np.asarray(dark + share * (sound - dark), dtype=np.float32)


def flange(sound: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """Plus itself, delayed by 0.5 to 6 ms that come and go."""
    at = np.arange(sound.shape[1])
    delay = rate * (0.00325 + 0.00275 * np.sin(2 * np.pi * at / rate * rng.uniform(0.1, 0.6)))
    late = np.stack([np.interp(at - delay, at, channel, left=0.0) for channel in sound])
    return np.asarray(0.5 * (sound + late), dtype=np.float32)


def chop(sound: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """On and off, 4 to 10 times a second, with edges of 4 ms."""
    from scipy.ndimage import uniform_filter1d

    on = (np.arange(sound.shape[1]) * rng.uniform(4, 10) / rate % 1.0 < 0.55).astype(np.float32)
    return np.asarray(sound * uniform_filter1d(on, round(0.004 * rate)), dtype=np.float32)
