"""IASS read off its layer table line by line, as anybody would write it first: the other side of a comparison."""

import torch
from torch import Tensor, nn


class Encoder(nn.Module):
    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.a = nn.Conv2d(before, after, 3, padding=1)
        self.norm_a = nn.BatchNorm2d(after)
        self.b = nn.Conv2d(after, after, 3, padding=1)
        self.norm_b = nn.BatchNorm2d(after)
        self.around = nn.Conv2d(before, after, 1)
        self.down = nn.Conv2d(after, after, (3, 1), (3, 1))
        self.act = nn.LeakyReLU()

    def forward(self, x: Tensor) -> Tensor:
        y = self.act(self.norm_a(self.a(x)))
        y = self.act(self.norm_b(self.b(y)))
        return self.down(y + self.around(x))


class Transcription(nn.Module):
    """Parameters in the order of `stemwise.nets.separation.iass.Iass`, so that weights can be copied one by one."""

    def __init__(self) -> None:
        super().__init__()
        self.shift, self.scale = nn.Parameter(torch.zeros(1487, 1)), nn.Parameter(torch.ones(1487, 1))
        self.out_scale, self.out_offset = nn.Parameter(torch.ones(2049, 1)), nn.Parameter(torch.ones(2049, 1))
        self.e1, self.e2, self.e3 = Encoder(1, 16), Encoder(16, 32), Encoder(32, 48)
        self.skip2, self.skip1 = nn.Conv2d(32, 32, 3, padding=1), nn.Conv2d(16, 16, 3, padding=1)
        self.u1, self.u2 = (nn.ConvTranspose2d(n, n, (3, 1), (3, 1)) for n in (48, 32))
        self.u3 = nn.ConvTranspose2d(16, 16, (3, 1), (3, 1), output_padding=(2, 0))
        sizes = [(80, 40), (40, 32), (48, 24), (24, 16), (16, 8), (8, 1)]
        self.d = nn.ModuleList([nn.ConvTranspose2d(a, b, 3, padding=1) for a, b in sizes])
        self.n = nn.ModuleList([nn.BatchNorm2d(b) for _, b in sizes[:5]])
        self.line = nn.Linear(1487, 2049)
        heads = [(48, 32), (32, 16), (16, 16)]
        self.h = nn.ModuleList([nn.Conv2d(a, b, (3, 1), (3, 1)) for a, b in heads])
        self.hn = nn.ModuleList([nn.BatchNorm2d(b) for _, b in heads])
        self.logit = nn.Conv2d(16, 1, (2, 1), (2, 1))
        self.act = nn.LeakyReLU()

    def forward(self, magnitude: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, 1, 2049, frame) → mask (batch, 1, 1, 2049, frame), logits (batch, 1, frame)."""
        x1 = self.e1((magnitude[:, :, :1487] - self.shift) / self.scale)
        x2 = self.e2(x1)
        x3 = self.e3(x2)
        a = x3
        for conv, norm in zip(self.h, self.hn, strict=True):
            a = norm(conv(a))
        y = torch.cat([self.u1(x3), self.skip2(x2)], 1)
        y = self._pair(y, 0)
        y = self._pair(torch.cat([self.u2(y), self.skip1(x1)], 1), 2)
        y = self.d[5](self.n[4](self.act(self.d[4](self.u3(y)))))
        y = self.line(y.transpose(2, 3)).transpose(2, 3)
        return torch.relu(y * self.out_scale + self.out_offset)[:, None], self.logit(a)[:, :, 0]

    def _pair(self, y: Tensor, first: int) -> Tensor:
        for place in (first, first + 1):
            y = self.n[place](self.act(self.d[place](y)))
        return y
