"""Detectors held against each other on the same songs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from stemwise.metrics.arrays import Doubles
from stemwise.metrics.detection import (
    LEVELS,
    difference,
    draws_of,
    macro,
    macro_figure,
    over_seeds,
    weights_of,
)  # fmt: skip
from stemwise.metrics.detection.clips import ACTIVE
from stemwise.metrics.paired import holm
from stemwise.report.detection.comparison_checks import cautions_of, check_alike, cuts_of, pairs_of
from stemwise.report.detection.instruments import instruments
from stemwise.report.detection.measures import BY_COLUMN, COMPARED
from stemwise.report.detection.table import Detections, detections_of
from stemwise.report.detection.thresholds import Thresholds, at_level
from stemwise.report.numbers import probability, signed
from stemwise.report.tables import Cell, to_records
from stemwise.texts import count

if TYPE_CHECKING:
    import pandas

    # Clips of one training, or of several seeds.
    Runs: TypeAlias = pandas.DataFrame | Sequence[pandas.DataFrame]


@dataclass(frozen=True)
class DetectionComparison:
    """What `compare_detection` found.

    systems: a line for each level × measure × system: level, measure, system, value, low, high (95 % bootstrap interval
        over songs), seeds, spread (standard deviation of the figure over seeds, NaN of one), targets, songs
    differences: a line for each level × measure × pair: level, measure, system, against, difference (system minus
        against), low, high, p, p_holm (corrected for all tests of this table), why (there is no test), songs
    instruments, apart: AUC of each target at the first level, as `instruments` makes them
    cautions: sentences that a reader must know
    songs, targets: what all were scored on
    facts: by system what each of its runs says of itself (name, seed, commit, songs, ...)
    """

    systems: pandas.DataFrame
    differences: pandas.DataFrame
    instruments: pandas.DataFrame
    apart: pandas.DataFrame
    cautions: tuple[str, ...]
    songs: tuple[str, ...]
    targets: tuple[str, ...]
    facts: Mapping[str, Sequence[Mapping[str, str]]] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        return list(dict.fromkeys(self.systems["system"]))

    @property
    def pairs(self) -> list[tuple[str, str]]:
        return list(dict.fromkeys(zip(self.differences["system"], self.differences["against"], strict=True)))

    @property
    def title(self) -> str:
        names = self.names
        return " against ".join(names) if len(names) == 2 else f"{', '.join(names[:-1])} and {names[-1]} compared"

    @property
    def family(self) -> str:
        """What the correction covers, in a sentence."""
        counts: list[tuple[int, str]] = [
            (len(self.pairs), "pair"),
            *((self.differences[what].nunique(), what) for what in ("level", "measure")),
        ]
        sizes = " × ".join(count(*each) for each in counts)
        tests = int(self.differences["p"].notna().sum())
        return f"Holm's correction covers all {tests} tests of this table ({sizes}); intervals are not corrected."

    def to_json(self) -> dict[str, Any]:
        """Fit for JSON: NaN is None."""
        return {
            "systems": [{"name": name, "runs": [dict(run) for run in self.facts.get(name, ())]} for name in self.names],
            "songs": list(self.songs),
            "targets": list(self.targets),
            "family": self.family,
            "cautions": list(self.cautions),
            "figures": to_records(self.systems),
            "differences": to_records(self.differences),
            "instruments": to_records(self.instruments),
            "instrument_differences": to_records(self.apart),
        }


@dataclass(frozen=True)
class _System:
    """Its seeds at one level: by measure the figures (seed, draw), as `macro` has them; `auc` those of each target,
    (seed, draw, target)."""

    name: str
    figures: Mapping[str, Doubles]
    targets: Mapping[str, int]
    auc: Doubles


def compare_detection(
    systems: Mapping[str, Runs],
    thresholds: float | Mapping[str, Sequence[Thresholds]] = 0.5,
    baseline: str | None = None,
    active_from: float = ACTIVE,
    levels: Mapping[str, int | None] = LEVELS,
    measures: Sequence[str] = COMPARED,
    resamples: int = 2000,
    seed: int = 0,
) -> DetectionComparison:
    """`systems` has by name the table of clips of a training (as `detections_of` takes it), or of each of its seeds.

    thresholds: one number, or by system those of each of its seeds
    baseline: the system that the others are held against; None: all pairs in order
    measures: of `measures.COMPARABLE`

    A system's figure is the mean of its seeds' on the same songs, in the table and in every draw: seeds are averaged
    before songs are compared. Raises DataError for fewer than 2 systems, other numbers of thresholds than of seeds,
    unknown names, and systems that were scored on other songs, seconds, targets or labels.
    """
    import pandas

    found = {name: [detections_of(table, active_from) for table in _listed(runs)] for name, runs in systems.items()}
    cuts = cuts_of(found, thresholds)
    pairs = pairs_of(found, baseline)
    check_alike(found, measures)
    first = next(iter(found.values()))[0]
    songs = len(first.songs)
    lines: list[dict[str, Cell]] = []
    apart: list[dict[str, Cell]] = []
    per_target: dict[str, Doubles] = {}
    for level, length in levels.items():
        made = {name: _system(name, runs, cuts[name], (level, length), resamples, seed) for name, runs in found.items()}
        per_target = per_target or {name: system.auc for name, system in made.items()}
        for measure in dict.fromkeys(measures):
            here: dict[str, Cell] = {"level": level, "measure": measure}
            lines += [here | _line(system, measure, songs) for system in made.values()]
            apart += [here | _difference(made[one], made[other], measure, songs) for one, other in pairs]
    differences = pandas.DataFrame(apart)
    differences.insert(differences.columns.get_loc("p") + 1, "p_holm", holm(differences["p"].to_numpy(float)))
    clips = first.at(next(iter(levels.values())))
    return DetectionComparison(
        pandas.DataFrame(lines),
        differences,
        *instruments(per_target, pairs, clips, first.targets),
        tuple(cautions_of(found, differences, thresholds)),
        first.songs,
        first.targets,
    )


def comparison_in_lines(found: DetectionComparison) -> list[str]:
    """A line a difference for a terminal."""
    lines = []
    for row in found.differences.to_dict("records"):
        low, high = signed(row["low"], 3), signed(row["high"], 3)
        p = f"p {probability(row['p_holm'])}" if row["why"] == "" else row["why"]
        what = f"{row['level']:5} {BY_COLUMN[row['measure']].heading:8} {row['system']} − {row['against']}"
        lines.append(f"{what:45} {signed(row['difference'], 3)} [{low}, {high}], {p}")
    return lines


def _listed(runs: Runs) -> list[pandas.DataFrame]:
    return list(runs) if isinstance(runs, list | tuple) else [runs]


def _system(
    name: str, runs: list[Detections], cuts: list[Thresholds], level: tuple[str, int | None], resamples: int, seed: int
) -> _System:
    drawn = []
    for run, thresholds in zip(runs, cuts, strict=True):
        clips = run.at(level[1])
        weights = weights_of(clips, resamples, seed)
        drawn.append(draws_of(clips, at_level(thresholds, level[0], run.targets), weights))
    return _System(
        name,
        {measure: np.stack([macro(draws[measure]) for draws in drawn]) for measure in drawn[0]},
        {measure: macro_figure(table).targets for measure, table in drawn[0].items()}
        | {"lrap": int(runs[0].clips.known.any(axis=0).sum())},
        np.stack([draws["auc"] for draws in drawn]),
    )


def _line(system: _System, measure: str, songs: int) -> dict[str, Cell]:
    figures = system.figures[measure]
    figure = macro_figure(over_seeds(list(figures))[:, None])
    spread = float(figures[:, 0].std(ddof=1)) if len(figures) > 1 else float("nan")
    return {
        "system": system.name, "value": figure.value, "low": figure.low, "high": figure.high,
        "seeds": len(figures), "spread": spread, "targets": system.targets[measure], "songs": songs,
    }  # fmt: skip


def _difference(one: _System, other: _System, measure: str, songs: int) -> dict[str, Cell]:
    mine, theirs = (over_seeds(list(system.figures[measure])) for system in (one, other))
    found = difference(mine, theirs, songs)
    return {
        "system": one.name, "against": other.name, "difference": found.value, "low": found.low, "high": found.high,
        "p": found.p, "why": found.why, "songs": songs,
    }  # fmt: skip
