"""What a door does with models that hear instruments: their task, and what a training ends with."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytorch_lightning as pl
from hydra.utils import instantiate
from omegaconf import DictConfig

from stemwise.callbacks.checkpoints import Best
from stemwise.callbacks.terms import validation_terms
from stemwise.detector import Detector
from stemwise.errors import ModelError
from stemwise.evaluation.detection import check_windows, detect_songs
from stemwise.evaluation.heard import GATE_LEVEL, THRESHOLDS
from stemwise.evaluation.objective import OF_DETECTORS
from stemwise.experiment.exporting import export
from stemwise.export import Exported
from stemwise.gate import Gate
from stemwise.loading.datamodule import MultitrackDataModule
from stemwise.losses import WeightedTerms
from stemwise.metrics.detection import LEVELS
from stemwise.model.mel import MelModel
from stemwise.report.detection.summary import summarise_detection
from stemwise.report.detection.table import detections_of
from stemwise.report.detection.thresholds import tune
from stemwise.tasks.detection import DetectionTask


def make_task(config: DictConfig, model: MelModel) -> DetectionTask:
    """Raises ModelError for an objective that the training could not give, and for windows that cannot be scored."""
    check_windows(model)
    loss: WeightedTerms = instantiate(config.loss, outputs=model.outputs)
    known = ["val/loss", *(f"val/{name}" for name in loss.weights), *OF_DETECTORS]
    if config.objective not in known:
        raise ModelError(f"objective={config.objective}: this training gives {', '.join(known)}. Choose one of them.")
    return DetectionTask(model, loss, **instantiate(config.optimizer))


def finish(
    trainer: pl.Trainer,
    config: DictConfig,
    run: Path,
    best: Best,
    task: DetectionTask,
    data: MultitrackDataModule,
    gate: Gate,
    card: dict[str, Any],
) -> dict[str, float]:
    """Choose the thresholds on the validation songs, by F1, write the model, and say what it is worth there.

    The gate's are those of seconds, or of the shortest clips in which anything is known to play, as of labels of whole
    clips; the card has those of all levels, and says which are the gate's. Raises ModelError where the validation
    songs cannot give the objective.
    """
    device = trainer.strategy.root_device
    clips = detect_songs(Detector(task.model, gate, str(device)), data.prepared("valid"), report=lambda _: None)
    thresholds = tune(clips)
    level = detections_of(clips).telling()
    gate = replace(gate, threshold=[thresholds[level][target] for target in task.model.targets])
    card |= {THRESHOLDS: thresholds, GATE_LEVEL: level}
    export(trainer, config, run, best, Exported(task.model, gate, card))
    terms = validation_terms(task, data.val_dataloader(), device)
    figures = {**terms, "val/loss": best.loss, **validation_figures(clips, thresholds, level)}
    if config.objective not in figures:
        raise ModelError(
            f"objective={config.objective}: the validation songs do not have this figure. Choose another objective."
        )
    return figures


def validation_figures(clips: pd.DataFrame, thresholds: dict[str, dict[str, float]], level: str) -> dict[str, float]:
    """`OF_DETECTORS` of a level; without those that the songs do not have, as of instruments that never play."""
    table = summarise_detection(clips, thresholds, levels={level: LEVELS[level]}, resamples=0)
    values = {f"val/{line['measure']}": float(line["value"]) for line in table.to_dict("records")}
    return {name: values[name] for name in OF_DETECTORS if values[name] == values[name]}
