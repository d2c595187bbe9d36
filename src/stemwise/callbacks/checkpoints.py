"""The best weights of a training."""

import math

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint

from stemwise.errors import ModelError


def load_best(trainer: pl.Trainer, task: pl.LightningModule, data: pl.LightningDataModule) -> float:
    """Put the weights with the best validation loss into `task`, in evaluation mode, and return that loss.

    A training too short for a validated epoch has saved none: then its last weights are validated and kept.
    Raises ModelError for a loss that is NaN or infinite.
    """
    savers = [saver for saver in trainer.checkpoint_callbacks if isinstance(saver, ModelCheckpoint)]
    scored = [saver for saver in savers if saver.best_model_score is not None]
    if scored and scored[0].best_model_score is not None:
        state = torch.load(scored[0].best_model_path, map_location="cpu", weights_only=True)
        task.load_state_dict(state["state_dict"])
        best = float(scored[0].best_model_score)
    else:
        best = trainer.validate(task, datamodule=data, verbose=False)[0]["val/loss"]
    if not math.isfinite(best):
        raise ModelError(f"the training diverged: best validation loss {best}. Lower optimizer.optimizer.lr.")
    task.eval()
    return best
