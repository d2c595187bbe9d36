"""A model that hears instruments + blocks of its context + thresholds → which targets play when, in a song.

Where the context is longer than a window, blocks of it overlap by half and of each the middle is kept, so that every
window is judged with something on either side. It is the model's, or another: up to a whole song.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from stemwise.audio import Samples
from stemwise.errors import AudioError, ModelError
from stemwise.gate import Gate
from stemwise.model.mel import MelModel

BATCH_WINDOWS = 64  # given to the net at a time
BLOCK = 1 << 18  # samples of an array taken at a time
SONG = "song"  # a context, in words
LONGEST = 600.0  # seconds of the context called "song": memory stays bounded, a longer song is heard in blocks of this

Probability = NDArray[np.float32]


@dataclass(frozen=True)
class Detection:
    """`probability` (target, window) that a target plays at some moment of a window, and `active`, what that is called.

    Window k stands from k · hop_seconds to window_seconds later; the last may reach beyond the song's `seconds`.
    """

    targets: tuple[str, ...]
    probability: Probability
    active: NDArray[np.bool_]
    window_seconds: float
    hop_seconds: float
    seconds: float

    @property
    def starts(self) -> NDArray[np.float64]:
        """Seconds (window,) at which the windows begin."""
        return np.arange(self.probability.shape[1], dtype=np.float64) * self.hop_seconds

    def segments(self) -> list[tuple[float, float, str]]:
        """(start, end, target) in seconds of each run of windows in which a target is called active, target by target.

        A run ends where its last window does, or the song.
        """
        found = []
        for target, row in zip(self.targets, self.active, strict=True):
            edges = np.flatnonzero(np.diff(np.concatenate([[False], row, [False]]).astype(np.int8)))
            for first, behind in zip(edges[::2], edges[1::2], strict=True):
                end = (behind - 1) * self.hop_seconds + self.window_seconds
                found.append((float(first * self.hop_seconds), float(min(end, self.seconds)), target))
        return found

    def at(self, times: NDArray[np.floating]) -> Probability:
        """Probability (target, time) at `times` in seconds: a window's stands at its middle, between them is a line."""
        middles = self.starts + self.window_seconds / 2
        return np.stack([np.interp(times, middles, row) for row in self.probability]).astype(np.float32)


def context_of(asked: str | float | None) -> float | None:
    """Seconds of a context as a user writes it: a number, "song" as infinity, None or "" as None, the model's own.

    Raises ModelError for other words.
    """
    if asked is None or asked == "":
        return None
    try:
        return math.inf if asked == SONG else float(asked)
    except (TypeError, ValueError):
        raise ModelError(f"a context of '{asked}': give seconds, or {SONG} for all of a song at once.") from None


class Detector:
    """Samples in, activity out, at the model's rate; memory depends on the context only.

    `context_seconds` that the net hears at once, a whole number of windows; None: as many as it was trained with;
    infinity: the whole song, up to `LONGEST` of it. Raises ModelError for another one.
    """

    def __init__(
        self, model: MelModel, gate: Gate | None = None, device: str = "cpu", context_seconds: float | None = None
    ) -> None:
        self.context_windows = _windows(model, context_seconds)
        self.model = model.to(device).eval()
        self.gate = gate or Gate(median_seconds=0.0)
        self.device = device

    @property
    def context_seconds(self) -> float:
        return self.context_windows * self.model.window / self.model.sample_rate

    def detect(self, mixture: Samples, hop_seconds: float | None = None) -> Detection:
        """Mixture (channel, sample) or (sample,) at the model's rate → Detection; see `detect_blocks`."""
        flat = np.atleast_2d(np.asarray(mixture))
        return self.detect_blocks(
            (flat[:, at : at + BLOCK] for at in range(0, max(flat.shape[1], 1), BLOCK)), hop_seconds
        )

    def detect_blocks(self, blocks: Iterable[Samples], hop_seconds: float | None = None) -> Detection:
        """Blocks (channel, sample) of one song at the model's rate, of any lengths → Detection.

        `hop_seconds` between windows, a whole fraction of one; None: windows side by side. What lacks of the last
        window is taken to be silent. Raises AudioError for a song without samples and for NaN or infinity, ModelError
        for a hop that does not divide the window.
        """
        hop = self._hop(hop_seconds)
        tracks = [_Track(self.model, offset, self.context_windows) for offset in range(0, self.model.window, hop)]
        buffer = _Buffer()
        for block in blocks:
            buffer.append(block)
            self._advance(tracks, buffer, ended=False)
            buffer.forget(min(track.needs for track in tracks))
        if not buffer.total:
            raise AudioError("a song without samples; give at least one.")
        self._advance(tracks, buffer, ended=True)
        probability = _interleaved([track.joined() for track in tracks])
        rate = self.model.sample_rate
        return Detection(
            self.model.targets,
            probability,
            self.gate.weights(probability, rate / hop) > 0.5,
            self.model.window / rate,
            hop / rate,
            buffer.total / rate,
        )

    def _hop(self, seconds: float | None) -> int:
        window, rate = self.model.window, self.model.sample_rate
        if seconds is not None and not math.isfinite(seconds):
            raise ModelError(f"windows every {seconds} s; give seconds, up to the {window / rate:g} s of a window.")
        hop = window if seconds is None else round(seconds * rate)
        if hop < 1 or window % hop:
            raise ModelError(f"windows every {seconds} s; that must go into a window of {window / rate:g} s evenly.")
        return hop

    def _advance(self, tracks: Sequence["_Track"], buffer: "_Buffer", ended: bool) -> None:
        for track in tracks:
            while spans := track.ready(buffer.total, ended):
                audio = np.stack([buffer.take(*span) for span in spans])
                track.take(self._run(audio))

    @torch.inference_mode()
    def _run(self, audio: Samples) -> Probability:
        """(block, sample) → (block, target, window)."""
        logits = self.model.estimate(torch.from_numpy(audio)[:, None].to(self.device)).activity
        assert logits is not None
        return torch.sigmoid(logits).cpu().numpy()


def _windows(model: MelModel, seconds: float | None) -> int:
    """Of a context."""
    if seconds is None:
        return model.context_windows
    window = model.window / model.sample_rate
    if seconds == math.inf:
        return max(int(LONGEST / window), 1)
    windows = round(seconds / window) if 0 < seconds <= LONGEST else 0
    if windows < 1 or abs(windows * window - seconds) > 1e-6:
        raise ModelError(
            f"a context of {seconds:g} s: give a whole number of windows of {window:g} s, up to {LONGEST:g} s, or "
            f"{SONG}."
        )
    return windows


class _Track:
    """The windows that begin at `offset` and at every window's length behind it, block by block.

    Blocks of `context` windows begin every half of it while more follows behind them; the last ends with the song.
    """

    def __init__(self, model: MelModel, offset: int, context: int) -> None:
        self.window, self.context, self.offset = model.window, context, offset
        self.targets = len(model.targets)
        self.step = max(self.context // 2, 1)
        self.next = 0  # window at which the next block begins
        self.starts: list[int] = []  # of the blocks that are being run
        self.kept: list[Probability] = []
        self.last: tuple[int, Probability] | None = None  # the newest block, of which it is not known how far it counts
        self.upto = 0  # windows that are decided
        self.ended = False

    @property
    def needs(self) -> int:
        """The first sample that is still asked for: the last block may begin before the next regular one."""
        return self.offset + max(self.next - self.step, 0) * self.window

    def ready(self, total: int, ended: bool) -> list[tuple[int, int]]:
        """(start, stop) in samples of the blocks to run next, at most a batch of them, all of one length."""
        if self.ended:
            return []
        sure = max(total - self.offset, 0) // self.window
        most = max(BATCH_WINDOWS // self.context, 1)
        self.starts = list(range(self.next, sure - self.context, self.step))[:most]
        length = self.context
        if self.starts:
            self.next = self.starts[-1] + self.step
        elif ended:
            self.ended = True
            windows = -(-max(total - self.offset, 0) // self.window)
            # With zeros in its last window a song may have room for another regular block.
            self.starts = [*range(self.next, windows - self.context, self.step)]
            last = max(windows - self.context, 0)
            length = min(self.context, windows)
            self.starts = [*self.starts, last] if windows else []
        spans = [(self.offset + start * self.window, length * self.window) for start in self.starts]
        return [(start, start + samples) for start, samples in spans]

    def take(self, blocks: Probability) -> None:
        """What became of the blocks (block, target, window) that were asked for last."""
        for start, block in zip(self.starts, blocks, strict=True):
            if self.last is not None:
                before, probability = self.last
                middle = (start + before + probability.shape[1]) // 2
                self.kept.append(probability[:, self.upto - before : middle - before])
                self.upto = middle
            self.last = start, block

    def joined(self) -> Probability:
        """(target, window)."""
        if self.last is None:
            return np.zeros((self.targets, 0), np.float32)
        start, block = self.last
        return np.concatenate([*self.kept, block[:, self.upto - start :]], axis=1)


class _Buffer:
    """The mean channel of a song as far as it came, of which the beginning may be forgotten."""

    def __init__(self) -> None:
        self.samples: NDArray[np.float32] = np.zeros(0, np.float32)
        self.first = 0

    @property
    def total(self) -> int:
        return self.first + len(self.samples)

    def append(self, block: Samples) -> None:
        mono = np.asarray(block, dtype=np.float32).mean(axis=0)
        if not np.isfinite(mono).all():
            raise AudioError("the song holds NaN or infinity; export it again without.")
        self.samples = np.concatenate([self.samples, mono])

    def take(self, start: int, stop: int) -> NDArray[np.float32]:
        """Zeros stand for what lies behind the end."""
        found = self.samples[start - self.first : stop - self.first]
        return np.pad(found, (0, stop - start - len(found)))

    def forget(self, before: int) -> None:
        drop = min(max(before - self.first, 0), len(self.samples))
        self.samples, self.first = self.samples[drop:], self.first + drop


def _interleaved(tracks: Sequence[Probability]) -> Probability:
    """Tracks (target, window) whose windows begin one after the other → (target, window) of all."""
    total = sum(track.shape[1] for track in tracks)
    out = np.zeros((len(tracks[0]), total), np.float32)
    for number, track in enumerate(tracks):
        out[:, number :: len(tracks)] = track
    return out
