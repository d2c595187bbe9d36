"""Compared detectors as one HTML file, or as a part of another page."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

from stemwise.files import write_text
from stemwise.report.comparison import LEVEL
from stemwise.report.comparison_figures import stars
from stemwise.report.detection.comparison import DetectionComparison
from stemwise.report.detection.comparison_figures import (
    differences_by_level,
    figures_by_level,
    instruments_side_by_side,
)
from stemwise.report.detection.measures import BY_COLUMN, DIGITS, TERMS
from stemwise.report.inline import data_uri
from stemwise.report.numbers import number, probability, signed
from stemwise.report.render import render

Line = Mapping[Hashable, Any]
Pictures = Mapping[str, tuple[bytes, str]]

OF_COMPARISONS = {
    "difference": "The first system's figure minus the second's, of the same songs. Systems of several seeds have the "
    "mean of their seeds' figures.",
    "p": "The difference over its standard deviation in the draws of songs, as Student's t, two-sided; none with fewer "
    "than 6 songs.",
    "p, corrected": "Holm's correction over the whole table of levels: where no two systems differ, at most 5 % of "
    "such tables have any line below 0.05. * below 5 %, ** below 1 %, *** below 0.1 %.",
    "±": "Standard deviation of the figure over seeds, where a system has several.",
}
USED = ("5 s, 10 s, song", "[low, high]", "Threshold")  # of what a page of one detector explains


def comparison_figures(found: DetectionComparison) -> dict[str, tuple[bytes, str]]:
    """Name of a file → PNG and what it shows."""
    return {
        "levels.png": (figures_by_level(found), "Figures by level with intervals over songs"),
        "differences.png": (differences_by_level(found), "Differences by level with intervals and corrected p"),
        "instruments.png": (instruments_side_by_side(found), "ROC AUC of each instrument, and differences"),
    }


def write_detectors_compared(path: Path, found: DetectionComparison, pictures: Pictures) -> None:
    """Write the page to `path`, whole or not at all. `pictures` comes from `comparison_figures`."""
    terms = {name: TERMS[name] for name in USED} | OF_COMPARISONS
    context = {
        "found": found,
        "compared": comparison_context(found, pictures),
        "measures": [BY_COLUMN[name] for name in dict.fromkeys(found.systems["measure"])],
        "terms": terms,
    }
    write_text(path, render("detection/comparison.html.j2", context))


def comparison_context(found: DetectionComparison, pictures: Pictures) -> dict[str, Any]:
    """What detection/compared.html.j2 shows."""
    return {
        "names": found.names,
        "cautions": found.cautions,
        "family": found.family,
        "pairs": [
            {"title": f"{one} against {other}", "names": (one, other), "lines": _lines(found, one, other)}
            for one, other in found.pairs
        ],
        "instruments": _instruments(found),
        "pair_names": [f"{one} − {other}" for one, other in found.pairs],
        "pictures": {
            name.removesuffix(".png"): {"uri": data_uri(content, "image/png"), "text": text}
            for name, (content, text) in pictures.items()
        },
    }


def _lines(found: DetectionComparison, one: str, other: str) -> list[dict[str, Any]]:
    figures = {(row["level"], row["measure"], row["system"]): row for row in found.systems.to_dict("records")}
    lines = []
    for row in found.differences.to_dict("records"):
        if (row["system"], row["against"]) != (one, other):
            continue
        mine, theirs = (figures[row["level"], row["measure"], name] for name in (one, other))
        lines.append({
            "level": row["level"], "measure": BY_COLUMN[row["measure"]],
            "figure": _figure(mine, "value"), "against": _figure(theirs, "value"),
            "difference": _difference(row), "p": probability(row["p"]), "why": row["why"],
            "p_holm": f"{probability(row['p_holm'])} {stars(row['p_holm'])}".strip(), "found": row["p_holm"] < LEVEL,
            "songs": row["songs"], "targets": mine["targets"],
        })  # fmt: skip
    return lines


def _instruments(found: DetectionComparison) -> list[dict[str, Any]]:
    rows = found.instruments.to_dict("records")
    apart = found.apart.to_dict("records")
    return [
        {
            "target": target,
            "songs": next(row["songs_active"] for row in rows if row["target"] == target),
            "figures": [_figure(row, "auc") for row in rows if row["target"] == target],
            "differences": [_difference(row) for row in apart if row["target"] == target],
        }
        for target in found.targets
    ]


def _figure(row: Line, column: str) -> tuple[str, str]:
    """A figure; its interval, and its spread over seeds."""
    spread = "" if math.isnan(row["spread"]) else f" ± {row['spread']:.{DIGITS}f}, {row['seeds']} seeds"
    low, high = (number(row[end], DIGITS) for end in ("low", "high"))
    return number(row[column], DIGITS), ("" if math.isnan(row["low"]) else f"[{low}, {high}]") + spread


def _difference(row: Line) -> tuple[str, str]:
    low, high = (signed(row[end], DIGITS) for end in ("low", "high"))
    return signed(row["difference"], DIGITS), "" if math.isnan(row["low"]) else f"[{low}, {high}]"
