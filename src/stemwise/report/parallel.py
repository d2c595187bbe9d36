"""Jobs of a sweep as lines through parallel axes, coloured by what they scored."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from stemwise.report.canvas import GREY, new_figure, png

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDE = 10  # from which ratio of the largest to the smallest value on a scale is logarithmic
FEW = 8  # up to so many values are written at an axis; and stand at even distances where a logarithm cannot show them
ROOM = 0.05  # between two texts of an axis
NOTHING = -0.14  # where lines end that have no value on an axis
Value = str | float | None


@dataclass(frozen=True)
class Line:
    """One job: a value an axis (None: it has none), and its figure, NaN where it did not end."""

    name: str
    state: str
    values: Sequence[Value]
    score: float


@dataclass(frozen=True)
class Scale:
    """How the values of one axis are placed between 0 and 1: linear, log or levels (text, or few uneven numbers)."""

    kind: str
    values: tuple[Any, ...]  # those that occur, in order

    def place(self, value: Value) -> float:
        if value is None or (isinstance(value, float) and not math.isfinite(value)):
            return NOTHING
        if self.kind == "levels":
            return 0.5 if len(self.values) == 1 else self.values.index(value) / (len(self.values) - 1)
        low, high, it = (_log(self.kind, float(x)) for x in (self.values[0], self.values[-1], value))
        return 0.5 if low == high else (it - low) / (high - low)

    def ticks(self) -> list[tuple[float, str]]:
        """(place, text) of the values themselves where they are few, else of five between the ends."""
        steps = self.values
        if self.kind != "levels" and len(steps) > FEW:
            between = np.geomspace if self.kind == "log" else np.linspace
            steps = tuple(float(step) for step in between(steps[0], steps[-1], 5))
        found: list[tuple[float, str]] = []
        for place, text in ((self.place(step), _text(step)) for step in steps):
            if not found or place - found[-1][0] >= ROOM or self.kind == "levels":
                found.append((place, text))
        return found


def scale_of(values: Sequence[Value]) -> Scale:
    """Text stands at levels; numbers whose largest is 10 times the smallest on a logarithm; numbers as far apart of
    which some are 0 or below at levels, if they are few; others lie evenly."""
    known = {v for v in values if v is not None and not (isinstance(v, float) and not math.isfinite(v))}
    numbers = tuple(sorted(v for v in known if not isinstance(v, str)))
    if len(numbers) < len(known) or not numbers:
        return Scale("levels", (*numbers, *sorted(v for v in known if isinstance(v, str))))
    if numbers[0] > 0:
        return Scale("log" if numbers[-1] / numbers[0] >= WIDE else "linear", numbers)
    sizes = [abs(v) for v in numbers if v]
    uneven = bool(sizes) and max(sizes) / min(sizes) >= WIDE and len(numbers) <= FEW
    return Scale("levels" if uneven else "linear", numbers)


def parallel_coordinates(names: Sequence[str], lines: Sequence[Line], lower_is_better: bool) -> bytes:
    """A PNG. Each line runs through its settings to its figures; the last axis is the one that gives the colour.

    The best is drawn last and thick. Jobs that failed or did not end are grey, and end below the axes they have no
    value on; so does a setting that a job does not have.
    """
    scales = [scale_of([line.values[place] for line in lines]) for place in range(len(names))]
    figure = new_figure(5.2)
    axes = figure.add_subplot()
    scored = sorted((line for line in lines if math.isfinite(line.score)), key=lambda line: line.score)
    scored = scored[::-1] if lower_is_better else scored  # the best last
    for line in lines:
        if not math.isfinite(line.score):
            _draw(axes, scales, line, {"color": GREY, "linestyle": "--", "linewidth": 1.2})
    colour = _colours([line.score for line in scored], lower_is_better)
    for line in scored:
        best = line is scored[-1]
        _draw(axes, scales, line, {"color": colour.to_rgba(line.score), "linewidth": 3.2 if best else 1.5})
    _frame(axes, names, scales, lines)
    if scored:
        figure.colorbar(colour, ax=axes, label=f"{names[-1]} ({'lower' if lower_is_better else 'higher'} is better)")
        axes.plot([], [], color=colour.to_rgba(scored[-1].score), linewidth=3.2, label=f"best: job {scored[-1].name}")
    _legend(axes, lines)
    return png(figure)


def _colours(scores: Sequence[float], lower_is_better: bool) -> Any:
    from matplotlib.cm import ScalarMappable
    from matplotlib.colors import Normalize

    low, high = (min(scores), max(scores)) if scores else (0.0, 1.0)
    # Dark is good; the lightest part of the map would vanish on white.
    return ScalarMappable(Normalize(low, high if high > low else low + 1e-9), _map(lower_is_better))


def _map(lower_is_better: bool) -> Any:
    from matplotlib import colormaps
    from matplotlib.colors import ListedColormap

    shades = colormaps["viridis"](np.linspace(0.0, 0.9, 256))
    return ListedColormap(shades if lower_is_better else shades[::-1])


def _draw(axes: Axes, scales: Sequence[Scale], line: Line, look: dict[str, Any]) -> None:
    heights = [scale.place(value) for scale, value in zip(scales, line.values, strict=True)]
    axes.plot(range(len(heights)), heights, solid_capstyle="round", alpha=0.9, marker="o", markersize=3.5, **look)


def _frame(axes: Axes, names: Sequence[str], scales: Sequence[Scale], lines: Sequence[Line]) -> None:
    missing = any(scale.place(v) == NOTHING for line in lines for scale, v in zip(scales, line.values, strict=True))
    for place, scale in enumerate(scales):
        axes.axvline(place, ymin=0.0, color="black", linewidth=0.8, zorder=0)
        for height, text in scale.ticks():
            axes.plot([place - 0.012, place + 0.012], [height, height], color="black", linewidth=0.8)
            box = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 0.6}
            axes.text(place + 0.03, height, text, fontsize=8, va="center", bbox=box, zorder=5)
        if missing:
            axes.text(place + 0.03, NOTHING, "none", fontsize=8, va="center", color="#595959")
    labels = [f"{_short(name)}{' (log)' if s.kind == 'log' else ''}" for name, s in zip(names, scales, strict=True)]
    axes.set_xticks(range(len(names)), labels, fontsize=8.5)
    axes.set_yticks([])
    axes.set_xlim(-0.1, len(names) - 1 + 0.35)
    axes.set_ylim(NOTHING - 0.05 if missing else -0.05, 1.05)
    axes.spines[:].set_visible(False)
    axes.tick_params(axis="x", length=0)


def _legend(axes: Axes, lines: Sequence[Line]) -> None:
    for state, word in (("failed", "failed"), ("begun", "not ended")):
        count = sum(line.state == state for line in lines)
        if count:
            axes.plot([], [], color=GREY, linestyle="--", label=f"{count} {word}")
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=4, frameon=False)


def _short(name: str) -> str:
    """loss.weights.activity → weights. / activity: two lines, since axes stand close together."""
    parts = name.split(".")
    return name if len(parts) == 1 else f"{parts[-2]}.\n{parts[-1]}"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else f"{value:.3g}"


def _log(kind: str, value: float) -> float:
    return math.log(value) if kind == "log" else value
