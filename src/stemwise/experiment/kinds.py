"""Which code trains and scores a kind of model: what differs between separators and detectors, in one place."""

from types import ModuleType
from typing import Any

from stemwise.experiment import detection, detection_scores, separation, separation_scores
from stemwise.model import SEPARATION
from stemwise.model.mel import DETECTION

TRAINING: dict[str, ModuleType] = {SEPARATION: separation, DETECTION: detection}
SCORES: dict[str, ModuleType] = {SEPARATION: separation_scores, DETECTION: detection_scores}


def training_of(model: Any) -> ModuleType:
    """The module with `make_task` and `finish` for a model."""
    return TRAINING[model.kind]


def scores_of(model: Any) -> ModuleType:
    """The module with `check` and `score` for a model."""
    return SCORES[model.kind]
