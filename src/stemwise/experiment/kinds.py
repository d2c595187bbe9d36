"""Which code trains and scores a kind of model: what differs between separators and detectors, in one place."""

from types import ModuleType
from typing import Any

from stemwise.experiment import separation, separation_scores
from stemwise.model import SEPARATION

TRAINING: dict[str, ModuleType] = {SEPARATION: separation}
SCORES: dict[str, ModuleType] = {SEPARATION: separation_scores}


def training_of(model: Any) -> ModuleType:
    """The module with `make_task` and `finish` for a model."""
    return TRAINING[model.kind]


def scores_of(model: Any) -> ModuleType:
    """The module with `check` and `score` for a model."""
    return SCORES[model.kind]
