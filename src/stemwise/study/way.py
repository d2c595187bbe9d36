"""How far a system comes from the better of mixture and silence to the ideal binary mask."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from stemwise.metrics.arrays import Doubles
from stemwise.metrics.intervals import bootstrap_ratio
from stemwise.report.tables import ALL
from stemwise.study.blocks import NOTHING, lacking, seeds_of
from stemwise.study.kept import Kept, Row, average
from stemwise.study.markdown import figure, table


def share_of_the_way(
    kept: Kept, question: str, names: Sequence[str] = (), more: Mapping[str, Row] | None = None
) -> str:
    """Of each target the ratio of mean distances in uSDR over the songs in which it plays, gates off, and the mean of
    the targets with its 95 % bootstrap interval over songs. `more`: answers to other questions on the same songs."""
    systems = kept.systems(question, names) | kept.called(more or {})
    scores = average(systems)
    if scores.empty:
        return NOTHING
    found = way(scores)
    targets = [name for name in found.columns if name not in ("low", "high")]
    rows = [
        (name, *(f"{figure(100 * row[target], digits=0)} %" for target in targets[:-1]), _with_interval(row))
        for name, row in found.iterrows()
    ]
    return table(("", *targets), rows) + seeds_of(systems) + lacking((*names, *(more or {})), systems)


def way(scores: pd.DataFrame, seed: int = 0) -> pd.DataFrame:
    """Shares (0 to 1) with a row a system and a column a target, then 'all', low and high."""
    present = scores[scores["present"] == 1]
    targets = [name for name in dict.fromkeys(scores["target"]) if name in set(present["target"])]
    floor = _by_song(present, "mixture", "")[targets].clip(lower=0)
    whole = _gone(present, "ideal binary mask", "", floor)
    rows = {}
    for system in dict.fromkeys(present.loc[present["gate"] == "off", "system"]):
        gone = _gone(present, system, "off", floor)
        shares = gone.sum(axis=0) / whole.sum(axis=0)
        rows[system] = [*shares, shares.mean(), *bootstrap_ratio(gone, whole, seed=seed)]
    return pd.DataFrame.from_dict(rows, orient="index", columns=[*targets, ALL, "low", "high"])


def _by_song(scores: pd.DataFrame, system: str, gate: str) -> pd.DataFrame:
    """uSDR, song × target, NaN where the target does not play."""
    lines = scores[(scores["system"] == system) & (scores["gate"] == gate)]
    return lines.pivot(index="song", columns="target", values="usdr")


def _gone(scores: pd.DataFrame, system: str, gate: str, floor: pd.DataFrame) -> Doubles:
    """How far above the floor, song × target in dB; 0 where the target does not play."""
    above = _by_song(scores, system, gate).reindex_like(floor) - floor
    return np.asarray(above.fillna(0.0), dtype=np.float64)


def _with_interval(row: "pd.Series[float]") -> str:
    return f"{figure(100 * row[ALL], 100 * row['low'], 100 * row['high'], 1)} %"
