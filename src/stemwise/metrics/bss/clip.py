"""References and estimates of a song, read piece by piece in float64: whole, four minutes would be 1.4 GB."""

from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stemwise.errors import AudioError
from stemwise.metrics.arrays import check_axes, whole_number

Array = NDArray[Any] | Tensor
Given = TypeVar("Given", NDArray[Any], Tensor)
PIECE = 2**19  # samples of all channels of a side that are worked on at a time, where windows allow


@dataclass(frozen=True)
class Clip:
    """references and estimates (source, sample, channel); the first samples of the windows, and their length."""

    references: Array
    estimates: Array
    starts: list[int]
    size: int
    device: torch.device

    @classmethod
    def of(
        cls,
        references: Array,
        estimates: Array,
        rate: int,
        window: int | None,
        hop: int | None,
        device: str | torch.device | None,
    ) -> "Clip":
        """Raises AudioError when shapes do not match, hold nothing, or have their axes in another order; for a rate,
        window or hop that is no whole number of 1 or more; and for a device that is not there."""
        references, estimates = (_array(side) for side in (references, estimates))
        shapes = tuple(references.shape), tuple(estimates.shape)
        if shapes[0] != shapes[1] or len(shapes[0]) != 3 or 0 in shapes[0]:
            raise AudioError(
                f"references {shapes[0]} and estimates {shapes[1]} cannot be compared. "
                "Give (source, sample, channel) arrays of one shape that hold something."
            )
        samples = shapes[0][1]
        check_axes(shapes[0][2], samples, "(source, sample, channel)")
        rate = whole_number(rate, "rate in Hz")
        window = rate if window is None else whole_number(window, "window in samples")
        hop = window if hop is None else whole_number(hop, "hop in samples")
        starts = list(range(0, max(samples - window, 0) + 1, hop))
        return cls(references, estimates, starts, min(window, samples), _device(references, device))

    @property
    def sources(self) -> int:
        return int(self.references.shape[0])

    @property
    def samples(self) -> int:
        return int(self.references.shape[1])

    @property
    def channels(self) -> int:
        return int(self.references.shape[2])

    def piece(self, start: int, stop: int) -> tuple[Tensor, Tensor]:
        """Both sides from `start` to `stop`, each (source, channel, sample) in float64 on the device."""
        return _piece(self.references, start, stop, self.device), _piece(self.estimates, start, stop, self.device)

    def windows(self, numbers: list[int]) -> tuple[Tensor, Tensor]:
        """Both sides in these windows, each (source, channel, window, sample)."""
        pieces = [self.piece(self.starts[number], self.starts[number] + self.size) for number in numbers]
        return torch.stack([s for s, _ in pieces], dim=2), torch.stack([e for _, e in pieces], dim=2)

    def batches(self, numbers: list[int]) -> list[list[int]]:
        """The windows in turns that fit into a processor's cache, one at a time at least."""
        room = PIECE if self.device.type == "cpu" else 32 * PIECE
        count = max(room // (self.sources * self.channels * self.size), 1)
        return [numbers[first : first + count] for first in range(0, len(numbers), count)]


def _array(side: Any) -> Array:
    return side if isinstance(side, Tensor) else np.asarray(side)


def _device(like: Array, asked: str | torch.device | None) -> torch.device:
    device = torch.device(asked) if asked is not None else like.device if isinstance(like, Tensor) else "cpu"
    device = torch.device(device)
    device = torch.device("cpu") if device.type == "mps" else device
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as fault:
        raise AudioError(f"device '{device}' is not to be had with this PyTorch ({fault}). Choose cpu.") from fault
    return device


def _piece(side: Array, start: int, stop: int, device: torch.device) -> Tensor:
    if isinstance(side, Tensor):
        return side.detach()[:, start:stop].to(device).double().transpose(1, 2).contiguous()
    return torch.from_numpy(np.array(np.moveaxis(side[:, start:stop], 2, 1), dtype=np.float64, order="C")).to(device)


def refuse_nonsense(clip: Clip, *energies: Tensor) -> None:
    """Raises AudioError, with the number of bad samples, when an energy is NaN or infinite."""
    if all(bool(torch.isfinite(energy).all()) for energy in energies):
        return
    for name, side in (("references", clip.references), ("estimates", clip.estimates)):
        bad = int((~torch.isfinite(torch.as_tensor(side))).sum())
        if bad:
            count = clip.sources * clip.samples * clip.channels
            raise AudioError(f"{name}: {bad} of {count} samples are NaN or infinite. Find the step that made them.")
    raise AudioError("The samples are so large that their squares are no numbers any more. Scale them down.")


def like(given: Given, figure: Tensor) -> Given:
    """The figure where a tensor was given, else an array."""
    if isinstance(given, Tensor):
        return figure
    array: NDArray[Any] = figure.cpu().numpy()
    return array
