"""Systems that can be compared: each a training or several seeds of one, all scored on the same songs and targets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stemwise.errors import DataError
from stemwise.metrics.arrays import Doubles
from stemwise.report.measures import LOWER_ROWS, UPPER_ROWS, Measure, name_of
from stemwise.report.tables import checked, song_by_target

if TYPE_CHECKING:
    import pandas

    # Scores of one run, or of several seeds.
    Scores: TypeAlias = pandas.DataFrame | Sequence[pandas.DataFrame]

BOUNDS = (*LOWER_ROWS, *UPPER_ROWS)
APART = 0.01  # dB of the mixture's uSDR from which two runs were not scored on the same sound


@dataclass(frozen=True)
class System:
    """One way to estimate the targets, under one gate.

    runs: the lines of its model under that gate, song × target, a table a seed
    whole: all lines of each run, the bounds among them
    """

    name: str
    gate: str
    runs: tuple[pandas.DataFrame, ...]
    whole: tuple[pandas.DataFrame, ...]

    @property
    def row(self) -> str:
        return name_of(self.name, self.gate)

    @property
    def songs(self) -> list[str]:
        """Sorted, as the first axis of every array of figures is."""
        return sorted(set(self.runs[0]["song"]))

    @property
    def targets(self) -> list[str]:
        """Sorted, as the last axis of every array of figures is."""
        return sorted(set(self.runs[0]["target"]))

    def of_seeds(self, measure: Measure) -> Doubles:
        """(seed, song, target), NaN in songs that do not count."""
        return np.stack([song_by_target(run, measure) for run in self.runs])

    def figures(self, measure: Measure) -> Doubles:
        """(song, target): the mean over seeds."""
        return over_seeds(self.of_seeds(measure))

    def active_share(self) -> Doubles | None:
        """(song, target): share of time in which the target is active; None for scores that do not say."""
        if "active_share" not in self.runs[0]:
            return None
        table = self.runs[0].pivot(index="song", columns="target", values="active_share")
        return np.asarray(table.to_numpy(), dtype=np.float64)

    def bound(self, name: str) -> System:
        """A bound of its first run, as a system."""
        lines = self.whole[0][self.whole[0]["system"] == name]
        if lines.empty:
            raise DataError(f"The scores of {self.name} have no rows '{name}'. Score the run again.")
        return System(name, "", (lines,), self.whole)


def gather(scores: Mapping[str, Scores], gates: str | Mapping[str, str] = "off") -> list[System]:
    """The systems by name. `gates` is one of off, hard, soft, oracle for all, or by name (others: off).

    Raises DataError for fewer than one run, names of bounds, runs that hold no model or several, gates without scores,
    and runs of other songs or targets.
    """
    if not isinstance(gates, str) and (unknown := set(gates) - set(scores)):
        raise DataError(f"A gate is set for {', '.join(sorted(unknown))}, but the systems are {', '.join(scores)}.")
    found = []
    for name, given in scores.items():
        if name in BOUNDS:
            raise DataError(f"'{name}' names a bound that every run has. Give the system another name.")
        gate = gates if isinstance(gates, str) else gates.get(name, "off")
        tables = [checked(table) for table in (given if isinstance(given, list | tuple) else [given])]
        if not tables:
            raise DataError(f"{name} has no runs. Give one, or several seeds.")
        found.append(System(name, gate, tuple(_model(name, table, gate) for table in tables), tuple(tables)))
    if not found:
        raise DataError("There are no systems to compare. Give two.")
    _same_songs(found)
    return found


def pairs(systems: Sequence[System], baseline: str | None = None) -> list[tuple[System, System]]:
    """All pairs in the order given, or each system against `baseline`, which may be a bound (mixture, silence, ...).

    Raises DataError for an unknown baseline, and where there are no two systems.
    """
    names = [system.name for system in systems]
    if len(names) < 2 and baseline in (None, *names):
        raise DataError(f"{', '.join(names)} alone cannot be compared. Give two systems, or the baseline of a bound.")
    if baseline is None:
        return list(combinations(systems, 2))
    if baseline not in (*names, *BOUNDS):
        raise DataError(f"baseline {baseline}: choose one of {', '.join((*names, *BOUNDS))}.")
    other = systems[names.index(baseline)] if baseline in names else systems[0].bound(baseline)
    return [(system, other) for system in systems if system.name != baseline]


def sounds_apart(tables: Sequence[pandas.DataFrame]) -> list[str]:
    """A sentence where runs were not scored on the same sound."""
    apart = max((_mixtures_apart(tables[0], table) for table in tables[1:]), default=0.0)
    if apart <= APART:
        return []
    return [
        f"The mixture itself scores up to {apart:.2f} dB apart in these runs: they were scored at other sample rates, "
        "in other channels or on other stems. Differences hold this too."
    ]


def cautions(systems: Sequence[System]) -> list[str]:
    """What a reader of the comparison must know, in sentences."""
    said = sounds_apart([table for system in systems for table in system.whole])
    if alone := [system.name for system in systems if len(system.runs) == 1]:
        said.append(
            f"One training each of {', '.join(alone)}: the intervals are over songs and say nothing of another "
            "training of the same kind. Give several seeds (NAME=RUN,RUN) to see that too."
        )
    if any(system.gate not in ("", "off") for system in systems):
        said.append(
            "A gate that closes scores 0 dB: wherever a system stands below 0 dB that raises its SDR, also while the "
            "target plays. Read SDR beside silence energy and lost energy."
        )
    if any(system.active_share() is None for system in systems[:1]):
        said.append("Nothing is said of the share of activity: these scores were made before it was kept. Score again.")
    return said


def over_seeds(figures: Doubles) -> Doubles:
    """(seed, song, target) → (song, target), NaN where any seed has no figure: so all seeds stand on the same songs."""
    with np.errstate(invalid="ignore"):
        averaged: Doubles = figures.mean(axis=0)
    return averaged


def song_numbers(table: Doubles) -> NDArray[np.int64]:
    """(song · target,) the song of each figure of a (song, target) table, flattened."""
    return np.repeat(np.arange(table.shape[0]), table.shape[1])


def _model(name: str, table: pandas.DataFrame, gate: str) -> pandas.DataFrame:
    lines = table[~table["system"].isin(BOUNDS)]
    models = list(dict.fromkeys(lines["system"]))
    if len(models) != 1:
        raise DataError(
            f"{name}: the scores hold {', '.join(models) if models else 'no model'}; one model a run can be compared."
        )
    chosen = lines[lines["gate"] == gate]
    if chosen.empty:
        has = ", ".join(dict.fromkeys(lines["gate"]))
        raise DataError(f"{name} has no scores of gate '{gate}', but of {has}. Choose one of these for it.")
    return chosen


def _same_songs(systems: Sequence[System]) -> None:
    first: set[tuple[str, str]] | None = None
    for system in systems:
        for run in system.runs:
            here = set(zip(run["song"], run["target"], strict=True))
            first = here if first is None else first
            if here != first:
                song, target = sorted(here ^ first)[0]
                raise DataError(
                    f"{system.name} was scored on other songs or targets than {systems[0].name}: {len(here ^ first)} "
                    f"differ, first {target} of {song}. Score all runs on the same part, root and targets."
                )


def _mixtures_apart(one: pandas.DataFrame, other: pandas.DataFrame) -> float:
    """Largest difference of the mixture's uSDR in dB; 0 where a run has no such rows."""
    mine, theirs = (
        table[(table["system"] == "mixture") & table["present"]].set_index(["song", "target"])["usdr"]
        for table in (one, other)
    )
    apart = (mine - theirs).abs().dropna()
    return float(apart.max()) if len(apart) else 0.0
