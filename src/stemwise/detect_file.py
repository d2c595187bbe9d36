"""A song file → which instruments play when, in memory that does not grow with the song."""

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from stemwise import audio
from stemwise.audio import Samples
from stemwise.detector import Detection, Detector
from stemwise.errors import AudioError

BLOCK = 1 << 18  # samples read at a time
CANCELLED = 40.0  # dB that the mean of the channels may be below them; two that are unlike lose 3


def detect_file(
    source: Path,
    detector: Detector,
    hop_seconds: float | None = None,
    progress: Callable[[float], None] | None = None,
) -> Detection:
    """A file of any rate, length and number of channels → Detection; `hop_seconds` as in `Detector.detect_blocks`.

    What is heard is the mean of the channels: warns where that is more than `CANCELLED` dB below them. Raises
    AudioError for a source that cannot be read, is empty or holds NaN.
    """
    info = audio.info(source)
    if info.samples == 0:
        raise AudioError(f"{source}: holds no samples. Check the file in a player.")
    mono = _mono(source, info.samples, progress)
    return detector.detect_blocks(audio.resampled_blocks(mono, info.rate, detector.model.sample_rate, 1), hop_seconds)


def _mono(source: Path, samples: int, progress: Callable[[float], None] | None) -> Iterator[Samples]:
    done, power, left = 0, 0.0, 0.0
    for block in audio.blocks(source, BLOCK):
        mono = block.mean(axis=0, keepdims=True)
        power += float(np.square(block, dtype=np.float64).sum()) / len(block)
        left += float(np.square(mono, dtype=np.float64).sum())
        yield mono
        done += block.shape[1]
        if progress:
            progress(min(done / samples, 1.0))
    if power > left * 10 ** (CANCELLED / 10):
        below = f"{10 * np.log10(power / left):.0f} dB below them" if left else "nothing"
        warnings.warn(
            f"{source}: its channels cancel out; their mean, which is what is heard, is {below}. Listen to one of them "
            "alone, or turn the sign of one.",
            stacklevel=2,
        )
