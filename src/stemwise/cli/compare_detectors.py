"""stemwise compare RUN RUN, of runs that hear which instruments play."""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from stemwise.cli.common import say
from stemwise.cli.comparison_files import write_compared
from stemwise.errors import DataError
from stemwise.evaluation.heard import CLIPS, holds_clips, read_clips
from stemwise.evaluation.table import NAME
from stemwise.home import runs_home
from stemwise.report.comparison import LEVEL
from stemwise.report.comparison_figures import stars
from stemwise.report.detection import comparison_figures, write_detectors_compared
from stemwise.report.detection.compared import compare_heard
from stemwise.report.detection.measures import BY_COLUMN, DIGITS
from stemwise.report.numbers import number, signed

if TYPE_CHECKING:
    from stemwise.report.detection import DetectionComparison

Named = Mapping[str, Sequence[Path]]


def seconds_of(named: Named) -> dict[str, list[Path]]:
    """The scores of seconds of all runs, where they are to be compared by these: some have no others. Else nothing.

    `named` as of `compare.groups_of`. Raises DataError where some of the others have no scores of seconds.
    """
    paths = [path for paths in named.values() for path in paths]
    only = [path for path in paths if not _has_scores(path) and _clips_of(path)]
    if not only:
        return {}
    if lacking := [path for path in paths if not _clips_of(path) and _has_scores(path)]:
        raise DataError(
            f"{_folder(only[0])} hears instruments and {_folder(lacking[0])} was scored as a separator: there is "
            "nothing to hold against each other. Score the separator's activity by seconds too: "
            f"python -m src.eval run={_folder(lacking[0])} clips=true"
        )
    return {name: [_clips_of(path) or path for path in paths] for name, paths in named.items()}


def compare(
    named: Named, gates: Sequence[str], baseline: str | None, measures: Sequence[str], out: Path | None, seed: int
) -> None:
    """Print the differences and write compare.html, compare.json, compare.parquet and compare_figures."""
    if gates:
        raise DataError(
            f"--gate {gates[0]}: seconds are compared by what was heard, no gate plays a part. Leave it out."
        )
    heard = {name: [read_clips(path) for path in paths] for name, paths in named.items()}
    found = compare_heard(heard, baseline, measures, seed=seed)
    show(found)
    folder = out or runs_home() / "compared" / "_vs_".join(named)
    write(found, folder)
    say(f"all of it: {folder / 'compare.html'}")


def show(found: "DetectionComparison") -> None:
    """A table a pair, a row a level: the difference with stars, its interval below; then AUC by instrument."""
    console = Console(width=120, highlight=False)
    for pair in found.pairs:
        say(f"{pair[0]} against {pair[1]}: differences (higher is better)")
        console.print(_differences(found, *pair))
    say(f"{found.family} * below 5 %, ** below 1 %, *** below 0.1 %.")
    say("ROC AUC of seconds, by instrument")
    console.print(_instruments(found))
    for line in _spreads(found):
        say(line)
    for caution in found.cautions:
        say(f"note: {caution}")


def write(found: "DetectionComparison", folder: Path) -> None:
    """Each whole or not at all."""
    pictures = comparison_figures(found)
    write_compared(folder, found, found.differences, pictures)
    write_detectors_compared(folder / "compare.html", found, pictures)


def _differences(found: "DetectionComparison", one: str, other: str) -> Table:
    lines = [row for row in found.differences.to_dict("records") if (row["system"], row["against"]) == (one, other)]
    measures = list(dict.fromkeys(row["measure"] for row in lines))
    table = Table("level", *(BY_COLUMN[measure].heading for measure in measures))
    for level in dict.fromkeys(row["level"] for row in lines):
        here = {row["measure"]: row for row in lines if row["level"] == level}
        cells = []
        for measure in measures:
            row = here[measure]
            text = f"{signed(row['difference'], DIGITS)} {stars(row['p_holm'])}".rstrip()
            cell = Text(text, style="bold" if row["p_holm"] < LEVEL else "")
            cells.append(cell.append(_interval(row["low"], row["high"]), style="dim"))
        table.add_row(str(level), *cells)
    return table


def _instruments(found: "DetectionComparison") -> Table:
    headings = (*found.names, *(f"{one} − {other}" for one, other in found.pairs))
    table = Table("instrument", *(Column(Text(name)) for name in headings))
    rows, apart = found.instruments.to_dict("records"), found.apart.to_dict("records")
    for target in found.targets:
        figures = [Text(number(row["auc"], DIGITS)) for row in rows if row["target"] == target]
        differences = [
            Text(signed(row["difference"], DIGITS)).append(_interval(row["low"], row["high"], " "), style="dim")
            for row in apart
            if row["target"] == target
        ]
        table.add_row(Text(target), *figures, *differences)
    return table


def _spreads(found: "DetectionComparison") -> list[str]:
    """Of systems with several seeds: how far the seeds' own figures of seconds lie apart."""
    first = found.systems["level"].iloc[0]
    told: dict[str, list[str]] = {}
    for row in found.systems[found.systems["level"] == first].to_dict("records"):
        if row["seeds"] > 1:
            spread = f"{BY_COLUMN[row['measure']].heading} {row['spread']:.{DIGITS + 1}f}"
            told.setdefault(f"{row['system']}: standard deviation over {row['seeds']} seeds at {first}", []).append(
                spread
            )
    return [f"{what} {', '.join(spreads)}" for what, spreads in told.items()]


def _interval(low: float, high: float, before: str = "\n") -> str:
    return "" if math.isnan(low) else f"{before}[{signed(low, DIGITS)}, {signed(high, DIGITS)}]"


def _has_scores(path: Path) -> bool:
    """Whether a file as `groups_of` names it holds scores of separated stems."""
    return path.is_file() and not holds_clips(path)


def _clips_of(path: Path) -> Path | None:
    """The file with scores of seconds that a run has: itself, or the one in the run's folder."""
    if path.is_file() and holds_clips(path):
        return path
    beside_it = path.with_name(CLIPS)
    return beside_it if path.name == NAME and beside_it.is_file() else None


def _folder(path: Path) -> Path:
    return path.parent if path.name in (NAME, CLIPS) else path
