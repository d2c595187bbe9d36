"""What one run said of seconds, as a file that says all that a comparison must know."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from stemwise.errors import ModelError
from stemwise.evaluation.table import read_scores, write_scores
from stemwise.export import describe
from stemwise.metrics.detection.clips import COLUMNS
from stemwise.taxonomy import Targets, scheme_of, targets

CLIPS = "detections.parquet"
ABOUT = b"stemwise targets"
GATE_LEVEL = "level of the gate"  # in a detector's card: of THRESHOLDS, those of its gate
THRESHOLDS = "thresholds"  # in a detector's card; and in the facts of the file, as JSON


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
    """Parquet, whole or not at all; what is no table goes into the metadata of its schema, thresholds among the
    facts."""
    groups = {
        "names": list(heard.targets.names),
        "labels": [sorted(labels) for labels in heard.targets.labels],
        "elsewhere": sorted(heard.targets.elsewhere),
    }
    cuts = {} if heard.thresholds is None else {THRESHOLDS: json.dumps(heard.thresholds)}
    write_scores(path, heard.clips, {**heard.facts, **cuts}, {ABOUT: groups})


def read_clips(path: Path) -> Heard:
    """Raises DataError for what is no such file. A file that does not say its thresholds has those in the card of the
    model beside it."""
    clips, facts = read_scores(path)
    cuts = json.loads(facts.pop(THRESHOLDS, "null")) or _of_card(path.parent / "model.safetensors")
    return Heard(clips, facts, cuts, _groups(path) or targets_of(clips))


def holds_clips(path: Path) -> bool:
    """Whether a file is such a table, by its columns."""
    from pyarrow import ArrowException, parquet

    try:
        return set(COLUMNS) <= set(parquet.read_schema(path).names)
    except (OSError, ArrowException):
        return False


def _groups(path: Path) -> Targets | None:
    from pyarrow import parquet

    found = json.loads((parquet.read_schema(path).metadata or {}).get(ABOUT, b"null"))
    if found is None:
        return None
    return Targets(tuple(found["names"]), tuple(map(frozenset, found["labels"])), frozenset(found["elsewhere"]))


def _of_card(model: Path) -> Any:
    try:
        return describe(model)["card"].get(THRESHOLDS)
    except (ModelError, OSError):
        return None


def targets_of(clips: pd.DataFrame) -> Targets:
    """Those of a table, by their names."""
    names = tuple(str(name) for name in dict.fromkeys(clips.get("target", ())))
    scheme = scheme_of(names)
    return targets(scheme, names) if scheme else Targets(names, (frozenset(),) * len(names))
