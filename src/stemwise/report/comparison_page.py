"""A comparison as one HTML file that opens without a network."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

from stemwise.files import write_text
from stemwise.report.compared import Comparison
from stemwise.report.comparison import LEVEL, measure_of
from stemwise.report.comparison_figures import activity_scatter, difference_dots, score_boxes, stars
from stemwise.report.inline import data_uri
from stemwise.report.measures import SYSTEMS, Measure
from stemwise.report.numbers import NO_FIGURE, number, probability, signed
from stemwise.report.render import render
from stemwise.report.systems import System
from stemwise.report.tables import ALL

Line = Mapping[Hashable, Any]

BOXES = ("usdr", "csdr")  # one in dB per song each; others are compared by their differences
TERMS = {
    "difference": "The first system minus the second, song by song; the measure's statistic over songs. For all "
    "targets it is the mean over targets of each target's, as in the tables of a run.",
    "[low, high]": "95 % bootstrap interval over songs, of this line alone: not corrected for the number of lines.",
    "p": "Wilcoxon's signed-rank test over songs, two-sided, exact for up to 50 songs; no test with fewer than 6 songs "
    "that differ. For all targets it takes the mean over targets of each song.",
    "p, corrected": "Holm's correction over the whole table: where no two systems differ, at most 5 % of such tables "
    "have any line below 0.05. * below 5 %, ** below 1 %, *** below 0.1 %.",
    "rank-biserial": "Effect size of that test, −1 to 1: ranks of differences above 0 less those below, over all.",
    "d_z": "Effect size: mean over standard deviation of the differences. Of 0.2, 0.5 and 0.8 Cohen speaks as small, "
    "medium and large.",
    "better": "Share of songs in which the first system is better, and in which it is worse.",
    "±": "Standard deviation of the figure over seeds, where a system has several; figures are of the seeds' mean.",
    "slope": "Least squares over songs × targets: what is added to the difference from a target that never plays to "
    "one that always does. Within targets: each target's means taken away, so that only how much it plays counts.",
}


def figures_of(found: Comparison) -> dict[str, tuple[bytes, str]]:
    """Name of a file → PNG and what it shows, in the order of the page."""
    pictures: dict[str, tuple[bytes, str]] = {}
    for measure in found.measures:
        if measure.column in BOXES:
            text = f"{measure.heading} of the songs per target and system, with mixture, silence and ideal binary mask"
            pictures[f"scores_{measure.column}.png"] = score_boxes(found.systems, measure), text
    for measure in found.measures:
        text = f"Differences in {measure.heading} per target, with intervals and corrected p"
        pictures[f"differences_{measure.column}.png"] = difference_dots(found.table, measure), text
    for column in dict.fromkeys(found.bins.get("measure", ())):
        measure = measure_of(column)
        text = f"Differences in {measure.heading} over the share of time in which the target plays"
        picture = activity_scatter(found.pairs, measure, found.bins, found.slopes)
        pictures[f"activity_{column}.png"] = picture, text
    return pictures


def write_comparison(path: Path, found: Comparison, pictures: Mapping[str, tuple[bytes, str]]) -> None:
    """Write the page to `path`, whole or not at all. `pictures` comes from `figures_of`."""
    context = {
        "found": found,
        "pairs": [
            {"title": f"{one.row} against {other.row}", **_pair(found, one, other)} for one, other in found.pairs
        ],
        "pictures": {
            kind: [
                (data_uri(png, "image/png"), text) for name, (png, text) in pictures.items() if name.startswith(kind)
            ]
            for kind in ("scores", "differences", "activity")
        },
        "meanings": {
            name: meaning for name, meaning in SYSTEMS.items() if name in set(found.systems[0].whole[0]["system"])
        },
        "terms": TERMS,
    }
    write_text(path, render("comparison.html.j2", context))


def _pair(found: Comparison, one: System, other: System) -> dict[str, Any]:
    mine = [
        [line for line in table.to_dict("records") if (line["system"], line["against"]) == (one.name, other.name)]
        for table in (found.table, found.bins, found.slopes)
    ]
    targets = sorted(dict.fromkeys(str(line["target"]) for line in mine[0]), key=lambda target: target != ALL)
    return {
        "names": (one.row, other.row),
        "tables": {target: [_row(line) for line in mine[0] if line["target"] == target] for target in targets},
        "bins": [_bin(line) for line in mine[1]],
        "slopes": [_slope(line) for line in mine[2]],
    }


def _row(line: Line) -> dict[str, Any]:
    measure = measure_of(line["measure"])
    low, high = (signed(line[end], measure.digits) for end in ("low", "high"))
    return {
        "measure": measure,
        "figure": _figure(line["figure"], line["spread"], line["seeds"], measure),
        "against": _figure(line["against_figure"], line["against_spread"], line["against_seeds"], measure),
        "difference": signed(line["difference"], measure.digits),
        "interval": "" if math.isnan(line["low"]) else f"[{low}, {high}]",
        "p": probability(line["p"]),
        "p_holm": f"{probability(line['p_holm'])} {stars(line['p_holm'])}".strip(),
        "why": line["why"],
        "found": line["p_holm"] < LEVEL,
        "rank_biserial": signed(line["rank_biserial"], 2),
        "d_z": signed(line["d_z"], 2),
        "better": f"{line['better']:.0%}",
        "worse": f"{line['worse']:.0%}",
        "songs": line["songs"],
    }


def _figure(value: float, spread: float, seeds: int, measure: Measure) -> tuple[str, str]:
    """A figure and its spread over seeds."""
    text = number(value, measure.digits)
    # A digit more than the figure has: seeds often differ by less than its last.
    return text, "" if math.isnan(spread) else f"± {spread:.{measure.digits + 1}f}, {seeds} seeds"


def _bin(line: Line) -> dict[str, Any]:
    return {**_interval(line, "difference"), "active": line["active"], "share": f"{line['active_share']:.0%}"}


def _slope(line: Line) -> dict[str, Any]:
    return {**_interval(line, "slope"), "of": line["of"]}


def _interval(line: Line, name: str) -> dict[str, Any]:
    measure = measure_of(line["measure"])
    value, low, high = (signed(line[key], measure.digits) for key in (name, "low", "high"))
    interval = "" if low == NO_FIGURE else f"[{low}, {high}]"
    return {"measure": measure, "value": value, "interval": interval, "points": line["points"], "songs": line["songs"]}
