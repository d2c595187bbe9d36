"""Scores a song as small files that a repository can hold: what RESULTS.md is built from."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stemwise.errors import DataError
from stemwise.evaluation.table import BOUNDS, FACTS, read_scores
from stemwise.files import beside

BOUNDS_FOLDER = "bounds"
DIGITS = 5  # significant ones that are kept: a thousandth of a dB
STEPS = 100  # of a unit of a probability's logit: near 0 and 1 as fine as in the middle, so that hardly two are tied
LOGIT = "logit"  # the column that holds it, as a whole number
SAME = 0.02  # dB by which the bounds of the same songs may differ between machines
SAME_TRUTH = 1e-3  # confidence by which labels may


def keep(source: Path, target: Path, facts: Mapping[str, str]) -> None:
    """The scores of a run without those of the bounds, which every run of the same songs has alike and which are kept
    once, in `bounds/` beside the runs' folders. Numbers are rounded to five digits.

    Of clips, the truth is kept so, and the units have nothing but a logit for each line of it. Raises DataError
    where the bounds there are those of other songs.
    """
    scores, told = read_scores(source)
    if "truth" in scores:
        _keep_clips(scores, target, {**told, **facts})
        return
    bound = scores["system"].isin(BOUNDS)
    if bound.any():
        _keep_bounds(scores[bound].reset_index(drop=True), target.parents[1] / BOUNDS_FOLDER / target.name)
    _write(target, scores[~bound].reset_index(drop=True), {**told, **facts})


def facts_of(path: Path) -> dict[str, str]:
    """What is said beside a table; nothing where there is none, or one that cannot be read."""
    from pyarrow import ArrowException, parquet

    try:
        found: dict[str, str] = json.loads((parquet.read_schema(path).metadata or {}).get(FACTS, b"{}"))
    except (OSError, ArrowException, ValueError):
        return {}
    return found


def read_table(path: Path) -> pd.DataFrame:
    """A kept table; empty where there is none. Raises DataError for a file that is none."""
    return read_scores(path)[0] if path.is_file() else pd.DataFrame()


def _keep_bounds(bounds: pd.DataFrame, path: Path) -> None:
    if not path.is_file():
        _write(path, bounds, {})
        return
    keys = ["song", "target", "system"]
    have, _ = read_scores(path)
    both = have[[*keys, "usdr"]].merge(bounds[[*keys, "usdr"]], on=keys, how="outer", suffixes=("", "_now"))
    apart = (both["usdr"] - both["usdr_now"]).abs() > SAME
    if len(both) != len(have) or len(both) != len(bounds) or apart.any():
        raise DataError(
            f"{path} holds the bounds of other songs, or of the same made anew in another way ({int(apart.sum())} of "
            f"{len(both)} figures differ). Scores on both cannot be compared: score all runs on the same songs, or "
            "remove the folder and begin again."
        )


def _keep_clips(clips: pd.DataFrame, target: Path, facts: Mapping[str, Any]) -> None:
    path = target.parents[1] / BOUNDS_FOLDER / target.name
    truth = clips.drop(columns="probability")
    if path.is_file():
        have = read_scores(path)[0]
        keys = ["song", "second", "target"]
        alike = len(have) == len(truth) and bool((have[keys].to_numpy() == truth[keys].to_numpy()).all())
        if not alike or float((have["truth"] - truth["truth"]).abs().max()) > SAME_TRUTH:
            raise DataError(
                f"{path} holds the labels of other seconds, or other labels. Score all runs on the same songs, or "
                "remove the folder and begin again."
            )
    else:
        _write(path, truth, {})
    _write(target, pd.DataFrame({LOGIT: logits_of(clips["probability"].to_numpy())}), facts)


def logits_of(probability: NDArray[np.floating]) -> NDArray[np.int16]:
    """Probabilities as whole hundredths of their logits; 0 and 1 as ± 16.12."""
    inside = np.clip(np.asarray(probability, dtype=np.float64), 1e-7, 1 - 1e-7)
    return np.round(STEPS * np.log(inside / (1 - inside))).astype(np.int16)


def probabilities_of(logits: NDArray[np.integer]) -> NDArray[np.float64]:
    """The other way round."""
    return np.asarray(1 / (1 + np.exp(-np.asarray(logits, dtype=np.float64) / STEPS)))


def _write(path: Path, table: pd.DataFrame, facts: Mapping[str, Any]) -> None:
    import pyarrow
    from pyarrow import parquet

    numbers = table.select_dtypes("floating").columns
    table = table.assign(**{name: table[name].map(_rounded).astype("float32") for name in numbers})
    arrow = pyarrow.Table.from_pandas(table, preserve_index=False)
    arrow = arrow.replace_schema_metadata({**(arrow.schema.metadata or {}), FACTS: json.dumps(dict(facts)).encode()})
    with beside(path) as part:
        parquet.write_table(arrow, part, compression="zstd")


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")
