"""The best weights of a training."""

import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import ModelCheckpoint

from stemwise.errors import ModelError


def load_best(trainer: pl.Trainer, task: pl.LightningModule) -> float:
    """Put the best checkpoint's weights into `task`, in evaluation mode, and return its score.

    Raises ModelError when nothing was saved, as after a training without a validated epoch.
    """
    savers = [
        c for c in trainer.checkpoint_callbacks if isinstance(c, ModelCheckpoint) and c.best_model_score is not None
    ]
    if not savers or not savers[0].best_model_path:
        raise ModelError(
            f"no checkpoint after {trainer.global_step} steps: no epoch was validated. Train longer than an epoch "
            "(loading.excerpts / loading.batch_size steps), or make epochs shorter."
        )
    (saver,) = savers[:1]
    assert saver.best_model_score is not None
    state = torch.load(saver.best_model_path, map_location="cpu", weights_only=True)
    task.load_state_dict(state["state_dict"])
    task.cpu().eval()
    return float(saver.best_model_score)
