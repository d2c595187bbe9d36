"""Figures of a validated set, as PNG bytes."""

from collections.abc import Sequence

from stemwise.report.canvas import BLUE, GREY, ORANGE, new_figure, png
from stemwise.texts import count
from stemwise.validation.levels import FAR
from stemwise.validation.summary import InstrumentRow

LOWEST = -120.0  # dB: below the rounding of 16 bits, above that of floats
MOST = 30  # instruments of the figure; the table has them all


def activity_bars(rows: Sequence[InstrumentRow]) -> bytes:
    """Hours in which each instrument plays, the most heard first, with its songs and its share of their time."""
    shown = sorted(rows, key=lambda row: -row.hours)[:MOST]
    figure = new_figure(0.7 + 0.27 * max(len(shown), 1))
    axes = figure.add_subplot()
    places = range(len(shown))[::-1]
    axes.barh(places, [row.hours for row in shown], color=BLUE, height=0.75)
    for place, row in zip(places, shown, strict=True):
        axes.text(row.hours, place, f"  {row.share:.0%} of {count(row.songs, 'song')}", va="center", fontsize=8)
    axes.set_yticks(places, [_short(row.label) for row in shown])
    axes.set_xlim(0, 1.22 * max((row.hours for row in shown), default=1) or 1)
    axes.set_xlabel("hours in which it is active")
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    return png(figure)


def apart_dots(decibels: Sequence[float]) -> bytes:
    """Mix minus sum of stems of each song, in dB of the mix, sorted; LOWEST and less as one."""
    from matplotlib.ticker import MaxNLocator

    figure = new_figure(2.6)
    axes = figure.add_subplot()
    axes.scatter(
        range(1, len(decibels) + 1), [max(value, LOWEST) for value in sorted(decibels)], s=14, color=BLUE, linewidths=0
    )
    axes.axhline(FAR, color=ORANGE, linestyle="--", linewidth=1.2)
    axes.text(1, FAR, " above this line a song is noted", va="bottom", fontsize=8, color=GREY)
    axes.set_ylabel("mix minus sum in dB")
    axes.set_xlabel("songs, sorted")
    axes.set_ylim(LOWEST - 5, max(5.0, max(decibels, default=0) + 5))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(alpha=0.3)
    return png(figure)


def _short(label: str) -> str:
    return label if len(label) <= 40 else f"{label[:38]}…"
