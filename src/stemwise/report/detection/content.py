"""Everything an evaluation of a detector has to say, in one object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from stemwise.metrics.arrays import Doubles
from stemwise.metrics.detection import LEVELS, Clips, Confusion, Reliability, clip_lrap, confusion, reliability
from stemwise.metrics.detection.clips import ACTIVE
from stemwise.report.detection.summary import CLIPS, FIRST, instrument_table, level_figures, level_table
from stemwise.report.detection.table import Detections, detections_of
from stemwise.report.detection.thresholds import Thresholds, at_level, by_level
from stemwise.report.tables import to_records

if TYPE_CHECKING:
    import pandas

FEW = 3  # songs with a target under which its figures say little


@dataclass(frozen=True)
class DetectionReport:
    """What the page shows; tables as `summary` describes them.

    level: of LEVELS, the one that all but `levels` is of: the shortest at which anything is known to be active
    clips: of that level
    levels: by level × measure
    instruments: by target
    reliability: of all targets together, bins of equal width and of equal count
    cautions: sentences that a reader must know
    """

    found: Detections
    level: str
    clips: Clips
    thresholds: Thresholds
    levels: pandas.DataFrame
    instruments: pandas.DataFrame
    confusion: Confusion
    reliability: tuple[Reliability, Reliability]
    cautions: tuple[str, ...]

    @property
    def cuts(self) -> Doubles:
        """(target,) thresholds of the level."""
        return at_level(self.thresholds, self.level, self.found.targets)

    def to_json(self) -> dict[str, Any]:
        """Fit for JSON: NaN is None. confused: rows of `Confusion.share`, with their counts."""
        names = self.found.targets
        shares = [[None if np.isnan(value) else float(value) for value in row] for row in self.confusion.share]
        return {
            "songs": list(self.found.songs),
            "levels": to_records(self.levels),
            "level": self.level,
            "instruments": to_records(self.instruments),
            "calibration_error": self.reliability[0].error if self.reliability[0].count.any() else None,
            "confused": {
                name: {"false_positive_clips": int(clips), "missed": dict(zip(names, row, strict=True))}
                for name, clips, row in zip(names, self.confusion.clips, shares, strict=True)
            },
            "cautions": list(self.cautions),
        }


def report_detection(
    clips: pandas.DataFrame,
    thresholds: Thresholds = 0.5,
    active_from: float = ACTIVE,
    resamples: int = 2000,
    seed: int = 0,
) -> DetectionReport:
    """Arguments and errors as of `summary.summarise_detection`."""
    found = detections_of(clips, active_from)
    levels = level_figures(found, thresholds, LEVELS, resamples, seed)
    telling = next(level for level in levels if level.name == found.telling())
    instruments = instrument_table(telling)
    entries = telling.clips.entries()
    return DetectionReport(
        found=found,
        level=telling.name,
        clips=telling.clips,
        thresholds=thresholds,
        levels=level_table(levels),
        instruments=instruments,
        confusion=confusion(telling.clips, telling.thresholds),
        reliability=(reliability(*entries), reliability(*entries, by="count")),
        cautions=tuple(_cautions(telling.name, telling.clips, thresholds, instruments)),
    )


def telling_songs(clips: Clips, count: int = 3) -> list[int]:
    """Numbers of up to `count` songs between the best and the worst by their mean LRAP, both included, best first."""
    values = clip_lrap(clips)
    counted = clips.per_song(~np.isnan(values))
    means = clips.per_song(np.nan_to_num(values)) / np.maximum(counted, 1)
    ordered = [int(song) for song in np.argsort(-means, kind="stable") if counted[song]]
    if len(ordered) <= count:
        return ordered
    return [ordered[place] for place in np.linspace(0, len(ordered) - 1, count).round().astype(int)]


def _cautions(level: str, clips: Clips, thresholds: Thresholds, instruments: pandas.DataFrame) -> list[str]:
    said = []
    one, several = CLIPS[level]
    if level != FIRST:
        said.append(
            f"In no shorter clip than a {one} is any target known to be active, so instruments, confusion, calibration "
            f"and thresholds are of {several}."
        )
    if not by_level(thresholds):
        said.append(
            "The thresholds are the same at all levels. The highest of several probabilities is higher than one, so F1 "
            "of 5 s, 10 s and songs would be better with thresholds of their own."
        )
    rows = instruments.to_dict("records")
    if never := [row["target"] for row in rows if not row["clips_active"]]:
        said.append(f"Never known to be active in a {one}, and without AUC, AP, F1 and recall: {', '.join(never)}.")
    if always := [row["target"] for row in rows if row["clips"] and row["clips_active"] == row["clips"]]:
        said.append(f"Active in every {one}, and without AUC and AP: {', '.join(always)}.")
    if few := [row["target"] for row in rows if 0 < row["songs_active"] < FEW]:
        said.append(f"In fewer than {FEW} songs, so of other songs their figures say little: {', '.join(few)}.")
    unknown = int((~clips.known).sum())
    if unknown:
        share = f"{100 * unknown / clips.known.size:.1f} %"
        said.append(f"Of {share} of clips × targets it is not known whether the target plays; they count in no score.")
    return said


def facts_of(found: Detections, facts: Mapping[str, str]) -> dict[str, str]:
    """What the page says of the songs, before `facts`."""
    seconds, songs = len(found.clips.songs), len(found.songs)
    own = {"songs": f"{songs}, {seconds} s together", "targets": ", ".join(found.targets)}
    return own | dict(facts)
