"""stemwise compare RUN RUN"""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stemwise.cli.common import say
from stemwise.errors import DataError, MissingExtra
from stemwise.home import runs_home

if TYPE_CHECKING:
    from stemwise.report.compared import Comparison

NEEDS = ("pandas", "pyarrow", "matplotlib", "jinja2")
GATES = ("off", "hard", "soft", "oracle")


def command(
    runs: Annotated[
        list[str],
        typer.Argument(
            help="run folders, scores.parquet or detections.parquet; NAME=RUN names one, NAME=RUN,RUN joins "
            "seeds of a system"
        ),
    ],
    gate: Annotated[
        list[str] | None,
        typer.Option(help="of separators: off, hard, soft or oracle for all, NAME=hard for one; may repeat"),
    ] = None,
    baseline: Annotated[
        str | None, typer.Option(help="what the others are held against, also mixture or silence; default: all pairs")
    ] = None,
    measure: Annotated[list[str] | None, typer.Option(help="a column of the scores; may repeat")] = None,
    out: Annotated[Path | None, typer.Option(help="default: runs/compared/<names> of the home folder")] = None,
    seed: Annotated[int, typer.Option(help="of the bootstrap", min=0)] = 0,
) -> None:
    """Say which of several runs is better on the same songs, by how much, and whether other songs would say so too.

    Detectors, and separators scored with clips=true beside them, are compared by seconds.

    Writes compare.html, compare.json, compare.parquet and a folder of figures.
    """
    if lacking := next((package for package in NEEDS if find_spec(package) is None), None):
        raise MissingExtra(lacking, "train", "Comparing runs")
    from stemwise.cli import compare_detectors
    from stemwise.cli.comparison_tables import show
    from stemwise.evaluation.table import read_scores
    from stemwise.report.compared import compare_all
    from stemwise.report.comparison import COMPARED

    named = groups_of(runs)
    if seconds := compare_detectors.seconds_of(named):
        compare_detectors.compare(seconds, gate or (), baseline, measure or (), out, seed)
        return
    read = {name: [read_scores(path) for path in paths] for name, paths in named.items()}
    facts = {
        name: [{"folder": path.parent.name, **facts} for path, (_, facts) in zip(named[name], of_runs, strict=True)]
        for name, of_runs in read.items()
    }
    scores = {name: [table for table, _ in of_runs] for name, of_runs in read.items()}
    found = compare_all(scores, gates_of(gate or (), named), baseline, measure or COMPARED, facts, seed=seed)
    show(found)
    folder = out or runs_home() / "compared" / "_vs_".join(system.name for system in found.systems)
    write(found, folder)
    say(f"all of it: {folder / 'compare.html'}")


def groups_of(words: list[str]) -> dict[str, list[Path]]:
    """Names and score files of `[NAME=]RUN[,RUN...]` words; words of one name are one system.

    A word that is a path is one, whatever its name holds; * in the last part of a named system's run stands for
    folders. Raises DataError for names that are empty or taken, and for a run that is given twice for one system.
    """
    found: dict[str, list[Path]] = {}
    unnamed = set[str]()
    for word in words:
        name, equals, runs = word.partition("=")
        if Path(word).exists() or not equals or "/" in name:
            path = scores_of(word)
            name = path.parent.resolve().name if path.name in ("scores.parquet", "detections.parquet") else path.stem
            if name in found:
                raise DataError(f"{word}: the name {name} is taken. Name the runs: first={word} second=...")
            unnamed.add(name)
            found[name] = [path]
        elif not name or name in unnamed or not runs:
            raise DataError(f"{word}: give NAME=RUN, with a name that no other run has.")
        else:
            found.setdefault(name, []).extend(map(scores_of, several(runs)))
    for name, paths in found.items():
        places = [path.resolve() for path in paths]
        if twice := next((place for place in places if places.count(place) > 1), None):
            raise DataError(f"{twice} is given twice for {name}. Each run is another seed; give each once.")
    return found


def several(runs: str) -> list[str]:
    """The runs of a group: one path, paths between commas, or patterns with *."""
    if Path(runs).exists():
        return [runs]
    parts = [Path(run) for run in runs.split(",") if run]
    return [str(found) for part in parts for found in _meant(part)]


def _meant(part: Path) -> list[Path]:
    """A path, or where its last part holds * what fits; other signs of patterns are letters of names here."""
    pattern = part.name.replace("[", "[[]").replace("?", "[?]")
    return [part] if part.exists() else sorted(part.parent.glob(pattern)) or [part]


def scores_of(run: str) -> Path:
    return Path(run) / "scores.parquet" if Path(run).is_dir() else Path(run)


def gates_of(words: list[str] | tuple[str, ...], named: dict[str, list[Path]]) -> dict[str, str]:
    """The gate of each system: off, what one word says of all, or what NAME=GATE says of it."""
    gates = dict.fromkeys(named, "off")
    for word in sorted(words, key=lambda word: "=" in word):  # what is said of one counts more
        name, equals, gate = word.rpartition("=")
        if gate.partition(", ")[0] not in GATES:  # a gate by a detector is `hard, detector`
            raise DataError(f"--gate {word}: choose one of {', '.join(GATES)}, for all or as NAME=GATE.")
        if equals and name not in gates:
            raise DataError(f"--gate {word}: there is no system {name}; there are {', '.join(gates)}.")
        gates |= {name: gate} if equals else dict.fromkeys(gates, gate)
    return gates


def write(found: "Comparison", folder: Path) -> None:
    """compare.json, compare.parquet, compare.html and the folder compare_figures, each whole or not at all."""
    from stemwise.cli.comparison_files import write_compared
    from stemwise.report.comparison_page import figures_of, write_comparison

    pictures = figures_of(found)
    write_compared(folder, found, found.table, pictures)
    write_comparison(folder / "compare.html", found, pictures)
