"""Scores as a file: one line a song × target × system × gate, with what must be said beside them."""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from stemwise.errors import DataError
from stemwise.files import beside

log = logging.getLogger(__name__)
NAME, GRID = "scores.parquet", "grid.parquet"
FACTS = b"stemwise"
BOUNDS = ("mixture", "silence", "ideal binary mask", "ideal ratio mask")
IDENTITY = ["song", "target"]


def write_scores(
    path: Path, scores: pd.DataFrame, facts: Mapping[str, str], more: Mapping[bytes, Any] | None = None
) -> None:
    """Parquet, whole or not at all; `facts` and what is `more` go into the metadata of its schema, as JSON."""
    import pyarrow
    from pyarrow import parquet

    table = pyarrow.Table.from_pandas(scores, preserve_index=False)
    beside_it = {key: json.dumps(value).encode() for key, value in {**(more or {}), FACTS: dict(facts)}.items()}
    table = table.replace_schema_metadata({**(table.schema.metadata or {}), **beside_it})
    with beside(path) as part:
        parquet.write_table(table, part)


def read_scores(path: Path) -> tuple[pd.DataFrame, dict[str, str]]:
    """Scores and facts. `pandas.read_parquet` reads the scores alone. Raises DataError for what is no such file."""
    from pyarrow import ArrowException, parquet

    try:
        table = parquet.read_table(path)
    except (OSError, ArrowException) as fault:
        raise DataError(
            f"{path}: no scores to read ({fault}). Score the run first: python -m src.eval run=..."
        ) from fault
    facts = json.loads((table.schema.metadata or {}).get(FACTS, b"{}"))
    return table.to_pandas(), facts


def kept_lines(path: Path, make: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The lines in a file; made and kept there where it is missing or damaged. A full disk costs no lines."""
    from pyarrow import ArrowException

    try:
        return [{str(key): value for key, value in line.items()} for line in pd.read_parquet(path).to_dict("records")]
    except (OSError, ArrowException):
        lines = make()
    try:
        with beside(path) as part:
            pd.DataFrame(lines).to_parquet(part, index=False)
    except OSError as fault:
        log.warning("%s cannot be kept (%s); it will be computed anew when it is asked for again.", path, fault)
    return lines


def join_scores(scores: pd.DataFrame, others: Sequence[Path]) -> pd.DataFrame:
    """`scores` with the models of other runs, which must have been scored on the same songs and targets.

    The bounds are taken once. A run of a name that is taken gets its folder's name.
    Raises DataError for a run without scores, for other songs or targets, and for two runs of one name.
    """
    joined = [scores]
    for run in others:
        table, _ = read_scores(run / NAME)
        _same_songs(scores, table, run)
        models = table[~table["system"].isin(BOUNDS)]
        taken = set().union(*(part["system"] for part in joined))
        clash = set(models["system"]) & taken
        if clash and run.name in taken:
            raise DataError(f"{run}: its name {run.name} is taken by another run. Rename the folder.")
        joined.append(models.assign(system=run.name) if clash else models)
    return pd.concat(joined, ignore_index=True)


def _same_songs(mine: pd.DataFrame, other: pd.DataFrame, run: Path) -> None:
    here, there = (set(map(tuple, table[IDENTITY].to_numpy())) for table in (mine, other))
    if here != there:
        song, target = sorted(here ^ there)[0]
        raise DataError(
            f"{run} was scored on other songs or targets: {len(here ^ there)} differ, first {target} of {song}. Score "
            "both runs on the same part and root."
        )
