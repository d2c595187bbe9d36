"""The centred STFT and its inverse."""

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
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

    def whole_hops(self, samples: Tensor) -> Tensor:
        """(…, sample) with zeros behind it up to a whole number of hops.

        For whatever changes a spectrum and inverts it. Behind its last frame a signal is seen by the falling side of
        that frame's window alone where windows overlap by half; what a mask puts there is divided by nearly nothing.
        """
        return nn.functional.pad(samples, (0, -samples.shape[-1] % self.hop))

    @property
    def reach(self) -> tuple[int, NDArray[np.float64]]:
        """How frames reach into a hop of samples: (first, squares).

        squares (place, hop) has in row i the squared window of frame k + first + i at the samples of hop k, which are
        k · hop to (k + 1) · hop - 1.
        """
        half = self.n_fft // 2
        first, last = -((self.n_fft - half - 1) // self.hop), (half + self.hop - 1) // self.hop
        at = np.arange(self.hop) - self.hop * np.arange(first, last + 1)[:, None] + half
        inside = (at >= 0) & (at < self.n_fft)
        window = self.window.double().cpu().numpy()
        return first, np.where(inside, window[np.clip(at, 0, self.n_fft - 1)] ** 2, 0.0)

    def gain(self, weights: NDArray[np.floating], start: int, stop: int) -> NDArray[np.float64]:
        """What becomes of the samples from `start` to `stop` when whole frames are multiplied by `weights` (frame,).

        A factor a sample, and no transform: frame t times its weight comes back as w(n - t·hop)² s(n) g(t), so that the
        inverse is s(n) · Σ_t g(t) w(n - t·hop)² / Σ_t w(n - t·hop)². `start` must lie on a hop.
        """
        first, squares = self.reach
        hops = range(start // self.hop, -(-stop // self.hop))
        weighted, there = (around(row, hops, first, len(squares)) @ squares for row in (weights, np.ones_like(weights)))
        return np.asarray((weighted / there).reshape(-1)[: stop - start])


def around(row: NDArray[np.floating], hops: range, first: int, places: int) -> NDArray[np.float64]:
    """(frame,) → (hop, place): the frames `first` and on of each hop; 0 where there is no such frame."""
    low, high = hops.start + first, hops.stop - 1 + first + places
    inside = np.asarray(row[max(low, 0) : max(min(high, len(row)), 0)], dtype=np.float64)
    padded = np.pad(inside, (max(-low, 0), high - low - len(inside) - max(-low, 0)))
    return np.ascontiguousarray(sliding_window_view(padded, places))
