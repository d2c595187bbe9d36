"""From what is heard in a window's steps to the window."""

import torch
from torch import Tensor, nn


class WindowHead(nn.Module):
    """(batch, channel, windows · steps) → logits (batch, target, window), from the mean and the highest of each channel
    in a window: most instruments sound all the time, a tambourine in moments."""

    def __init__(self, channels: int, targets: int, steps: int, dropout: float = 0.3) -> None:
        super().__init__()
        self.steps = steps
        self.dropout = nn.Dropout(dropout)
        self.to_logits = nn.Linear(2 * channels, targets)

    def forward(self, heard: Tensor) -> Tensor:
        steps = heard.reshape(*heard.shape[:2], -1, self.steps)
        pooled = torch.cat([steps.mean(dim=3), steps.amax(dim=3)], dim=1)
        logits: Tensor = self.to_logits(self.dropout(pooled.transpose(1, 2)))
        return logits.transpose(1, 2)
