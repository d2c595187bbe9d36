"""The voice's source: harmonics below the band limit, read from tables, so that it costs two look-ups a sample."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

TABLE = 2048
LOWEST = 60.0
BANDS_PER_OCTAVE = 3
OCTAVES = 5
BAND_LIMIT = 14000.0


def harmonics(f0: Array, tilt: float, rate: int) -> Array:
    """(sample,) f0 in Hz → (sample,) sum of cosines k·phase of amplitude k^(−tilt), none above 14 kHz."""
    tables = _tables(tilt)
    phase = np.cumsum(f0 / rate)
    position = (phase % 1.0) * TABLE
    step = position.astype(np.int64)
    fraction = position - step
    band = np.clip(np.log2(np.maximum(f0, 1.0) / LOWEST) * BANDS_PER_OCTAVE, 0, len(tables) - 2)
    lower = band.astype(np.int64)
    mix = band - lower
    flat = tables.ravel()
    at = lower * (TABLE + 1) + step
    low = flat[at] + fraction * (flat[at + 1] - flat[at])
    at += TABLE + 1
    high = flat[at] + fraction * (flat[at + 1] - flat[at])
    return np.asarray(low + mix * (high - low), dtype=np.float64)


def _tables(tilt: float) -> Array:
    """(band, TABLE + 1): one period for each third of an octave, closed by its first sample.

    Table b is used for f0 up to the frequency of band b + 1, which sets its highest harmonic.
    """
    rows = []
    for band in range(OCTAVES * BANDS_PER_OCTAVE + 1):
        top = LOWEST * 2 ** ((band + 1) / BANDS_PER_OCTAVE)
        count = max(1, min(int(BAND_LIMIT / top), TABLE // 8))
        spectrum = np.zeros(TABLE // 2 + 1)
        spectrum[1 : count + 1] = np.arange(1, count + 1) ** -tilt
        period = np.fft.irfft(spectrum) * TABLE / 2
        rows.append(np.append(period, period[0]))
    return np.array(rows)
