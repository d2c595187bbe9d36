"""Trainings that begin with the weights of a trained model, of these targets or others."""

import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from omegaconf import DictConfig
from torch import Tensor, nn

from stemwise.datasets.base import Splits
from stemwise.errors import DataError, ModelError
from stemwise.experiment import configs
from stemwise.experiment.learned import folder_of, learned_here, lessons, places
from stemwise.export import build, describe, find_model, identity, load
from stemwise.loading.datamodule import MultitrackDataModule

log = logging.getLogger("stemwise")
BEGAN_WITH = "began with"  # in a card: the model whose weights came first


def begin(config: DictConfig, model: Any, data: MultitrackDataModule) -> dict[str, Any]:
    """Give `model` the weights that `config.start` names; the entry of its card that says so, nothing without a start.

    A target of both keeps what leads to it; what leads to others, and layers that the trained model lacks, stay as they
    were. Raises ModelError for a model of another net, rate, spectrogram or size, and DataError where it has learned
    from songs that are validation or test songs here.
    """
    if not config.start:
        return {}
    path = find_model(config.start, model.kind)
    refuse_learned(path, config, data.dataset.splits())
    header, began = describe(path, model.kind), load(path, model.kind)
    described = configs.plain(config.model)
    _require_alike(path, header["model"], described)
    fresh = take_weights(path, model, began.model, described)
    card = header["card"]
    name = str(card.get("name", path.stem))
    kept = f"; fresh: {', '.join(fresh)}" if fresh else ""
    log.info("begins with the weights of %s (%s, %s steps)%s", path, name, card.get("steps", "?"), kept)
    entry = {"model": name, "identity": identity(path), "steps": card.get("steps"), "fresh": fresh}
    return {BEGAN_WITH: {**entry, **({BEGAN_WITH: card[BEGAN_WITH]} if BEGAN_WITH in card else {})}}


def take_weights(path: Path, model: Any, began: Any, described: Mapping[str, Any]) -> list[str]:
    """Copy `began`'s weights into `model`, those of a target to the same target; returns the targets and layers that
    stay as they were. `described` builds `model`."""
    ours, theirs = model.state_dict(), began.state_dict()
    wider = _one_target_more(described)
    for name in ours.keys() & theirs.keys():
        if model.targets == began.targets and ours[name].shape == theirs[name].shape:
            ours[name].copy_(theirs[name])
        elif ours[name].ndim == theirs[name].ndim == wider[name].ndim:
            pairs = [
                _pairs(path, name, (have, had), more - have, model.targets, began.targets)
                for have, had, more in zip(ours[name].shape, theirs[name].shape, wider[name].shape, strict=True)
            ]
            _copy(theirs[name], ours[name], pairs)
    layers = {name.rpartition(".")[0] for name in ours.keys() - theirs.keys()}
    return [*(target for target in model.targets if target not in began.targets), *sorted(layers)]


def refuse_learned(path: Path, config: Any, splits: Splits) -> None:
    """Raise DataError where songs that are to tell what a training is worth were learned from before it, as far as the
    run folders are at hand and the songs lie in the same place."""
    before, there = lessons(folder_of(path)), places(config)
    found = learned_here(before, there, splits["test"]) + learned_here(before, there, splits["valid"], ("train",))
    if found:
        raise DataError(
            f"start={config.start}: it learned from {len(found)} songs that validate or test this training, first "
            f"{found[0]}. Scores on them would say nothing of new songs. Begin with a model of the "
            "same splits."
        )


def _require_alike(path: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raise ModelError where weights would mean something else."""
    for key in ("_target_", "sample_rate", "stft", "mel"):
        if not configs.same(before.get(key), now.get(key)):
            raise ModelError(f"{path}: its {key} is {before.get(key)}, that of model= is {now.get(key)}. Choose alike.")
    nets = [each["net"]["_target_"].rpartition(".")[2] for each in (before, now)]
    if nets[0] != nets[1]:
        raise ModelError(f"{path}: its net is {nets[0]}, that of model= is {nets[1]}. Choose alike.")


def _one_target_more(described: Mapping[str, Any]) -> dict[str, Tensor]:
    """The weights that the model would have with another target beside its own: what grows belongs to targets."""
    net = {**described["net"], "targets": len(described["targets"]) + 1}
    with torch.random.fork_rng(devices=[]):
        wider: nn.Module = build({**described, "net": net, "targets": [*described["targets"], "one more"]})
    return wider.state_dict()


def _pairs(
    path: Path, name: str, sizes: tuple[int, int], step: int, ours: Sequence[str], theirs: Sequence[str]
) -> tuple[list[int], list[int]]:
    """Where each place of an axis comes from: to these indices, from those. An axis that grows by `step` a target has
    what belongs to none first."""
    rest = [size - step * len(targets) for size, targets in zip(sizes, (ours, theirs), strict=True)]
    if rest[0] != rest[1]:
        raise ModelError(
            f"{path}: {name} has another size there ({sizes[1]}) than in model= ({sizes[0]}). Choose its widths, "
            "as model= and model.net.* of its config.yaml name them."
        )
    to, source = list(range(rest[0])), list(range(rest[0]))
    for index, target in enumerate(ours):
        if step and target in theirs:
            at = rest[0] + theirs.index(target) * step
            to += range(rest[0] + index * step, rest[0] + (index + 1) * step)
            source += range(at, at + step)
    return to, source


def _copy(source: Tensor, to: Tensor, pairs: Sequence[tuple[list[int], list[int]]]) -> None:
    if not pairs:
        to.copy_(source)
        return
    places, origins = (np.ix_(*indices) for indices in zip(*pairs, strict=True))
    to[tuple(map(torch.from_numpy, places))] = source[tuple(map(torch.from_numpy, origins))]
