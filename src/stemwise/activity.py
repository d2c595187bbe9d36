"""Stems → activation confidence → labels → segments, by envelope tracking as MedleyDB does it.

Bittner et al., "MedleyDB: A Multitrack Dataset for Annotation-Intensive MIR Research", ISMIR 2014. Everything here
works on whole songs at 44.1 kHz: the envelopes are normalised by the song's loudest frame, so an excerpt labelled
alone would get other labels.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from scipy.signal import butter, filtfilt

from stemwise.audio import Samples, resample
from stemwise.errors import DataError

RATE = 44100
WINDOW = 4096
PUBLISHED_HOP = 2048  # the hop of the released activation files
LABEL_HOP = 1024  # the hop of the labels a network is trained with
CUTOFF = 0.075 * RATE / (2 * PUBLISHED_HOP)  # 0.8075 Hz: Wn 0.075 of half the frame rate at the published hop
SILENT_SUM = 0.01  # below this sum of un-normalised envelopes a frame counts as silent
SLOPE, MIDPOINT = 20.0, 0.15
PAD_FRAMES = 9  # of filtfilt, at the published hop (0.42 s)
MAX_CHANNELS = 16  # more must be a transposed array
BLOCK = 1024  # frames windowed at a time, to bound memory
BLOCK_SAMPLES = 1 << 15  # samples of a file at a time: they and their roots fit into the processor's cache

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Rule:
    """How envelopes are tracked. `hop`: samples at 44.1 kHz between frames. `cutoff`: of the smoothing filter, in Hz.

    Frame t stands at t · hop / 44100 s. `centred`: there are 1 + samples // hop frames, the grid of a centred STFT;
    else as many as the released files have, whose songs are padded to a multiple of 4096 samples. Raises DataError for
    a hop below 1 sample, and for a cutoff that is not between 0 and half the frame rate.
    """

    hop: int = LABEL_HOP
    cutoff: float = CUTOFF
    centred: bool = True

    def __post_init__(self) -> None:
        if self.hop < 1:
            raise DataError(f"hop is {self.hop} samples; give 1 or more.")
        if not 0 < self.cutoff < RATE / self.hop / 2:
            raise DataError(
                f"cutoff is {self.cutoff:g} Hz; with a hop of {self.hop} samples ({self.hop / RATE:g} s) it must lie "
                f"between 0 and {RATE / self.hop / 2:g} Hz, half the frame rate."
            )

    @classmethod
    def of(cls, hop: float, cutoff: float = CUTOFF, centred: bool = True) -> "Rule":
        """With the hop in seconds, rounded to whole samples at 44.1 kHz."""
        return cls(round(hop * RATE), cutoff, centred)


PUBLISHED = Rule(PUBLISHED_HOP, centred=False)  # the rule of MedleyDB's released files, exactly
LABELS = Rule(LABEL_HOP)  # the labels of the separator: its frames, the same cutoff


def activation_confidence(stems: Iterable[Samples], rate: int, rule: Rule = PUBLISHED) -> Array:
    """Confidence (stem, frame) that each stem of one whole song is active, between 0 and 1 (0.0474 in silence).

    `stems` yields arrays (sample,) or (channel, sample) of equal length, one at a time, so a song never has to fit in
    memory; other rates than 44.1 kHz are resampled. Frame t stands at t · hop / 44100 s (`frame_times`).

    A stem's confidence depends on the other stems of the song: half confidence is 0.15 of the song's loudest frame
    divided by the number of stems. Raises DataError without stems, for stems of unequal length or of another shape or
    type, and for NaN.
    """
    return confidence_of_envelopes(np.stack(_envelopes(stems, rate, rule)), rule)


def confidence_of_envelopes(envelopes: Array, rule: Rule) -> Array:
    """Envelopes (stem, frame), not normalised → confidence (stem, frame): normalise, smooth, squash."""
    total = envelopes.sum(axis=0)
    peak = total.max()
    scaled = envelopes * (len(envelopes) / peak if peak > 0 else 0.0)
    scaled[:, total < SILENT_SUM] = 0.0
    b, a = butter(2, 2 * rule.cutoff * rule.hop / RATE)
    padding = min(round(PAD_FRAMES * PUBLISHED_HOP / rule.hop), envelopes.shape[1] - 1)
    smooth = filtfilt(b, a, scaled, axis=1, padlen=padding)
    return np.asarray(1 - 1 / (1 + np.exp(SLOPE * (smooth - MIDPOINT))))


def envelope_of_blocks(blocks: Iterable[tuple[NDArray[Any], float]], rule: Rule, samples: int) -> Array:
    """`audio.raw_blocks` of BLOCK_SAMPLES each, at 44.1 kHz → envelope (frame,) of a stem of `samples`.

    For hops that divide the window: every sample is multiplied once by each of the window's pieces, and a frame sums
    what its pieces of neighbouring hops gave. Everything between file and sum stays in the processor's cache.
    """
    pieces = WINDOW // rule.hop
    split = np.ascontiguousarray(_window().reshape(pieces, rule.hop).T)
    parts = [_windowed(block, full, rule.hop, split) for block, full in blocks]
    frames = frame_count(samples, rule)
    products = np.zeros((frames + pieces, pieces))
    rows = np.concatenate(parts) if parts else products[:0]
    kept = min(len(rows), frames + pieces // 2)
    products[pieces // 2 : pieces // 2 + kept] = rows[:kept]
    total: Array = np.zeros(frames)
    for piece in range(pieces):
        total += products[piece : piece + frames, piece]
    return total / WINDOW


def in_pieces(hop: int) -> bool:
    """Whether `envelope_of_blocks` can take this hop."""
    return WINDOW % (2 * hop) == 0


def _windowed(block: NDArray[Any], full: float, hop: int, split: Array) -> Array:
    """(sample, channel) → (hop, piece): products of the root of the rectified mean channel with the window's pieces.

    Roots are taken in float32, three times as fast: sums of 16-bit samples are exact there, and the rounding of a root,
    6e-8 of it at most, is averaged over a window's thousands. Their sums are taken in float64.
    """
    count = -(-len(block) // hop)
    first, *others = block.astype(np.float32, copy=False).T
    mono = np.zeros(count * hop, dtype=np.float32)
    np.maximum(sum(others, first), 0.0, out=mono[: len(block)])
    np.sqrt(mono, out=mono)
    roots = mono.astype(np.float64).reshape(count, hop)
    return np.asarray(roots @ split / np.sqrt(full * block.shape[1]), dtype=np.float64)


def envelope(samples: NDArray[np.floating], window: Array, hop: int, frames: int) -> Array:
    """Mean of window × sqrt(half-wave rectified samples), `frames` windows (frame,), the first centred on sample 0."""
    size = len(window)
    behind = (frames - 1) * hop + size - size // 2 - len(samples)
    padded = np.pad(np.sqrt(np.maximum(samples, 0.0), dtype=np.float64), (size // 2, max(behind, 0)))
    views = sliding_window_view(padded, size)[::hop][:frames]
    return np.concatenate([views[i : i + BLOCK] @ window for i in range(0, frames, BLOCK)]) / size


def frame_count(samples: int, rule: Rule) -> int:
    """Frames of a song of so many samples at 44.1 kHz."""
    if rule.centred:
        return 1 + samples // rule.hop
    padded = -(-(WINDOW // 2 + samples) // WINDOW) * WINDOW
    return 1 + max(padded - WINDOW, 0) // rule.hop


def frame_times(frames: int, hop: int = PUBLISHED_HOP) -> Array:
    """Seconds (frame,) at which the frames stand."""
    return np.arange(frames) * hop / RATE


def segments(
    confidence: Sequence[float] | Array, times: Sequence[float] | Array, threshold: float = 0.5
) -> list[tuple[float, float]]:
    """(start, end) in seconds of each run of confidence ≥ threshold, both (frame,).

    The end is the time of the run's *last* active frame, as in MedleyDB's SOURCEID files; runs are not merged.
    Raises DataError when the two lengths differ.
    """
    if len(confidence) != len(times):
        raise DataError(f"{len(confidence)} confidences but {len(times)} times; give one time a frame.")
    active = np.concatenate([[False], np.asarray(confidence) >= threshold, [False]])
    edges = np.flatnonzero(active[1:] != active[:-1])
    return [(float(times[a]), float(times[b - 1])) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def carry(confidence: NDArray[np.floating], hop: int, times: Array, first: int = 0) -> NDArray[np.float32]:
    """Confidence (…, frame) at `hop` samples of 44.1 kHz, from frame `first` of a song on → its values at other frame
    times (frame,) in seconds."""
    flat = confidence.reshape(-1, confidence.shape[-1])
    grid = (first + np.arange(confidence.shape[-1])) * hop / RATE
    out = np.stack([np.interp(times, grid, row) for row in flat])
    return out.reshape(*confidence.shape[:-1], len(times)).astype(np.float32)


def _window() -> Array:
    return np.asarray(np.hanning(WINDOW + 2)[1:-1])  # MATLAB's hann, without the two zeros


def _envelopes(stems: Iterable[Samples], rate: int, rule: Rule) -> list[Array]:
    window = _window()
    envelopes: list[Array] = []
    lengths: list[int] = []
    for stem in stems:
        mono = resample(_mono(np.asarray(stem), len(envelopes))[None], rate, RATE)[0]
        lengths.append(len(mono))
        if lengths[-1] != lengths[0]:
            raise DataError(
                f"stem {len(envelopes)} has {len(mono)} samples, stem 0 has {lengths[0]}; pad the shorter one."
            )
        envelopes.append(envelope(mono, window, rule.hop, frame_count(len(mono), rule)))
    if not envelopes:
        raise DataError("activity of a song without stems; give at least one stem.")
    return envelopes


def _mono(stem: Samples, index: int) -> Samples:
    if stem.ndim not in (1, 2) or (stem.ndim == 2 and len(stem) > MAX_CHANNELS) or stem.dtype.kind != "f":
        raise DataError(
            f"stem {index}: shape {stem.shape} of {stem.dtype}; give floats in ±1 as (sample,) or (channel, sample). "
            "soundfile.read gives (sample, channel): transpose it."
        )
    mono = stem if stem.ndim == 1 else stem.mean(axis=0)
    if not mono.size or not np.isfinite(mono).all():
        raise DataError(f"stem {index}: {'no samples' if not mono.size else 'NaN or infinity'}. Export it again.")
    return mono
