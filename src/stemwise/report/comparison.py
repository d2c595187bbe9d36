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
from stemwise.report.systems import System, gather, over_seeds, pairs
from stemwise.report.tables import ALL, Cell
from stemwise.texts import count

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
    chosen = [measure_of(column) for column in dict.fromkeys(measures)]
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
        count(len(table.drop_duplicates(["system", "against"])), "pair"),
        count(table["measure"].nunique(), "measure"),
        f"{table['target'].nunique()} targets with 'all'",
    ]
    less = f"; {untested} of their lines have too few songs that differ for a test" if untested else ""
    return f"Holm's correction over all {count(tests, 'test')} of this table ({' × '.join(sizes)}{less})."


def measure_of(column: str) -> Measure:
    """Raises DataError for what is no measure, and for one that is pooled over songs."""
    usable = {measure.column: measure for measure in MEASURES if measure.statistic != "pooled"}
    if column not in usable:
        raise DataError(f"measure {column}: choose of {', '.join(usable)}.")
    return usable[column]


def statistic_of(measure: Measure) -> Literal["mean", "median"]:
    return "median" if measure.statistic == "median" else "mean"


def _lines(pair: tuple[System, System], measure: Measure, resamples: int, seed: int) -> list[dict[str, Cell]]:
    """The lines of one pair and measure: 'all', then the targets in the order of the scores."""
    mine, theirs = (system.of_seeds(measure) for system in pair)
    with np.errstate(invalid="ignore"):
        missing = np.isnan(over_seeds(mine) - over_seeds(theirs))
    # Figures too are of the songs that both have.
    mine, theirs = (np.where(missing, np.nan, figures) for figures in (mine, theirs))
    sorted_targets = pair[0].targets
    columns = {target: [sorted_targets.index(target)] for target in dict.fromkeys(pair[0].runs[0]["target"])}
    columns = {ALL: list(range(len(sorted_targets))), **columns}
    who: dict[str, Cell] = {
        "system": pair[0].name, "gate": pair[0].gate, "against": pair[1].name, "against_gate": pair[1].gate,
        "measure": measure.column,
    }  # fmt: skip
    return [
        {**who, "target": target, **_line(measure, mine[..., places], theirs[..., places], resamples, seed)}
        for target, places in columns.items()
        if not missing[:, places].all()
    ]


def _line(measure: Measure, mine: Doubles, theirs: Doubles, resamples: int, seed: int) -> dict[str, Cell]:
    """Of figures (seed, song, target) of both systems."""
    one, other = over_seeds(mine), over_seeds(theirs)
    with np.errstate(invalid="ignore"):
        apart = one - other
    low, high = bootstrap_interval(apart, statistic_of(measure), resamples=resamples, seed=seed)
    test = paired_test(mean(apart, axis=1))
    better, worse = (test.above, test.below) if measure.better == "higher" else (test.below, test.above)
    return {
        "figure": _over_songs(one, measure), "against_figure": _over_songs(other, measure),
        "difference": _over_songs(apart, measure), "low": low, "high": high,
        "p": test.p, "why": test.why, "rank_biserial": test.rank_biserial, "d_z": test.d_z,
        "better": better, "worse": worse, "songs": test.songs,
        "seeds": len(mine), "spread": _spread(mine, measure),
        "against_seeds": len(theirs), "against_spread": _spread(theirs, measure),
    }  # fmt: skip


def _over_songs(table: Doubles, measure: Measure) -> float:
    """(song, target) → the mean over targets of the measure's statistic over songs."""
    return float(mean(median(table) if statistic_of(measure) == "median" else mean(table)))


def _spread(figures: Doubles, measure: Measure) -> float:
    """Standard deviation over seeds of each seed's own figure; NaN of one seed and of infinite figures."""
    own = [_over_songs(table, measure) for table in figures]
    return float(np.std(own, ddof=1)) if len(own) > 1 and np.isfinite(own).all() else float("nan")
