"""A conformer small enough for a CPU: attention over all that it is given, convolutions for what is near.

| layer   | output (channel, step) | by                                                          |
|---------|------------------------|-------------------------------------------------------------|
| stem    | 144, 5 a second        | blocks and join of the convolutional net                    |
| 3 times | 144, 5                 | ½ feed forward, attention of 4 heads, gated convolution over |
|         |                        | 7 steps, ½ feed forward, layer norm                         |
| output  | targets, a window      | mean and maximum over the steps, dropout, linear            |

Gulati et al., "Conformer: Convolution-augmented Transformer for Speech Recognition", Interspeech 2020, without its
relative positions: the convolutions tell what is near.
"""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F

from stemwise.nets.detection.cnn import Stem
from stemwise.nets.detection.windows import WindowHead


class Conformer(nn.Module):
    """`layers` blocks of `width`, a multiple of `heads`."""

    def __init__(
        self,
        targets: int,
        mels: int = 96,
        frames: int = 50,
        channels: Sequence[int] = (32, 64, 96, 128),
        width: int = 144,
        layers: int = 3,
        heads: int = 4,
        kernel: int = 7,
        dropout: float = 0.2,
    ) -> None:
        super().__init__()
        self.targets, self.mels, self.frames = targets, mels, frames
        self.stem = Stem(mels, frames, channels, width)
        self.blocks = nn.Sequential(*(ConformerBlock(width, heads, kernel, dropout) for _ in range(layers)))
        self.head = WindowHead(width, targets, self.stem.steps, dropout)

    def forward(self, spectrogram: Tensor) -> Tensor:
        """(batch, mel, windows · frames) → logits (batch, target, window)."""
        heard = self.blocks(self.stem(spectrogram).transpose(1, 2))
        logits: Tensor = self.head(heard.transpose(1, 2))
        return logits


class ConformerBlock(nn.Module):
    """(batch, step, channel) → the same."""

    def __init__(self, width: int, heads: int, kernel: int, dropout: float) -> None:
        super().__init__()
        self.first, self.second = (_feed_forward(width, dropout) for _ in range(2))
        self.attention_norm = nn.LayerNorm(width)
        self.attention = nn.MultiheadAttention(width, heads, dropout, batch_first=True)
        self.convolution = _Convolution(width, kernel, dropout)
        self.norm = nn.LayerNorm(width)

    def forward(self, steps: Tensor) -> Tensor:
        steps = steps + 0.5 * self.first(steps)
        normed = self.attention_norm(steps)
        steps = steps + self.attention(normed, normed, normed, need_weights=False)[0]
        steps = steps + self.convolution(steps)
        out: Tensor = self.norm(steps + 0.5 * self.second(steps))
        return out


class _Convolution(nn.Module):
    def __init__(self, width: int, kernel: int, dropout: float) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.enter = nn.Conv1d(width, 2 * width, 1)
        self.near = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width, bias=False)
        self.leave = nn.Sequential(nn.BatchNorm1d(width), nn.SiLU(), nn.Conv1d(width, width, 1), nn.Dropout(dropout))

    def forward(self, steps: Tensor) -> Tensor:
        gated = F.glu(self.enter(self.norm(steps).transpose(1, 2)), dim=1)
        out: Tensor = self.leave(self.near(gated))
        return out.transpose(1, 2)


def _feed_forward(width: int, dropout: float) -> nn.Sequential:
    return nn.Sequential(
        nn.LayerNorm(width), nn.Linear(width, 4 * width), nn.SiLU(), nn.Dropout(dropout), nn.Linear(4 * width, width),
        nn.Dropout(dropout),
    )  # fmt: skip
