"""What every gate makes of one stem, from sums that are taken once.

A gate multiplies whole frames, so a gated stem is y = e · Σ_t g(t) φ_t, where e is the ungated stem and the φ_t sum to
1 at every sample (`Stft.gain`). Sums over any samples W are quadratic forms in g, and only frames that overlap meet:

    Σ_W y²       = Σ_tu g(t) g(u) Σ_W e² φ_t φ_u
    Σ_W (s - y)² = Σ_tu h(t) h(u) Σ_W s² φ_t φ_u - 2 h(t) g(u) Σ_W s d φ_t φ_u + g(t) g(u) Σ_W d² φ_t φ_u

with h = 1 - g and d = e - s. (In this form nothing large cancels where the gate is open and the stem nearly right.)
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemwise.metrics.arrays import Doubles, Real
from stemwise.spectral import Stft, around

BLOCK = 1 << 15  # samples at a time: they and their products stay in the processor's cache
Bools = NDArray[np.bool_]
REFERENCE, CROSS, RESIDUE, ESTIMATE = range(4)  # s², s d, d², e²


@dataclass(frozen=True)
class Cuts:
    """A song of `samples` cut wherever a hop, a second or a tenth of one begins, so that a piece lies in one of each.

    starts, hop: (piece,), the first sample and the number of the hop. seconds, tenths: the first piece of each full
    one, and of what is left behind them.
    """

    samples: int
    hop_samples: int
    starts: NDArray[np.int64]
    hop: NDArray[np.int64]
    seconds: NDArray[np.int64]
    tenths: NDArray[np.int64]

    @classmethod
    def of(cls, samples: int, hop: int, second: int, tenth: int) -> "Cuts":
        """Lengths in samples; a song shorter than a second is one of them."""
        second = min(second, samples)
        grids = [np.arange(0, samples, hop)]
        grids += [np.arange(samples // size + 1) * size for size in (second, tenth)]
        starts = np.unique(np.concatenate(grids))
        starts = starts[starts < samples]
        seconds, tenths = (np.searchsorted(starts, grid) for grid in grids[1:])
        return cls(samples, hop, starts, starts // hop, seconds, tenths)


class Under(NamedTuple):
    """What settings make of a stem; the first axis is the setting.

    error Σ (s - y)², energy Σ y², sounds (the sum of the channels is not zero throughout): (setting, piece).
    along Σ y s, overlap Σ (y - s) s, anything (some sample is not zero): (setting,).
    """

    error: Doubles
    energy: Doubles
    sounds: Bools
    along: Doubles
    overlap: Doubles
    anything: Bools


@dataclass(frozen=True)
class Moments:
    """Of one stem. sums (4, pair, piece): of s², s d, d² and e² times φ_t φ_u for each pair of places around a hop.
    sounds, anything: (place, piece) where what a frame leaves of the stem is not zero."""

    cuts: Cuts
    first: int
    places: int
    sums: Doubles
    sounds: Bools
    anything: Bools

    @classmethod
    def of(cls, reference: Real, estimate: Real, cuts: Cuts, stft: Stft) -> "Moments":
        """`reference` and `estimate` are (channel, sample)."""
        first, squares = stft.reach
        places, pieces = len(squares), len(cuts.starts)
        found = cls(
            cuts,
            first,
            places,
            np.zeros((4, len(_pairs(places)), pieces)),
            *np.zeros((2, places, pieces), dtype=np.bool_),
        )
        frames = 1 + cuts.samples // stft.hop
        whole: Doubles | None = None  # in the middle of a song the shares are the same in every block
        for start, stop, part in _blocks(cuts, stft.hop):
            s, e = (np.asarray(audio[:, start:stop], np.float64) for audio in (reference, estimate))
            inside = start // stft.hop + first >= 0 and stop // stft.hop + first + places <= frames
            shares = whole if inside and whole is not None else _shares(stft, start, stop, frames)
            whole = shares if inside else whole
            if s.any() or e.any():
                found._take(s, e, shares[:, : stop - start], cuts.starts[part] - start, part)
        return found

    def _take(self, s: Doubles, e: Doubles, shares: Doubles, at: NDArray[np.int64], part: slice) -> None:
        """The sums of one block, whose pieces begin `at` and are `part` of all."""
        d = e - s
        powers = np.stack([np.sum(product, axis=0) for product in (s * s, s * d, d * d, e * e)])
        for number, (one, other) in enumerate(_pairs(self.places)):
            self.sums[:, number, part] = np.add.reduceat(powers * (shares[one] * shares[other]), at, axis=1)
        for out, nonzero in ((self.sounds, e.sum(axis=0) != 0), (self.anything, e.any(axis=0))):
            out[:, part] = np.logical_or.reduceat((shares > 0) & nonzero, at, axis=1)

    def under(self, weights: Real) -> Under:
        """`weights` (setting, frame) between 0 and 1."""
        g = np.stack([self._places(row) for row in weights])
        h = np.stack([self._places(1 - row) for row in weights.astype(np.float64)])
        error, energy = np.zeros((2, len(weights), len(self.cuts.starts)))
        for number, (one, other) in enumerate(_pairs(self.places)):
            reference, cross, residue, estimate = self.sums[:, number]
            open_ = g[:, one] * g[:, other]
            closed = h[:, one] * h[:, other]
            mixed = h[:, one] * g[:, other]
            if one != other:
                open_ *= 2
                closed *= 2
                mixed += h[:, other] * g[:, one]
            error += closed * reference - 2 * mixed * cross + open_ * residue
            energy += open_ * estimate
        heard, leaves = (g > 0) & self.sounds, (g > 0) & self.anything
        to_frames = self._overlaps
        along = weights @ (to_frames[REFERENCE] + to_frames[CROSS])
        overlap = weights @ to_frames[CROSS] - (1 - weights.astype(np.float64)) @ to_frames[REFERENCE]
        sounds, anything = np.asarray(heard.any(axis=1)), np.asarray(leaves.any(axis=(1, 2)))
        return Under(np.maximum(error, 0.0), energy, sounds, along, overlap, anything)

    def _places(self, row: Real) -> Doubles:
        """(frame,) → (place, piece): the frames around each piece's hop, 0 where there is none."""
        hops = range(int(self.cuts.hop[-1]) + 1)
        return np.ascontiguousarray(around(row, hops, self.first, self.places)[self.cuts.hop].T)

    @cached_property
    def _overlaps(self) -> Doubles:
        """(2, frame): Σ s² φ_t and Σ s d φ_t, since the φ_u of a place sum to 1."""
        frames = 1 + self.cuts.samples // self.cuts.hop_samples
        found = np.zeros((2, frames))
        for number, pair in enumerate(_pairs(self.places)):
            for place in pair if pair[0] != pair[1] else pair[:1]:
                at = self.cuts.hop + self.first + place
                inside = (at >= 0) & (at < frames)
                for row in (REFERENCE, CROSS):
                    found[row] += np.bincount(at[inside], self.sums[row, number, inside], frames)
        return found


def _pairs(places: int) -> list[tuple[int, int]]:
    return [(one, other) for one in range(places) for other in range(one, places)]


def _blocks(cuts: Cuts, hop: int) -> Iterator[tuple[int, int, slice]]:
    """(start, stop, pieces), each a whole number of hops but the last."""
    step = max(BLOCK // hop, 1) * hop
    for start in range(0, cuts.samples, step):
        stop = min(start + step, cuts.samples)
        yield start, stop, slice(*np.searchsorted(cuts.starts, [start, stop]).tolist())


def _shares(stft: Stft, start: int, stop: int, frames: int) -> Doubles:
    """φ (place, sample) of the frames around each hop of a block; they sum to 1."""
    first, squares = stft.reach
    there = around(np.ones(frames), range(start // stft.hop, -(-stop // stft.hop)), first, len(squares))
    shares = there[:, :, None] * squares
    shares /= shares.sum(axis=1, keepdims=True)
    return np.ascontiguousarray(shares.swapaxes(0, 1).reshape(len(squares), -1)[:, : stop - start])
