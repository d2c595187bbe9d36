"""The centred STFT and its inverse."""

import torch
from torch import Tensor, nn

from stemwise.errors import ModelError


class Stft(nn.Module):
    """Hann-windowed, centred STFT: frame t stands on sample t · hop, and there are 1 + samples // hop frames."""

    window: Tensor

    def __init__(self, n_fft: int = 4096, hop: int = 1024) -> None:
        super().__init__()
        if not 0 < hop <= n_fft // 2:
            raise ModelError(f"STFT of {n_fft} with hop {hop}: the hop must be at most half the window to be inverted.")
        self.n_fft = n_fft
        self.hop = hop
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)

    @property
    def bins(self) -> int:
        return self.n_fft // 2 + 1

    def forward(self, samples: Tensor) -> Tensor:
        """(…, sample) → complex (…, bin, frame). Edges are padded with zeros, so any length will do."""
        flat = samples.reshape(-1, samples.shape[-1])
        spectrum = torch.stft(
            flat, self.n_fft, self.hop, window=self.window, center=True, pad_mode="constant", return_complex=True
        )
        return spectrum.reshape(*samples.shape[:-1], *spectrum.shape[-2:])

    def inverse(self, spectrum: Tensor, samples: int) -> Tensor:
        """Complex (…, bin, frame) → (…, sample)."""
        flat = spectrum.reshape(-1, *spectrum.shape[-2:])
        wave = torch.istft(flat, self.n_fft, self.hop, window=self.window, center=True, length=samples)
        return wave.reshape(*spectrum.shape[:-2], samples)
