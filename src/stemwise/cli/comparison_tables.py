"""A comparison in the terminal."""

import math
from collections.abc import Hashable, Mapping
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from stemwise.cli.common import say
from stemwise.report.compared import Comparison
from stemwise.report.comparison import LEVEL, measure_of
from stemwise.report.comparison_figures import stars
from stemwise.report.measures import Measure
from stemwise.report.numbers import number, signed
from stemwise.report.systems import System

Line = Mapping[Hashable, Any]


def show(found: Comparison) -> None:
    """A table a pair, a column a measure: the difference with stars, its interval below; then what must be said."""
    console = Console(width=120, highlight=False)
    for pair in found.pairs:
        say(f"{pair[0].row} against {pair[1].row}: differences")
        console.print(_table(found, *pair))
        for line in _slopes(found, *pair):
            say(line)
    say(f"{found.family} * below 5 %, ** below 1 %, *** below 0.1 %; intervals (95 %, over songs) are not corrected.")
    for system in found.systems:
        for line in _spread(found, system):
            say(line)
    for caution in found.cautions:
        say(f"note: {caution}")


def _table(found: Comparison, one: System, other: System) -> Table:
    lines = [
        line for line in found.table.to_dict("records") if (line["system"], line["against"]) == (one.name, other.name)
    ]
    cells = {(line["target"], line["measure"]): _cell(line) for line in lines}
    measures = [measure for measure in found.measures if any(line["measure"] == measure.column for line in lines)]
    table = Table("target", *(_heading(measure) for measure in measures))
    for target in sorted(dict.fromkeys(line["target"] for line in lines), key=lambda target: target != "all"):
        table.add_row(Text(str(target)), *(cells.get((target, measure.column), Text("")) for measure in measures))
    return table


def _heading(measure: Measure) -> str:
    return f"{measure.heading} {measure.unit} {'↑' if measure.better == 'higher' else '↓'}"


def _cell(line: Line) -> Text:
    measure = measure_of(line["measure"])
    value, low, high = (signed(line[key], measure.digits) for key in ("difference", "low", "high"))
    interval = "" if math.isnan(line["low"]) else f"\n[{low}, {high}]"
    found = Text(f"{value} {stars(line['p_holm'])}".rstrip(), style="bold" if line["p_holm"] < LEVEL else "")
    return found.append(f"{interval} n={line['songs']}" if interval else f"\nn={line['songs']}", style="dim")


def _slopes(found: Comparison, one: System, other: System) -> list[str]:
    """Of the first measure: what activity does to the difference."""
    said = []
    for line in found.slopes.to_dict("records"):
        if (line["system"], line["against"], line["measure"]) == (one.name, other.name, found.measures[0].column):
            measure = found.measures[0]
            value, low, high = (signed(line[key], measure.digits) for key in ("slope", "low", "high"))
            said.append(
                f"from targets that never play to ones that always do ({line['of']}) this difference in "
                f"{measure.heading} changes by {value} {measure.unit} [{low}, {high}]"
            )
    return said


def _spread(found: Comparison, system: System) -> list[str]:
    """Of systems with several seeds: how far the seeds' own figures lie apart, over all targets."""
    if len(system.runs) < 2:
        return []
    told = {}
    for line in found.table.to_dict("records"):
        measure = measure_of(line["measure"])
        for name, spread in (("system", "spread"), ("against", "against_spread")):
            if line["target"] == "all" and line[name] == system.name and not math.isnan(line[spread]):
                told[measure.column] = f"{measure.heading} {number(line[spread], measure.digits + 1)} {measure.unit}"
    return [f"{system.row}: standard deviation over {len(system.runs)} seeds {', '.join(told.values())}".rstrip()]
