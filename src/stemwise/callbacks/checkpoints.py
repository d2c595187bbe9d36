"""The best weights of a training."""

import math
from dataclasses import dataclass

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint

from stemwise.callbacks.averaging import WeightAverage
from stemwise.errors import ModelError


@dataclass(frozen=True)
class Best:
    """The lowest validation loss, and whose it was: the weights "of a step" or "averaged" ones."""

    loss: float
    weights: str


def load_best(trainer: pl.Trainer, task: pl.LightningModule, data: pl.LightningDataModule) -> Best:
    """Put the weights with the best validation loss into `task`, in evaluation mode: those of a step, or their average.

    A training too short for a validated epoch has saved none: then its last weights are validated and kept.
    Raises ModelError for a loss that is NaN or infinite.
    """
    best = Best(_load_best_step(trainer, task, data), "of a step")
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(callback, WeightAverage) and callback.best_loss < best.loss:
            task.load_state_dict(callback.best)
            best = Best(callback.best_loss, "averaged")
    if not math.isfinite(best.loss):
        raise ModelError(f"the training diverged: best validation loss {best.loss}. Lower optimizer.optimizer.lr.")
    task.eval()
    return best


def _load_best_step(trainer: pl.Trainer, task: pl.LightningModule, data: pl.LightningDataModule) -> float:
    savers = [saver for saver in trainer.checkpoint_callbacks if isinstance(saver, ModelCheckpoint)]
    scored = [saver for saver in savers if saver.best_model_score is not None]
    if scored and scored[0].best_model_score is not None:
        state = torch.load(scored[0].best_model_path, map_location="cpu", weights_only=True)
        task.load_state_dict(state["state_dict"])
        return float(scored[0].best_model_score)
    return float(trainer.validate(task, datamodule=data, verbose=False)[0]["val/loss"])
