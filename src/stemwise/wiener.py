"""Multichannel Wiener filtering of finished estimates, by norbert: what one target takes, the others give up."""

from typing import Any

import numpy as np
import torch

from stemwise.audio import Samples
from stemwise.errors import AudioError, MissingExtra
from stemwise.spectral import Stft

WINDOW = 300  # frames whose sources keep their places between the channels, as Open-Unmix has them


def wiener(stems: Samples, mixture: Samples, stft: Stft, iterations: int = 1) -> Samples:
    """Stems (target, channel, sample) of a mixture (channel, sample) → the same, filtered by expectation maximisation.

    Each STFT bin is shared by the estimates' energies and, between the channels, by where each source stands in
    windows of 300 frames (Nugraha, Liutkus and Vincent 2016). What the estimates leave of the mixture's magnitude is a
    source of its own, so that they need not sum to the mixture. `iterations` 0 gives the stems back.

    Raises MissingExtra without norbert, AudioError for shapes that do not fit.
    """
    if iterations == 0:
        return stems
    if stems.shape[1:] != mixture.shape:
        raise AudioError(f"stems {stems.shape} and mixture {mixture.shape} differ. Give (target, channel, sample).")
    mixed = _spectrum(mixture, stft)
    spectra = torch.stack([_spectrum(stem, stft) for stem in stems])
    for start in range(0, mixed.shape[-1], WINDOW):
        frames = slice(start, start + WINDOW)
        filtered = _window(spectra[..., frames].numpy(), mixed[..., frames].numpy(), iterations)
        spectra[..., frames] = torch.from_numpy(filtered)
    return stft.inverse(spectra, mixture.shape[-1]).numpy()


def require_norbert() -> Any:
    """The module. Raises MissingExtra where it is not installed."""
    try:
        import norbert
    except ModuleNotFoundError as fault:
        raise MissingExtra("norbert", "wiener", "Wiener filtering") from fault
    return norbert


def _spectrum(audio: Samples, stft: Stft) -> torch.Tensor:
    spectrum: torch.Tensor = stft(stft.whole_hops(torch.from_numpy(np.array(audio))))
    return spectrum


def _window(spectra: Samples, mixed: Samples, iterations: int) -> Samples:
    """Complex (target, channel, bin, frame), (channel, bin, frame) → filtered (target, channel, bin, frame)."""
    norbert = require_norbert()
    v = np.abs(spectra).astype(np.float64).transpose(3, 2, 1, 0)  # frame, bin, channel, source
    x = mixed.astype(np.complex128).transpose(2, 1, 0)
    rest = np.maximum(np.abs(x) - v.sum(axis=3), 0)
    # norbert scales the mixture in place.
    y = norbert.wiener(np.concatenate([v, rest[..., None]], axis=3), x.copy(), iterations, use_softmask=False)
    return np.asarray(y[..., :-1].transpose(3, 2, 1, 0), dtype=np.complex64)
