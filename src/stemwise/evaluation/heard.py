"""What one run said of seconds, as a file that says all that a comparison must know."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from stemwise.errors import ModelError
from stemwise.evaluation.detection import COLUMNS
from stemwise.evaluation.table import read_scores, write_scores
from stemwise.export import describe
from stemwise.taxonomy import Targets, scheme_of, targets

CLIPS = "detections.parquet"
ABOUT = b"stemwise clips"
THRESHOLDS = "thresholds"  # in a detector's card, and here


@dataclass(frozen=True)
class Heard:
    """clips: a line a song × second × target, as `detect_songs` makes them
    facts: what a page must say beside them
    thresholds: by level and target, or by target; None where nothing says which
    targets: with the labels they stand for; without any where nothing says which
    """

    clips: pd.DataFrame
    facts: Mapping[str, str]
    thresholds: Any
    targets: Targets


def write_clips(path: Path, heard: Heard) -> None:
    """Parquet, whole or not at all; what is no table goes into the metadata of its schema."""
    groups = {
        "names": list(heard.targets.names),
        "labels": [sorted(labels) for labels in heard.targets.labels],
        "elsewhere": sorted(heard.targets.elsewhere),
    }
    write_scores(path, heard.clips, heard.facts, {ABOUT: {THRESHOLDS: heard.thresholds, "targets": groups}})


def read_clips(path: Path) -> Heard:
    """Raises DataError for what is no such file. A file that does not say its thresholds has those in the card of the
    model beside it."""
    clips, facts = read_scores(path)
    about = _about(path)
    groups = about.get("targets")
    known = (
        Targets(tuple(groups["names"]), tuple(map(frozenset, groups["labels"])), frozenset(groups["elsewhere"]))
        if groups
        else _targets(clips)
    )
    return Heard(clips, facts, about.get(THRESHOLDS) or _of_card(path.parent / "model.safetensors"), known)


def holds_clips(path: Path) -> bool:
    """Whether a file is such a table, by its columns."""
    from pyarrow import ArrowException, parquet

    try:
        return set(COLUMNS) <= set(parquet.read_schema(path).names)
    except (OSError, ArrowException):
        return False


def _about(path: Path) -> dict[str, Any]:
    from pyarrow import parquet

    found: dict[str, Any] = json.loads((parquet.read_schema(path).metadata or {}).get(ABOUT, b"{}"))
    return found


def _of_card(model: Path) -> Any:
    try:
        return describe(model)["card"].get(THRESHOLDS)
    except (ModelError, OSError):
        return None


def _targets(clips: pd.DataFrame) -> Targets:
    """By their names."""
    names = tuple(str(name) for name in dict.fromkeys(clips.get("target", ())))
    scheme = scheme_of(names)
    return targets(scheme, names) if scheme else Targets(names, (frozenset(),) * len(names))
