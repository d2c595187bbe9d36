"""What results/ holds, as systems with their seeds."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from stemwise.study.tables import BOUNDS_FOLDER, facts_of, read_table

KEYS = ["song", "target", "system", "gate"]


@dataclass(frozen=True)
class Kept:
    """`folder` holds a folder a unit, a table a question in it, and bounds/."""

    folder: Path

    def systems(self, question: str, names: Sequence[str] = ()) -> dict[str, list[pd.DataFrame]]:
        """System → a table a seed, the bounds in each; only those of `names`, in that order, if there are any."""
        bounds = read_table(self.folder / BOUNDS_FOLDER / f"{question}.parquet")
        found: dict[str, list[pd.DataFrame]] = {}
        for path in self._paths(question):
            name = facts_of(path)["system"]
            own = read_table(path).assign(system=name)
            found.setdefault(name, []).append(pd.concat([bounds, own], ignore_index=True))
        return {name: found[name] for name in names or sorted(found) if name in found}

    def averaged(self, question: str, names: Sequence[str] = ()) -> pd.DataFrame:
        """One table: the bounds once, then every system with its seeds averaged song by song."""
        tables = [pd.concat(seeds) for seeds in self.systems(question, names).values()]
        if not tables:
            return pd.DataFrame()
        return pd.concat(tables).groupby(KEYS, sort=False, as_index=False, dropna=False).mean(numeric_only=True)

    def grids(self, question: str, names: Sequence[str] = ()) -> dict[str, list[pd.DataFrame]]:
        """System → a table a seed of a question that asks for a grid of gates."""
        found: dict[str, list[pd.DataFrame]] = {}
        for path in self._paths(question):
            found.setdefault(facts_of(path)["system"], []).append(read_table(path))
        return {name: found[name] for name in names or sorted(found) if name in found}

    def trainings(self) -> pd.DataFrame:
        """A line a training: system, seed, steps and seconds, commits, command."""
        lines = {}
        for path in sorted(self.folder.glob("*/*.parquet")):
            if path.parent.name != BOUNDS_FOLDER:
                facts = facts_of(path)
                wanted = ("system", "seed", "training", "trained at commit", "trained by")
                lines[path.parent.name] = {key: facts.get(key, "") for key in wanted}
        return pd.DataFrame(lines.values())

    def _paths(self, question: str) -> list[Path]:
        paths = sorted(self.folder.glob(f"*/{question}.parquet"))
        return [path for path in paths if path.parent.name != BOUNDS_FOLDER]
