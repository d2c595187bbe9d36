"""The idea of IASS for two cores: learned bands in place of bins, all targets in one net."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stemwise.errors import ModelError
from stemwise.nets.separation.activity_head import HEAD_REACH, ActivityHead

REACH = 64  # frames a side after which the memory of the recurrent path is taken to have faded; it has no end


class IassSmall(nn.Module):
    """All targets of one mono mixture from a shared U-Net over `bands` learned bands.

    Three residual blocks with strides of 4 over the bands, time untouched; convolutions over time with these
    `dilations` on the latent; a linear layer from all bands to the masks; the activity is read off the latent, as in
    IASS, and off what each mask lets through, with `dropout` of whole channels. `bands` must be a multiple of 64.
    Beside the U-Net runs a recurrent path of width `recurrent` (even; 0 for none): every bin, the whole excerpt.
    With `mask_channels` the masks come from so many channels, as in Open-Unmix: fewer parameters (0: from all).
    """

    channels = 1
    activity = True

    def __init__(
        self,
        targets: int,
        bins: int,
        rate: int,
        bands: int = 128,
        widths: tuple[int, int, int] = (32, 64, 96),
        depth: int = 4,
        dilations: tuple[int, ...] = (1, 2, 4, 8),
        dropout: float = 0.3,
        recurrent: int = 0,
        mask_channels: int = 0,
    ) -> None:
        super().__init__()
        if bands % 64:
            raise ModelError(f"{bands} bands; give a multiple of 64, since three blocks each quarter them.")
        self.targets = targets
        self.bins = bins
        self.to_bands = nn.Linear(bins, bands)
        with torch.no_grad():
            self.to_bands.weight.copy_(mel_bands(bins, rate, bands))
            self.to_bands.bias.zero_()
        self.norm = nn.BatchNorm1d(bands)
        steps = list(zip((1, *widths[:2]), widths, strict=True))
        self.encoders = nn.ModuleList([Residual(before, after) for before, after in steps])
        self.down = nn.ModuleList([nn.Conv2d(width, width, (4, 1), stride=(4, 1)) for width in widths])
        self.up = nn.ModuleList([nn.ConvTranspose2d(width, width, (4, 1), stride=(4, 1)) for width in widths])
        self.decoders = nn.ModuleList([Residual(width * 2, max(width // 2, depth)) for width in widths])
        self.narrow = nn.ModuleList(
            [nn.Conv2d(max(w // 2, depth), v, 1) for w, v in zip(widths, (depth, *widths[:2]), strict=True)]
        )
        self.recurrent = Recurrent(bins, recurrent) if recurrent else None
        width = depth * bands + recurrent
        self.join = Join(width, mask_channels) if mask_channels else nn.Identity()
        self.to_masks = nn.Linear(mask_channels or width, targets * bins)
        nn.init.constant_(self.to_masks.bias, -math.log(targets))  # every mask starts near its share of the mixture
        self.over_time = OverTime(widths[2] * (bands // 64), tuple(dilations))
        self.head = ActivityHead(widths[2] * (bands // 64) + recurrent, targets, dropout)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # the faster layout on a CPU

    @property
    def context_frames(self) -> int:
        """Frames on either side that reach an activity frame, which sees the masks; those see two a block, and what
        the latent sees."""
        blocks = 2 * (len(self.encoders) + len(self.decoders))
        mask = blocks + self.over_time.frames
        return max(mask, REACH if self.recurrent else 0) + HEAD_REACH

    def forward(self, magnitude: Tensor) -> tuple[Tensor, Tensor]:
        """Magnitude (batch, 1, bin, frame) → masks (batch, target, 1, bin, frame), logits (batch, target, frame)."""
        x = torch.log(1e-3 + F.relu(self.to_bands(magnitude.transpose(2, 3)))).transpose(2, 3)
        x = self.norm(x.squeeze(1)).unsqueeze(1)
        skips = []
        for encoder, down in zip(self.encoders, self.down, strict=True):
            skips.append(encoder(x))
            x = down(skips[-1])
        latent = self.over_time(x.flatten(1, 2))
        x = latent.reshape(x.shape)
        layers = zip(self.up, self.decoders, self.narrow, skips, strict=True)
        for up, decoder, narrow, skip in reversed(list(layers)):
            x = narrow(decoder(torch.cat([up(x), skip], dim=1)))
        x = x.flatten(1, 2)
        if self.recurrent is not None:
            heard = self.recurrent(magnitude.squeeze(1))
            x, latent = torch.cat([x, heard], dim=1), torch.cat([latent, heard], dim=1)
        masks = self.to_masks(self.join(x.transpose(1, 2)))
        masks = torch.sigmoid(masks).reshape(*masks.shape[:2], self.targets, self.bins)
        level = (masks @ (magnitude / self.bins).permute(0, 3, 2, 1)).squeeze(3).transpose(1, 2)
        return masks.permute(0, 2, 3, 1)[:, :, None], self.head(latent, level)


class Join(nn.Module):
    """Both paths in fewer channels: a linear layer, batch norm, ReLU."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.linear = nn.Linear(before, after, bias=False)
        self.norm = nn.BatchNorm1d(after)

    def forward(self, x: Tensor) -> Tensor:
        """(batch, frame, channel) → the same with other channels."""
        return F.relu(self.norm(self.linear(x).transpose(1, 2))).transpose(1, 2)


class Recurrent(nn.Module):
    """The trunk of Open-Unmix on log magnitudes: a layer, a bidirectional LSTM around it, a layer of both."""

    def __init__(self, bins: int, width: int, layers: int = 2, dropout: float = 0.3) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(bins)
        self.enter = nn.Linear(bins, width, bias=False)
        self.enter_norm = nn.BatchNorm1d(width)
        self.lstm = nn.LSTM(width, width // 2, layers, batch_first=True, bidirectional=True, dropout=dropout)
        self.join = nn.Linear(2 * width, width, bias=False)
        self.join_norm = nn.BatchNorm1d(width)

    def forward(self, magnitude: Tensor) -> Tensor:
        """(batch, bin, frame) → (batch, width, frame)."""
        x = self.enter(self.norm(torch.log(1e-3 + magnitude)).transpose(1, 2))
        x = torch.tanh(self.enter_norm(x.transpose(1, 2))).transpose(1, 2)
        x = self.join(torch.cat([x, self.lstm(x)[0]], dim=2))
        return F.relu(self.join_norm(x.transpose(1, 2)))


class OverTime(nn.Module):
    """Dilated convolutions over time on the latent: what plays is told by seconds, not by a frame."""

    def __init__(self, channels: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        self.frames = sum(dilations)
        self.layers = nn.ModuleList(
            [
                nn.Sequential(
                    nn.Conv1d(channels, channels, 3, padding=dilation, dilation=dilation, bias=False),
                    nn.BatchNorm1d(channels),
                    nn.LeakyReLU(0.01),
                )
                for dilation in dilations
            ]
        )

    def forward(self, latent: Tensor) -> Tensor:
        """(batch, channel, frame) → the same shape."""
        for layer in self.layers:
            latent = latent + layer(latent)
        return latent


class Residual(nn.Module):
    """Two 3×3 convolutions with batch norm, and a 1×1 convolution beside them."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(before, after, 3, padding=1, bias=False),
            nn.BatchNorm2d(after),
            nn.LeakyReLU(0.01),
            nn.Conv2d(after, after, 3, padding=1, bias=False),
            nn.BatchNorm2d(after),
            nn.LeakyReLU(0.01),
        )
        self.residual = nn.Conv2d(before, after, 1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.body(x) + self.residual(x)
        return out


def mel_bands(bins: int, rate: int, bands: int) -> Tensor:
    """Triangular filters (band, bin) of sum 1, equally spaced on the mel scale 2595 · log10(1 + f / 700).

    Each is at least a bin wide. Only where the bands start: they are learned.
    """
    top = 2595 * math.log10(1 + rate / 2 / 700)
    edges = 700 * (10 ** (torch.linspace(0, top, bands + 2) / 2595) - 1) / (rate / 2) * (bins - 1)
    bin_numbers = torch.arange(bins)
    left, centre, right = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    rising = (bin_numbers - left) / (centre - left).clamp_min(1)
    falling = (right - bin_numbers) / (right - centre).clamp_min(1)
    filters = torch.minimum(rising, falling).clamp_min(0)
    nearest = F.one_hot(centre.squeeze(1).round().long(), bins)
    filters = torch.where(filters.sum(dim=1, keepdim=True) > 0, filters, nearest.float())
    return filters / filters.sum(dim=1, keepdim=True)
