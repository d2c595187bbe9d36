"""Channels of opposite sign, of which the mean is nothing."""

import warnings
from collections.abc import Iterable, Iterator

import numpy as np

from stemwise.audio import Samples

CANCELLED = 40.0  # dB that the mean of the channels may be below them; two that are unlike lose 3


def watched(blocks: Iterable[Samples], name: str) -> Iterator[Samples]:
    """The same blocks (channel, sample). Warns behind the last where the mean of the channels, which is what a network
    hears, is more than `CANCELLED` dB below them."""
    power, left = 0.0, 0.0
    for block in blocks:
        mono = block.mean(axis=0)
        power += float(np.square(block, dtype=np.float64).sum()) / len(block)
        left += float(np.square(mono, dtype=np.float64).sum())
        yield block
    if power > left * 10 ** (CANCELLED / 10):
        below = f"{10 * np.log10(power / left):.0f} dB below them" if left else "nothing"
        warnings.warn(
            f"{name}: its channels cancel out; their mean, which is what is heard, is {below}. Listen to one of them "
            "alone, or turn the sign of one.",
            stacklevel=2,
        )
