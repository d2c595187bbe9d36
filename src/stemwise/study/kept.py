"""What results/ holds, as systems with their seeds."""

import json
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pandas as pd

from stemwise.report.measures import ACTIVITY
from stemwise.study.tables import BOUNDS_FOLDER, facts_of, read_table

KEYS = ["song", "target", "system", "gate"]
SEED, TRAINED, SCORED = "seed", "trained at commit", "scored at commit"


class Row(NamedTuple):
    """A system's answer to a question, under a gate."""

    question: str
    system: str
    gate: str = "off"


@dataclass(frozen=True)
class Kept:
    """`folder` holds a folder a unit, a table a question in it, and bounds/.

    done: the (unit, question) pairs whose tables are those of the plan; others, as of settings that were changed since,
    are left out. None: all that lie there.
    """

    folder: Path
    done: frozenset[tuple[str, str]] | None = None

    def systems(self, question: str, names: Sequence[str] = ()) -> dict[str, list[pd.DataFrame]]:
        """System → a table a seed, the bounds in each; only those of `names`, in that order, if there are any."""
        bounds = read_table(self.folder / BOUNDS_FOLDER / f"{question}.parquet")
        found: dict[str, list[pd.DataFrame]] = {}
        for path in self.paths(question):
            facts = facts_of(path)
            own = read_table(path).assign(system=facts["system"])
            own = own if learned_activity(facts) else without_activity(own)
            whole = pd.concat([bounds, own], ignore_index=True)
            whole.attrs[SEED] = facts.get(SEED, "")
            found.setdefault(facts["system"], []).append(whole)
        return {name: found[name] for name in names or sorted(found) if name in found}

    def called(self, rows: Mapping[str, Row]) -> dict[str, list[pd.DataFrame]]:
        """Answers to several questions, or gates, beside each other: each by its name, with a table a seed, in which
        the system is called so, the gate off. Of one system only seeds that have all of its answers here, so that no
        difference is one of seeds. What there is no table of is left out."""
        answers = {
            name: {table.attrs[SEED]: table for table in seeds}
            for name, row in rows.items()
            for seeds in self.systems(row.question, (row.system,)).values()
            if all((table["gate"] == row.gate).any() for table in seeds)
        }
        found = {}
        for name, seeds in answers.items():
            alike = (set(answers[other]) for other in answers if rows[other].system == rows[name].system)
            if shared := set.intersection(*alike):
                found[name] = [_renamed(table, rows[name], name) for seed, table in seeds.items() if seed in shared]
        return found

    def averaged(self, question: str, names: Sequence[str] = ()) -> pd.DataFrame:
        """One table of what `systems` gives, seeds averaged."""
        return average(self.systems(question, names))

    def grids(self, question: str, names: Sequence[str] = ()) -> dict[str, list[pd.DataFrame]]:
        """System → a table a seed of a question that asks for a grid of gates."""
        return {name: [read_table(path) for path in paths] for name, paths in self.by_system(question, names).items()}

    def by_system(self, question: str, names: Sequence[str] = ()) -> dict[str, list[Path]]:
        """System → its tables' paths, a seed each; only those of `names`, in that order, if there are any."""
        found: dict[str, list[Path]] = {}
        for path in self.paths(question):
            found.setdefault(facts_of(path)["system"], []).append(path)
        return {name: found[name] for name in names or sorted(found) if name in found}

    def trainings(self) -> pd.DataFrame:
        """A line a training: system, seed, steps and seconds, commits, command."""
        lines: dict[str, dict[str, str]] = {}
        for path in self.paths("*"):
            facts = facts_of(path)
            wanted = ("system", "seed", "training", "trained by")
            line = lines.setdefault(path.parent.name, {key: facts.get(key, "") for key in wanted})
            for key in (TRAINED, SCORED):
                line[key] = _with(line.get(key, ""), facts, key)
        return pd.DataFrame(lines.values())

    def questions(self) -> pd.DataFrame:
        """A line a question: its name, the words of `src.eval`, how many trainings answered it, and the commits of the
        code that scored them."""
        lines: dict[str, dict[str, str | int]] = {}
        for path in self.paths("*"):
            facts = facts_of(path)
            asked, _, songs = facts.get("asked", "").partition(" on ")
            words = asked.partition(" ")[2]
            line = lines.setdefault(path.stem, {"question": path.stem, "words": words, "trainings": 0})
            # Some were asked before the plan gave leave (`shared=allow`), which the others need.
            line["words"] = max(str(line["words"]), words, key=len)
            line["songs"] = songs.partition(" ")[0]
            line["trainings"] = int(line["trainings"]) + 1
            line[SCORED] = _with(str(line.get(SCORED, "")), facts, SCORED)
        return pd.DataFrame([lines[name] for name in sorted(lines)])

    def paths(self, question: str) -> list[Path]:
        """The tables of a question, one a training."""
        paths = sorted(self.folder.glob(f"*/{question}.parquet"))
        paths = [path for path in paths if path.parent.name != BOUNDS_FOLDER]
        return [path for path in paths if self.done is None or (path.parent.name, path.stem) in self.done]


def of_shared_seeds(systems: Mapping[str, Sequence[pd.DataFrame]]) -> dict[str, Sequence[pd.DataFrame]]:
    """The tables of seeds that all of the systems have, so that none is held against a mean over more; no system where
    there is no such seed."""
    shared = seeds_of_all(systems)
    return of_seeds(systems, shared) if shared else {}


def seeds_of_all(*asked: Mapping[str, Sequence[pd.DataFrame]]) -> set[str]:
    """The seeds that every system of every question has."""
    seeds = [{str(table.attrs[SEED]) for table in runs} for systems in asked for runs in systems.values()]
    return set.intersection(*seeds) if seeds else set()


def of_seeds(systems: Mapping[str, Sequence[pd.DataFrame]], seeds: Container[str]) -> dict[str, Sequence[pd.DataFrame]]:
    return {name: [table for table in runs if table.attrs[SEED] in seeds] for name, runs in systems.items()}


def _renamed(table: pd.DataFrame, row: Row, name: str) -> pd.DataFrame:
    own = table["system"] == row.system
    chosen = table[own & (table["gate"] == row.gate)].assign(system=name, gate="off")
    renamed = pd.concat([table[~own], chosen], ignore_index=True)
    renamed.attrs[SEED] = table.attrs[SEED]
    return renamed


def _with(commits: str, facts: Mapping[str, str], key: str) -> str:
    """Commits beside each other, with that of one more table."""
    return ", ".join(sorted({*commits.split(", "), facts.get(key, "")} - {""}))


def learned_activity(facts: Mapping[str, str]) -> bool:
    """False for a net whose activity head was not trained: what it says is chance."""
    weights = json.loads(facts.get("settings", "{}")).get("loss", {}).get("weights", {})
    return bool(weights.get("activity", 1.0))


def without_activity(scores: pd.DataFrame) -> pd.DataFrame:
    off = scores[scores["gate"] == "off"]
    return off.assign(**{measure.column: float("nan") for measure in ACTIVITY})


def average(systems: Mapping[str, Sequence[pd.DataFrame]]) -> pd.DataFrame:
    """One table: the bounds once, then every system with its seeds averaged song by song. A figure that one seed
    lacks is none, as in `report.systems`."""
    tables = [_average(seeds) for seeds in systems.values()]
    if not tables:
        return pd.DataFrame()
    return pd.concat(tables, ignore_index=True).drop_duplicates(KEYS, ignore_index=True)


def _average(seeds: Sequence[pd.DataFrame]) -> pd.DataFrame:
    tables = [seed.set_index(KEYS).select_dtypes(["number", "bool"]).astype(float) for seed in seeds]
    total = tables[0]
    for table in tables[1:]:
        total = total + table.reindex(total.index)
    return (total / len(tables)).reset_index()
