"""Log mel spectrograms, what instrument detection looks at."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from stemwise.errors import ModelError

LINEAR_BELOW = 1000.0  # Hz; mels are evenly spaced in frequency below, in its logarithm above
HERTZ_PER_MEL = 200.0 / 3
STEP = np.log(6.4) / 27  # of the logarithm, a mel


class LogMel(nn.Module):
    """(…, sample) at `rate` Hz → (…, mel, frame) in dB: power in triangular bands of Slaney's mel scale.

    Frame t is centred on sample t · hop, with zeros beyond the edges; there are 1 + samples // hop frames. `mels` bands
    lie between `low` and `high` Hz, each triangle of the same area. Nothing is below `floor` dB; full scale is about
    50 dB. As `librosa.power_to_db(librosa.feature.melspectrogram(...), amin=10 ** (floor / 10), top_db=None)`.

    Raises ModelError for bands beyond half the rate, and for so many that one of them would hold no bin.
    """

    window: Tensor
    filters: Tensor

    def __init__(
        self,
        rate: int = 16000,
        n_fft: int = 2048,
        hop: int = 320,
        mels: int = 96,
        low: float = 30.0,
        high: float = 8000.0,
        floor: float = -50.0,
    ) -> None:
        super().__init__()
        if not 0 <= low < high <= rate / 2:
            raise ModelError(f"mel bands from {low} to {high} Hz; they must lie between 0 and {rate / 2:g} Hz.")
        filters = mel_filters(rate, n_fft, mels, low, high)
        if not filters.any(axis=1).all():
            raise ModelError(f"{mels} mel bands from a window of {n_fft}: some hold no bin. Fewer, or a longer window.")
        self.rate, self.n_fft, self.hop, self.mels, self.floor = rate, n_fft, hop, mels, floor
        self.register_buffer("window", torch.hann_window(n_fft), persistent=False)
        self.register_buffer("filters", torch.from_numpy(filters.astype(np.float32)), persistent=False)

    def forward(self, samples: Tensor) -> Tensor:
        flat = samples.reshape(-1, samples.shape[-1])
        spectrum = torch.stft(
            flat, self.n_fft, self.hop, window=self.window, center=True, pad_mode="constant", return_complex=True
        )
        power = torch.view_as_real(spectrum).square().sum(dim=-1)
        mel = self.filters @ power
        decibels = 10 * torch.log10(mel.clamp_min(10 ** (self.floor / 10)))
        return decibels.reshape(*samples.shape[:-1], *decibels.shape[-2:])


def mel_filters(rate: int, n_fft: int, mels: int, low: float, high: float) -> NDArray[np.float64]:
    """(mel, bin): triangles of area 1 (per Hz), as `librosa.filters.mel` has them.

    Written out here since librosa is much to install for whom only listens. Slaney, "Auditory Toolbox", 1998.
    """
    edges = _hertz(np.linspace(_mel(low), _mel(high), mels + 2))
    bins = np.arange(n_fft // 2 + 1) * rate / n_fft
    widths = np.diff(edges)
    rising = (bins - edges[:-2, None]) / widths[:-1, None]
    falling = (edges[2:, None] - bins) / widths[1:, None]
    triangles = np.maximum(0.0, np.minimum(rising, falling))
    return np.asarray(triangles * 2.0 / (edges[2:] - edges[:-2])[:, None])


def _mel(hertz: float) -> float:
    if hertz < LINEAR_BELOW:
        return hertz / HERTZ_PER_MEL
    return float(LINEAR_BELOW / HERTZ_PER_MEL + np.log(hertz / LINEAR_BELOW) / STEP)


def _hertz(mel: NDArray[np.float64]) -> NDArray[np.float64]:
    corner = LINEAR_BELOW / HERTZ_PER_MEL
    return np.where(mel < corner, mel * HERTZ_PER_MEL, LINEAR_BELOW * np.exp(STEP * (mel - corner)))
