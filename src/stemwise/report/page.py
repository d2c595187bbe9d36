"""The report as one HTML file that opens without a network: tables, figures, songs to see and hear."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stemwise.files import write_text
from stemwise.report import figures
from stemwise.report.content import CLIPS, Page, SongView
from stemwise.report.differences import differences
from stemwise.report.inline import data_uri, mp3, shared_gain
from stemwise.report.measures import ACTIVITY, BSS_EVAL, HOW_TO_READ, MEASURES, SEPARATION, SYSTEMS, Measure, name_of
from stemwise.report.numbers import NO_FIGURE, number
from stemwise.report.render import render
from stemwise.report.spectrograms import mel_spectrograms
from stemwise.report.tables import ALL, summarise

if TYPE_CHECKING:
    import pandas

FIGURES = tuple(measure for name in ("usdr", "csdr") for measure in MEASURES if measure.column == name)


@dataclass(frozen=True)
class Cell:
    """A figure as text; `note` holds the interval and the number of songs."""

    value: str
    note: str


@dataclass(frozen=True)
class Player:
    caption: str
    uri: str


def write_page(path: Path, page: Page) -> None:
    """Write the report to `path`, whole or not at all.

    Raises DataError for scores that `tables.summarise` refuses.
    """
    write_text(path, render("page.html.j2", _context(page)))


def _context(page: Page) -> dict[str, Any]:
    summary = summarise(page.scores)
    targets = list(dict.fromkeys(page.scores["target"]))
    systems = list(dict.fromkeys(page.scores["system"]))
    return {
        "page": page,
        "measures": MEASURES,
        "how_to_read": HOW_TO_READ,
        "systems": {system: SYSTEMS.get(system, "the model of this report") for system in systems},
        "song_count": page.scores["song"].nunique(),
        "targets": targets,
        "tables": {target: _tables(summary, target) for target in (ALL, *targets)} if len(summary) else {},
        "bars": [_image(figures.score_bars(summary, measure)) for measure in FIGURES] if len(summary) else [],
        "differences": _differences(page.scores),
        "curves": _image(figures.training_curves(page.curves)) if figures.has_curves(page.curves) else None,
        "songs": [_song(view, page.scores) for view in page.songs],
    }


def _tables(summary: pandas.DataFrame, target: str) -> dict[str, Any]:
    """The tables of one target: separation and, where it was computed, BSS Eval with all rows; activity with a row a
    system, since no gate changes it."""
    lines = summary[summary["target"] == target].to_dict("records")
    active = [line for line in lines if any(line[f"{measure.column}_n"] for measure in ACTIVITY)]
    active = list({line["system"]: {**line, "gate": ""} for line in reversed(active)}.values())[::-1]
    songs, present = (max((line[name] for line in lines), default=0) for name in ("songs", "songs_present"))
    projected = [line for line in lines if any(line[f"{measure.column}_n"] for measure in BSS_EVAL)]
    parts = [_table(lines, SEPARATION), _table(projected, BSS_EVAL), _table(active, ACTIVITY)]
    return {"parts": parts, "songs": songs, "present": present}


def _table(lines: list[dict[str, Any]], measures: tuple[Measure, ...]) -> dict[str, Any]:
    rows = [
        (
            name_of(line["system"], line["gate"]),
            line["system"] in SYSTEMS,
            [_cell(line, measure) for measure in measures],
        )
        for line in lines
    ]
    return {"measures": measures, "rows": rows}


def _cell(line: dict[str, Any], measure: Measure) -> Cell:
    value, low, high = (line[measure.column + end] for end in ("", "_low", "_high"))
    songs = line[f"{measure.column}_n"]
    if math.isnan(value):
        return Cell(NO_FIGURE, "")
    known = not (math.isnan(low) or math.isnan(high))
    interval = f"[{number(low, measure.digits)}, {number(high, measure.digits)}] " if known else ""
    return Cell(number(value, measure.digits), f"{interval}n={songs}")


def _differences(scores: pandas.DataFrame) -> list[tuple[str, str, str, Cell]]:
    """(row, the row it is held against, measure, difference) over all targets."""
    headings = {measure.column: measure for measure in MEASURES}
    table = differences(scores)
    lines = table[table["target"] == ALL].to_dict("records") if len(table) else []
    shown = []
    for line in lines:
        measure = headings[line["measure"]]
        value, low, high = (number(line[name], measure.digits) for name in ("difference", "low", "high"))
        cell = Cell(f"{value} {measure.unit}".strip(), f"[{low}, {high}] n={line['songs']}")
        shown.append((line["row"], line["against"], measure.heading, cell))
    return shown


def _song(view: SongView, scores: pandas.DataFrame) -> dict[str, Any]:
    parts = [clip for clips in view.clips.values() for clip in clips.values()]
    gain = shared_gain([view.mixture, *parts])
    return {
        "view": view,
        "lanes": _image(figures.activity_lanes(view)),
        "mixture": _player("mixture", view.mixture, view.rate, gain),
        "seconds": view.mixture.shape[-1] / view.rate,
        "gain": f"{20 * math.log10(gain):.1f}".replace("-", "−") if gain < 1 else "",
        "targets": [_target(view, target, gain, scores) for target in view.targets if view.clips.get(target)],
    }


def _target(view: SongView, target: str, gain: float, scores: pandas.DataFrame) -> dict[str, Any]:
    clips = {name: view.clips[target][name] for name in CLIPS if name in view.clips[target]}
    return {
        "name": target,
        "players": [_player(name, clip, view.rate, gain) for name, clip in clips.items()],
        "picture": _image(mel_spectrograms({"mixture": view.mixture, **clips}, view.rate)),
        "scores": _song_scores(scores[(scores["song"] == view.id) & (scores["target"] == target)]),
    }


def _song_scores(lines: pandas.DataFrame) -> list[tuple[str, str, str]]:
    """(row, uSDR, silence energy) of one target in one song, both in dB over the whole song."""
    return [
        (name_of(line["system"], line["gate"]), number(line["usdr"], 2), number(line["silence_energy"], 1))
        for line in lines.fillna({"gate": ""}).to_dict("records")
    ]


def _player(name: str, clip: Any, rate: int, gain: float) -> Player:
    caption = name if clip.any() else f"{name} (silent)"
    return Player(caption, data_uri(mp3(clip, rate, gain), "audio/mpeg"))


def _image(content: bytes) -> str:
    return data_uri(content, "image/png")
