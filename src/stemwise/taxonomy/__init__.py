"""Instrument labels → targets. The lists themselves are the yaml files in this folder."""

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

from stemwise.errors import DataError
from stemwise.texts import read_yaml

FOLDER = Path(__file__).parent
EVERYBODY = "Main System"  # a pair of microphones before all players
NOBODY_KNOWS = "Unlabeled"  # one instrument, or more, and it may be any
ANYTHING = frozenset({EVERYBODY, NOBODY_KNOWS})
UNLISTED = "other instrument"  # known to be none of the taxonomy's; it may be one of somebody's own
OWN = "own:"  # begins a label of somebody's own, as own:kalimba
OWN_LABEL = re.compile(r"own:[^\s,;*](?:[^\n\r,;]*[^\s,;])?")


@cache
def families() -> dict[str, tuple[str, ...]]:
    """Family → the instrument labels of MedleyDB's taxonomy."""
    table = yaml.safe_load((FOLDER / "medleydb.yaml").read_text(encoding="utf-8"))
    return {family: tuple(labels) for family, labels in table.items()}


@cache
def instrument_labels() -> frozenset[str]:
    """Every instrument label of MedleyDB's taxonomy."""
    return frozenset(label for labels in families().values() for label in labels)


def check_label(label: object, where: str) -> None:
    """Raise DataError naming the nearest known label when `label` is outside the taxonomy and not an `own:` one."""
    if not isinstance(label, str):
        raise DataError(
            f"{where}: an instrument must be text, found {label!r}. Write one of {FOLDER / 'medleydb.yaml'}."
        )
    if label in instrument_labels() or _is_own(label, where):
        return
    near = difflib.get_close_matches(label, sorted(instrument_labels()), n=1, cutoff=0.5)
    hint = f"Did you mean '{near[0]}'? " if near else ""
    raise DataError(
        f"{where}: unknown instrument '{label}'. {hint}Correct the metadata, or label it 'other instrument' when the "
        f"list lacks it (or own:{label.casefold()}, to have it as a target), 'Unlabeled' when nobody knows what it is. "
        f"The labels stand in {FOLDER / 'medleydb.yaml'}."
    )


def known_label(label: object, where: str) -> str:
    """The label as the taxonomy spells it, for one in any mix of large and small letters. Raises as `check_label`."""
    if isinstance(label, str):
        folded = label.strip().casefold()
        label = next((known for known in instrument_labels() if known.casefold() == folded), label.strip())
        label = folded if label.casefold().startswith(OWN) else label
    check_label(label, where)
    return str(label)


def _is_own(label: str, where: str) -> bool:
    """Whether it begins as one. Raises DataError where it has more than small letters, so that one spelling is left."""
    if label.startswith(OWN) and not (OWN_LABEL.fullmatch(label) and label == label.casefold()):
        raise DataError(
            f"{where}: '{label}' is no label. One of your own is own: and a name in small letters, without blanks at "
            "its ends, comma, semicolon or asterisk, as own:kalimba."
        )
    return label.startswith(OWN)


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
        found = frozenset(self._of_label(label) for label in labels)
        return found | self._with_own if UNLISTED in labels else found

    @property
    def _with_own(self) -> frozenset[int]:
        """Targets with labels of somebody's own: what another calls `other instrument` may be one of those."""
        return frozenset(i for i, group in enumerate(self.labels) if any(label.startswith(OWN) for label in group))

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
    groups = _groups(path)
    names = (only,) if only and isinstance(only, str) else tuple(only or groups)
    for number, name in enumerate(names):
        if name in names[:number]:
            raise DataError(f"targets {', '.join(names)}: '{name}' stands there twice.")
        if name not in groups:
            raise DataError(f"targets '{scheme}' have no '{name}'. Choose from {', '.join(groups)}.")
    elsewhere = frozenset(label for name, group in groups.items() if name not in names for label in group)
    return Targets(names, tuple(frozenset(groups[name]) for name in names), elsewhere)


def scheme_of(names: Iterable[str]) -> str | None:
    """The scheme of this folder that has all of these targets; the first in the alphabet, None if none has or there are
    no names: all schemes have those."""
    names = set(names)
    if not names:
        return None
    schemes = sorted(file.stem for file in FOLDER.glob("*.yaml") if file.stem != "medleydb")
    return next((scheme for scheme in schemes if names <= set(targets(scheme).names)), None)


def _groups(path: Path) -> dict[str, list[str]]:
    """Target → labels of a scheme's file. Raises DataError for another form and for unknown labels."""
    groups = read_yaml(path)
    if not isinstance(groups, dict) or not groups:
        raise DataError(f"{path}: must hold a list of labels for each target, as `bass: [electric bass, double bass]`.")
    first: dict[str, str] = {}
    for name, labels in groups.items():
        if not isinstance(name, str) or not isinstance(labels, list) or not labels:
            raise DataError(f"{path}, target '{name}': must be a name and a list of labels, found {labels!r}.")
        for label in labels:
            if label != "*":
                check_label(label, f"{path}, target '{name}'")
            if first.setdefault(label, name) != name:
                raise DataError(f"{path}: '{label}' is in '{first[label]}' and in '{name}'; a stem has one target.")
    return groups


def require_own(targets: Targets, have: Iterable[str]) -> None:
    """Raise DataError where a target names a label of somebody's own that is not among those that stems have: nothing
    but such a check can tell it from one that is misspelled, whose target would be silent everywhere."""
    own = {label for label in have if label.startswith(OWN)}
    for name, group in zip(targets.names, targets.labels, strict=True):
        lacking = sorted(label for label in group - own if label.startswith(OWN))
        if lacking:
            raise DataError(
                f"target '{name}' is to hold {lacking[0]}, but no stem of any song is labelled so; they have "
                f"{', '.join(sorted(own)) or 'no label of your own'}. Correct the scheme, or the labels of the stems."
            )
