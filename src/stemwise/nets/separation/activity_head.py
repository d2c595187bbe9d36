"""Does a target play? Read off what a separator knows of the sound, and off what its masks let through."""

import torch
from torch import Tensor, nn

DILATIONS = (2, 4)  # whether an instrument plays is heard over a second, not over a frame
HEAD_REACH = 1 + 2 * sum(DILATIONS)  # frames on either side that reach a logit


class ActivityHead(nn.Module):
    """Logits from the latent and from the level that each mask lets through, by convolutions over time."""

    def __init__(self, channels: int, targets: int, dropout: float, width: int = 64) -> None:
        super().__init__()
        self.norm = nn.BatchNorm1d(channels + targets)
        self.dropout = nn.Dropout1d(dropout)  # of whole channels: no single sign of an instrument may be relied upon
        layers: list[nn.Module] = []
        for before, kernel, dilation in [(channels + targets, 3, 1), *((width, 5, step) for step in DILATIONS)]:
            layers += [nn.Conv1d(before, width, kernel, padding=dilation * (kernel // 2), dilation=dilation)]
            layers += [nn.BatchNorm1d(width), nn.LeakyReLU(0.01)]
        self.body = nn.Sequential(*layers)
        self.to_logits = nn.Conv1d(width + channels + targets, targets, 1)

    def forward(self, latent: Tensor, level: Tensor) -> Tensor:
        """(batch, channel, frame), mean magnitudes (batch, target, frame) → logits (batch, target, frame)."""
        seen = self.dropout(self.norm(torch.cat([latent, torch.log(1e-3 + level)], dim=1)))
        logits: Tensor = self.to_logits(torch.cat([self.body(seen), seen], dim=1))
        return logits
