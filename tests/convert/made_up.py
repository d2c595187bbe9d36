"""Sessions that tests make."""

from dataclasses import replace

import numpy as np
import soundfile

from stemwise.convert import propose

RATE = 44100


def tone(seconds: float, frequency: float, rate: int = RATE, channels: int = 1, gain: float = 0.1) -> np.ndarray:
    """(sample, channel)"""
    wave = gain * np.sin(2 * np.pi * frequency * np.arange(round(seconds * rate)) / rate)
    return np.repeat(wave[:, np.newaxis], channels, axis=1)


def put(path, sound, rate=RATE, **how):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, sound, rate, **how)


def table_of(sessions, **changes):
    """The proposed rows, with cells changed by file name."""
    return [replace(row, **changes.get(row.file.partition(".")[0], {})) for row in propose(sessions)]
