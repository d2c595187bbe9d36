"""What every separator model hands out, and the kind that masks an STFT."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn

from stemwise.errors import ModelError
from stemwise.spectral import Stft

SEPARATION = "separation"
NEVER_HEARD = "never heard in training"  # in a card: targets that play in none of the training songs


@dataclass(frozen=True)
class Estimate:
    """stems (batch, target, channel, sample); mask (batch, target, channel, bin, frame), its channel 1 where one mask
    serves all; activity logits (batch, target, frame). None where a model has no such output."""

    stems: Tensor | None = None
    mask: Tensor | None = None
    activity: Tensor | None = None


@runtime_checkable
class SeparatorModel(Protocol):
    """`frame_rate` in Hz is that of the activity; `context` is the seconds on either side that reach a sample."""

    sample_rate: int
    targets: tuple[str, ...]

    @property
    def frame_rate(self) -> float: ...

    @property
    def context(self) -> float: ...

    def estimate(self, mixture: Tensor) -> Estimate:
        """(batch, channel, sample) at `sample_rate` → Estimate."""
        ...


class Net(Protocol):
    """An nn.Module from magnitudes to masks and activity logits, or None where `activity` is False. `context_frames` a
    side reach a frame."""

    channels: int
    targets: int
    activity: bool

    @property
    def context_frames(self) -> int: ...

    def __call__(self, magnitude: Tensor) -> tuple[Tensor, Tensor | None]:
        """(batch, channel, bin, frame) → mask (batch, target, channel, bin, frame), logits (batch, target, frame)."""
        ...


class SpectralModel(nn.Module):
    """A net that maps magnitudes to masks (and activity), made a separator model by an STFT.

    A mono net sees the mean of the channels and its mask applies to every channel. A net for several channels sees that
    mean in each of them where the mixture has another number, and the mean of its masks applies to every channel.
    `hears` False: the net's activity was never learned, and chance is not handed out as activity.
    """

    kind = SEPARATION
    net: Net
    stft: Stft

    def __init__(self, net: Net, stft: Stft, targets: Sequence[str], sample_rate: int, hears: bool = True) -> None:
        super().__init__()
        if len(targets) != net.targets:
            raise ModelError(
                f"{type(net).__name__} has {net.targets} outputs for {len(targets)} targets ({', '.join(targets)}). "
                "Choose as many, as in targets=[piano], or another model."
            )
        self.net = net
        self.stft = stft
        self.targets = tuple(targets)
        self.sample_rate = sample_rate
        self.hears = hears and net.activity

    @property
    def channels(self) -> int:
        """What the net looks at: 1, or the number of channels it was built for."""
        return self.net.channels

    @property
    def hop(self) -> int:
        """Of the STFT, in samples."""
        return self.stft.hop

    @property
    def frame_rate(self) -> float:
        return self.sample_rate / self.stft.hop

    @property
    def context(self) -> float:
        return self.net.context_frames / self.frame_rate + self.stft.n_fft / self.sample_rate

    @property
    def outputs(self) -> frozenset[str]:
        """The fields of Estimate that are not None."""
        return frozenset({"stems", "mask", "activity"} if self.hears else {"stems", "mask"})

    def estimate(self, mixture: Tensor) -> Estimate:
        """(batch, channel, sample) → Estimate; the stems are mask × STFT of the mixture, with the mixture's phase."""
        samples = mixture.shape[-1]
        frames = 1 + samples // self.stft.hop
        spectrum = self.stft(self.stft.whole_hops(mixture))
        mask, activity = self.masks(spectrum)
        stems = self.stft.inverse(spectrum[:, None] * mask, samples)
        return Estimate(stems, mask[..., :frames], None if activity is None else activity[..., :frames])

    def masks(self, spectrum: Tensor) -> tuple[Tensor, Tensor | None]:
        """Complex (batch, channel, bin, frame) → mask (batch, target, channel or 1, bin, frame), logits or None.

        The part of `estimate` that training needs: an inverse STFT would cost time and teach nothing here.
        """
        if spectrum.shape[1] == self.channels:
            mask, activity = self.net(spectrum.abs())
        else:
            mean = spectrum.mean(dim=1, keepdim=True).abs()
            mask, activity = self.net(mean.expand(-1, self.channels, -1, -1))
            mask = mask.mean(dim=2, keepdim=True)
        return mask, activity if self.hears else None


def fit_input_scaling(model: SpectralModel, mixtures: Tensor) -> bool:
    """Start the net's input scaling from example mixtures (batch, channel, sample); False if the net has none."""
    start_from = getattr(model.net, "start_from", None)
    if start_from is None:
        return False
    with torch.no_grad():
        magnitude = model.stft(mixtures.mean(dim=1)).abs()
        start_from(magnitude.mean(dim=(0, 2)), magnitude.std(dim=(0, 2)))
    return True
