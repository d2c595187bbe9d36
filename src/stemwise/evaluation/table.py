"""Scores as a file: one line a song × target × system × gate, with what must be said beside them."""

import json
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from stemwise.errors import DataError
from stemwise.evaluation import bss_eval
from stemwise.files import beside

log = logging.getLogger(__name__)
NAME, GRID = "scores.parquet", "grid.parquet"
FACTS = b"stemwise"
BOUNDS = ("mixture", "silence", "ideal binary mask", "ideal ratio mask")
IDENTITY = ["song", "target"]
ROW = ["song", "target", "system", "gate"]
SAME = ["usdr", "csdr", "csdr_common", "si_sdr", "silence_energy"]  # figures of stems that are the same


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


def carried(scores: pd.DataFrame, before: pd.DataFrame) -> pd.DataFrame:
    """`scores`, with the figures that rows of `before` have of the same stems: they take seconds a song and row, and
    an evaluation that does without them is no reason to lose them. Stems are the same where all else is."""
    if not {*ROW, *SAME, *bss_eval.COLUMNS} <= set(before):
        return scores  # another version's, or nobody's
    known = before.dropna(subset=list(bss_eval.COLUMNS), how="all")[[*ROW, *SAME, *bss_eval.COLUMNS]]
    found = scores[[*ROW, *SAME]].merge(known, how="left", on=[*ROW, *SAME])[list(bss_eval.COLUMNS)]
    return scores.assign(**{name: scores[name].fillna(found[name].set_axis(scores.index)) for name in bss_eval.COLUMNS})


OtherRuns = Mapping[Path, tuple[str, pd.DataFrame, Mapping[str, str]]]


def other_runs(runs: Sequence[str | Path], mine: str, songs: Collection[str]) -> OtherRuns:
    """Runs that a run called `mine` is put beside: the name of each there, all its scores, and its facts. A run of a
    name that is taken gets its folder's name.

    Raises DataError for what is no list, a run without scores, other songs, and two runs of one name.
    """
    if isinstance(runs, str):
        raise DataError(f"against={runs}: give a list, as in against=[{runs}].")
    found: dict[Path, tuple[str, pd.DataFrame, Mapping[str, str]]] = {}
    taken = {mine}
    for named in map(Path, runs):
        run = named.parent if named.name == NAME else named
        table, facts = read_scores(run / NAME)
        # Which songs know no target, and have no line, is not known yet.
        if apart := sorted(set(table["song"]) - set(songs)):
            raise DataError(
                f"{run} was scored on other songs: {len(apart)} are not among these, first {apart[0]}. Score both runs "
                "on the same part and root."
            )
        name = free_name(run, min(set(table["system"]) - set(BOUNDS), default=run.name), taken)
        found[run] = (name, table, facts)
        taken |= {name}
    return found


def free_name(run: Path, name: str, taken: Collection[str]) -> str:
    """The name of a run beside others; its folder's where that is taken. Raises DataError where both are."""
    free = run.resolve().name if name in taken else name
    if free in taken:
        raise DataError(f"{run}: its name {free} is taken by another run. Rename the folder.")
    return free


def join_scores(scores: pd.DataFrame, others: OtherRuns) -> pd.DataFrame:
    """`scores` with the models of other runs, under their names there; the bounds are taken once.

    Raises DataError for a run of other targets.
    """
    joined = [scores]
    for run, (name, table, _) in others.items():
        _same_songs(scores, table, run)
        joined.append(table[~table["system"].isin(BOUNDS)].assign(system=name))
    return pd.concat(joined, ignore_index=True)


def _same_songs(mine: pd.DataFrame, other: pd.DataFrame, run: Path) -> None:
    here, there = (set(map(tuple, table[IDENTITY].to_numpy())) for table in (mine, other))
    if here != there:
        song, target = sorted(here ^ there)[0]
        raise DataError(
            f"{run} was scored on other songs or targets: {len(here ^ there)} differ, first {target} of {song}. Score "
            "both runs on the same part and root."
        )
