"""What is heard of a target while it rests.

What comes out where something is zero: estimate, -80 dB and a share of 1; reference, every frame in which the mixture
is heard counts; mixture, no frame counts, energy and share are NaN and seconds 0.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stemwise.metrics.arrays import Doubles, Real, aligned, decibels, whole_number

FRAMES_A_SECOND = 10
AUDIBLE = 1e-6  # -60 dB
LEAST_REST = 5.0  # seconds of rests below which a song says nothing about silence
FLOOR = 1e-8  # -80 dB: below it a file's own rounding decides


@dataclass(frozen=True)
class SilenceEnergy:
    """What `silence_energy` returns; the first two are NaN in a song without rests.

    energy_db: energy of the estimate over that of the mixture in the rests, in dB, -80 at the lowest
    share_silent: share of the rest frames, 0 to 1, in which the estimate is 60 dB or more below the mixture
    seconds: length of the rests
    estimate, mixture: the two sums of squares, for a ratio over many songs
    """

    energy_db: float
    share_silent: float
    seconds: float
    estimate: float = 0.0
    mixture: float = 0.0


def rests(reference: Real, mixture: Real, rate: int) -> NDArray[np.bool_]:
    """The frames of 0.1 s in which the target rests while something is heard: the set Q, (frame,).

    Energies are sums over channels. A reference frame is silent when it has at most 1e-6 of the energy of the same
    reference's loudest frame (all are, if it is zero). A frame belongs to Q when it and both neighbours are silent,
    since an inverse STFT smears by up to a window, and the mixture has more than 1e-6 of its own loudest frame there.
    Beyond the ends of the song there is silence. Frames do not overlap; a last partial frame is dropped.

    Arrays are (channel, sample), `rate` in Hz; raises AudioError when they do not match.
    """
    reference, mixture = aligned(reference=reference, mixture=mixture)
    return _rests(_energies(reference, rate), _energies(mixture, rate))


def silence_energy(estimate: Real, reference: Real, mixture: Real, rate: int) -> SilenceEnergy:
    """10 log10(max(Σ ŝ² / Σ x², 1e-8)) over the frames of `rests`: one ratio of sums for a song.

    Arrays are (channel, sample), `rate` in Hz; raises AudioError when they do not match.
    """
    arrays = aligned(estimate=estimate, reference=reference, mixture=mixture)
    estimated, wanted, mixed = (_energies(array, rate) for array in arrays)
    chosen = _rests(wanted, mixed)
    return silence_ratio(estimated[chosen], mixed[chosen], float(chosen.sum()) * _frame_size(rate) / rate)


def silence_ratio(estimated: Doubles, mixed: Doubles, seconds: float) -> SilenceEnergy:
    """From energies (frame,) of estimate and mixture in the frames of `rests`, `seconds` long together."""
    if not len(mixed):
        return SilenceEnergy(float("nan"), float("nan"), 0.0)
    return SilenceEnergy(
        energy_db=float(decibels(max(estimated.sum() / mixed.sum(), FLOOR), 1.0)),
        share_silent=float(np.mean(estimated <= AUDIBLE * mixed)),
        seconds=seconds,
        estimate=float(estimated.sum()),
        mixture=float(mixed.sum()),
    )


def _rests(wanted: Doubles, mixed: Doubles) -> NDArray[np.bool_]:
    if not wanted.size:
        return np.zeros(0, dtype=np.bool_)
    silent = np.pad(wanted <= AUDIBLE * wanted.max(), 1, constant_values=True)
    chosen: NDArray[np.bool_] = silent[:-2] & silent[1:-1] & silent[2:] & (mixed > AUDIBLE * mixed.max())
    return chosen


def _energies(audio: Doubles, rate: int) -> Doubles:
    size = _frame_size(rate)
    count = audio.shape[1] // size
    frames = audio[:, : count * size].reshape(audio.shape[0], count, size)
    energies: Doubles = np.sum(frames**2, axis=(0, 2))
    return energies


def _frame_size(rate: int) -> int:
    return max(round(whole_number(rate, "rate in Hz") / FRAMES_A_SECOND), 1)
