"""Open-Unmix: a three-layer bidirectional LSTM over magnitudes, the baseline of the field.

Stöter, Uhlich, Liutkus and Mitsufuji, "Open-Unmix: a reference implementation for music source separation", JOSS 4(41),
2019; layer by layer as published. The published network says nothing of activity; here it can be taught to.
"""

import torch
from torch import Tensor, nn

from stemwise.errors import ModelError
from stemwise.nets.separation.activity_head import HEAD_REACH, ActivityHead

REACH = 128  # frames a side after which an LSTM's memory is taken to have faded; it has no end


class OpenUnmix(nn.Module):
    """`targets` masks from one trunk; the published networks have one target each, and two channels.

    `crop` is the number of lowest bins the trunk sees (16 kHz of 22 at an STFT of 4096 and 44.1 kHz); `hidden`, even,
    the width of every layer. With `activity` it also says when each target plays, as IASS does: off what the masks are
    made from, and off what they let through, with `dropout` of whole channels.
    """

    def __init__(
        self,
        targets: int = 1,
        bins: int = 2049,
        crop: int = 1487,
        channels: int = 2,
        hidden: int = 512,
        layers: int = 3,
        activity: bool = False,
        dropout: float = 0.3,
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
        between = 0.4 if layers > 1 else 0.0
        self.lstm = nn.LSTM(hidden, hidden // 2, layers, bidirectional=True, dropout=between)
        self.join = nn.Sequential(nn.Linear(2 * hidden, hidden, bias=False), nn.BatchNorm1d(hidden), nn.ReLU())
        outputs = targets * channels * bins
        self.to_masks = nn.Sequential(nn.Linear(hidden, outputs, bias=False), nn.BatchNorm1d(outputs))
        self.output_scale = nn.Parameter(torch.ones(targets, 1, bins))
        self.output_offset = nn.Parameter(torch.ones(targets, 1, bins))

        self.head = ActivityHead(hidden, targets, dropout) if activity else None

    @property
    def activity(self) -> bool:
        return self.head is not None

    @property
    def context_frames(self) -> int:
        return REACH + (HEAD_REACH if self.activity else 0)

    def forward(self, magnitude: Tensor) -> tuple[Tensor, Tensor | None]:
        """Magnitude (batch, channel, bin, frame) → masks (batch, target, channel, bin, frame) ≥ 0, and logits (batch,
        target, frame) or None."""
        batch, _, _, frames = magnitude.shape
        x = magnitude[:, :, : self.crop].permute(3, 0, 1, 2)
        x = ((x + self.input_shift) * self.input_scale).reshape(frames * batch, -1)
        x = self.enter(x).reshape(frames, batch, -1)
        x = torch.cat([x, self.lstm(x)[0]], dim=2)
        x = self.join(x.reshape(frames * batch, -1))
        masks = self.to_masks(x).reshape(frames, batch, self.targets, self.channels, self.bins)
        masks = torch.relu(masks * self.output_scale + self.output_offset).permute(1, 2, 3, 4, 0)
        if self.head is None:
            return masks, None
        level = torch.einsum("btcfn,bcfn->btn", masks, magnitude) / (self.channels * self.bins)
        return masks, self.head(x.reshape(frames, batch, -1).permute(1, 2, 0), level)

    @torch.no_grad()
    def start_from(self, mean: Tensor, deviation: Tensor) -> None:
        """Set the input's shift and scale from the training set's mean and deviation (bin,) of the magnitudes."""
        self.input_shift.copy_(-mean[: self.crop])
        self.input_scale.copy_(1 / deviation[: self.crop].clamp_min(1e-4))
