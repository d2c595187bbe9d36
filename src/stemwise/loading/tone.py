"""Another sound for the same notes: a shelf, as on a mixing desk."""

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

CORNERS = (200.0, 4000.0)  # Hz, between which the corner is drawn, evenly in octaves


def recolour(audio: NDArray[np.float32], rate: int, decibels: float, rng: Generator) -> NDArray[np.float32]:
    """(channel, sample) through a shelf of a corner and a gain, within ± `decibels`, that are drawn."""
    corner = float(np.exp(rng.uniform(*np.log(CORNERS))))
    return shelf(audio, rate, min(corner, 0.45 * rate), float(rng.uniform(-decibels, decibels)))


def shelf(audio: NDArray[np.float32], rate: int, corner: float, decibels: float) -> NDArray[np.float32]:
    """Gain of 0 dB far below `corner` (Hz), of `decibels` far above, of half of them at the corner itself.

    H(s) = (√g + g s) / (√g + s), s in units of the corner, by the bilinear transform.
    """
    from scipy.signal import lfilter

    gain = 10 ** (decibels / 20)
    root, warped = np.sqrt(gain), np.tan(np.pi * corner / rate)
    upper = np.array([root * warped + gain, root * warped - gain])
    lower = np.array([root * warped + 1, root * warped - 1])
    filtered: NDArray[np.float32] = lfilter(
        (upper / lower[0]).astype(np.float32), (lower / lower[0]).astype(np.float32), audio
    )
    return filtered.astype(np.float32, copy=False)
