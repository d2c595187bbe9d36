"""Weights of one model for another, target by target."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from stemwise.errors import ModelError
from stemwise.export import build

Pairs = tuple[list[int], list[int]]


def take_weights(model: Any, began: Any, described: Mapping[str, Any]) -> list[str]:
    """Copy `began`'s weights into `model`, those of a target to the same target; returns the targets and layers that
    stay as they were. `described` builds `model`. Raises ModelError for other sizes."""
    ours, theirs = model.state_dict(), began.state_dict()
    wider = _one_target_more(described)
    for name in ours.keys() & theirs.keys():
        if model.targets == began.targets and ours[name].shape == theirs[name].shape:
            ours[name].copy_(theirs[name])
            continue
        # What has no axis of targets with a single one gets it.
        here, there = (value[None] if value.ndim < wider[name].ndim else value for value in (ours[name], theirs[name]))
        sizes = zip(here.shape, there.shape, wider[name].shape, strict=True)
        _copy(there, here, [_pairs(name, *size, model.targets, began.targets) for size in sizes])
    layers = {name.rpartition(".")[0] for name in ours.keys() - theirs.keys()}
    return [*(target for target in model.targets if target not in began.targets), *sorted(layers)]


def _one_target_more(described: Mapping[str, Any]) -> dict[str, Tensor]:
    """The weights that the model would have with another target beside its own: what grows belongs to targets."""
    net = {**described["net"], "targets": len(described["targets"]) + 1}
    with torch.random.fork_rng(devices=[]):
        wider: nn.Module = build({**described, "net": net, "targets": [*described["targets"], "one more"]})
    return wider.state_dict()


def _pairs(name: str, have: int, had: int, more: int, ours: Sequence[str], theirs: Sequence[str]) -> Pairs:
    """Where each place of an axis comes from: to these indices, from those. An axis that grows to `more` with another
    target has what belongs to none first."""
    step = more - have
    shared = have - step * len(ours)
    if shared != had - step * len(theirs):
        raise ModelError(f"start: {name} has size {had} there and {have} in model=. Choose the model= it was of.")
    to, source = list(range(shared)), list(range(shared))
    for index, target in enumerate(ours):
        if step and target in theirs:
            at = shared + theirs.index(target) * step
            to += range(shared + index * step, shared + (index + 1) * step)
            source += range(at, at + step)
    return to, source


def _copy(source: Tensor, to: Tensor, pairs: Sequence[Pairs]) -> None:
    if not pairs:
        to.copy_(source)
        return
    places, origins = (np.ix_(*indices) for indices in zip(*pairs, strict=True))
    to[tuple(map(torch.from_numpy, places))] = source[tuple(map(torch.from_numpy, origins))]
