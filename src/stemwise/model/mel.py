"""The kind of model that hears which instruments play, a window at a time."""

from collections.abc import Sequence
from typing import Protocol

import torch
from torch import Tensor, nn

from stemwise.errors import ModelError
from stemwise.mel import LogMel
from stemwise.model import Estimate

DETECTION = "detection"


class DetectionNet(Protocol):
    """An nn.Module from log mel spectrograms to logits. `frames` of them are a window."""

    targets: int
    mels: int
    frames: int

    def __call__(self, spectrogram: Tensor) -> Tensor:
        """(batch, mel, windows · frames), scaled to about ±1 → logits (batch, target, window)."""
        ...


class MelModel(nn.Module):
    """A net that hears, behind a log mel front end: which targets play in each window of `window_seconds`.

    It sees the mean of the channels, `context_seconds` at a time; one that sees more than a window may use what is
    around it. `augmentation` changes spectrograms in dB (batch, mel, frame) while it is trained. `shift` and `scale`
    (mel,) bring the dB of every band to about ±1; `start_from` sets them from examples. Raises ModelError where net,
    front end and targets do not fit, and for a context that is no whole number of windows.
    """

    kind = DETECTION
    outputs = frozenset({"activity"})
    channels = 1
    net: DetectionNet
    shift: Tensor
    scale: Tensor

    def __init__(
        self,
        net: DetectionNet,
        mel: LogMel,
        targets: Sequence[str],
        sample_rate: int,
        window_seconds: float = 1.0,
        context_seconds: float = 1.0,
        augmentation: nn.Module | None = None,
    ) -> None:
        super().__init__()
        self.window = round(window_seconds * sample_rate)
        self.context_windows = round(context_seconds / window_seconds)
        wanted = {"targets": len(targets), "mels": mel.mels, "frames": self.window // mel.hop}
        have = {name: getattr(net, name) for name in wanted}
        if have != wanted or self.window % mel.hop or mel.rate != sample_rate:
            raise ModelError(
                f"{type(net).__name__} is built for {have}, but {len(targets)} targets and windows of {self.window} "
                f"samples at {sample_rate} Hz, with a hop of {mel.hop} at {mel.rate} Hz, come to {wanted}."
            )
        if self.context_windows < 1 or abs(self.context_windows * window_seconds - context_seconds) > 1e-6:
            raise ModelError(f"a context of {context_seconds} s is no whole number of windows of {window_seconds} s.")
        self.net = net
        self.mel = mel
        self.augmentation = augmentation
        self.targets = tuple(targets)
        self.sample_rate = sample_rate
        self.window_seconds = window_seconds
        self.register_buffer("shift", torch.zeros(mel.mels))
        self.register_buffer("scale", torch.full((mel.mels,), 0.05))

    @property
    def hop(self) -> int:
        """Of the front end, in samples."""
        return self.mel.hop

    @property
    def frame_rate(self) -> float:
        """Of the activity: windows a second."""
        return self.sample_rate / self.window

    @property
    def context(self) -> float:
        """Seconds that can reach a window from either side."""
        return (self.context_windows - 1) * self.window / self.sample_rate

    def estimate(self, mixture: Tensor) -> Estimate:
        """(batch, channel, sample), a whole number of windows → Estimate with activity (batch, target, window) alone.

        Raises ModelError for another length.
        """
        samples = mixture.shape[-1]
        if samples == 0 or samples % self.window:
            raise ModelError(f"{samples} samples are no whole number of windows of {self.window}; pad with zeros.")
        return Estimate(activity=self.net(self.spectrogram(mixture)))

    def spectrogram(self, mixture: Tensor) -> Tensor:
        """(batch, channel, sample) → what the net sees, (batch, mel, frame). The frame on the last edge is left out."""
        decibels = self.mel(mixture.mean(dim=1))[..., : mixture.shape[-1] // self.hop]
        decibels = decibels if self.augmentation is None else self.augmentation(decibels)
        scaled: Tensor = (decibels + self.shift[:, None]) * self.scale[:, None]
        return scaled

    @torch.no_grad()
    def start_from(self, mixtures: Tensor) -> bool:
        """Set shift and scale from the mean and deviation of example mixtures (batch, channel, sample)."""
        decibels = self.mel(mixtures.mean(dim=1))
        self.shift.copy_(-decibels.mean(dim=(0, 2)))
        self.scale.copy_(1 / decibels.std(dim=(0, 2)).clamp_min(1.0))
        return True
