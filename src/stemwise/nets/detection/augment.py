"""Other sounds of the same instruments, drawn on their spectrograms."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stemwise.errors import ModelError

KNOTS = 6  # of the curve that equalises


class SpectrumAugmentation(nn.Module):
    """In training every spectrogram is another: what an instrument is known by must outlast another microphone, key and
    size. In evaluation it does nothing.

    `equalise`: dB within which the ends of a curve over the bands are drawn, as by FilterAugment (Nam, Kim and Park,
    ICASSP 2022). `shift`: bands up to which everything moves up or down, of 96 bands half a semitone each above 1 kHz.
    `mask`: bands up to which a stretch is replaced by the mean, as by SpecAugment (Park et al., Interspeech 2019).
    Raises ModelError for negative ones.
    """

    def __init__(self, equalise: float = 6.0, shift: int = 3, mask: int = 12) -> None:
        super().__init__()
        if min(equalise, shift, mask) < 0:
            raise ModelError(f"augmentation of {equalise} dB, {shift} and {mask} bands: none may be negative.")
        self.equalise, self.shift, self.mask = equalise, shift, mask

    def forward(self, decibels: Tensor) -> Tensor:
        """(batch, mel, frame) in dB → the same."""
        if not self.training:
            return decibels
        batch, mels, _ = decibels.shape
        bands = torch.arange(mels, device=decibels.device)
        moved = torch.randint(-self.shift, self.shift + 1, (batch, 1), device=decibels.device)
        places = (bands + moved).clamp(0, mels - 1)
        heard = decibels.gather(1, places[:, :, None].expand_as(decibels))
        knots = self.equalise * (2 * torch.rand(batch, 1, KNOTS, device=decibels.device) - 1)
        heard = heard + F.interpolate(knots, size=mels, mode="linear", align_corners=True).transpose(1, 2)
        widths = torch.randint(0, self.mask + 1, (batch, 1), device=decibels.device)
        first = (torch.rand(batch, 1, device=decibels.device) * (mels + 1 - widths)).long()
        hidden = (bands >= first) & (bands < first + widths)
        return torch.where(hidden[:, :, None], heard.mean(dim=(1, 2), keepdim=True), heard)
