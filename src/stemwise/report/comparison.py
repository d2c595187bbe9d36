"""Systems held against each other on the same songs: differences, intervals, tests, and how much seeds differ.

The functions take scores as `stemwise.evaluation.table.read_scores` reads them, so that other code can build tables of
claims from them:

    compare({"iass": [seed_0, seed_1], "open_unmix": baseline}, gates={"iass": "hard"})
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import numpy as np

from stemwise.errors import DataError
from stemwise.metrics.arrays import Doubles, mean, median
from stemwise.metrics.intervals import bootstrap_interval
from stemwise.metrics.paired import holm, paired_test
from stemwise.report.measures import MEASURES, Measure
from stemwise.report.systems import System, gather, pairs
from stemwise.report.tables import ALL, Cell

if TYPE_CHECKING:
    import pandas

    from stemwise.report.systems import Scores

COMPARED = ("usdr", "csdr", "csdr_common", "silence_energy", "auc")
LEVEL = 0.05  # of the whole family


def compare(
    scores_by_system: Mapping[str, Scores],
    gates: str | Mapping[str, str] = "off",
    baseline: str | None = None,
    measures: Sequence[str] = COMPARED,
    resamples: int = 2000,
    seed: int = 0,
) -> pandas.DataFrame:
    """A line for each pair × measure × target, the target 'all' first; what no song of both has is left out.

    scores_by_system: by name the scores of a run, or of several seeds of one system; all of the same songs and targets.
        Seeds are averaged song by song before anything else.
    gates: off, hard, soft or oracle, for all systems or by name
    baseline: a system, or a bound such as 'silence', that the others are held against; None: all pairs in order
    measures: columns of `measures.MEASURES`, but for pooled ones

    The columns, in the measure's unit (dB, or 0 to 1; lost energy in %):
    system, gate, against, against_gate, measure, target
    figure, against_figure: the measure's statistic over the songs that both have a figure for
    difference, low, high: that statistic of the differences (system minus against), and its 95 % bootstrap interval
        over songs. For 'all' these and the figures are means over targets of each target's, as in `tables.summarise`.
    p, p_holm, why: Wilcoxon's signed-rank test; p corrected for all tests of this table (`family` says how many); the
        reason where there is none. For 'all' the test, and what follows, take the mean over targets of each song.
    rank_biserial, d_z: effect sizes, with the sign of the difference (`metrics.paired_test`)
    better, worse: shares of songs in which system is better or worse than against, as the measure counts
    songs: those behind the line
    seeds, spread, against_seeds, against_spread: runs of each, and the standard deviation over them of the figure

    Raises DataError as `systems.gather` does, for an unknown baseline, and for measures that have no figure a song.
    """
    import pandas

    systems = gather(scores_by_system, gates)
    chosen = [measure_of(column) for column in measures]
    lines = [line for pair in pairs(systems, baseline) for m in chosen for line in _lines(pair, m, resamples, seed)]
    table = pandas.DataFrame(lines)
    if len(table):
        table.insert(table.columns.get_loc("p") + 1, "p_holm", holm(table["p"].to_numpy(float)))
    return table


def family(table: pandas.DataFrame) -> str:
    """What the correction of a table by `compare` covers, in a sentence."""
    if table.empty:
        return "No tests: there is no song that both systems of a pair have figures for."
    tests = int(table["p"].notna().sum())
    untested = len(table) - tests
    sizes = [
        _count(len(table.drop_duplicates(["system", "against"])), "pair"),
        _count(table["measure"].nunique(), "measure"),
        f"{table['target'].nunique()} targets with 'all'",
    ]
    less = f"; {untested} of their lines have too few songs that differ for a test" if untested else ""
    return f"Holm's correction over all {_count(tests, 'test')} of this table ({' × '.join(sizes)}{less})."


def measure_of(column: str) -> Measure:
    """Raises DataError for what is no measure, and for one that is pooled over songs."""
    usable = {measure.column: measure for measure in MEASURES if measure.statistic != "pooled"}
    if column not in usable:
        raise DataError(f"measure {column}: choose of {', '.join(usable)}.")
    return usable[column]


def reduce_songs(table: Doubles, measure: Measure) -> Doubles:
    """(target,) the measure's statistic over the songs of (song, target)."""
    return median(table) if statistic_of(measure) == "median" else mean(table)


def statistic_of(measure: Measure) -> Literal["mean", "median"]:
    return "median" if measure.statistic == "median" else "mean"


def _lines(pair: tuple[System, System], measure: Measure, resamples: int, seed: int) -> list[dict[str, Cell]]:
    """The lines of one pair and measure: 'all', then the targets in the order of the scores."""
    one, other = pair
    with np.errstate(invalid="ignore"):
        apart = one.figures(measure) - other.figures(measure)
    places = {target: place for place, target in enumerate(one.targets)}
    in_order = dict.fromkeys(one.runs[0]["target"])
    columns = {ALL: list(places.values()), **{target: [places[target]] for target in in_order}}
    return [
        _line(pair, measure, apart, target, chosen, resamples, seed)
        for target, chosen in columns.items()
        if not np.isnan(apart[:, chosen]).all()
    ]


def _line(
    pair: tuple[System, System],
    measure: Measure,
    apart: Doubles,
    target: str,
    chosen: list[int],
    resamples: int,
    seed: int,
) -> dict[str, Cell]:
    one, other = pair
    values = apart[:, chosen]
    low, high = bootstrap_interval(values, statistic_of(measure), resamples=resamples, seed=seed)
    test = paired_test(mean(values, axis=1))
    mine, theirs = (_over_seeds(system, measure, values, chosen) for system in pair)
    up = measure.better == "higher"
    return {
        "system": one.name, "gate": one.gate, "against": other.name, "against_gate": other.gate,
        "measure": measure.column, "target": target,
        "figure": mine[0], "against_figure": theirs[0],
        "difference": float(mean(reduce_songs(values, measure))), "low": low, "high": high,
        "p": test.p, "why": test.why, "rank_biserial": test.rank_biserial, "d_z": test.d_z,
        "better": test.above if up else test.below, "worse": test.below if up else test.above, "songs": test.songs,
        "seeds": len(one.runs), "spread": mine[1], "against_seeds": len(other.runs), "against_spread": theirs[1],
    }  # fmt: skip


def _over_seeds(system: System, measure: Measure, values: Doubles, chosen: list[int]) -> tuple[float, float]:
    """The figure of the averaged seeds, and the standard deviation of the seeds' own, where `values` is known."""
    missing = np.isnan(values)

    def figure(table: Doubles) -> float:
        return float(mean(reduce_songs(np.where(missing, np.nan, table[:, chosen]), measure)))

    own = [figure(table) for table in system.of_seeds(measure)]
    spread = float(np.std(own, ddof=1)) if len(own) > 1 and np.isfinite(own).all() else float("nan")
    return figure(system.figures(measure)), spread


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
