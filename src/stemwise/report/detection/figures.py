"""Figures of a detector's scores, as PNG bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stemwise.metrics.arrays import Doubles
from stemwise.metrics.detection import Clips, Reliability, cut_scores, f1_curve
from stemwise.report.canvas import BLUE, GREY, ORANGE, RED, SKY, new_figure, png

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes

GRID = np.linspace(0, 1, 101)
NAMED = 3  # targets, those with the lowest F1


def instrument_dots(instruments: pandas.DataFrame) -> bytes:
    """AUC and AP of each instrument with 95 % intervals, the best AUC first; grey: what chance has.

    `instruments` comes from `summary.summarise_instruments`.
    """
    rows = instruments.sort_values("auc", ascending=True, na_position="first")
    figure = new_figure(1.1 + 0.3 * len(rows))
    areas, precisions = figure.subplots(1, 2, sharey=True)
    _dots(areas, rows, "auc", BLUE)
    _dots(precisions, rows, "average_precision", ORANGE)
    areas.axvline(0.5, color=GREY, linewidth=1.2)
    at = np.arange(len(rows))
    precisions.scatter(rows["active_share"], at, marker="|", s=90, color=GREY, linewidths=2)
    counts = zip(rows["target"], rows["songs_active"], rows["songs"], strict=True)
    areas.set_yticks(at, [f"{target} ({active} of {songs} songs)" for target, active, songs in counts])
    areas.set_ylim(-0.6, len(rows) - 0.4)
    lowest = float(np.nanmin(rows[["auc", "auc_low"]].to_numpy(), initial=0.5))
    areas.set_xlim(min(lowest, 0.45) - 0.02, 1.02)
    precisions.set_xlim(-0.02, 1.02)
    areas.set_xlabel("ROC AUC (grey: chance)")
    precisions.set_xlabel("average precision (grey: chance)")
    return png(figure)


def calibration_curve(by_width: Reliability, by_count: Reliability) -> bytes:
    """The share of clips in which a target plays over the probability given, and how many clips there are of each."""
    figure = new_figure(4.6)
    curve, counts = figure.subplots(1, 2, gridspec_kw={"width_ratios": (1.15, 1)})
    curve.plot([0, 1], [0, 1], color=GREY, linewidth=1.2, label="as often as said")
    for bins, colour, marker, name in (
        (by_width, BLUE, "o", "bins equally wide"),
        (by_count, ORANGE, "s", "equally full"),
    ):
        curve.plot(
            bins.probability[bins.count > 0],
            bins.share[bins.count > 0],
            color=colour,
            marker=marker,
            markersize=5,
            label=name,
        )
    curve.set_xlabel("probability given, mean of a bin")
    curve.set_ylabel("share of clips in which it plays")
    curve.set_xlim(-0.02, 1.02)
    curve.set_ylim(-0.02, 1.02)
    curve.grid(alpha=0.3)
    curve.legend(frameon=False, loc="upper left")
    width = np.diff(by_width.edges)
    counts.bar(by_width.edges[:-1] + width / 2, by_width.count, width=0.9 * width, color=SKY)
    if by_width.count.any():
        counts.set_yscale("log")
    counts.set_xlabel("probability given")
    counts.set_ylabel("clips × targets, log scale")
    counts.set_title(f"expected calibration error {by_width.error:.3f}", fontsize=10, loc="left")
    for axes in (curve, counts):
        axes.spines[["top", "right"]].set_visible(False)
    return png(figure)


def f1_over_thresholds(clips: Clips, thresholds: Doubles, targets: tuple[str, ...]) -> bytes:
    """F1 of each target if cut anywhere, faint, and the mean over targets; dots: at the thresholds chosen."""
    curves, active = f1_curve(clips, GRID), np.asarray(clips.active.any(axis=0))
    own = cut_scores(clips, thresholds, np.ones((1, clips.song_count))).f1[0]
    figure = new_figure(4.6)
    axes = figure.add_subplot()
    if active.any():
        name = "mean over targets, one threshold for all"
        axes.plot(GRID, curves[:, active], color=SKY, linewidth=0.8, label=["a target"] + [""] * (active.sum() - 1))
        axes.plot(GRID, curves[:, active].mean(axis=1), color="black", linewidth=2, label=name)
        axes.plot(thresholds[active], own[active], ".", color=BLUE, markersize=8, label="at its own threshold")
    for place in np.argsort(np.where(active, own, np.inf))[: min(NAMED, active.sum())].tolist():
        axes.text(
            float(thresholds[place]),
            float(own[place]),
            f"{targets[place]} ",
            fontsize=8,
            ha="right",
            va="top",
            color=BLUE,
        )
    axes.set_xlabel("threshold")
    axes.set_ylabel("F1 of clips")
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1.02)
    axes.grid(alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside upper left", ncols=3, frameon=False, fontsize=9)
    return png(figure)


def _dots(axes: Axes, rows: pandas.DataFrame, column: str, colour: str) -> None:
    value, low, high = (rows[column + end].to_numpy(float) for end in ("", "_low", "_high"))
    # An interval that is not known is NaN and not drawn; a percentile interval may lie beside its figure, by little.
    whiskers = np.maximum(np.stack([value - low, high - value]), 0.0)
    axes.errorbar(value, np.arange(len(rows)), xerr=whiskers, color=colour, marker="o", linestyle="", capsize=3)
    for place in np.flatnonzero(np.isnan(value)).tolist():
        axes.text(0.5, place, "no figure", ha="center", va="center", fontsize=8, color=RED)
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
