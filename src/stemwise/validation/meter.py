"""Audio files measured block by block, each read once from front to end."""

import hashlib
import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stemwise import audio
from stemwise.audio import Samples
from stemwise.errors import AudioError
from stemwise.validation.facts import Apart, FileFacts

SIZE = 1 << 16  # samples of every file of a song that are in memory at a time
RUN = 3  # equal samples at full scale that count as clipped
ONES = np.ones(SIZE, dtype=np.float32)
LOWEST = 1e-20  # of a ratio of powers: -200 dB


class FileMeter:
    """What one file holds, gathered from its blocks as they are read."""

    def __init__(self, path: Path) -> None:
        self._blocks: Iterator[tuple[NDArray[np.int16] | Samples, float]] = iter(())
        self._facts = FileFacts(str(path))
        self._digest = hashlib.blake2b(digest_size=16)
        self._peak = self._squares = 0.0
        self._unsound = self._found = 0
        try:
            info, bits = audio.info(path), audio.depth(path)
        except AudioError as fault:
            self._facts = replace(self._facts, fault=str(fault))
            return
        self._facts = replace(self._facts, rate=info.rate, samples=info.samples, channels=info.channels)
        self._clipping = Clipping(bits, info.channels)
        self._sums = np.zeros(info.channels)
        self._blocks = audio.raw_blocks(path, SIZE, checked=False)

    def next(self) -> Samples | None:
        """The next block (sample, channel), without what is no sound; None behind the end, or where reading fails."""
        try:
            raw, full = next(self._blocks)
        except StopIteration:
            return None
        except AudioError as fault:
            self._facts = replace(self._facts, fault=str(fault))
            return None
        block = np.asarray(raw, dtype=np.float32) / np.float32(full) + np.float32(0)  # no -0.0, which has other bytes
        self._digest.update(block.tobytes())
        sound = audio.sound(block)
        if not sound.all():
            self._unsound += block.size - int(sound.sum())
            block = np.where(sound, block, np.float32(0))
        self._add(block)
        return block

    def facts(self) -> FileFacts:
        facts = self._facts
        if not self._found:
            return facts
        mean = self._sums / self._found
        return replace(
            facts,
            peak=self._peak,
            rms=math.sqrt(self._squares / (self._found * facts.channels)),
            clipped=self._clipping.runs,
            longest=self._clipping.longest,
            unsound=self._unsound,
            offset=float(mean[np.abs(mean).argmax()]),
            digest=self._digest.hexdigest(),
        )

    def _add(self, block: Samples) -> None:
        peak = max(float(block.max()), -float(block.min()))
        self._found += len(block)
        self._peak = max(self._peak, peak)
        self._squares += energy(block)
        self._sums += ONES[: len(block)] @ block  # ten times as fast as block.sum(axis=0)
        self._clipping.add(block, peak)


class Clipping:
    """Counts runs of RUN or more equal samples of a channel at full scale or beyond.

    Full scale is the largest positive value of a file's integers of `bits`. A file of floats can hold more; where
    samples stand still at 16-bit full scale or above, something before it clipped.
    """

    def __init__(self, bits: int, channels: int) -> None:
        self.runs = self.longest = 0
        # float32 has 24 bits; a file of 32 reads as 1.0 where it is full
        self._level = np.float32(1 - 2.0 ** (1 - min(bits or 16, 24)))
        self._last = np.full(channels, np.nan, dtype=np.float32)
        self._length = np.zeros(channels, dtype=np.int64)  # of the run that the last block ended in

    def add(self, block: Samples, peak: float) -> None:
        """(sample, channel), the next of the file, and its largest magnitude."""
        if peak < self._level:  # as most blocks are
            self._length[:] = 0
            return
        for channel, samples in enumerate(block.T):
            full = np.flatnonzero(np.abs(samples) >= self._level)
            if len(full):
                self._count(channel, samples, full)
            else:
                self._length[channel] = 0
            self._last[channel] = samples[-1]

    def _count(self, channel: int, samples: Samples, full: NDArray[np.int64]) -> None:
        """Samples at full scale fall into runs where they are neighbours and equal; the first may continue the last
        block's."""
        breaks = np.flatnonzero((np.diff(full) > 1) | (samples[full[1:]] != samples[full[:-1]])) + 1
        edges = np.concatenate([[0], breaks, [len(full)]])
        lengths = np.diff(edges)
        carried = self._length[channel] if full[0] == 0 and samples[0] == self._last[channel] else 0
        self.runs += int((lengths >= RUN).sum())
        if carried:  # counted already if it was long enough before, else counted now if it has become so
            self.runs += int(carried + lengths[0] >= RUN) - int(carried >= RUN) - int(lengths[0] >= RUN)
            lengths[0] += carried
        self.longest = max(self.longest, int(lengths.max()) if lengths.max() >= RUN else 0)
        self._length[channel] = lengths[-1] if full[-1] == len(samples) - 1 else 0


class Difference:
    """The mix beside the sum of the stems, gathered from blocks of both."""

    def __init__(self, channels: int) -> None:
        self._channels = channels
        self._mix = self._sum = self._apart = self._both = 0.0

    def add(self, mix: Samples, stems: Sequence[Samples | None]) -> None:
        """(sample, channel) each; a stem that has ended, or ends earlier, is silent from there."""
        total = np.zeros((len(mix), self._channels), dtype=np.float32)
        for stem in stems:
            if stem is not None:
                total[: len(stem)] += stem
        apart = mix - total
        self._mix += energy(np.broadcast_to(mix, apart.shape))
        self._sum += energy(total)
        self._apart += energy(apart)
        self._both += float(np.vdot(total, apart))

    def result(self) -> Apart | None:
        """None for a silent mix.

        With d = mix - sum, the gain that brings the sum nearest is 1 + <sum, d> / <sum, sum>, and what is left then has
        the power <d, d> - <sum, d>² / <sum, sum>.
        """
        if self._mix == 0:
            return None
        off = self._both / self._sum if self._sum else 0.0
        left = self._apart - off * self._both
        return Apart(_decibels(self._apart / self._mix), 1 + off, _decibels(left / self._mix))


def energy(block: Samples) -> float:
    """The sum of squares."""
    return float(np.vdot(block, block))


def _decibels(ratio: float) -> float:
    return 10 * math.log10(max(ratio, LOWEST))
