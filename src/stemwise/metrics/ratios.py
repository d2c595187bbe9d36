"""Signal-to-distortion ratios of one target, in dB.

What comes out where something is zero (never an exception, never a warning):

| reference | estimate | usdr | si_sdr | windowed_sdr | csdr | csdr_common |
|-----------|----------|------|--------|--------------|------|-------------|
| plays     | zero     | close to 0, from below | -inf   | all NaN      | 0.0  | 0.0         |
| zero      | any      | NaN  | NaN    | all NaN      | NaN  | NaN         |

The mixture enters none of them. NaN means: this song has no such figure, leave it out and count it.
"""

import numpy as np

from stemwise.metrics.arrays import Doubles, Real, aligned, decibels, median, whole_number

USDR_FLOOR = 1e-7  # of the Music Demixing Challenge 2021, added to both energies
AUDIBLE = 1e-6  # -60 dB below the loudest window: less energy counts as silence


def usdr(reference: Real, estimate: Real) -> float:
    """10 log10((Σ s² + 1e-7) / (Σ (s - ŝ)² + 1e-7)) over all samples and channels of a song, in dB.

    NaN when the reference is silent throughout. Silence scores 0 dB: below that, a closed gate is rewarded.
    Both arrays are (channel, sample); raises AudioError when they do not match. Source: Mitsufuji et al. 2022, the
    Music Demixing Challenge.
    """
    s, e = aligned(reference=reference, estimate=estimate)
    if not s.any():
        return float("nan")
    return float(decibels(np.sum(s**2) + USDR_FLOOR, np.sum((s - e) ** 2) + USDR_FLOOR))


def si_sdr(reference: Real, estimate: Real) -> float:
    """10 log10(‖a s‖² / ‖a s - ŝ‖²) with a = ⟨ŝ, s⟩ / ⟨s, s⟩, in dB; no mean removed, the channels one vector.

    -inf for an estimate that is zero or orthogonal to the reference, NaN for a reference that is silent throughout.
    Both arrays are (channel, sample); raises AudioError when they do not match. Source: Le Roux et al. 2019.
    """
    s, e = aligned(reference=reference, estimate=estimate)
    energy = float(np.sum(s**2))
    if energy == 0:
        return float("nan")
    scaled = float(np.sum(e * s)) / energy * s
    return float(decibels(np.sum(scaled**2), np.sum((scaled - e) ** 2)))


def windowed_sdr(reference: Real, estimate: Real, rate: int) -> Doubles:
    """SDR of BSS Eval v4 in each window of 1 s, (window,) in dB, by the rules of museval 0.4.1.

    The last partial window is dropped; a clip shorter than a window is one window. A window is NaN when the sum of the
    channels of the reference, or of the estimate, is exactly zero at every sample of it (so left = -right counts as
    silent), and inf when the estimate is the reference to the last bit. Windows that museval makes NaN because of
    *other* stems stay numbers here. The 512-tap filters of BSS Eval cancel out of SDR and are not computed.

    Both arrays are (channel, sample), `rate` in Hz; raises AudioError when they do not match. museval itself raises
    on an estimate silent throughout, where this returns NaN in every window.
    """
    s, e = (_windows(array, rate) for array in aligned(reference=reference, estimate=estimate))
    silent = ~s.sum(axis=0).any(axis=-1) | ~e.sum(axis=0).any(axis=-1)
    return np.where(silent, np.nan, _sdr(s, e))


def csdr(reference: Real, estimate: Real, rate: int) -> float:
    """museval's score of a song: the median over `windowed_sdr` without NaN, in dB; NaN when no window is left.

    An estimate of zeros throughout, on which museval raises, is 0.0 dB by the formula, provided the reference plays.
    """
    s, e = aligned(reference=reference, estimate=estimate)
    if s.sum(axis=0).any() and not e.any():
        return 0.0
    return float(median(windowed_sdr(s, e, rate)))


def csdr_common(reference: Real, estimate: Real, rate: int) -> float:
    """Median SDR over the windows in which *this* reference plays, in dB: the same windows for every system.

    They are the full windows of 1 s in which the reference has more than 1e-6 of the energy of its loudest window. A
    window the estimate leaves empty counts as 0 dB. NaN when there is no such window, as in a clip shorter than 1 s.
    Arrays are (channel, sample), `rate` in Hz; raises AudioError when they do not match.
    """
    s, e = aligned(reference=reference, estimate=estimate)
    if s.shape[1] < whole_number(rate, "rate in Hz"):
        return float("nan")
    s, e = _windows(s, rate), _windows(e, rate)
    energy = np.sum(s**2, axis=(0, 2))
    return float(median(_sdr(s, e)[energy > AUDIBLE * energy.max()]))


def _windows(audio: Doubles, rate: int) -> Doubles:
    """(channel, sample) → (channel, window, sample): 1 s each without overlap, or one shorter window."""
    size = max(min(whole_number(rate, "rate in Hz"), audio.shape[1]), 1)
    count = audio.shape[1] // size
    return audio[:, : count * size].reshape(audio.shape[0], count, size)


def _sdr(s: Doubles, e: Doubles) -> Doubles:
    return decibels(np.sum(s**2, axis=(0, 2)), np.sum((s - e) ** 2, axis=(0, 2)))
