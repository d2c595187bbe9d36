"""What plays when in a song of any length, as a picture: a lane a target."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stemwise.detector import Detection
from stemwise.report.canvas import BLUE, GREEN, GREY, ORANGE, SKY, new_figure, png

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = 800  # most that are told apart along a song; a longer one has several windows in each
LANE = 0.42  # inches
HIGH = 0.68  # of a lane; its bars of activity are below
BAR = (-0.17, 0.11)  # from the lane's zero, and how high
# Seconds between the times that are written below.
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200)


def lanes_picture(found: Detection, thresholds: Sequence[float], title: str) -> bytes:
    """PNG: a lane a target with its probability (0 to 1) over the whole song, and bars below where it is active.

    A window's probability is drawn around its middle, as wide as windows are apart. Where a column of the picture has
    several windows, their mean is a line and their highest a band.
    """
    count = len(found.targets)
    figure = new_figure(LANE * count + 1.3)
    axes = figure.add_subplot()
    edges, mean, highest = columns(found)
    for lane, threshold in enumerate(thresholds):
        _draw_lane(axes, -lane, edges, mean[lane], highest[lane], mean.shape != found.probability.shape)
        axes.axhline(-lane + HIGH * threshold, color=ORANGE, linewidth=0.7, linestyle=":", label="threshold")
    _draw_bars(axes, found)
    _name_lanes(axes, found)
    axes.set_xlim(0, found.seconds)
    axes.set_ylim(-count + 1 + BAR[0] - 0.06, HIGH + 0.12)
    _write_times(axes, found.seconds)
    axes.spines[["top", "right", "left"]].set_visible(False)
    figure.suptitle(f"{title}  ({clock(found.seconds)})", fontsize=10, parse_math=False)
    handles = dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    figure.legend(handles.values(), handles.keys(), loc="outside lower right", ncols=4, frameon=False, fontsize=8)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph")  # a name in letters that the font lacks has boxes for them
        return png(figure)


def columns(found: Detection) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Edges (column + 1,) in seconds, mean and highest probability (target, column)."""
    windows = found.probability.shape[1]
    each = -(-windows // COLUMNS)
    firsts = np.arange(0, windows, each)
    sizes = np.diff(np.append(firsts, windows))
    probability = found.probability.astype(np.float64)
    offset = (found.window_seconds - found.hop_seconds) / 2
    edges = np.append(firsts, windows) * found.hop_seconds + offset
    edges[0], edges[-1] = 0.0, max(found.seconds, edges[-1])
    mean = np.add.reduceat(probability, firsts, axis=1) / sizes
    return edges, mean, np.maximum.reduceat(probability, firsts, axis=1)


def clock(seconds: float) -> str:
    """`3:05`, or `1:03:05` from an hour on; `0.4 s` below one second."""
    if 0 < seconds < 1:
        return f"{seconds:.1f} s"
    minutes, second = divmod(round(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"


def _draw_lane(
    axes: Axes,
    zero: float,
    edges: NDArray[np.float64],
    mean: NDArray[np.float64],
    highest: NDArray[np.float64],
    pooled: bool,
) -> None:
    axes.axhline(zero, color=GREY, linewidth=0.5)
    band = "highest probability" if pooled else "probability"
    axes.stairs(zero + HIGH * highest, edges, baseline=zero, fill=True, color=SKY, alpha=0.5, label=band)
    label = "mean probability" if pooled else None
    axes.stairs(zero + HIGH * mean, edges, baseline=None, color=BLUE, linewidth=0.9, label=label)


def _draw_bars(axes: Axes, found: Detection) -> None:
    least = found.seconds / COLUMNS
    spans: dict[str, list[tuple[float, float]]] = {target: [] for target in found.targets}
    for start, end, target in found.segments():
        _add(spans[target], start, max(end, start + least), least)
    for lane, ends in enumerate(spans.values()):
        bars = [(start, end - start) for start, end in ends]
        axes.broken_barh(bars, (-lane + BAR[0], BAR[1]), color=GREEN, linewidth=0, label="active")


def _add(spans: list[tuple[float, float]], start: float, end: float, least: float) -> None:
    """No gap too short to be seen is drawn: a day may have many thousands."""
    if spans and start - spans[-1][1] < least:
        start = spans.pop()[0]
    spans.append((start, end))


def _name_lanes(axes: Axes, found: Detection) -> None:
    """The share of windows in which a target is active beside its name; grey where it never is."""
    shares = found.active.mean(axis=1)
    names = [f"{target}  {share:.0%}" for target, share in zip(found.targets, shares, strict=True)]
    axes.set_yticks([HIGH / 2 - lane for lane in range(len(names))], names, fontsize=8, parse_math=False)
    axes.tick_params(axis="y", length=0)
    for label, active in zip(axes.get_yticklabels(), shares, strict=True):
        label.set_color("black" if active else GREY)


def _write_times(axes: Axes, seconds: float) -> None:
    step = next((step for step in STEPS if seconds / step <= 12), 86400)
    if seconds < 2:
        axes.set_xlabel("seconds")
        return
    at = np.arange(0, seconds + 1e-9, step)
    axes.set_xticks(at, [clock(time) for time in at], fontsize=8)
    axes.set_axisbelow(True)
    axes.grid(axis="x", alpha=0.3)
    axes.set_xlabel("hours : minutes : seconds" if at[-1] >= 3600 else "minutes : seconds", fontsize=8)
