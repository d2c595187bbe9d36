"""store.json: what a store was made by and which songs it holds, read at once, from a folder or a URL."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stemwise.datasets.base import Splits
from stemwise.errors import DataError
from stemwise.files import write_json
from stemwise.loading.shard import file_system
from stemwise.loading.store import VERSION, Recipe
from stemwise.taxonomy import Targets

NAME = "store.json"


@dataclass(frozen=True)
class Index:
    """`songs`: id → its sheet, and its folder under "shard". `tree`: the name of the set that was prepared, and
    `source` a digest of where it was then; empty where that was not noted."""

    recipe: Recipe
    tree: str
    splits: Splits | None
    songs: Mapping[str, Mapping[str, Any]]
    version: int = VERSION
    source: str = ""

    def write(self, folder: Path) -> None:
        write_json(folder / NAME, self.as_json())

    def as_json(self) -> dict[str, Any]:
        targets = self.recipe.targets
        return {
            "format": self.version,
            "tree": self.tree,
            "source": self.source,
            "targets": {name: sorted(labels) for name, labels in zip(targets.names, targets.labels, strict=True)},
            "elsewhere": sorted(targets.elsewhere),
            "rate": self.recipe.rate,
            "channels": self.recipe.channels,
            "splits": self.splits,
            "songs": {id: dict(sheet) for id, sheet in sorted(self.songs.items())},
        }


def read_index(where: str | Path) -> Index | None:
    """None where there is no index. Raises DataError for one that cannot be read."""
    try:
        text = _read(str(where))
    except FileNotFoundError:
        return None
    try:
        have = json.loads(text)
        labels = tuple(frozenset(group) for group in have["targets"].values())
        recipe = Recipe(
            Targets(tuple(have["targets"]), labels, frozenset(have["elsewhere"])), have["rate"], have["channels"]
        )
        return Index(recipe, have["tree"], have["splits"], have["songs"], have["format"], have.get("source", ""))
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise DataError(
            f"{where}/{NAME}: no index of a store ({fault!r}). Remove it, and run `stemwise prepare` again."
        ) from fault


def is_url(where: str) -> bool:
    return "://" in where


def _read(where: str) -> str:
    if not is_url(where):
        return (Path(where) / NAME).read_text(encoding="utf-8")
    system, root = file_system(where)
    found: bytes = system.cat_file(f"{root}/{NAME}")
    return found.decode()
