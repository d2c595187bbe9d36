"""A song file → which instruments play when, in memory that does not grow with the song."""

from collections.abc import Callable, Iterator
from pathlib import Path

from stemwise import audio
from stemwise.audio import Samples
from stemwise.detector import Detection, Detector
from stemwise.errors import AudioError
from stemwise.polarity import watched

BLOCK = 1 << 18  # samples read at a time


def detect_file(
    source: Path,
    detector: Detector,
    hop_seconds: float | None = None,
    progress: Callable[[float], None] | None = None,
) -> Detection:
    """A file of any rate, length and number of channels → Detection; `hop_seconds` as in `Detector.detect_blocks`.

    What is heard is the mean of the channels: warns where they cancel out (`polarity`). Raises AudioError for a source
    that cannot be read, is empty or holds NaN.
    """
    info = audio.info(source)
    if info.samples == 0:
        raise AudioError(f"{source}: holds no samples. Check the file in a player.")
    mono = _mono(source, info.samples, progress)
    return detector.detect_blocks(audio.resampled_blocks(mono, info.rate, detector.model.sample_rate, 1), hop_seconds)


def _mono(source: Path, samples: int, progress: Callable[[float], None] | None) -> Iterator[Samples]:
    done = 0
    for block in watched(audio.blocks(source, BLOCK), str(source)):
        yield block.mean(axis=0, keepdims=True)
        done += block.shape[1]
        if progress:
            progress(min(done / samples, 1.0))
