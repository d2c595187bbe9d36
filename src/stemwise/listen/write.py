"""What plays when in a song, as files: a picture, .lab, JAMS, JSON and CSV."""

import csv
import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from stemwise import __version__
from stemwise.detector import Detection, Detector
from stemwise.errors import MissingExtra
from stemwise.files import write_text
from stemwise.labels.jams_file import write_jams
from stemwise.labels.lab import Segment, write_segments

FORMATS = ("png", "lab", "jams", "json", "csv")
NEEDS = {"png": ("matplotlib", "plot", "A picture"), "jams": ("jams", "jams", "Writing JAMS")}
FORMAT = 1  # of activity.json
DECIMALS = 4


@dataclass(frozen=True)
class Origin:
    """Of a detection: the song's `name` for people, the model's file and its `identity` (`export.identity`)."""

    name: str
    model: str
    identity: str


def usable(wanted: Sequence[str] | None = None) -> tuple[list[str], list[str]]:
    """Formats to write, and a sentence for each that is left out for want of its package.

    None: all, JAMS only where its package is installed. Raises MissingExtra for what is wanted and cannot be had.
    """
    missing = {name: MissingExtra(*need) for name, need in NEEDS.items() if find_spec(need[0]) is None}
    for name in wanted or ():
        if name in missing:
            raise missing[name]
    chosen = [name for name in FORMATS if name not in missing and (not wanted or name in wanted)]
    return chosen, [f"no picture: {missing['png']}"] if "png" in missing and not wanted else []


def write_detection(
    out: Path, found: Detection, detector: Detector, origin: Origin, formats: Sequence[str] = FORMATS
) -> list[Path]:
    """Write what was `found` into the folder `out`, in each of `formats`; return the paths.

    activity.png, activity.json, activity.csv, and <out's name>.lab and .jams. They appear under their names only when
    all of them are whole; other files in the folder stay. Raises MissingExtra as `usable` does.
    """
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".listening-", dir=out.parent) as folder:
        work = Path(folder)
        written = [_write(work, out.name, each, found, detector, origin) for each in FORMATS if each in formats]
        out.mkdir(exist_ok=True)
        return [part.replace(out / part.name) for part in written]


def _write(work: Path, name: str, kind: str, found: Detection, detector: Detector, origin: Origin) -> Path:
    path = work / (f"{name}.{kind}" if kind in ("lab", "jams") else f"activity.{kind}")
    thresholds = detector.gate.thresholds(len(found.targets))
    if kind == "png":
        from stemwise.report.lanes import lanes_picture

        path.write_bytes(lanes_picture(found, thresholds, origin.name))
    elif kind == "lab":
        write_segments(path, [Segment(*segment) for segment in found.segments()])
    elif kind == "jams":
        rule = (
            f"stemwise {__version__}, detector {origin.identity}, probability > {_in_words(found.targets, thresholds)}"
        )
        write_jams(path, origin.name, "", found.seconds, _by_target(found), rule, "stemwise activity")
    elif kind == "json":
        write_text(path, _json(as_record(found, detector, origin)))
    else:
        _write_csv(path, found)
    return path


def as_record(found: Detection, detector: Detector, origin: Origin) -> dict[str, Any]:
    """What activity.json holds; docs/activity.md has its keys."""
    gate = detector.gate
    return {
        "format": FORMAT,
        "stemwise": __version__,
        "song": origin.name,
        "seconds": round(found.seconds, 6),
        "model": {"file": origin.model, "identity": origin.identity, "sample_rate": detector.model.sample_rate},
        "window_seconds": found.window_seconds,
        "hop_seconds": found.hop_seconds,
        "context_seconds": detector.context_seconds,
        "median_seconds": gate.median_seconds if gate.kind == "hard" else 0.0,
        "targets": list(found.targets),
        "thresholds": gate.thresholds(len(found.targets)),
        "probability": {
            target: np.round(row.astype(np.float64), DECIMALS).tolist()
            for target, row in zip(found.targets, found.probability, strict=True)
        },
        "segments": [
            {"start": round(start, DECIMALS), "end": round(end, DECIMALS), "target": target}
            for start, end, target in found.segments()
        ],
    }


def _json(record: Mapping[str, Any]) -> str:
    """A line a key, target and segment: `json.dumps` with an indent gives every number a line of its own."""
    lines = []
    for key, value in record.items():
        said = json.dumps(value, ensure_ascii=False, allow_nan=False)
        if key == "probability":
            said = (
                "{"
                + _lines(f"{json.dumps(k, ensure_ascii=False)}: {json.dumps(row)}" for k, row in value.items())
                + "}"
            )
        elif key == "segments":
            said = "[" + _lines(json.dumps(segment, ensure_ascii=False) for segment in value) + "]"
        lines.append(f'  "{key}": {said}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _lines(entries: Iterable[str]) -> str:
    said = ",\n".join(f"    {entry}" for entry in entries)
    return f"\n{said}\n  " if said else ""


def _write_csv(path: Path, found: Detection) -> None:
    """A line a window: the time at which it begins, then the probability of every target."""
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file, lineterminator="\n")
        rows.writerow(["time", *found.targets])
        for start, column in zip(found.starts, found.probability.T, strict=True):
            rows.writerow([f"{value:.{DECIMALS}f}" for value in (start, *column)])


def _by_target(found: Detection) -> list[tuple[str, list[Segment]]]:
    segments = [Segment(*segment) for segment in found.segments()]
    return [(target, [each for each in segments if each.label == target]) for target in found.targets]


def _in_words(targets: Sequence[str], thresholds: Sequence[float]) -> str:
    if len(set(thresholds)) == 1:
        return f"{thresholds[0]:g}"
    return ", ".join(f"{threshold:g} ({target})" for target, threshold in zip(targets, thresholds, strict=True))
