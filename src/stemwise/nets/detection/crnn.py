"""The convolutional net with a recurrent layer over all that it is given.

| layer     | output (channel, step)       | by                                        |
|-----------|------------------------------|-------------------------------------------|
| stem      | 192, 5 a second              | blocks and join of the convolutional net  |
| recurrent | 2 · 96, 5                    | GRU, both ways, over the whole context    |
| output    | targets, a window            | mean and maximum over the steps of both, dropout, linear |
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from stemwise.nets.detection.cnn import Stem
from stemwise.nets.detection.windows import WindowHead


class Crnn(nn.Module):
    """`hidden` units each way. What the stem heard reaches the output beside what the recurrence made of it."""

    def __init__(
        self,
        targets: int,
        mels: int = 96,
        frames: int = 50,
        channels: Sequence[int] = (32, 64, 96, 128),
        width: int = 192,
        hidden: int = 96,
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        self.targets, self.mels, self.frames = targets, mels, frames
        self.stem = Stem(mels, frames, channels, width)
        self.recurrent = nn.GRU(width, hidden, batch_first=True, bidirectional=True)
        self.head = WindowHead(width + 2 * hidden, targets, self.stem.steps, dropout)

    def forward(self, spectrogram: Tensor) -> Tensor:
        """(batch, mel, windows · frames) → logits (batch, target, window)."""
        heard = self.stem(spectrogram)
        carried, _ = self.recurrent(heard.transpose(1, 2))
        logits: Tensor = self.head(torch.cat([heard, carried.transpose(1, 2)], dim=1))
        return logits
