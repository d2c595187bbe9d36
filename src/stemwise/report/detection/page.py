"""An evaluation of a detector as one HTML file that opens without a network."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from stemwise.files import write_text
from stemwise.metrics.detection import clip_lrap
from stemwise.report.detection.comparison import DetectionComparison
from stemwise.report.detection.comparison_page import comparison_context, comparison_figures
from stemwise.report.detection.confusion_picture import confusion_picture, counted, row_sentence, sentence, tells
from stemwise.report.detection.content import DetectionReport, facts_of, telling_songs
from stemwise.report.detection.figures import calibration_curve, f1_over_thresholds, instrument_dots
from stemwise.report.detection.lanes import shown_targets, song_lanes
from stemwise.report.detection.measures import BY_COLUMN, DIGITS, MEASURES, PER_TARGET, TERMS
from stemwise.report.detection.summary import CLIPS
from stemwise.report.inline import data_uri
from stemwise.report.numbers import NO_FIGURE, number
from stemwise.report.render import render

SONGS = 3


def figures_of(report: DetectionReport) -> dict[str, bytes]:
    """Name of a file → PNG: instruments, confusion, calibration and F1 over thresholds."""
    found = report.found
    return {
        "instruments.png": instrument_dots(report.instruments),
        "confusion.png": confusion_picture(report.confusion, found.targets, report.level),
        "calibration.png": calibration_curve(*report.reliability),
        "thresholds.png": f1_over_thresholds(report.clips, report.cuts, found.targets),
    }


def write_detection(
    path: Path,
    report: DetectionReport,
    title: str,
    facts: Mapping[str, str] | None = None,
    pictures: Mapping[str, bytes] | None = None,
    songs: int = SONGS,
    compared: DetectionComparison | None = None,
) -> None:
    """Write the page to `path`, whole or not at all; `pictures` as of `figures_of`, where they are made already.

    `songs` have lanes, from the best to the worst; `compared` is shown in sections of its own. `facts` are shown at the
    end: model, commit, seed, where the thresholds come from, ... Raises MissingExtra without jinja2.
    """
    drawn = figures_of(report) if pictures is None else pictures
    context = {
        "title": title,
        "report": report,
        "measures": MEASURES,
        "terms": TERMS,
        "levels": _levels(report),
        "several": CLIPS[report.level][1],
        "per_target": [BY_COLUMN[column] for column in PER_TARGET],
        "instruments": [_instrument(row) for row in report.instruments.to_dict("records")],
        "confusion": _confusion(report),
        "pictures": {name.removesuffix(".png"): data_uri(content, "image/png") for name, content in drawn.items()},
        "songs": _songs(report, songs),
        "compared": comparison_context(compared, comparison_figures(compared)) if compared else None,
        "facts": facts_of(report.found, facts or {}),
    }
    write_text(path, render("detection/detection.html.j2", context))


def _levels(report: DetectionReport) -> list[dict[str, Any]]:
    rows = report.levels.to_dict("records")
    lines = []
    for level in dict.fromkeys(row["level"] for row in rows):
        here = {str(row["measure"]): row for row in rows if row["level"] == level}
        cells = [_cell(here[m.column]["value"], here[m.column]["low"], here[m.column]["high"]) for m in MEASURES]
        lines.append({"name": level, "cells": cells, "ranked": here["lrap"], "auc": here["auc"]})
    return lines


def _instrument(row: Mapping[Any, Any]) -> dict[str, Any]:
    cells = [_cell(row[column], row[f"{column}_low"], row[f"{column}_high"]) for column in PER_TARGET]
    return {**row, "cells": cells, "cut": number(row["threshold"], 2), "share": _percent(row["active_share"])}


def _cell(value: float, low: float, high: float) -> dict[str, Any]:
    """As text, and as a number to sort by: what has none goes last."""
    interval = "" if math.isnan(low) else f"[{number(low, DIGITS)}, {number(high, DIGITS)}]"
    return {"value": number(value, DIGITS), "note": interval, "sort": -1.0 if math.isnan(value) else float(value)}


def _confusion(report: DetectionReport) -> list[dict[str, Any]]:
    found, targets = report.confusion, report.found.targets
    highest = max([0.2, *(value for value in found.share.ravel() if not math.isnan(value))])
    rows = []
    for wrong, name in enumerate(targets):
        cells = []
        for missed, share in enumerate(found.share[wrong]):
            shown = not math.isnan(share) and wrong != missed
            cells.append({
                "text": f"{100 * share:.0f}" if shown and share >= 0.005 else "",
                "depth": round(float(share / highest), 3) if shown else 0.0,
                "tells": tells(found, wrong, missed),
                "same": wrong == missed,
                "say": sentence(found, targets, wrong, missed, report.level),
            })  # fmt: skip
        clips = int(found.clips[wrong])
        rows.append({"name": name, "clips": clips, "amount": counted(clips, report.level), "cells": cells,
                     "say": row_sentence(found, targets, wrong, report.level)})  # fmt: skip
    return rows


def _songs(report: DetectionReport, count: int) -> list[dict[str, Any]]:
    found, values = report.found, clip_lrap(report.clips)
    told = []
    for song in telling_songs(report.clips, count):
        clips = found.of_song(song)
        ranked = values[(report.clips.songs == song) & ~np.isnan(values)]
        shown = [found.targets[place] for place in shown_targets(found, song, report.cuts)]
        told.append({
            "name": found.songs[song].replace("_", " "),
            "seconds": clips.stop - clips.start,
            "lrap": number(float(ranked.mean()), DIGITS) if len(ranked) else NO_FIGURE,
            "lanes": data_uri(song_lanes(found, song, report.cuts), "image/png"),
            "resting": [target for target in found.targets if target not in shown],
        })  # fmt: skip
    return told


def _percent(share: float) -> str:
    return NO_FIGURE if math.isnan(share) else f"{share:.1%}".replace("%", " %")
