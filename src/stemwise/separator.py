"""A model + chunks + gate → stems of a song of any length, level and channel count kept.

The network runs on chunks with real context on both sides; neighbouring chunks are crossfaded, activity is joined over
the whole song, and only then is the gate computed and applied. With shifts the song is separated on several grids of
frames, and a stem is the mean of what they give.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from stemwise.audio import Samples
from stemwise.errors import AudioError, ModelError
from stemwise.gate import Gate
from stemwise.model import SeparatorModel
from stemwise.spectral import Stft

FADE_SECONDS = 0.5
GATE_BLOCK = 512  # frames gated at a time

Progress = Callable[[float], None]


@dataclass(frozen=True)
class Separation:
    """stems (target, channel, sample); probability and gate (target, frame) at `frame_rate` Hz, frame t at t / rate.

    `probability` is None when the model detects no activity; the gate is then 1 throughout.
    """

    targets: tuple[str, ...]
    stems: Samples
    probability: NDArray[np.float32] | None
    gate: NDArray[np.float32]
    frame_rate: float

    @property
    def times(self) -> NDArray[np.float64]:
        return np.arange(self.gate.shape[1]) / self.frame_rate


class Separator:
    """Samples in, samples out, at the model's rate; memory beyond the arrays handed in depends on the chunk only.

    `shifts`: on how many grids of frames a song is separated, each a further hop / shifts samples off, at so many times
    the cost. Activity is that of the first grid. Raises ModelError for fewer than one, and for more than a hop has
    samples.
    """

    def __init__(
        self,
        model: SeparatorModel,
        gate: Gate | None = None,
        chunk_seconds: float = 12.0,
        device: str = "cpu",
        shifts: int = 1,
    ) -> None:
        self.model = model.to(device).eval() if isinstance(model, torch.nn.Module) else model
        self.gate = gate or Gate("off")
        self.chunk_seconds = chunk_seconds
        self.device = device
        self.shifts = shifts
        if not 1 <= shifts <= self.hop:
            raise ModelError(f"shifts={shifts}: give 1 for a single grid of frames, or more, up to {self.hop}.")

    def separate(self, mixture: Samples, out: Samples | None = None, progress: Progress | None = None) -> Separation:
        """Mixture (channel, sample) → Separation. `out` (target, channel, sample) of zeros may be mapped from disk.

        Raises AudioError for an empty mixture and for NaN or infinity.
        """
        stems, probability = self.estimate(mixture, out, progress)
        weights = self.weights(probability, mixture.shape[1])
        for stem, weight in zip(stems, weights, strict=True):
            apply_gate(stem, weight, self.stft)
        return Separation(self.model.targets, stems, probability, weights, self.model.frame_rate)

    def estimate(
        self, mixture: Samples, out: Samples | None = None, progress: Progress | None = None
    ) -> tuple[Samples, NDArray[np.float32] | None]:
        """Ungated stems (target, channel, sample) and probability (target, frame) or None. `out` must hold zeros."""
        if mixture.ndim != 2 or mixture.shape[1] == 0:
            raise AudioError(f"a mixture of shape {mixture.shape}; give (channel, sample) with at least one sample.")
        total = mixture.shape[1]
        stems = np.zeros((len(self.model.targets), *mixture.shape), np.float32) if out is None else out
        probability: NDArray[np.float32] | None = None
        for shift in range(self.shifts):
            lead = shift * self.hop // self.shifts  # samples of silence before the song
            for chunk in chunks(lead + total, *self._lengths()):
                part, active = self._run(_read(mixture, chunk.read_start - lead, chunk.read_stop - lead))
                _add(stems, part, chunk, lead, self.shifts)
                if active is not None and shift == 0:
                    if probability is None:
                        probability = np.zeros((len(active), 1 + total // self.hop), np.float32)
                    self._join(probability, active, chunk, total)
                if progress:
                    progress((shift + chunk.stop / (lead + total)) / self.shifts)
        return stems, probability

    def weights(self, probability: NDArray[np.float32] | None, samples: int) -> NDArray[np.float32]:
        """Gate weights (target, frame) for a song of so many samples."""
        if probability is None:
            return np.ones((len(self.model.targets), 1 + samples // self.hop), np.float32)
        return self.gate.weights(probability, self.model.frame_rate)

    @property
    def hop(self) -> int:
        return round(self.model.sample_rate / self.model.frame_rate)

    @property
    def stft(self) -> Stft:
        """Of the gate: the model's own where it has one, else four hops long; frame by frame that of its activity."""
        own = getattr(self.model, "stft", None)
        return Stft(own.n_fft if isinstance(own, Stft) else 4 * self.hop, self.hop)

    def _lengths(self) -> tuple[int, int, int]:
        """Chunk, fade and context in samples, each a whole number of frames, so that every chunk lies on one grid."""
        rate = self.model.sample_rate
        return tuple(  # type: ignore[return-value]
            -(-round(seconds * rate) // self.hop) * self.hop
            for seconds in (self.chunk_seconds, FADE_SECONDS, self.model.context)
        )

    @torch.inference_mode()
    def _run(self, mixture: Samples) -> tuple[Samples, NDArray[np.float32] | None]:
        if not np.isfinite(mixture).all():
            raise AudioError("the mixture holds NaN or infinity; export it again without.")
        estimate = self.model.estimate(torch.from_numpy(mixture)[None].to(self.device))
        assert estimate.stems is not None
        active = None if estimate.activity is None else torch.sigmoid(estimate.activity)[0].cpu().numpy()
        return estimate.stems[0].cpu().numpy(), active

    def _join(self, out: NDArray[np.float32], active: NDArray[np.float32], chunk: "Chunk", total: int) -> None:
        """Copy the frames of a chunk; where two overlap the later one stands from the middle of the fade."""
        middle = chunk.start + chunk.fade_in // 2
        first, last = -(-middle // self.hop), out.shape[1] if chunk.stop == total else chunk.stop // self.hop
        offset = chunk.read_start // self.hop
        out[:, first:last] = active[:, first - offset : last - offset]


@dataclass(frozen=True)
class Chunk:
    """Sample positions: what is read, what of it is kept, and the weight (sample,) of what is kept."""

    read_start: int
    read_stop: int
    start: int
    stop: int
    fade_in: int
    fade: Samples


def chunks(total: int, length: int, fade: int, context: int) -> Iterator[Chunk]:
    """Cover `total` samples by chunks of `length` that overlap by `fade`, with `context` more to read on each side.

    The weights of all chunks sum to 1 at every sample.
    """
    step = max(length - fade, 1)
    fade = min(fade, step)  # a third chunk never reaches into a crossfade
    ramp = (np.arange(fade, dtype=np.float32) + 0.5) / max(fade, 1)
    for start in range(0, max(total - fade, 1), step):
        last = start + step + fade >= total
        stop = total if last else start + step + fade
        weight = np.ones(stop - start, np.float32)
        if start > 0:
            weight[:fade] = ramp
        if not last:
            weight[len(weight) - fade :] = 1 - ramp
        yield Chunk(max(start - context, 0), min(stop + context, total), start, stop, fade if start else 0, weight)


def _read(mixture: Samples, start: int, stop: int) -> Samples:
    """A copy (channel, sample) of a stretch of the mixture, with zeros where it begins before it."""
    return np.pad(mixture[:, max(start, 0) : max(stop, 0)], ((0, 0), (max(min(-start, stop - start), 0), 0)))


def _add(stems: Samples, part: Samples, chunk: Chunk, lead: int, shifts: int) -> None:
    """What a chunk gives of the song, which starts `lead` samples after the first chunk does."""
    first = min(max(chunk.start, lead), chunk.stop)
    inner = slice(first - chunk.read_start, chunk.stop - chunk.read_start)
    stems[:, :, first - lead : chunk.stop - lead] += part[:, :, inner] * (chunk.fade[first - chunk.start :] / shifts)


def apply_gate(stem: Samples, weights: NDArray[np.float32], stft: Stft) -> None:
    """Multiply the STFT of a stem (channel, sample) by weights (frame,) in place, block by block.

    No transform is needed for it (`Stft.gain`). Where the frames around are closed the stem comes out as exact zeros,
    where they are open bit for bit as it was.
    """
    if (weights == 1).all():
        return
    step = GATE_BLOCK * stft.hop
    for start in range(0, stem.shape[1], step):
        stop = min(start + step, stem.shape[1])
        stem[:, start:stop] *= stft.gain(weights, start, stop).astype(np.float32)
