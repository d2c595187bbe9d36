"""Tables of a detector's figures: by level and measure, and by instrument."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stemwise.metrics.arrays import Doubles
from stemwise.metrics.detection import LEVELS, Clips, draws_of, macro_figure, target_figures, weights_of
from stemwise.metrics.detection.clips import ACTIVE, Bools
from stemwise.report.detection.measures import MEASURES, PER_TARGET
from stemwise.report.detection.table import Detections, detections_of
from stemwise.report.detection.thresholds import Thresholds, at_level
from stemwise.report.tables import Cell

if TYPE_CHECKING:
    import pandas

FIRST = "1 s"
# What the clips of a level are called: one of them, several.
CLIPS = {
    "1 s": ("second", "seconds"),
    "5 s": ("clip of 5 s", "clips of 5 s"),
    "10 s": ("clip of 10 s", "clips of 10 s"),
    "song": ("song", "songs"),
}


@dataclass(frozen=True)
class Level:
    """The clips of one level and their figures, (draw, target) each, as `draws_of` has them."""

    name: str
    targets: tuple[str, ...]
    clips: Clips
    thresholds: Doubles
    draws: Mapping[str, Doubles]


def summarise_detection(
    clips: pandas.DataFrame,
    thresholds: Thresholds = 0.5,
    active_from: float = ACTIVE,
    levels: Mapping[str, int | None] = LEVELS,
    resamples: int = 2000,
    seed: int = 0,
) -> pandas.DataFrame:
    """A line for each level × measure of `measures.MEASURES`; `clips` as `detections_of` takes it.

    level, measure
    value, low, high: 0 to 1; the mean over targets (of LRAP over clips), its 95 % bootstrap interval over songs
    targets, targets_left_out: those of the mean, and those that have no figure, as what never plays or always does
    clips, left_out: those that count, and those that do not: of LRAP without an active target, else with nothing known
    songs: those of the clips that count
    draws: resamples behind the interval, in each of which the mean is over the targets that have a figure in it

    Raises DataError as `detections_of` and `thresholds.at_level` do.
    """
    return level_table(level_figures(detections_of(clips, active_from), thresholds, levels, resamples, seed))


def summarise_instruments(
    clips: pandas.DataFrame,
    thresholds: Thresholds = 0.5,
    active_from: float = ACTIVE,
    level: str = FIRST,
    resamples: int = 2000,
    seed: int = 0,
) -> pandas.DataFrame:
    """A line a target of one of LEVELS, in the order of `clips`; arguments and errors as `summarise_detection`.

    target
    auc, average_precision, f1, precision, recall: 0 to 1, each with _low and _high; NaN where there is none
    threshold: above which it is called active
    active_share: of the clips in which it is known, 0 to 1; chance of average precision
    clips, clips_active, songs, songs_active: known, and with the target
    """
    found = detections_of(clips, active_from)
    return instrument_table(level_figures(found, thresholds, {level: LEVELS[level]}, resamples, seed)[0])


def level_figures(
    found: Detections, thresholds: Thresholds, levels: Mapping[str, int | None], resamples: int, seed: int
) -> list[Level]:
    """All draws of all levels; every level has the same songs in each draw."""
    made = []
    for name, length in levels.items():
        clips, cuts = found.at(length), at_level(thresholds, name, found.targets)
        draws = draws_of(clips, cuts, weights_of(clips, resamples, seed))
        made.append(Level(name, found.targets, clips, cuts, draws))
    return made


def level_table(levels: Sequence[Level]) -> pandas.DataFrame:
    import pandas

    return pandas.DataFrame([_line(level, measure.column) for level in levels for measure in MEASURES])


def instrument_table(level: Level) -> pandas.DataFrame:
    import pandas

    clips = level.clips
    known, active = clips.known.sum(axis=0), clips.active.sum(axis=0)
    table: dict[str, object] = {"target": list(level.targets)}
    for column in PER_TARGET:
        figures = target_figures(level.draws[column], clips)
        for place, end in enumerate(("", "_low", "_high")):
            table[column + end] = [figure[place] for figure in figures]
    table |= {
        "threshold": level.thresholds,
        "active_share": np.divide(active, known, out=np.full(len(known), np.nan), where=known > 0),
        "clips": known, "clips_active": active,
        "songs": _songs(clips, clips.known), "songs_active": _songs(clips, clips.active),
    }  # fmt: skip
    return pandas.DataFrame(table)


def in_lines(table: pandas.DataFrame) -> list[str]:
    """A line a level for a terminal, of `summarise_detection`; what was left out stands behind."""
    lines = []
    for level in dict.fromkeys(table["level"]):
        rows = table[table["level"] == level].set_index("measure")
        figures = [_in_line(rows.loc[measure.column], measure.heading) for measure in MEASURES[:4]]
        ranked, auc = rows.loc["lrap"], rows.loc["auc"]
        counts = f"{ranked['clips']} clips, {ranked['left_out']} without an active target"
        told = f", {auc['targets_left_out']} targets without AUC" if auc["targets_left_out"] else ""
        lines.append(f"{level:5} {', '.join(figures)}; {counts}{told}")
    return lines


def _in_line(row: pandas.Series[float], heading: str) -> str:
    if math.isnan(row["value"]):
        return f"{heading} n/a"
    interval = "" if math.isnan(row["low"]) else f" [{row['low']:.3f}, {row['high']:.3f}]"
    return f"{heading} {row['value']:.3f}{interval}"


def _line(level: Level, column: str) -> dict[str, Cell]:
    drawn, clips = level.draws[column], level.clips
    figure = macro_figure(drawn)
    counted = _counted(clips, drawn, column)
    targets = clips.known.any(axis=0).sum() if column == "lrap" else figure.targets
    return {
        "level": level.name, "measure": column, "value": figure.value, "low": figure.low, "high": figure.high,
        "targets": int(targets), "targets_left_out": len(level.targets) - int(targets),
        "clips": int(counted.sum()), "left_out": int((~counted).sum()),
        "songs": len(np.unique(clips.songs[counted])), "draws": figure.draws,
    }  # fmt: skip


def _counted(clips: Clips, drawn: Doubles, column: str) -> Bools:
    """(clip,) whether a clip adds to the figure."""
    if column == "lrap":
        return np.asarray(clips.active.any(axis=1))
    return np.asarray(clips.known[:, ~np.isnan(drawn[0])].any(axis=1))


def _songs(clips: Clips, what: Bools) -> list[int]:
    return [int(count) for count in (clips.per_song(what) > 0).sum(axis=0)]
