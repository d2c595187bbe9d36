"""The steps of BSS Eval v4 in their order."""

import torch
from torch import Tensor

from stemwise.errors import AudioError
from stemwise.metrics.arrays import whole_number
from stemwise.metrics.bss.clip import Clip, refuse_nonsense
from stemwise.metrics.bss.filters import correlations, filters
from stemwise.metrics.bss.projections import projected
from stemwise.metrics.bss.windows import counted, levels


@torch.no_grad()
def sdr(clip: Clip, rule: str) -> Tensor:
    found = levels(clip)
    return _decibels(found.energy, found.error, counted(found, rule))


@torch.no_grad()
def everything(clip: Clip, taps: int, rule: str, noise: float) -> tuple[list[Tensor], bool]:
    """sdr, isr, sir and sar, each (source, window), and whether a Gram matrix was singular."""
    taps = whole_number(taps, "filter_length in samples")
    if not 0 <= noise < float("inf"):
        raise AudioError(f"noise is {noise}: give 0 or more.")
    found = levels(clip)
    scored = counted(found, rule)
    numbers, targets = (torch.nonzero(scored.any(dim=axis))[:, 0].tolist() for axis in (0, 1))
    energies, singular = _energies(clip, taps, noise, numbers, targets)
    image, spatial, whole, interference, artefacts = energies
    ratios = ((found.energy, found.error), (found.energy, spatial), (image, interference), (whole, artefacts))
    return [_decibels(upper, lower, scored) for upper, lower in ratios], singular


def _energies(clip: Clip, taps: int, noise: float, numbers: list[int], targets: list[int]) -> tuple[Tensor, bool]:
    lags = correlations(clip, taps)
    refuse_nonsense(clip, lags)
    each, noise = clip.channels, noise**2 * clip.samples
    every, singular = filters(lags, noise)
    own = torch.zeros(len(every), each, taps, dtype=torch.float64, device=clip.device)
    for target in targets:
        rows = slice(target * each, (target + 1) * each)
        columns = [*range(len(every))[rows], *range(len(every), 2 * len(every))[rows]]
        own[rows], here = filters(lags[rows][:, columns], noise)
        singular = singular or here
    energy = lags[:, : len(every), 0].diagonal().view(clip.sources, each)
    alone = int((energy > 0).any(dim=1).sum()) <= 1
    return projected(clip, numbers, targets, every, own, alone), singular


def _decibels(upper: Tensor, lower: Tensor, scored: Tensor) -> Tensor:
    """10 log10(upper / lower), NaN where a window does not count; inf over nothing, as in museval."""
    ratio = 10 * (upper.log10() - lower.log10())
    ratio = torch.where(lower == 0, torch.inf, ratio)
    return torch.where(scored, ratio, torch.nan)
