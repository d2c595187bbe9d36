"""The model that a training ends with, in its run folder."""

import logging
from dataclasses import replace
from pathlib import Path

import pytorch_lightning as pl
from omegaconf import DictConfig

from stemwise.callbacks.checkpoints import Best
from stemwise.callbacks.progress import seconds_of
from stemwise.experiment import configs, runs
from stemwise.export import Exported, save

log = logging.getLogger("stemwise")


def export(trainer: pl.Trainer, config: DictConfig, run: Path, best: Best, exported: Exported) -> None:
    """Write `run`/model.safetensors, its card completed, in the place of a model that was scored there before."""
    runs.drop_scores(run)
    card = exported.card | {"validation loss": best.loss, "weights": best.weights}
    card |= {"steps": trainer.global_step, "seconds of training": round(seconds_of(trainer), 1)}
    description = configs.plain(config.model)
    if "activity" not in exported.model.outputs:
        description["hears"] = False
    save(run / "model.safetensors", replace(exported, card=card), description)
    log.info("exported %s", run / "model.safetensors")
