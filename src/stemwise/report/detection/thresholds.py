"""Thresholds per target and level: chosen on validation songs, used on others."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from stemwise.errors import DataError
from stemwise.metrics.arrays import Doubles
from stemwise.metrics.detection import LEVELS, best_thresholds
from stemwise.metrics.detection.clips import ACTIVE
from stemwise.report.detection.table import detections_of

if TYPE_CHECKING:
    import pandas

# One for all; by target; or by level, then by target.
Thresholds: TypeAlias = float | Mapping[str, float] | Mapping[str, Mapping[str, float]]


def tune(
    validation: pandas.DataFrame, active_from: float = ACTIVE, levels: Mapping[str, int | None] = LEVELS
) -> dict[str, dict[str, float]]:
    """By level and target the threshold with the best F1 on `validation`, a table as `detections_of` takes it.

    Each level has its own: the highest of ten probabilities is higher than one. A target that plays nowhere gets 0.5.
    """
    found = detections_of(validation, active_from)
    return {
        level: dict(zip(found.targets, best_thresholds(found.at(length)).tolist(), strict=True))
        for level, length in levels.items()
    }


def at_level(thresholds: Thresholds, level: str, targets: tuple[str, ...]) -> Doubles:
    """(target,). Raises DataError for a level or a target that has none."""
    if isinstance(thresholds, Mapping):
        here = thresholds.get(level) if by_level(thresholds) else thresholds
        if not isinstance(here, Mapping):
            raise DataError(f"There are no thresholds for '{level}', but for {', '.join(map(str, thresholds))}.")
        if missing := [target for target in targets if target not in here]:
            raise DataError(f"There is no threshold for {', '.join(missing)}. Tune on songs scored for all targets.")
        return np.array([float(here[target]) for target in targets])  # type: ignore[arg-type]
    return np.full(len(targets), float(thresholds))


def by_level(thresholds: Thresholds) -> bool:
    """Whether each level has thresholds of its own."""
    return isinstance(thresholds, Mapping) and any(isinstance(value, Mapping) for value in thresholds.values())
