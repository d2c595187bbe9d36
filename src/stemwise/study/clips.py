"""What detectors said of every second, as small files: what is true of the seconds is kept once for all of them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from stemwise.errors import DataError
from stemwise.evaluation.heard import THRESHOLDS, Heard, targets_of
from stemwise.study.kept import Kept
from stemwise.study.tables import BOUNDS_FOLDER, LOGIT, facts_of, probabilities_of, read_table


def clips_of(kept: Kept, question: str, names: Sequence[str] = ()) -> dict[str, list[pd.DataFrame]]:
    """System → a table of clips a seed, as `report.detection` takes them; only those of `names`, in that order, if
    there are any.

    Raises DataError for a table of other seconds than those of which the truth is kept.
    """
    truth = read_table(kept.folder / BOUNDS_FOLDER / f"{question}.parquet")
    return {name: [_joined(truth, path) for path in paths] for name, paths in kept.by_system(question, names).items()}


def thresholds_of(kept: Kept, question: str, names: Sequence[str] = ()) -> dict[str, list[Any]]:
    """System → thresholds a seed, in the order of `clips_of`."""
    found = kept.by_system(question, names)
    return {name: [json.loads(facts_of(path)[THRESHOLDS]) for path in paths] for name, paths in found.items()}


def heard_of(kept: Kept, question: str, names: Sequence[str] = ()) -> dict[str, list[Heard]]:
    """The same with what stands beside each table, as `report.detection.compared` takes them."""
    clips, cuts = clips_of(kept, question, names), thresholds_of(kept, question, names)
    facts = {name: [facts_of(path) for path in paths] for name, paths in kept.by_system(question, names).items()}
    return {
        name: [
            Heard(table, told, cut, targets_of(table))
            for table, told, cut in zip(clips[name], facts[name], cuts[name], strict=True)
        ]
        for name in clips
    }


def _joined(truth: pd.DataFrame, path: Path) -> pd.DataFrame:
    said = read_table(path)
    if len(said) != len(truth):
        raise DataError(f"{path}: {len(said)} lines, but the truth of {len(truth)} is kept. Score the run again.")
    return truth.assign(probability=probabilities_of(said[LOGIT].to_numpy()))
