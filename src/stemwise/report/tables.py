"""Scores of songs condensed to a table of systems × targets."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from stemwise.errors import DataError
from stemwise.metrics.arrays import Doubles, mean, median
from stemwise.metrics.intervals import bootstrap_interval, bootstrap_ratio
from stemwise.metrics.silence import FLOOR, LEAST_REST
from stemwise.report.measures import COLUMNS, GATES, LOWER_ROWS, MEASURES, UPPER_ROWS, Measure, kind_of

if TYPE_CHECKING:
    import pandas

ALL = "all"
IDENTITY = ["song", "target", "system", "gate"]

Cell = str | int | float | None


def summarise(scores: pandas.DataFrame, resamples: int = 2000, seed: int = 0) -> pandas.DataFrame:
    """One line per (system, gate) × target, the target 'all' first: the mean over targets of each target's figure.

    `scores` has one line per song × target × system × gate and the columns song, target, system, gate, present (the
    reference is not silent), rest_seconds and those of MEASURES (of a pooled one its sums), which also says how each is
    condensed; units are as the metrics return them (shares 0 to 1). The result has system, gate, target, songs,
    songs_present and, for each measure m: m, m_low and m_high (95 % bootstrap interval over songs), m_n (songs behind
    the figure). A figure without songs is NaN; a target without one is left out of 'all'.

    Raises DataError for columns that are missing, lines that appear twice and a target called 'all'.
    """
    import pandas

    table = checked(scores)
    lines: list[dict[str, Cell]] = []
    for system, gate in _rows(table):
        part = table[(table["system"] == system) & (table["gate"] == gate)]
        for target in (ALL, *dict.fromkeys(table["target"])):
            chosen = part if target == ALL else part[part["target"] == target]
            line: dict[str, Cell] = {"system": system, "gate": gate, "target": target}
            line["songs"] = int(chosen["song"].nunique())
            line["songs_present"] = int(chosen.loc[chosen["present"], "song"].nunique())
            for measure in MEASURES:
                line.update(_figure(chosen, measure, resamples, seed))
            lines.append(line)
    return pandas.DataFrame(lines)


def to_records(table: pandas.DataFrame) -> list[dict[str, Cell]]:
    """Lines of a table fit for JSON: NaN becomes None, infinity 'inf' or '-inf', which Python's float() reads back."""
    return [{str(name): _plain(value) for name, value in line.items()} for line in table.to_dict("records")]


def in_lines(summary: pandas.DataFrame) -> list[str]:
    """A line a row for a terminal: the means over the targets of what is looked at first."""
    lines = []
    for line in summary[summary["target"] == ALL].to_dict("records"):
        name = line["system"] + (f", gate {line['gate']}" if line["gate"] else "")
        figures = [f"uSDR {line['usdr']:6.2f} dB", f"silence energy {line['silence_energy']:6.1f} dB"]
        figures += [f"AUC {line['auc']:.3f}"] if not math.isnan(line["auc"]) else []
        lines.append(f"{name:28} {', '.join(figures)}")
    return lines


def song_by_target(scores: pandas.DataFrame, measure: Measure) -> Doubles:
    """(song, target) of a measure for the lines of one row; NaN in songs that do not count."""
    counted = scores[measure.column].astype(float)
    if measure.songs == "present":
        counted = counted.where(scores["present"])
    elif measure.songs == "resting":
        counted = counted.where(scores["rest_seconds"] >= LEAST_REST)
    table = scores.assign(figure=counted).pivot(index="song", columns="target", values="figure")
    return np.asarray(table.to_numpy(), dtype=np.float64)


def _figure(scores: pandas.DataFrame, measure: Measure, resamples: int, seed: int) -> dict[str, Cell]:
    if measure.statistic == "pooled":
        return _pooled(scores, measure, resamples, seed)
    table = song_by_target(scores, measure)
    per_target = mean(table) if measure.statistic == "mean" else median(table)
    low, high = bootstrap_interval(table, measure.statistic, resamples=resamples, seed=seed)
    name = measure.column
    songs = int((~np.isnan(table)).any(axis=1).sum())
    return {name: float(mean(per_target)), f"{name}_low": low, f"{name}_high": high, f"{name}_n": songs}


def _pooled(scores: pandas.DataFrame, measure: Measure, resamples: int, seed: int) -> dict[str, Cell]:
    """A ratio of sums over songs and targets, in the measure's unit."""
    upper, lower = (
        scores[list(columns)].fillna(0.0).prod(axis=1).groupby(scores["song"]).sum().to_numpy(float)
        for columns in measure.sums
    )
    if measure.unit == "%":
        upper = upper / 100  # the column is in percent already
    counted = lower > 0
    low, high = bootstrap_ratio(upper[counted], lower[counted], resamples=resamples, seed=seed)
    whole = upper.sum() / lower.sum() if counted.any() else math.nan
    name = measure.column
    figures = {name: whole, f"{name}_low": low, f"{name}_high": high}
    return {**{key: in_unit(ratio, measure.unit) for key, ratio in figures.items()}, f"{name}_n": int(counted.sum())}


def in_unit(ratio: float, unit: str) -> float:
    """A ratio in percent, or in dB with the floor of silence energy."""
    return 100 * ratio if unit == "%" else 10 * math.log10(max(ratio, FLOOR)) if not math.isnan(ratio) else math.nan


def checked(scores: pandas.DataFrame) -> pandas.DataFrame:
    """The scores with their gates and their presence in one form. Raises DataError as `summarise` says."""
    missing = [name for name in COLUMNS if name not in scores]
    if missing:
        raise DataError(
            f"The scores lack the columns {', '.join(missing)}; fill them with NaN where there is no figure."
        )
    if (scores["target"] == ALL).any():
        raise DataError(f"A target is called '{ALL}', which names the mean over targets. Give it another name.")
    filled = scores.assign(gate=scores["gate"].fillna(""))  # a csv file reads an empty gate back as NaN
    filled["present"] = filled["present"].astype(bool)
    twice = filled[filled.duplicated(IDENTITY)]
    if len(twice):
        raise DataError(
            f"{len(twice)} lines of the scores appear twice, first {tuple(twice.iloc[0][IDENTITY])}. Drop one."
        )
    return filled


def _rows(scores: pandas.DataFrame) -> list[tuple[str, str]]:
    """Lower bounds, then models in the order they come with their gates, then upper bounds."""
    found = list(dict.fromkeys(zip(scores["system"], scores["gate"], strict=True)))
    systems = list(dict.fromkeys(system for system, _ in found))
    models = [system for system in systems if system not in (*LOWER_ROWS, *UPPER_ROWS)]
    order = {system: place for place, system in enumerate((*LOWER_ROWS, *models, *UPPER_ROWS))}
    gates = {gate: place for place, gate in enumerate(GATES)}
    return sorted(found, key=lambda row: (order[row[0]], gates.get(kind_of(row[1]), len(gates)), row[1]))


def _plain(value: object) -> Cell:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    if value is None or isinstance(value, str | int | float):
        return value
    return str(value)
