"""A song's clips as lanes: truth against probability."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from stemwise.metrics.arrays import Doubles
from stemwise.metrics.detection import called
from stemwise.metrics.detection.clips import Bools, Places
from stemwise.report.canvas import GREEN, GREY, RED, SKY, new_figure, png
from stemwise.report.detection.table import Detections

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LANE = 0.5  # inches


def shown_targets(found: Detections, song: int, thresholds: Doubles) -> list[int]:
    """Targets that play in the song or are called active, those that play most first."""
    clips = found.of_song(song)
    active = found.clips.active[clips].sum(axis=0)
    heard = np.asarray(called(found.clips, thresholds)[clips].any(axis=0))
    return [int(place) for place in np.argsort(-active, kind="stable") if active[place] or heard[place]]


def song_lanes(found: Detections, song: int, thresholds: Doubles) -> bytes:
    """PNG: a lane a target of `shown_targets`: where it plays as a band, the probability as a line, the threshold
    dashed; below, green where it is rightly called active, red where wrongly, grey where what is true is not known."""
    shown = shown_targets(found, song, thresholds)
    clips = found.of_song(song)
    edges = np.append(found.seconds[clips], found.seconds[clips][-1] + 1)
    figure = new_figure(1.0 + LANE * max(len(shown), 1))
    lanes = figure.subplots(max(len(shown), 1), 1, sharex=True, squeeze=False)[:, 0]
    heard = called(found.clips, thresholds)[clips]
    for axes, place in zip(lanes, shown, strict=False):
        active, known = found.clips.active[clips, place], found.clips.known[clips, place]
        _lane(axes, edges, active, found.clips.probability[clips, place], float(thresholds[place]))
        for where, colour, name in (
            (active, GREEN, "rightly"),
            (known & ~active, RED, "wrongly"),
            (~known, GREY, "unknown"),
        ):
            axes.stairs(
                0.14 * (heard[:, place] & where), edges, baseline=0, fill=True, color=colour, label=f"called, {name}"
            )
        axes.set_ylabel(found.targets[place], rotation=0, ha="right", va="center", fontsize=9)
    if not shown:
        lanes[0].text(0.5, 0.5, "nothing plays and nothing is called active", ha="center", transform=lanes[0].transAxes)
    lanes[-1].set_xlabel("seconds")
    lanes[-1].set_xlim(edges[0], edges[-1])
    handles, labels = lanes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper left", ncols=6, frameon=False, fontsize=9)
    return png(figure)


def _lane(
    axes: Axes, edges: Places, active: Bools,
    probability: Doubles, threshold: float,
) -> None:  # fmt: skip
    axes.stairs(0.2 + active, edges, baseline=0.2, fill=True, color=SKY, alpha=0.55, label="plays")
    axes.stairs(0.2 + probability, edges, baseline=None, color="black", linewidth=0.9, label="probability")
    axes.axhline(0.2 + threshold, color=GREY, linestyle="--", linewidth=0.8, label="threshold")
    axes.set_yticks([0.2, 1.2], ["0", "1"], fontsize=7)
    axes.set_ylim(-0.02, 1.26)
    axes.spines[["top", "right"]].set_visible(False)
