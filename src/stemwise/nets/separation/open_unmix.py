"""Open-Unmix: a three-layer bidirectional LSTM over magnitudes, the baseline of the field.

Stöter, Uhlich, Liutkus and Mitsufuji, "Open-Unmix: a reference implementation for music source separation", JOSS 4(41),
2019; layer by layer as published. It says nothing of activity.
"""

import torch
from torch import Tensor, nn

from stemwise.errors import ModelError

REACH = 128  # frames a side after which an LSTM's memory is taken to have faded; it has no end


class OpenUnmix(nn.Module):
    """`targets` masks from one trunk; the published networks have one target each, and two channels.

    `crop` is the number of lowest bins the trunk sees (16 kHz of 22 at an STFT of 4096 and 44.1 kHz); `hidden`, even,
    the width of every layer.
    """

    context_frames = REACH
    activity = False

    def __init__(
        self,
        targets: int = 1,
        bins: int = 2049,
        crop: int = 1487,
        channels: int = 2,
        hidden: int = 512,
        layers: int = 3,
    ) -> None:
        super().__init__()
        if crop > bins or hidden % 2:
            raise ModelError(
                f"crop of {crop} bins of {bins}, {hidden} hidden: crop no more than there is, hidden even."
            )
        self.targets, self.bins, self.crop, self.channels = targets, bins, crop, channels
        self.input_shift = nn.Parameter(torch.zeros(crop))
        self.input_scale = nn.Parameter(torch.ones(crop))
        self.enter = nn.Sequential(nn.Linear(channels * crop, hidden, bias=False), nn.BatchNorm1d(hidden), nn.Tanh())
        dropout = 0.4 if layers > 1 else 0.0
        self.lstm = nn.LSTM(hidden, hidden // 2, layers, bidirectional=True, dropout=dropout)
        self.join = nn.Sequential(nn.Linear(2 * hidden, hidden, bias=False), nn.BatchNorm1d(hidden), nn.ReLU())
        outputs = targets * channels * bins
        self.to_masks = nn.Sequential(nn.Linear(hidden, outputs, bias=False), nn.BatchNorm1d(outputs))
        self.output_scale = nn.Parameter(torch.ones(targets, 1, bins))
        self.output_offset = nn.Parameter(torch.ones(targets, 1, bins))

    def forward(self, magnitude: Tensor) -> tuple[Tensor, None]:
        """Magnitude (batch, channel, bin, frame) → masks (batch, target, channel, bin, frame) ≥ 0, and no activity."""
        batch, _, _, frames = magnitude.shape
        x = magnitude[:, :, : self.crop].permute(3, 0, 1, 2)
        x = ((x + self.input_shift) * self.input_scale).reshape(frames * batch, -1)
        x = self.enter(x).reshape(frames, batch, -1)
        x = torch.cat([x, self.lstm(x)[0]], dim=2)
        masks = self.to_masks(self.join(x.reshape(frames * batch, -1)))
        masks = masks.reshape(frames, batch, self.targets, self.channels, self.bins)
        return torch.relu(masks * self.output_scale + self.output_offset).permute(1, 2, 3, 4, 0), None

    @torch.no_grad()
    def start_from(self, mean: Tensor, deviation: Tensor) -> None:
        """Set the input's shift and scale from the training set's mean and deviation (bin,) of the magnitudes."""
        self.input_shift.copy_(-mean[: self.crop])
        self.input_scale.copy_(1 / deviation[: self.crop].clamp_min(1e-4))
