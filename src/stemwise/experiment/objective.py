"""The figure of a training that a sweep compares and a search improves: conf/train.yaml's `objective`."""

from pathlib import Path
from typing import Any

import torch
from omegaconf import DictConfig

from stemwise.callbacks.checkpoints import Best
from stemwise.callbacks.terms import validation_terms
from stemwise.errors import ModelError
from stemwise.evaluation.objective import OF_ACTIVITY, SONG_FIGURES, song_figures
from stemwise.evaluation.reference import reference
from stemwise.files import write_json
from stemwise.loading.datamodule import MultitrackDataModule
from stemwise.separator import Separator
from stemwise.tasks.separation import SeparationTask

NAME = "validation.json"


def check(objective: str, task: SeparationTask) -> None:
    """Raise ModelError for an objective that this training cannot give."""
    songs = [name for name in SONG_FIGURES if name not in OF_ACTIVITY or "activity" in task.model.outputs]
    known = ["val/loss", *(f"val/{name}" for name in task.loss.weights), *songs]
    if objective not in known:
        raise ModelError(f"objective={objective}: this training gives {', '.join(known)}. Choose one of them.")


def measure(
    config: DictConfig, best: Best, task: SeparationTask, separator: Separator, data: MultitrackDataModule
) -> dict[str, float]:
    """What the exported weights give on the validation data: val/loss, every term unweighted and, if the objective is
    one of them, the figures of whole songs, which take another pass over these.

    Raises ModelError where no validation song has the objective, as the silence of targets that never rest.
    """
    terms = validation_terms(task, data.val_dataloader(), torch.device(separator.device))
    figures = {**terms, "val/loss": best.loss}
    if config.objective in SONG_FIGURES:
        rate, hop = separator.model.sample_rate, separator.hop
        figures |= song_figures(
            separator, (reference(id, song, rate, hop) for id, song in data.prepared("valid").items())
        )
    if config.objective not in figures:
        raise ModelError(
            f"objective={config.objective}: none of the validation songs has this figure. Choose another objective."
        )
    return figures


def record(run: Path, objective: str, figures: dict[str, float]) -> None:
    """Write validation.json beside the model."""
    content: dict[str, Any] = {"objective": objective, "value": figures[objective], "figures": figures}
    write_json(run / NAME, content)
