"""Figures of scores, training and activity, as PNG bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from stemwise.report.canvas import BLUE, GREEN, GREY, MODEL_COLOURS, RED, SKY, new_figure, png
from stemwise.report.content import SongView
from stemwise.report.measures import SEPARATION, Measure, kind_of, name_of
from stemwise.report.tables import ALL

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes

USDR = SEPARATION[0]


def score_bars(summary: pandas.DataFrame, measure: Measure = USDR) -> bytes:
    """A measure per target with 95 % intervals: mixture, silence, each net without gate and with a hard one, and the
    ideal binary mask. `summary` comes from `tables.summarise`."""
    targets = list(dict.fromkeys(summary["target"]))
    series = _series(summary)
    figure = new_figure(3.9)
    axes = figure.add_subplot()
    width = 0.84 / max(len(series), 1)
    for place, (system, gate, colour) in enumerate(series):
        lines = summary[(summary["system"] == system) & (summary["gate"] == gate)].set_index("target").reindex(targets)
        at = np.arange(len(targets)) + (place - (len(series) - 1) / 2) * width
        _bars(axes, at, lines, measure.column, {"width": 0.9 * width, "color": colour, "label": name_of(system, gate)})
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set_xticks(range(len(targets)), ["all targets" if target == ALL else target for target in targets])
    axes.set_ylabel(f"{measure.heading} in {measure.unit}, {measure.statistic} over songs")
    axes.grid(axis="y", alpha=0.3)
    figure.legend(loc="outside upper left", ncols=min(max(len(series), 1), 5), frameon=False)
    return png(figure)


def training_curves(curves: pandas.DataFrame) -> bytes:
    """One panel per quantity of a sparse csv log, training and validation together, over steps (else epochs)."""
    names = _quantities(curves)
    columns = min(len(names), 3) or 1
    rows = -(-len(names) // columns) or 1
    figure = new_figure(2.7 * rows)
    clock = next((name for name in ("step", "epoch") if name in curves), None)
    for place, name in enumerate(names):
        axes = figure.add_subplot(rows, columns, place + 1)
        for part, colour in (("train", BLUE), ("val", RED)):
            _curve(axes, curves, f"{part}/{name}", clock, colour)
        axes.set_title(name, fontsize=10, loc="left")
        axes.grid(alpha=0.3)
        axes.set_xlabel(clock or "line of the log")
        if place == 0:
            axes.legend(frameon=False)
    return png(figure)


def has_curves(curves: pandas.DataFrame) -> bool:
    """Whether `training_curves` would have anything to draw."""
    return bool(_quantities(curves))


def activity_lanes(view: SongView) -> bytes:
    """A lane per target over the whole song: truth as a band, probability and threshold as lines, the gate below."""
    count = len(view.targets)
    figure = new_figure(0.9 * count + 0.9)
    lanes = figure.subplots(count, 1, sharex=True, squeeze=False)[:, 0]
    seconds = view.mixture.shape[-1] / view.rate
    for index, (target, axes) in enumerate(zip(view.targets, lanes, strict=True)):
        _lane(axes, view, index)
        axes.axvspan(
            view.excerpt_start, view.excerpt_start + seconds, facecolor="none", edgecolor="black", linewidth=1.2
        )
        axes.set_ylabel(target, rotation=0, ha="right", va="center", fontsize=10)
        axes.set_yticks([0, 1], ["0", "1"], fontsize=8)
        axes.set_ylim(-0.34, 1.08)
        axes.spines[["top", "right"]].set_visible(False)
    lanes[-1].set_xlabel("seconds; the box marks the excerpt to listen to")
    if len(view.times):
        lanes[-1].set_xlim(float(view.times[0]), float(view.times[-1]))
    handles, labels = lanes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=4, frameon=False)
    return png(figure)


def _series(summary: pandas.DataFrame) -> list[tuple[str, str, str]]:
    """(system, gate, colour) of the bars, in the order of the table."""
    colours = {("mixture", ""): GREY, ("silence", ""): "#333333", ("ideal binary mask", ""): GREEN}
    free = iter(MODEL_COLOURS * len(summary))
    rows = dict.fromkeys(zip(summary["system"], summary["gate"], strict=True))
    chosen = [(system, gate) for system, gate in rows if (system, gate) in colours or kind_of(gate) in ("off", "hard")]
    return [(*row, colours[row] if row in colours else next(free)) for row in chosen]


def _bars(axes: Axes, at: np.ndarray[Any, Any], lines: pandas.DataFrame, column: str, look: dict[str, Any]) -> None:
    height = lines[column].to_numpy(float)
    # With interval ends left out by NaN, matplotlib draws the bar without a whisker.
    whiskers = np.abs(np.stack([height - lines[f"{column}_low"], lines[f"{column}_high"] - height]))
    faint = {"ecolor": "black", "elinewidth": 1, "capsize": 2}
    # The edge keeps a bar of 0 dB visible as a line.
    axes.bar(at, height, yerr=whiskers, error_kw=faint, edgecolor=look["color"], linewidth=1.5, **look)


def _quantities(curves: pandas.DataFrame) -> list[str]:
    """What stands behind train/ or val/ and has a number, the loss first."""
    names = [
        str(column).partition("/")[2]
        for column in curves
        if str(column).startswith(("train/", "val/")) and curves[column].notna().any()
    ]
    return sorted(dict.fromkeys(names), key=lambda name: name != "loss")


def _curve(axes: Axes, curves: pandas.DataFrame, column: str, clock: str | None, colour: str) -> None:
    if column not in curves or not curves[column].notna().any():
        return
    known = curves[curves[column].notna()]
    at = known[clock] if clock else known.index
    few = len(known) <= 30
    axes.plot(at, known[column], color=colour, marker="o" if few else "", markersize=3, label=column.partition("/")[0])


def _lane(axes: Axes, view: SongView, index: int) -> None:
    times = np.asarray(view.times, dtype=float)
    axes.fill_between(times, view.truth[index], color=SKY, alpha=0.55, linewidth=0, label="true activity")
    axes.plot(times, view.probability[index], color="black", linewidth=0.8, label="probability")
    threshold = float(view.thresholds[index])
    axes.axhline(threshold, color=RED, linestyle="--", linewidth=1.2, label="threshold")
    gate = np.asarray(view.gate[index], dtype=float)
    axes.fill_between(times, -0.28, -0.28 + 0.2 * gate, step="mid", color=GREEN, linewidth=0, label="gate")
