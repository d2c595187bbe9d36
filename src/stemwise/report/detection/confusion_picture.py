"""What was missed where something else was wrongly heard, as a picture, and in sentences."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stemwise.metrics.detection import Confusion
from stemwise.report.canvas import new_figure, png
from stemwise.report.detection.summary import CLIPS, FIRST

if TYPE_CHECKING:
    from matplotlib.axes import Axes

TOLD = 0.1  # shares from which a cell has its number
MORE = 1.5  # times what is missed in all clips: from there on j has something to do with it
FEW = 20  # clips with a false positive under which a row says little and is grey


def tells(found: Confusion, wrong: int, missed: int) -> bool:
    """Whether `missed` was missed markedly more often where `wrong` was wrongly heard than it is anywhere, and in more
    than a few clips."""
    share = found.share[wrong, missed]
    return bool(found.clips[wrong] >= FEW and share >= TOLD and share >= MORE * found.missed[missed])


def sentence(found: Confusion, targets: tuple[str, ...], wrong: int, missed: int, level: str = FIRST) -> str:
    """One cell, of clips of a level."""
    if not found.clips[wrong]:
        return f"{targets[wrong]} was never wrongly heard."
    when = f"When {targets[wrong]} was wrongly heard ({_amount(found, wrong, level)}), {targets[missed]}"
    share = found.share[wrong, missed]
    if wrong == missed:
        return f"{when} was resting: that is what wrongly heard means."
    if np.isnan(share):
        return f"{when} may have played: that is not known."
    return f"{when} was playing unheard in {_percent(share)} (in all clips: {_percent(found.missed[missed])})."


def row_sentence(found: Confusion, targets: tuple[str, ...], wrong: int, level: str = FIRST) -> str:
    """One row: what was missed most."""
    if not found.clips[wrong]:
        return f"{targets[wrong]} was never wrongly heard."
    parts = [f"{targets[place]} in {_percent(found.share[wrong, place])}" for place in found.row(wrong)]
    told = f"most missed: {', '.join(parts)}" if parts else "nothing was missed"
    return f"When {targets[wrong]} was wrongly heard ({_amount(found, wrong, level)}), {told}."


def confusion_picture(found: Confusion, targets: tuple[str, ...], level: str = FIRST) -> bytes:
    """PNG: a row a target wrongly heard, a column a target missed; below, apart, how much is missed in all clips.

    Numbers are percent, from 10 % on; bold in a frame where that is at least half as much again as in all clips. Grey
    names: fewer than 20 clips. Rows without a false positive are hatched.
    """
    count = len(targets)
    figure = new_figure(1.9 + 0.36 * (count + 1))
    table, below = figure.subplots(2, 1, sharex=True, gridspec_kw={"height_ratios": (count, 1)})
    highest = max(float(np.nanmax(found.share, initial=0.0)), 0.2)
    look = {"cmap": "Blues", "vmin": 0.0, "vmax": highest, "aspect": "auto"}
    image = table.imshow(found.share, **look)
    below.imshow(found.missed[None], **look)
    for wrong in range(count):
        _row(table, found, wrong, highest)
    for place, share in enumerate(found.missed):
        _number(below, place, 0, share, highest, False)
    _name(table, found, targets, level)
    below.set_yticks([0], ["in all clips"])
    below.set_xticks(range(count), targets, rotation=40, ha="right")
    below.set_xlabel("missed: playing, and not called active")
    table.tick_params(axis="x", bottom=False)
    figure.colorbar(image, ax=[table, below], label="share of those clips", pad=0.01, aspect=40)
    return png(figure)


def _row(axes: Axes, found: Confusion, wrong: int, highest: float) -> None:
    from matplotlib.patches import Rectangle

    for missed, share in enumerate(found.share[wrong]):
        telling = tells(found, wrong, missed)
        _number(axes, missed, wrong, share, highest, telling)
        if telling:
            axes.add_patch(Rectangle((missed - 0.48, wrong - 0.46), 0.96, 0.92, fill=False, linewidth=1.1))
    if not found.clips[wrong]:
        width = len(found.share)
        axes.add_patch(Rectangle((-0.5, wrong - 0.5), width, 1, fill=False, hatch="//", linewidth=0, alpha=0.25))
    else:
        axes.add_patch(Rectangle((wrong - 0.5, wrong - 0.5), 1, 1, facecolor="#e3e3e3", linewidth=0))


def _number(axes: Axes, x: int, y: int, share: float, highest: float, bold: bool) -> None:
    if np.isnan(share) or share < TOLD:
        return
    colour = "white" if share > 0.6 * highest else "black"
    weight = "bold" if bold else "normal"
    axes.text(x, y, f"{share:.0%}"[:-1], ha="center", va="center", fontsize=8, color=colour, fontweight=weight)


def _name(axes: Axes, found: Confusion, targets: tuple[str, ...], level: str) -> None:
    names = [f"{target} ({counted(clips, level)})" for target, clips in zip(targets, found.clips, strict=True)]
    axes.set_yticks(range(len(targets)), names)
    for label, clips in zip(axes.get_yticklabels(), found.clips, strict=True):
        label.set_color("#8a8a8a" if clips < FEW else "black")
    axes.set_ylabel("wrongly heard: called active, and resting")


def counted(clips: int, level: str) -> str:
    """So many clips of a level, in short."""
    return f"{clips} s" if level == FIRST else _of(clips, level)


def _of(count: int, level: str) -> str:
    one, several = CLIPS[level]
    return f"{count} {one if count == 1 else several}"


def _amount(found: Confusion, wrong: int, level: str) -> str:
    clips, songs = int(found.clips[wrong]), int(found.songs[wrong])
    return _of(songs, "song") if level == "song" else f"{_of(clips, level)} in {_of(songs, 'song')}"


def _percent(share: float) -> str:
    return f"{share:.1%}".replace("%", " %") if 0 < share < 0.1 else f"{share:.0%}".replace("%", " %")
