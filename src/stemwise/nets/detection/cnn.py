"""A convolutional net over the spectrogram.

| layer     | output (channel, mel, step)  | by                                        |
|-----------|------------------------------|-------------------------------------------|
| input     | 1, 96, 50 a second           |                                           |
| block 1   | 32, 48, 25                   | 3×3 convolution, batch norm, max pool 2×2, ReLU |
| block 2   | 64, 24, 25                   | the same, pool 2×1                        |
| block 3   | 96, 12, 5                    | the same, pool 2×5                        |
| block 4   | 128, 6, 5                    | the same, pool 2×1                        |
| join      | 192, –, 5                    | all mels of a step: linear, batch norm, ReLU |
| output    | targets, a window            | mean and maximum over the steps, dropout, linear |
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from stemwise.errors import ModelError
from stemwise.nets.detection.windows import WindowHead

POOLS = ((2, 2), (2, 1), (2, 5), (2, 1))  # (mel, frame) of the blocks


class Stem(nn.Module):
    """Convolutions: (batch, mel, frame) → (batch, `width`, step), `frames` // 10 steps a window."""

    def __init__(self, mels: int, frames: int, channels: Sequence[int], width: int) -> None:
        super().__init__()
        if mels % 16 or frames % 10 or len(channels) != len(POOLS):
            raise ModelError(
                f"{mels} mels, {frames} frames a window, blocks of {list(channels)} channels: the mels must be a "
                f"multiple of 16, the frames of 10, and there are {len(POOLS)} blocks."
            )
        layers: list[nn.Module] = []
        for before, after, pool in zip((1, *channels), channels, POOLS, strict=False):
            layers += [nn.Conv2d(before, after, 3, padding=1, bias=False), nn.BatchNorm2d(after)]
            layers += [nn.MaxPool2d(pool), nn.ReLU()]  # the same as the other way round, on a quarter of the values
        self.blocks = nn.Sequential(*layers)
        self.blocks.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        high = mels // 16 * channels[-1]
        self.join = nn.Sequential(nn.Conv1d(high, width, 1, bias=False), nn.BatchNorm1d(width), nn.ReLU())
        self.steps = frames // 10

    def forward(self, spectrogram: Tensor) -> Tensor:
        # Channels last, all of them: two cores convolve twice as fast.
        picture = spectrogram[:, None].contiguous(memory_format=torch.channels_last)
        heard: Tensor = self.join(self.blocks(picture).flatten(1, 2))
        return heard


class Cnn(nn.Module):
    """A step sees 40 frames, 0.8 s, also across the edges of a window where the net is given several."""

    def __init__(
        self,
        targets: int,
        mels: int = 96,
        frames: int = 50,
        channels: Sequence[int] = (32, 64, 96, 128),
        width: int = 192,
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        self.targets, self.mels, self.frames = targets, mels, frames
        self.stem = Stem(mels, frames, channels, width)
        self.head = WindowHead(width, targets, self.stem.steps, dropout)

    def forward(self, spectrogram: Tensor) -> Tensor:
        """(batch, mel, windows · frames) → logits (batch, target, window)."""
        logits: Tensor = self.head(self.stem(spectrogram))
        return logits
