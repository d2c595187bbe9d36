"""Energies that need no filter, and which windows of which source count."""

from dataclasses import dataclass

import torch
from torch import Tensor

from stemwise.errors import AudioError
from stemwise.metrics.bss.clip import Clip, refuse_nonsense

STEP = 2**20  # samples of one source looked through at a time


@dataclass(frozen=True)
class Levels:
    """Per (source, window): energy of the reference, energy of what the estimate lacks or has too much, and which of
    the two are silent in the window; per (source,) which are silent throughout."""

    energy: Tensor
    error: Tensor
    silent_reference: Tensor
    silent_estimate: Tensor
    no_reference: Tensor
    no_estimate: Tensor


def levels(clip: Clip) -> Levels:
    """Raises AudioError for NaN or infinity in the windows."""
    # Kept apart from the pieces: results that are allocated between these leave holes that the next does not fit into.
    energy, error = torch.zeros(2, clip.sources, len(clip.starts), dtype=torch.float64, device=clip.device)
    no_sound, no_guess = torch.zeros(2, clip.sources, len(clip.starts), dtype=torch.bool, device=clip.device)
    for turn in clip.batches(list(range(len(clip.starts)))):
        s, e = clip.windows(turn)
        no_sound[:, turn], no_guess[:, turn] = ((side.sum(dim=1) == 0).all(dim=-1) for side in (s, e))
        error[:, turn] = e.sub_(s).square_().sum(dim=(1, 3))
        energy[:, turn] = s.square_().sum(dim=(1, 3))
    refuse_nonsense(clip, energy, error)
    return Levels(energy, error, no_sound, no_guess, _throughout(clip, 0, no_sound), _throughout(clip, 1, no_guess))


def counted(found: Levels, rule: str) -> Tensor:
    """(source, window) True where the rule of `bss_eval` lets a window count."""
    if rule not in ("museval", "references", "own"):
        raise AudioError(f"silence={rule!r} is no rule. Choose museval, references or own.")
    absent = found.no_reference | found.no_estimate
    reference, estimate = found.silent_reference, found.silent_estimate
    out = reference | estimate | absent[:, None]
    if rule != "own":
        out = out | (reference & ~found.no_reference[:, None]).any(dim=0)
    if rule == "museval":
        out = out | (estimate & ~absent[:, None]).any(dim=0)
    return ~out


def _throughout(clip: Clip, side: int, silent: Tensor) -> Tensor:
    """(source,) silent in all windows, and between and behind them too."""
    found = silent.all(dim=1)
    for start in range(0, clip.samples, STEP):
        if not bool(found.any()):
            break
        found = found & (clip.piece(start, start + STEP)[side].sum(dim=1) == 0).all(dim=-1)
    return found
