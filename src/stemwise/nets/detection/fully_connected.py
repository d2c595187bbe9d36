"""A fully connected net over a window's whole spectrogram.

| layer   | output       | by                                   |
|---------|--------------|--------------------------------------|
| input   | mels · half the frames | means of two frames, flattened |
| hidden  | 512, 512, 256 | linear, batch norm, ReLU, dropout   |
| output  | targets      | linear                               |
"""

from collections.abc import Sequence

from torch import Tensor, nn
from torch.nn import functional as F


class FullyConnected(nn.Module):
    """Judges every window by itself, however many it is given. `frames` of a window, an even number."""

    def __init__(
        self,
        targets: int,
        mels: int = 96,
        frames: int = 50,
        hidden: Sequence[int] = (512, 512, 256),
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        self.targets, self.mels, self.frames = targets, mels, frames
        widths = [mels * (frames // 2), *hidden]
        layers: list[nn.Module] = []
        for before, width in zip(widths, hidden, strict=False):
            layers += [nn.Linear(before, width, bias=False), nn.BatchNorm1d(width), nn.ReLU(), nn.Dropout(dropout)]
        self.body = nn.Sequential(*layers, nn.Linear(widths[-1], targets))

    def forward(self, spectrogram: Tensor) -> Tensor:
        """(batch, mel, windows · frames) → logits (batch, target, window)."""
        batch, mels, frames = spectrogram.shape
        windows = spectrogram.reshape(batch, mels, -1, self.frames).transpose(1, 2)
        flat = F.avg_pool1d(windows.reshape(-1, mels, self.frames), 2).flatten(1)
        logits: Tensor = self.body(flat)
        return logits.reshape(batch, frames // self.frames, -1).transpose(1, 2)
