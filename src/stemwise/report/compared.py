"""A whole comparison: tables, what must be said beside them, and the files of it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from stemwise.errors import DataError
from stemwise.report.by_activity import by_activity
from stemwise.report.comparison import COMPARED, compare, family, measure_of
from stemwise.report.measures import BSS_EVAL, Measure
from stemwise.report.systems import BOUNDS, System, cautions, gather, pairs
from stemwise.report.tables import to_records

if TYPE_CHECKING:
    import pandas

    from stemwise.report.systems import Scores

Facts = Mapping[str, Sequence[Mapping[str, str]]]
WAYS = {"shifts": 1, "wiener": 0}  # settings of an evaluation that change the stems: a fact beside scores of another


@dataclass(frozen=True)
class Comparison:
    """What `stemwise compare` shows: tables as `comparison.compare` and `by_activity.by_activity` make them.

    facts: by system what each of its runs says of itself (name, seed, commit, songs, ...)
    cautions: sentences that a reader must know
    """

    systems: tuple[System, ...]
    pairs: tuple[tuple[System, System], ...]
    table: pandas.DataFrame
    bins: pandas.DataFrame
    slopes: pandas.DataFrame
    facts: Facts
    cautions: tuple[str, ...]

    @property
    def title(self) -> str:
        rows = list(dict.fromkeys(system.row for pair in self.pairs for system in pair))
        return " against ".join(rows) if len(rows) == 2 else f"{', '.join(rows[:-1])} and {rows[-1]} compared"

    @property
    def measures(self) -> list[Measure]:
        """Those that have a line."""
        return [measure_of(column) for column in dict.fromkeys(self.table.get("measure", ()))]

    @property
    def family(self) -> str:
        return family(self.table)

    def to_json(self) -> dict[str, Any]:
        """Fit for JSON: NaN is None, infinity 'inf'."""
        return {
            "systems": [
                {
                    "name": system.name,
                    "gate": system.gate,
                    "runs": [dict(run) for run in self.facts.get(system.name, ())],
                }
                for system in self.systems
            ],
            "songs": self.systems[0].songs,
            "family": self.family,
            "cautions": list(self.cautions),
            "differences": to_records(self.table),
            "by_activity": to_records(self.bins),
            "slopes": to_records(self.slopes),
        }


def compare_all(
    scores_by_system: Mapping[str, Scores],
    gates: str | Mapping[str, str] = "off",
    baseline: str | None = None,
    measures: Sequence[str] = COMPARED,
    facts: Facts | None = None,
    resamples: int = 2000,
    seed: int = 0,
) -> Comparison:
    """Arguments and errors as of `comparison.compare`; DataError too for a measure that a run was not scored by."""
    systems, told = gather(scores_by_system, gates), facts or {}
    _all_scored(systems, measures)
    how = (gates, baseline, measures, resamples, seed)
    bins, slopes = by_activity(scores_by_system, *how)
    return Comparison(
        systems=tuple(systems),
        pairs=tuple(pairs(systems, baseline)),
        table=compare(scores_by_system, *how),
        bins=bins,
        slopes=slopes,
        facts=told,
        cautions=(*cautions(systems), *same_seeds(told), *other_ways(told)),
    )


def _all_scored(systems: Sequence[System], measures: Sequence[str]) -> None:
    for system in systems:
        for column in (measure.column for measure in BSS_EVAL if measure.column in measures):
            # A gate may leave a model without figures; the mixture has them wherever anybody asked.
            if system.name not in BOUNDS and any(run[column].isna().all() for run in system.whole):
                raise DataError(f"{system.name} has no {column}: score it with python -m src.eval bss_eval=true")


def other_ways(facts: Facts) -> list[str]:
    """A sentence for each setting of the evaluation in which runs differ, which may be all that tells them apart."""
    said = []
    for way, usual in WAYS.items():
        found = {name: sorted({_way(run, way, usual) for run in runs}) for name, runs in facts.items()}
        if len({value for values in found.values() for value in values}) > 1:
            each = "; ".join(f"{name} {', '.join(values)}" for name, values in found.items())
            said.append(f"The stems were not made alike, {way}: {each}. Differences hold this too.")
    return said


def _way(run: Mapping[str, str], way: str, usual: int) -> str:
    """As its facts say, or, of scores made before they did, its command."""
    said = re.search(rf"(?:^|\s){way}=(\d+)", run.get("scored by", ""))
    return run.get(way) or (said[1] if said else str(usual))


def same_seeds(facts: Facts) -> list[str]:
    """A sentence for each system whose runs were trained with one seed: their spread would say nothing."""
    said = []
    for name, runs in facts.items():
        seeds = [run["seed"] for run in runs if "seed" in run]
        if twice := sorted({seed for seed in seeds if seeds.count(seed) > 1}):
            said.append(
                f"Runs of {name} share the seed {', '.join(twice)}: they may be one training twice, and then the "
                "spread over seeds is too small."
            )
    return said
