"""A job of a sweep: what it was told, how it ended, what it scored. Read from files alone, finished or not."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stemwise.errors import DataError
from stemwise.report.detection.summary import FIRST
from stemwise.report.measures import MEASURES, kind_of
from stemwise.report.tables import ALL
from stemwise.texts import read_json, read_yaml

RECORD = "job.json"  # written as a job begins and as it ends
Setting = str | float


@dataclass(frozen=True)
class Job:
    """state: ended, failed (`why` says how) or begun, which is running still or was killed.

    settings: what the command and the sweep chose, numbers as numbers; figures: those of validation data as val/<name>,
    those of a scored test without a prefix, under the gate that the model carries or the sweep chose.
    """

    name: str
    state: str
    why: str
    settings: dict[str, Setting]
    figures: dict[str, float]
    objective: str = ""


def read_jobs(folder: Path) -> list[Job]:
    """By number. Raises DataError for a folder without jobs, and for a file of one that cannot be read."""
    jobs = [] if (folder / "config.yaml").is_file() else [_whole(path) for path in _job_folders(folder)]
    if not jobs:
        raise DataError(
            f"no jobs of a sweep under {folder}. Name the folder that holds them by number, as runs/train/sweep_..."
        )
    return jobs


def last_number(folder: Path) -> int:
    """Of the jobs in it; -1 where there are none."""
    return max((int(path.name) for path in folder.glob("*") if path.name.isdecimal()), default=-1)


def _job_folders(folder: Path) -> list[Path]:
    inside = (path for path in folder.glob("*") if path.is_dir() and not path.name.startswith("."))
    found = [path for path in inside if any((path / name).exists() for name in _SIGNS)]
    return sorted(found, key=lambda path: (int(path.name) if path.name.isdecimal() else math.inf, path.name))


_SIGNS = (RECORD, ".hydra", "config.yaml", "summary.json")


def _whole(folder: Path) -> Job:
    try:
        return _read(folder)
    except DataError:
        raise
    except (AttributeError, KeyError, TypeError, ValueError) as fault:
        raise DataError(
            f"{folder}: a file of this job is not what Stemwise writes ({fault!r}). Restore or remove the job."
        ) from fault


def _read(folder: Path) -> Job:
    record = _object(folder / RECORD)
    done = any((folder / name).is_file() for name in ("model.safetensors", "summary.json"))
    validated = _object(folder / "validation.json")
    figures = _validated(folder, validated.get("figures")) or _from_log(folder)
    return Job(
        name=folder.name,
        state=record.get("state", "ended" if done else "begun"),
        why=str(record.get("why", "")),
        settings=_settings(record.get("overrides") or _overrides(folder)),
        figures={**figures, **_scores(folder)},
        objective=validated.get("objective", ""),
    )


def _object(path: Path) -> dict[str, Any]:
    """What a file of JSON holds, nothing where there is none."""
    found = read_json(path) if path.is_file() else {}
    if not isinstance(found, dict):
        raise DataError(f"{path}: not what a job writes there. Restore it, or remove it.")
    return found


def _validated(folder: Path, figures: Any) -> dict[str, float]:
    try:
        return {str(name): float(value) for name, value in (figures or {}).items()}
    except (AttributeError, TypeError, ValueError) as fault:
        raise DataError(f"{folder / 'validation.json'}: no figures ({fault}). Restore it, or remove it.") from fault


def _overrides(folder: Path) -> list[str]:
    """As Hydra keeps them, of a sweep that ran without our record."""
    path = folder / ".hydra" / "overrides.yaml"
    return [str(word) for word in read_yaml(path) or []] if path.is_file() else []


def _settings(words: list[str]) -> dict[str, Setting]:
    return {key.lstrip("+"): _number(value) for key, equals, value in (word.partition("=") for word in words) if equals}


def _number(text: str) -> Setting:
    if re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", text):
        return float(text)
    return text


def _from_log(folder: Path) -> dict[str, float]:
    """val/<term> of the epoch with the lowest val/loss so far, from the csv log of a training that did not end."""
    import pandas

    tables = []
    for path in sorted((folder / "log").rglob("metrics.csv")):
        try:
            tables.append(pandas.read_csv(path))
        except pandas.errors.EmptyDataError:  # begun just now
            continue
        except ValueError as fault:
            raise DataError(f"{path}: not readable as csv ({fault}). Restore it, or remove it.") from fault
    table = pandas.concat(tables, ignore_index=True) if tables else pandas.DataFrame()
    if "val/loss" not in table or not table["val/loss"].notna().any():
        return {}
    line = table.loc[table["val/loss"].idxmin()]
    return {str(name): float(line[name]) for name in table if str(name).startswith("val/") and line[name] == line[name]}


def _scores(folder: Path) -> dict[str, float]:
    """Means over targets from summary.json, of the job's own model under its own gate; of a detector of seconds."""
    path = folder / "summary.json"
    if not path.is_file():
        return {}
    summary = read_json(path)
    facts = summary.get("facts", {})
    gate = str(facts.get("gate", "")).partition(",")[0]
    lines = [line for line in summary.get("scores", []) if line["system"] == facts.get("name")]
    lines = [line for line in lines if line["target"] == ALL]
    own = [line for line in lines if kind_of(line["gate"]) == gate] or [line for line in lines if line["gate"] == "off"]
    return _figures(own[0]) if own else _of_seconds(summary)


def _of_seconds(summary: Mapping[str, Any]) -> dict[str, float]:
    """Of a detector; a separator scored by seconds too has figures of its own under the same names."""
    lines = summary.get("detection", {}).get("levels", [])
    first = [line for line in lines if line["level"] == FIRST and line["value"] is not None]
    return {str(line["measure"]): float(line["value"]) for line in first}


def _figures(line: Mapping[str, Any]) -> dict[str, float]:
    return {
        m.column: float(line[m.column]) for m in MEASURES if line.get(f"{m.column}_n") and line[m.column] is not None
    }
