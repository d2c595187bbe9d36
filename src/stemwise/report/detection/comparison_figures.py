"""Figures of compared detectors, as PNG bytes."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from stemwise.report.canvas import GREY, MODEL_COLOURS, new_figure, png
from stemwise.report.comparison_figures import MARKERS, interval, significance
from stemwise.report.detection.comparison import DetectionComparison
from stemwise.report.detection.measures import BY_COLUMN
from stemwise.texts import count

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes

PANELS = 2  # beside each other
ROOM = 0.7  # of the distance between two rows that their dots take


def figures_by_level(found: DetectionComparison) -> bytes:
    """A panel a measure: the figure of each system at each level with its 95 % interval over songs."""
    levels = list(dict.fromkeys(found.systems["level"]))
    figure, panels = _panels(found, 3.0)
    for axes, measure in panels:
        rows = found.systems[found.systems["measure"] == measure]
        for number, name in enumerate(found.names):
            mine = rows[rows["system"] == name].to_dict("records")
            at = np.arange(len(levels)) + _shift(number, len(found.names))
            values, whiskers = interval(mine, "value")
            axes.errorbar(at, values, yerr=whiskers, label=name, **_look(number))
        axes.set_xticks(range(len(levels)), levels)
        axes.set_xlim(-0.5, len(levels) - 0.5)
        axes.set_title(BY_COLUMN[measure].heading, fontsize=10, loc="left")
        axes.grid(axis="y", alpha=0.3)
    _legend(figure, panels[0][0])
    return png(figure)


def differences_by_level(found: DetectionComparison) -> bytes:
    """A panel a measure: paired differences at each level with 95 % intervals, a colour a pair; stars and p as Holm
    corrects them."""
    levels = list(dict.fromkeys(found.differences["level"]))
    figure, panels = _panels(found, 0.7 + len(levels) * max(0.42, 0.25 * len(found.pairs)))
    for axes, measure in panels:
        rows = found.differences[found.differences["measure"] == measure]
        for number, pair in enumerate(found.pairs):
            mine = _of(rows, pair)
            at = np.arange(len(levels)) + _shift(number, len(found.pairs))
            values, whiskers = interval(mine)
            axes.errorbar(values, at, xerr=whiskers, label=f"{pair[0]} − {pair[1]}", **_look(number))
            for place, line in zip(at, mine, strict=True):
                text = significance(line)
                axes.text(1.01, place, text, transform=axes.get_yaxis_transform(), va="center", fontsize=8)
        axes.axvline(0, color="black", linewidth=0.8)
        axes.set_yticks(range(len(levels)), levels)
        axes.set_ylim(len(levels) - 0.5, -0.5)
        axes.set_title(f"{BY_COLUMN[measure].heading}: right of 0 the first is better", fontsize=10, loc="left")
        axes.grid(axis="x", alpha=0.3)
    _legend(figure, panels[0][0])
    return png(figure)


def instruments_side_by_side(found: DetectionComparison) -> bytes:
    """AUC of each instrument of every system with 95 % intervals, the best of the first system first; beside it the
    differences of the pairs."""
    table = found.instruments
    first = table[table["system"] == found.names[0]].sort_values("auc", ascending=True, na_position="first")
    order = list(first["target"])
    figure = new_figure(1.2 + len(order) * max(0.3, 0.2 * max(len(found.names), len(found.pairs))))
    areas, apart = figure.subplots(1, 2, sharey=True)
    for number, name in enumerate(found.names):
        mine = table[table["system"] == name].set_index("target").loc[order].to_dict("records")
        at = np.arange(len(order)) + _shift(number, len(found.names), down=True)
        values, whiskers = interval(mine, "auc")
        areas.errorbar(values, at, xerr=whiskers, label=name, **_look(number))
    for number, pair in enumerate(found.pairs):
        lines = {line["target"]: line for line in _of(found.apart, pair)}
        at = np.arange(len(order)) + _shift(number, len(found.pairs), down=True)
        values, whiskers = interval([lines[target] for target in order])
        look = _look(number) if len(found.pairs) > 1 else {**_look(number), "color": "black"}
        apart.errorbar(values, at, xerr=whiskers, label=f"{pair[0]} − {pair[1]}", **look)
    heard = [count(songs, "song") for songs in first["songs_active"]]
    areas.set_yticks(range(len(order)), [f"{target} ({songs})" for target, songs in zip(order, heard, strict=True)])
    areas.set_ylim(-0.6, len(order) - 0.4)
    areas.axvline(0.5, color=GREY, linewidth=1.2)
    apart.axvline(0, color="black", linewidth=0.8)
    areas.set_xlabel("ROC AUC (grey: chance)")
    apart.set_xlabel("difference in ROC AUC")
    for axes in (areas, apart):
        axes.grid(axis="x", alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(*axes.get_legend_handles_labels(), loc="lower left", bbox_to_anchor=(0, 1.0), frameon=False)
    return png(figure)


def _panels(found: DetectionComparison, height: float) -> tuple[Any, list[tuple[Axes, str]]]:
    """A figure with axes for each measure, rows of `height` inches."""
    measures = list(dict.fromkeys(found.systems["measure"]))
    columns = min(len(measures), PANELS)
    rows = -(-len(measures) // columns)
    figure = new_figure(0.5 + height * rows)
    grid = list(figure.subplots(rows, columns, squeeze=False).flat)
    for axes in grid:
        axes.spines[["top", "right"]].set_visible(False)
    for axes in grid[len(measures) :]:
        axes.set_visible(False)
    return figure, list(zip(grid, measures, strict=False))


def _legend(figure: Any, axes: Axes) -> None:
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=4, frameon=False)


def _look(number: int) -> dict[str, Any]:
    colour, marker = MODEL_COLOURS[number % len(MODEL_COLOURS)], MARKERS[number % len(MARKERS)]
    return {"color": colour, "marker": marker, "markersize": 5, "linestyle": "", "capsize": 3}


def _shift(number: int, count: int, down: bool = False) -> float:
    """From the middle of a row or column; the first on the left, or above."""
    shift = (number - (count - 1) / 2) * ROOM / count
    return -shift if down else shift


def _of(table: pandas.DataFrame, pair: tuple[str, str]) -> Sequence[Mapping[Hashable, Any]]:
    mine = table[(table["system"] == pair[0]) & (table["against"] == pair[1])]
    lines: Sequence[Mapping[Hashable, Any]] = mine.to_dict("records")
    return lines
