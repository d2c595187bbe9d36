"""Figures of compared systems, as PNG bytes."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from stemwise.metrics.arrays import Doubles, Real
from stemwise.report.by_activity import OVERALL, points
from stemwise.report.canvas import BLUE, GREEN, GREY, MODEL_COLOURS, ORANGE, PURPLE, RED, SKY, new_figure, png
from stemwise.report.measures import Measure
from stemwise.report.systems import System
from stemwise.report.tables import ALL

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes

DARK = "#333333"
BOUND_COLOURS = {"mixture": GREY, "silence": DARK, "ideal binary mask": GREEN}
MARKERS = "osD^vX"
PANELS = 3  # beside each other
TARGET_COLOURS = (BLUE, ORANGE, GREEN, SKY, RED, PURPLE)  # yellow dots are hard to see on white


def stars(p: float) -> str:
    """Of a corrected p: * below 5 %, ** below 1 %, *** below 0.1 %."""
    return "***" if p < 0.001 else "**" if p < 0.01 else "*" if p < 0.05 else ""


def score_boxes(systems: Sequence[System], measure: Measure) -> bytes:
    """The figure of the paper: a box over songs per target and system, between mixture, silence and ideal binary mask.

    Boxes are quartiles with the median, whiskers reach to 1.5 of their length, dots lie beyond, diamonds are means.
    Infinite figures are not drawn.
    """
    rows = _rows(systems)
    targets = list(dict.fromkeys(systems[0].runs[0]["target"]))
    figure = new_figure(4.4)
    axes = figure.add_subplot()
    width = 0.86 / len(rows)
    for number, (system, colour) in enumerate(rows):
        table = system.figures(measure)
        columns = [table[:, system.targets.index(target)] for target in targets]
        at = np.arange(len(targets)) + (number - (len(rows) - 1) / 2) * width
        _boxes(axes, at, columns, 0.86 * width, colour)
        axes.bar([0], [0], color=colour, label=system.row)  # for the legend
    for between in np.arange(len(targets) - 1) + 0.5:
        axes.axvline(between, color=GREY, linewidth=0.5)
    axes.axhline(0, color="black", linewidth=0.6)
    axes.set_xticks(range(len(targets)), targets)
    axes.set_xlim(-0.5, len(targets) - 0.5)
    axes.set_ylabel(f"{measure.heading} of a song{_unit(measure)}")
    axes.grid(axis="y", alpha=0.3)
    figure.legend(loc="outside upper left", ncols=min(len(rows), 5), frameon=False)
    return png(figure)


def difference_dots(table: pandas.DataFrame, measure: Measure) -> bytes:
    """Paired differences per target with 95 % intervals, a colour a pair; stars and p as Holm corrects them.

    `table` comes from `comparison.compare`; its lines of other measures play no part.
    """
    lines = table[table["measure"] == measure.column]
    pairs = list(dict.fromkeys(zip(lines["system"], lines["against"], strict=True)))
    targets = sorted(dict.fromkeys(lines["target"]), key=lambda target: target != ALL)
    figure = new_figure(0.9 + len(targets) * max(0.42, 0.25 * len(pairs)))
    axes = figure.add_subplot()
    step = 0.8 / len(pairs)
    for number, pair in enumerate(pairs):
        colour = MODEL_COLOURS[number % len(MODEL_COLOURS)]
        mine = lines[(lines["system"] == pair[0]) & (lines["against"] == pair[1])].to_dict("records")
        at = [targets.index(line["target"]) + (number - (len(pairs) - 1) / 2) * step for line in mine]
        values, whiskers = interval(mine)
        marker = MARKERS[number % len(MARKERS)]
        # An interval that is not known is left out; its figure is drawn all the same.
        axes.errorbar(
            values, at, xerr=whiskers, label=f"{pair[0]} − {pair[1]}",
            color=colour, marker=marker, linestyle="", capsize=3,
        )  # fmt: skip
        for place, line in zip(at, mine, strict=True):
            axes.text(1.01, place, significance(line), transform=axes.get_yaxis_transform(), va="center", fontsize=8)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.axhspan(-0.5, 0.5, color=GREY, alpha=0.15, linewidth=0)
    axes.set_yticks(range(len(targets)), ["all targets" if target == ALL else target for target in targets])
    axes.set_ylim(len(targets) - 0.5, -0.5)
    side = "right" if measure.better == "higher" else "left"
    axes.set_xlabel(f"difference in {measure.heading}{_unit(measure)}; {side} of 0 the first is better")
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper left", ncols=3, frameon=False)
    return png(figure)


def activity_scatter(
    pairs: Sequence[tuple[System, System]], measure: Measure, bins: pandas.DataFrame, slopes: pandas.DataFrame
) -> bytes:
    """Differences of songs × targets over the share of time in which the target plays, a panel a pair; black: means of
    the bins with 95 % intervals over songs. `bins` and `slopes` come from `by_activity.by_activity`."""
    shown = [(pair, found) for pair in pairs if (found := points(pair, measure)) is not None]
    columns = min(len(shown), PANELS)
    rows = -(-len(shown) // columns)
    figure = new_figure(0.6 + 3.6 * rows if columns > 1 else 4.6)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for (pair, (share, apart)), axes in zip(shown, grid.flat, strict=False):
        mine = [_of(table, pair, measure) for table in (bins, slopes)]
        _targets(axes, pair[0].targets, share, apart)
        _bins(axes, mine[0])
        axes.axhline(0, color="black", linewidth=0.8)
        axes.set_title(f"{pair[0].row} − {pair[1].row}", fontsize=9, loc="left")
        axes.set_xlim(-0.04, 1.04)
        axes.grid(alpha=0.3)
        axes.set_xlabel(f"share of time in which the target plays\n{_slope(mine[1], measure)}", fontsize=9)
    for axes in list(grid.flat)[len(shown) :]:
        axes.set_visible(False)
    for row in grid:
        row[0].set_ylabel(f"difference in {measure.heading}{_unit(measure)}")
    handles, labels = grid[0, 0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=min(len(labels), 7), frameon=False, fontsize=9)
    return png(figure)


def _rows(systems: Sequence[System]) -> list[tuple[System, str]]:
    """Systems between the bounds that their runs have, each with its colour."""
    has = set(systems[0].whole[0]["system"])
    bounds = {name: (systems[0].bound(name), colour) for name, colour in BOUND_COLOURS.items() if name in has}
    models = [(system, MODEL_COLOURS[place % len(MODEL_COLOURS)]) for place, system in enumerate(systems)]
    upper = bounds.pop("ideal binary mask", None)
    return [*bounds.values(), *models, *([upper] if upper else [])]


def _boxes(axes: Axes, at: Real, columns: Sequence[Doubles], width: float, colour: str) -> None:
    values = [column[np.isfinite(column)] for column in columns]
    known = [place for place, column in enumerate(values) if len(column)]
    if not known:
        return
    axes.boxplot(
        [values[place] for place in known],
        positions=[float(at[place]) for place in known],
        widths=width,
        manage_ticks=False,
        patch_artist=True,
        showmeans=True,
        boxprops={"facecolor": colour, "edgecolor": colour, "linewidth": 1.5, "alpha": 0.75},
        medianprops={"color": "black", "linewidth": 1.5},
        meanprops={"marker": "D", "markerfacecolor": "white", "markeredgecolor": "black", "markersize": 3.5},
        flierprops={"marker": ".", "markersize": 4, "markerfacecolor": colour, "markeredgecolor": colour},
        whiskerprops={"color": colour},
        capprops={"color": colour},
    )


def _targets(axes: Axes, targets: Sequence[str], share: Doubles, apart: Doubles) -> None:
    for place, target in enumerate(targets):
        colour, marker = TARGET_COLOURS[place % len(TARGET_COLOURS)], MARKERS[place % len(MARKERS)]
        axes.scatter(
            share[:, place], apart[:, place], s=18, alpha=0.65, linewidths=0, label=target, color=colour, marker=marker
        )


def _bins(axes: Axes, lines: pandas.DataFrame) -> None:
    """Means at the mean share of their points."""
    values, whiskers = interval(lines.to_dict("records"))
    axes.errorbar(
        lines["active_share"], values, yerr=whiskers, color="black", marker="s", markersize=6, linewidth=1.2, capsize=4,
        label="bins", zorder=5,
    )  # fmt: skip


def interval(lines: Sequence[Mapping[Hashable, Any]], column: str = "difference") -> tuple[Doubles, Doubles]:
    """Figures (line,) and their whiskers (2, line); what is infinite is NaN, which is not drawn."""
    values, low, high = (np.array([line[name] for line in lines], float) for name in (column, "low", "high"))
    values, low, high = (np.where(np.isfinite(side), side, np.nan) for side in (values, low, high))
    # A percentile interval may lie beside its figure, by little, and a whisker has no negative length.
    return values, np.maximum(np.stack([values - low, high - values]), 0.0)


def _of(table: pandas.DataFrame, pair: tuple[System, System], measure: Measure) -> pandas.DataFrame:
    same = (table["system"] == pair[0].name) & (table["against"] == pair[1].name)
    return table[same & (table["measure"] == measure.column)]


def _slope(lines: pandas.DataFrame, measure: Measure) -> str:
    told = [
        f"{'slope' if line['of'] == OVERALL else line['of']} {line['slope']:+.2f} "
        f"[{line['low']:+.2f}, {line['high']:+.2f}] {measure.unit}".strip()
        for line in lines.to_dict("records")
    ]
    return "\n".join(told).replace("-", "−")


def significance(line: Mapping[Hashable, Any]) -> str:
    """The corrected p with its stars."""
    if np.isnan(line["p_holm"]):
        return "no test"
    p = "p < 0.001" if line["p_holm"] < 0.001 else f"p = {line['p_holm']:.3f}"
    return f"{p} {stars(line['p_holm'])}"


def _unit(measure: Measure) -> str:
    return f" in {measure.unit}" if measure.unit else ""
