"""Pairs of spectral peaks by which a recording is known again: louder, cut, encoded anew or mixed in another balance.

A. L. Wang, "An Industrial-Strength Audio Search Algorithm", ISMIR 2003.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, signal

from stemwise.audio import Samples, resample

RATE = 8000  # Hz
WINDOW, HOP = 1024, 256  # samples
APART = (21, 15)  # bins and frames in which a peak is the highest
PEAKS = 8.0  # a second, the most prominent ones
QUIET = 1e-4  # of the loudest bin's magnitude: what is below is no peak
FAN = 5  # partners of a peak
LATER, HIGHER = 64, 64  # frames within which a partner follows, bins within which it lies

Landmarks = NDArray[np.uint32]


def landmarks(samples: Samples, rate: int) -> Landmarks:
    """(channel, sample) at `rate` Hz → (pair, 2): a hash of two bins and their distance, and the first one's frame of
    32 ms. Silence has none."""
    mono = resample(samples.mean(axis=0, keepdims=True), rate, RATE)[0]
    frames, bins = _peaks(mono)
    first, second = _partners(frames, bins)
    higher, later = bins[second] - bins[first] + HIGHER, frames[second] - frames[first]
    hashes = (bins[first] * (2 * HIGHER) + higher) * LATER + later
    return np.stack([hashes, frames[first]], axis=1).astype(np.uint32)


class Index:
    """Known recordings by name; `find` tells how well another one fits each."""

    def __init__(self, known: Mapping[str, Landmarks]) -> None:
        self.names = list(known)
        sizes = [len(marks) for marks in known.values()]
        hashes, times = np.concatenate([np.empty((0, 2), np.uint32), *known.values()]).T
        order = np.argsort(hashes, kind="stable")
        self._hashes = hashes[order]
        self._times = times[order].astype(np.int64)
        self._owners = np.repeat(np.arange(len(sizes)), sizes)[order]

    def find(self, marks: Landmarks) -> dict[str, int]:
        """Name → how many landmarks both have at one distance in time, for those that share any, the best first."""
        low, high = (np.searchsorted(self._hashes, marks[:, 0], side) for side in ("left", "right"))
        counts = high - low
        hits = np.repeat(low - np.concatenate([[0], np.cumsum(counts)[:-1]]), counts) + np.arange(counts.sum())
        shift = self._times[hits] - np.repeat(marks[:, 1].astype(np.int64), counts)
        best: dict[str, int] = {}
        # A recording cut between two frames falls half into one shift and half into the next.
        for moved in (0, 1):
            places = np.stack([self._owners[hits], (shift + moved) // 2], axis=1)
            found, fits = np.unique(places, axis=0, return_counts=True)
            for (owner, _), fit in zip(found, fits, strict=True):
                name = self.names[owner]
                best[name] = max(best.get(name, 0), int(fit))
        return dict(sorted(best.items(), key=lambda item: -item[1]))


def _peaks(mono: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Frames and bins of the peaks, by time."""
    padded = np.pad(mono, (0, max(0, WINDOW - len(mono))))
    spectrum = np.abs(signal.stft(padded, nperseg=WINDOW, noverlap=WINDOW - HOP, padded=False)[2][:-1])
    if not spectrum.any():
        return np.empty(0, np.int64), np.empty(0, np.int64)
    level = np.log(np.maximum(spectrum / spectrum.max(), QUIET))
    highest = (level == ndimage.maximum_filter(level, APART)) & (level > np.log(QUIET))
    bins, frames = np.nonzero(highest)
    # How far a peak stands out of its surroundings, not how loud it is: a balance changes that least.
    prominence = (level - ndimage.uniform_filter(level, APART))[bins, frames]
    keep = np.argsort(-prominence, kind="stable")[: round(PEAKS * len(mono) / RATE)]
    keep = keep[np.lexsort((bins[keep], frames[keep]))]
    return frames[keep], bins[keep]


def _partners(frames: NDArray[np.int64], bins: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Indices of both peaks of every pair: each with the next FAN that are near enough."""
    first, second = [], []
    for index, (frame, bin) in enumerate(zip(frames, bins, strict=True)):
        end = np.searchsorted(frames, frame + LATER)
        begin = np.searchsorted(frames, frame, side="right")
        near = begin + np.flatnonzero(np.abs(bins[begin:end] - bin) < HIGHER)[:FAN]
        first += [index] * len(near)
        second += near.tolist()
    return np.array(first, np.int64), np.array(second, np.int64)
