"""IASS: a U-Net that separates one instrument and says when it plays.

Hung and Lerch, "Multitask learning for instrument activation aware music source separation", ISMIR 2020
(arXiv 2008.00616); layer by layer as in the authors' released inference code.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from stemwise.errors import ModelError


class Iass(nn.Module):
    """Mono; as published one target. Time is never down-sampled; 25 frames feed a mask frame, 13 an activity frame.

    `crop` is the number of lowest bins the U-Net sees (16 kHz of 22 at the default STFT of 4096 and 44.1 kHz). Several
    targets share all layers but the last of the masks and of the activity; the linear layer over frequency is one for
    all. With fewer bins the activity head has fewer steps of three rows.
    """

    channels = 1
    activity = True
    context_frames = 12

    def __init__(
        self, bins: int = 2049, crop: int = 1487, widths: tuple[int, int, int] = (16, 32, 48), targets: int = 1
    ) -> None:
        super().__init__()
        self.targets = targets
        heights = [crop]
        for _ in widths:
            heights.append((heights[-1] - 3) // 3 + 1)
        if crop > bins or heights[-1] < 1:
            raise ModelError(f"crop of {crop} bins of {bins}: it must not exceed the bins, and be at least 27.")
        first, second, third = widths
        self.crop = crop
        self.input_shift = nn.Parameter(torch.zeros(crop, 1))
        self.input_scale = nn.Parameter(torch.ones(crop, 1))
        self.encoders = nn.ModuleList([Encoder(1, first), Encoder(first, second), Encoder(second, third)])
        self.skips = nn.ModuleList([nn.Conv2d(second, second, 3, padding=1), nn.Conv2d(first, first, 3, padding=1)])
        self.decoders = nn.ModuleList(
            [
                Decoder(third, second, 40, 32, heights[2] - 3 * heights[3]),
                Decoder(32, first, 24, 16, heights[1] - 3 * heights[2]),
                Decoder(16, 0, 8, targets, heights[0] - 3 * heights[1], last=True),
            ]
        )
        self.to_bins = nn.Linear(crop, bins)
        shape = (bins, 1) if targets == 1 else (targets, bins, 1)
        self.output_scale = nn.Parameter(torch.ones(shape))
        self.output_offset = nn.Parameter(torch.ones(shape))
        self.head = activity_head(third, heights[-1], targets)
        # Channels side by side in memory: half as fast again on a CPU.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    def forward(self, magnitude: Tensor) -> tuple[Tensor, Tensor]:
        """Magnitude (batch, 1, bin, frame) → mask (batch, target, 1, bin, frame) ≥ 0, logits (batch, target, frame)."""
        x = (magnitude[:, :, : self.crop] - self.input_shift) / self.input_scale
        outputs = []
        for encoder in self.encoders:
            x = encoder(x)
            outputs.append(x)
        activity = self.head(x).mean(dim=2)  # one row of frequency is left, so the mean only drops the axis
        skips = [self.skips[0](outputs[1]), self.skips[1](outputs[0]), None]
        for decoder, skip in zip(self.decoders, skips, strict=True):
            x = decoder(x, skip)
        x = self.to_bins(x.transpose(2, 3)).transpose(2, 3)
        return torch.relu(x * self.output_scale + self.output_offset)[:, :, None], activity

    @torch.no_grad()
    def start_from(self, mean: Tensor, deviation: Tensor) -> None:
        """Set the input's shift and scale to the training set's mean and deviation (bin,) of the magnitudes."""
        self.input_shift.copy_(mean[: self.crop, None])
        self.input_scale.copy_(deviation[: self.crop, None].clamp_min(1e-4))


class Encoder(nn.Module):
    """Two 3×3 convolutions with a residual, then a strided one that leaves a third of the rows."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(before, after, 3, padding=1), nn.BatchNorm2d(after), nn.LeakyReLU(0.01))
        self.second = nn.Sequential(nn.Conv2d(after, after, 3, padding=1), nn.BatchNorm2d(after), nn.LeakyReLU(0.01))
        self.residual = nn.Conv2d(before, after, 1)
        self.down = nn.Conv2d(after, after, (3, 1), stride=(3, 1))

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.down(self.second(self.first(x)) + self.residual(x))
        return out


class SameTransposed(nn.ConvTranspose2d):
    """A transposed 3×3 convolution that keeps the size, as the plain one of mirrored weights, which it equals."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__(before, after, 3, padding=1)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        return functional.conv2d(x, self.weight.flip(2, 3).transpose(0, 1), self.bias, padding=1)


class Decoder(nn.Module):
    """Triple the rows, join the skip, two 3×3 transposed convolutions; the last block ends without activation."""

    def __init__(self, before: int, skip: int, middle: int, after: int, extra_rows: int, last: bool = False) -> None:
        super().__init__()
        self.up = nn.ConvTranspose2d(before, before, (3, 1), stride=(3, 1), output_padding=(extra_rows, 0))
        end = [] if last else [nn.LeakyReLU(0.01), nn.BatchNorm2d(after)]
        self.body = nn.Sequential(
            SameTransposed(before + skip, middle),
            nn.LeakyReLU(0.01),
            nn.BatchNorm2d(middle),
            SameTransposed(middle, after),
            *end,
        )

    def forward(self, x: Tensor, skip: Tensor | None) -> Tensor:
        x = self.up(x)
        out: Tensor = self.body(x if skip is None else torch.cat([x, skip], dim=1))
        return out


def activity_head(channels: int, rows: int, targets: int) -> nn.Sequential:
    """(batch, channel, row, frame) → one logit a frame, (batch, target, 1, frame); published: 55 rows → 18 → 6 → 2 → 1.

    Fewer than three rows are left as they are, until the last step takes all.
    """
    layers: list[nn.Module] = []
    for before, after in ((channels, 32), (32, 16), (16, 16)):
        step = 3 if rows >= 3 else 1
        layers += [nn.Conv2d(before, after, (step, 1), stride=(step, 1)), nn.BatchNorm2d(after)]
        rows = (rows - step) // step + 1
    return nn.Sequential(*layers, nn.Conv2d(16, targets, (rows, 1)))
