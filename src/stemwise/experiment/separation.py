"""What a door does with models that separate: their task, and what a training ends with."""

import logging
from pathlib import Path
from typing import Any

import pytorch_lightning as pl
from hydra.utils import instantiate
from omegaconf import DictConfig

from stemwise.callbacks.checkpoints import Best
from stemwise.evaluation.reference import reference
from stemwise.evaluation.thresholds import choose_gate
from stemwise.experiment import objective
from stemwise.experiment.exporting import export
from stemwise.export import Exported
from stemwise.gate import Gate
from stemwise.loading.datamodule import MultitrackDataModule
from stemwise.losses import WeightedTerms
from stemwise.model import SpectralModel
from stemwise.separator import Separator
from stemwise.tasks.separation import SeparationTask

log = logging.getLogger("stemwise")


def make_task(config: DictConfig, model: SpectralModel) -> SeparationTask:
    """A net whose loss reads no activity will say none. Raises ModelError for an objective that the training could not
    give."""
    loss: WeightedTerms = instantiate(config.loss, outputs=model.outputs)
    model.hears = "activity" in loss.reads
    if not loss.reads - {"activity"}:
        log.warning("loss.weights: nothing is learned of the stems, so that what this model separates is chance")
    task = SeparationTask(model, loss, **instantiate(config.optimizer))
    objective.check(config.objective, task)
    return task


def finish(
    trainer: pl.Trainer,
    config: DictConfig,
    run: Path,
    best: Best,
    task: SeparationTask,
    data: MultitrackDataModule,
    gate: Gate,
    card: dict[str, Any],
) -> dict[str, float]:
    """Choose the gate's thresholds on the validation songs, write the model, and measure it with its gate there."""
    model, device = task.model, str(trainer.strategy.root_device)
    valid = (reference(id, song, model.sample_rate, model.stft.hop) for id, song in data.prepared("valid").items())
    gate = choose_gate(Separator(model, device=device), valid, gate, config.gate_may_lose)
    export(trainer, config, run, best, Exported(model, gate, card))
    return objective.measure(config, best, task, Separator(model, gate, device=device), data)
