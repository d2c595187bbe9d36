"""Two rows of the table compared song by song."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np

from stemwise.metrics.arrays import mean, median
from stemwise.metrics.intervals import bootstrap_interval
from stemwise.report.measures import LOWER_ROWS, MEASURES, UPPER_ROWS, Measure, kind_of, name_of
from stemwise.report.tables import ALL, Cell, checked, song_by_target

if TYPE_CHECKING:
    import pandas

COMPARED = ("usdr", "csdr_common", "silence_energy", "auc")


def differences(scores: pandas.DataFrame, resamples: int = 2000, seed: int = 0) -> pandas.DataFrame:
    """Each two models with their gates off, and each model's hard gate against none, on the songs that both have.

    A line a pair × measure × target, the target 'all' first: row, against, measure, target, difference (the first row
    minus the second, the measure's statistic over songs of the differences), low and high (95 % bootstrap over songs,
    paired), songs; what no song has is left out. `scores` as for `tables.summarise`.
    """
    import pandas

    table = checked(scores)
    lines = [
        _line(table, pair, measure, target, resamples, seed)
        for pair in _pairs(table)
        for measure in MEASURES
        if measure.column in COMPARED and not (measure.column == "auc" and pair[0][0] == pair[1][0])
        for target in (ALL, *dict.fromkeys(table["target"]))
    ]
    return pandas.DataFrame([line for line in lines if line["songs"]])


Row = tuple[str, str]


def _pairs(table: pandas.DataFrame) -> list[tuple[Row, Row]]:
    rows = dict.fromkeys(zip(table["system"], table["gate"], strict=True))
    models = list(dict.fromkeys(system for system, _ in rows if system not in (*LOWER_ROWS, *UPPER_ROWS)))
    gates = [((system, gate), (system, "off")) for system, gate in rows if kind_of(gate) == "hard"]
    among = [((one, "off"), (other, "off")) for one, other in combinations(models, 2)]
    return [pair for pair in (*among, *gates) if pair[0] in rows and pair[1] in rows]


def _line(
    table: pandas.DataFrame, pair: tuple[Row, Row], measure: Measure, target: str, resamples: int, seed: int
) -> dict[str, Cell]:
    one, other = (
        song_by_target(part if target == ALL else part[part["target"] == target], measure)
        for part in (table[(table["system"] == system) & (table["gate"] == gate)] for system, gate in pair)
    )
    with np.errstate(invalid="ignore"):
        apart = one - other
    reduce = median if measure.statistic == "median" else mean
    low, high = bootstrap_interval(apart, "median" if measure.statistic == "median" else "mean", 0.95, resamples, seed)
    return {
        "row": name_of(*pair[0]),
        "against": name_of(*pair[1]),
        "measure": measure.column,
        "target": target,
        "difference": float(mean(reduce(apart))),
        "low": low,
        "high": high,
        "songs": int((~np.isnan(apart)).any(axis=1).sum()),
    }
