"""Energies of what the filters make of each window: by Parseval from spectra, so that no projection is ever formed."""

import torch
from scipy.fft import next_fast_len
from torch import Tensor

from stemwise.metrics.bss.clip import Clip

CACHED = 2**24  # complex numbers of the filters' spectra that are kept: a quarter of a gigabyte


class Spectra:
    """Spectra of filters (..., taps), zero-padded to `size`: kept where they fit, else made when asked for."""

    def __init__(self, taps: Tensor, size: int) -> None:
        self.taps, self.size = taps, size
        fits = taps[..., 0].numel() * (size // 2 + 1) <= CACHED
        self.kept = torch.fft.rfft(taps, n=size) if fits else None

    def __getitem__(self, place: tuple[int, int]) -> Tensor:
        spectrum: Tensor = torch.fft.rfft(self.taps[place], n=self.size) if self.kept is None else self.kept[place]
        return spectrum


def projected(clip: Clip, numbers: list[int], targets: list[int], every: Tensor, own: Tensor, alone: bool) -> Tensor:
    """(measure, source, window) energies in the windows `numbers` of the sources `targets`, zero elsewhere.

    The measures are s + e_spat, e_spat, s + e_spat + e_interf, e_interf and e_artif. `every` (K, K, taps) are the
    filters from all reference channels, `own` (K, channel, taps) those onto the channels of the same source. With
    `alone` one source sounds at all, and they are the same but for rounding. A window is cut out first and filtered
    then, so its projection is longer than it is.
    """
    size = next_fast_len(clip.size + every.shape[-1] - 1, real=True)
    all_of_it, of_one = Spectra(every, size), Spectra(own, size)
    energies = torch.zeros(5, clip.sources, len(clip.starts), dtype=torch.float64, device=clip.device)
    for turn in clip.batches(numbers):
        references, estimates = (side.flatten(0, 1) for side in clip.windows(turn))
        heard = torch.fft.rfft(references, n=size)
        for target in targets:
            for channel in range(clip.channels):
                first = target * clip.channels
                column = first + channel
                image = _filtered(heard, of_one, range(first, first + clip.channels), channel)
                whole = image if alone else _filtered(heard, all_of_it, range(len(heard)), column)
                guess = torch.fft.rfft(estimates[column], n=size)
                parts = (image, image - heard[column], whole, whole - image, guess.sub_(whole))
                energies[:, target, turn] += torch.stack([_energy(part, size) for part in parts])
    return energies


def _filtered(heard: Tensor, filters: Spectra, rows: range, column: int) -> Tensor:
    """(window, bin): the sum over reference channels of their spectra times those of their filters."""
    total = torch.zeros_like(heard[0])
    for row in rows:
        total.addcmul_(heard[row], filters[row, column])
    return total


def _energy(spectrum: Tensor, size: int) -> Tensor:
    """(window,) Σ x² over samples, from the spectrum (window, bin) of a real signal of `size` samples."""
    power = torch.view_as_real(spectrum).flatten(start_dim=1).square()
    total = 2 * power.sum(dim=-1) - power[:, :2].sum(dim=-1)
    return (total - power[:, -2:].sum(dim=-1) if size % 2 == 0 else total) / size
