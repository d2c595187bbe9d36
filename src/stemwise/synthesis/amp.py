"""A driven guitar amplifier and its cabinet."""

import numpy as np

from stemwise.audio import Samples


def drive(sound: Samples, rate: int, rng: np.random.Generator) -> Samples:
    """(channel, sample) → the same shape: high-pass, tanh with 12 to 30 dB of gain, low-pass at 3.5 to 5.5 kHz."""
    from scipy.signal import butter, sosfilt

    peak = float(np.abs(sound).max(initial=0.0))
    if peak == 0:
        return sound
    gain = 10 ** (rng.uniform(12, 30) / 20)
    tight = sosfilt(butter(1, rng.uniform(80, 160), "highpass", fs=rate, output="sos"), sound / peak)
    driven = np.tanh(gain * tight)
    cabinet = butter(4, rng.uniform(3500, 5500), "lowpass", fs=rate, output="sos")
    return np.asarray(sosfilt(cabinet, driven), dtype=np.float32)
