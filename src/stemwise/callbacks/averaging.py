"""A running average of the weights, validated beside the weights themselves."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor

from stemwise.callbacks.terms import validation_terms

State = dict[str, Tensor]


class WeightAverage(pl.Callback):
    """Exponential moving average of weights and running statistics, its loss logged as val/averaged and the terms of it
    as averaged/<term>.

    After n steps the average keeps min(`decay`, (1 + n) / (10 + n)) of itself, so that it soon forgets the first
    weights. The best average, by validation loss, is kept in the callback's state, and so in every checkpoint;
    `load_best` takes it where it beats the best weights.
    """

    def __init__(self, decay: float = 0.999) -> None:
        self.decay = decay
        self.average: State = {}
        self.best: State = {}
        self.best_loss = math.inf
        self.steps = 0

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        if not self.average:
            self.average = _copy(module.state_dict())

    def on_train_batch_end(
        self, trainer: pl.Trainer, module: pl.LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        if trainer.global_step == self.steps:
            return  # gradients are still being gathered
        self.steps = trainer.global_step
        kept = min(self.decay, (1 + self.steps) / (10 + self.steps))
        for name, value in module.state_dict().items():
            mine = self.average[name] = self.average[name].to(value.device)
            if value.is_floating_point():
                mine.lerp_(value.detach(), 1 - kept)
            else:
                mine.copy_(value)

    def on_validation_epoch_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        if trainer.sanity_checking or not self.average or not self.steps:
            return
        with _wearing(module, self.average):
            terms = _validation_terms(trainer, module)
        loss = terms.pop("loss")
        module.log("val/averaged", loss, rank_zero_only=True)
        module.log_dict({f"averaged/{name}": value for name, value in terms.items()}, rank_zero_only=True)
        if loss < self.best_loss:
            self.best_loss, self.best = loss, _copy(self.average)

    def state_dict(self) -> dict[str, Any]:
        return {"average": self.average, "best": self.best, "best_loss": self.best_loss, "steps": self.steps}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.average, self.best = _copy(state_dict["average"]), _copy(state_dict["best"])
        self.best_loss, self.steps = float(state_dict["best_loss"]), int(state_dict["steps"])


@contextmanager
def _wearing(module: pl.LightningModule, weights: State) -> Iterator[None]:
    own = _copy(module.state_dict())
    module.load_state_dict(weights)
    try:
        yield
    finally:
        module.load_state_dict(own)


def _validation_terms(trainer: pl.Trainer, module: Any) -> dict[str, float]:
    """Means over the validation excerpts of all devices, as Lightning's own val/... are."""
    batches = islice(trainer.val_dataloaders, trainer.num_val_batches[0])  # type: ignore[arg-type]
    terms = validation_terms(module, batches, module.device)
    means = {name: torch.tensor(value, device=module.device) for name, value in terms.items()}
    return {
        name.removeprefix("val/"): float(trainer.strategy.reduce(mean, reduce_op="mean"))
        for name, mean in means.items()
    }


def _copy(state: State) -> State:
    return {name: value.detach().clone() for name, value in state.items()}
