"""Instrument labels → targets. The lists themselves are the yaml files in this folder."""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from stemwise.errors import DataError

FOLDER = Path(__file__).parent
EVERYBODY = "Main System"  # a pair of microphones before all players
NOBODY_KNOWS = "Unlabeled"  # one instrument, or more, and it may be any
ANYTHING = frozenset({EVERYBODY, NOBODY_KNOWS})


@cache
def families() -> dict[str, tuple[str, ...]]:
    """Family → the instrument labels of MedleyDB's taxonomy."""
    table = yaml.safe_load((FOLDER / "medleydb.yaml").read_text(encoding="utf-8"))
    return {family: tuple(labels) for family, labels in table.items()}


@cache
def instrument_labels() -> frozenset[str]:
    """Every instrument label of MedleyDB's taxonomy."""
    return frozenset(label for labels in families().values() for label in labels)


def check_label(label: str, where: str) -> None:
    """Raise DataError naming the nearest known label when `label` is outside the taxonomy."""
    if label in instrument_labels():
        return
    near = difflib.get_close_matches(label, sorted(instrument_labels()), n=1, cutoff=0.5)
    hint = f"Did you mean '{near[0]}'? " if near else ""
    raise DataError(
        f"{where}: unknown instrument '{label}'. {hint}Correct the metadata, or label it 'other instrument' when the "
        "list lacks it, 'Unlabeled' when nobody knows what it is. The labels stand in "
        f"{FOLDER / 'medleydb.yaml'}."
    )


@dataclass(frozen=True)
class Targets:
    """Named groups of instrument labels, in the order of a network's outputs.

    The group "*" holds every label that no other group of its scheme names; `elsewhere` are those named by groups that
    were not chosen.
    """

    names: tuple[str, ...]
    labels: tuple[frozenset[str], ...]
    elsewhere: frozenset[str] = frozenset()

    def of_labels(self, labels: Iterable[str]) -> frozenset[int | None]:
        """Indices of the targets that a stem with these labels may hold; None stands for the rest."""
        labels = frozenset(labels)
        if EVERYBODY in labels:
            return frozenset((*range(len(self.names)), None))
        return frozenset(self._of_label(label) for label in labels)

    def _of_label(self, label: str) -> int | None:
        named = (i for i, group in enumerate(self.labels) if label in group)
        catch_all = (i for i, group in enumerate(self.labels) if "*" in group and label not in self.elsewhere)
        return next(named, next(catch_all, None))


def targets(scheme: str, only: Iterable[str] | None = None) -> Targets:
    """The targets of `scheme`, a yaml file of this folder by name or any by its path; `only` picks some, in that order.

    Raises DataError for an unknown scheme or target.
    """
    path = Path(scheme) if scheme.endswith((".yaml", ".yml")) else FOLDER / f"{scheme}.yaml"
    if not path.is_file() or scheme == "medleydb":
        have = sorted(file.stem for file in FOLDER.glob("*.yaml") if file.stem != "medleydb")
        raise DataError(f"no targets '{scheme}' (looked for {path}). Choose one of {', '.join(have)} or a yaml file.")
    groups: dict[str, list[str]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    names = tuple(only or groups)
    for name in names:
        if name not in groups:
            raise DataError(f"targets '{scheme}' have no '{name}'. Choose from {', '.join(groups)}.")
    for name in names:
        for label in groups[name]:
            if label != "*":
                check_label(label, f"{path}, target '{name}'")
    elsewhere = frozenset(label for name, group in groups.items() if name not in names for label in group)
    return Targets(names, tuple(frozenset(groups[name]) for name in names), elsewhere)
