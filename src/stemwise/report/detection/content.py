"""Everything an evaluation of a detector has to say, in one object."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from stemwise.metrics.arrays import Doubles
from stemwise.metrics.detection import LEVELS, Confusion, Reliability, clip_lrap, confusion, reliability
from stemwise.metrics.detection.clips import ACTIVE
from stemwise.report.detection.summary import FIRST, instrument_table, level_figures, level_table
from stemwise.report.detection.table import Detections, detections_of
from stemwise.report.detection.thresholds import Thresholds, at_level, by_level
from stemwise.report.tables import to_records

if TYPE_CHECKING:
    import pandas

FEW = 3  # songs with a target under which its figures say little


@dataclass(frozen=True)
class DetectionReport:
    """What the page shows; tables as `summary` describes them, the rest of clips of 1 s.

    levels: by level × measure
    instruments: by target, of clips of 1 s
    reliability: of all targets together, bins of equal width and of equal count
    cautions: sentences that a reader must know
    """

    found: Detections
    thresholds: Thresholds
    levels: pandas.DataFrame
    instruments: pandas.DataFrame
    confusion: Confusion
    reliability: tuple[Reliability, Reliability]
    cautions: tuple[str, ...]

    @property
    def cuts(self) -> Doubles:
        """(target,) thresholds of clips of 1 s."""
        return at_level(self.thresholds, FIRST, self.found.targets)

    def to_json(self) -> dict[str, Any]:
        """Fit for JSON: NaN is None. confused: rows of `Confusion.share`, with their counts."""
        names = self.found.targets
        shares = [[None if np.isnan(value) else float(value) for value in row] for row in self.confusion.share]
        return {
            "songs": list(self.found.songs),
            "levels": to_records(self.levels),
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
    instruments = instrument_table(levels[0])
    entries = found.clips.entries()
    return DetectionReport(
        found=found,
        thresholds=thresholds,
        levels=level_table(levels),
        instruments=instruments,
        confusion=confusion(found.clips, levels[0].thresholds),
        reliability=(reliability(*entries), reliability(*entries, by="count")),
        cautions=tuple(_cautions(found, thresholds, instruments)),
    )


def telling_songs(found: Detections, count: int = 3) -> list[int]:
    """Numbers of up to `count` songs between the best and the worst by their mean LRAP, both included, best first."""
    values = clip_lrap(found.clips)
    counted = found.clips.per_song(~np.isnan(values))
    means = found.clips.per_song(np.nan_to_num(values)) / np.maximum(counted, 1)
    ordered = [int(song) for song in np.argsort(-means, kind="stable") if counted[song]]
    if len(ordered) <= count:
        return ordered
    return [ordered[place] for place in np.linspace(0, len(ordered) - 1, count).round().astype(int)]


def _cautions(found: Detections, thresholds: Thresholds, instruments: pandas.DataFrame) -> list[str]:
    said = []
    if not by_level(thresholds):
        said.append(
            "The thresholds are the same at all levels. The highest of several probabilities is higher than one, so F1 "
            "of 5 s, 10 s and songs would be better with thresholds of their own."
        )
    rows = instruments.to_dict("records")
    if never := [row["target"] for row in rows if not row["clips_active"]]:
        said.append(f"Never active in these songs, and without AUC, AP, F1 and recall: {', '.join(never)}.")
    if always := [row["target"] for row in rows if row["clips"] and row["clips_active"] == row["clips"]]:
        said.append(f"Active in every second, and without AUC and AP: {', '.join(always)}.")
    if few := [row["target"] for row in rows if 0 < row["songs_active"] < FEW]:
        said.append(f"In fewer than {FEW} songs, so of other songs their figures say little: {', '.join(few)}.")
    unknown = int((~found.clips.known).sum())
    if unknown:
        share = f"{100 * unknown / found.clips.known.size:.1f} %"
        said.append(f"Of {share} of clips × targets it is not known whether the target plays; they count in no score.")
    return said


def facts_of(found: Detections, facts: Mapping[str, str]) -> dict[str, str]:
    """What the page says of the songs, before `facts`."""
    seconds, songs = len(found.clips.songs), len(found.songs)
    own = {"songs": f"{songs}, {seconds} s together", "targets": ", ".join(found.targets)}
    return own | dict(facts)
