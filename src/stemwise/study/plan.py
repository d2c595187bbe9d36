"""What is to be trained and scored: results/study.yaml read strictly."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from stemwise.errors import DataError
from stemwise.home import home
from stemwise.texts import read_yaml


@dataclass(frozen=True)
class Songs:
    """A set of songs, made by `stemwise` with the words `make`, or there already if these are empty.

    folder: where it lies; absolute, or under the home folder
    needs: a file, by its name, without which the set is left out, as a SoundFont
    """

    name: str
    folder: Path
    make: tuple[str, ...] = ()
    needs: str = ""


@dataclass(frozen=True)
class Question:
    """One call of src.eval for every model: its words, the set it needs, and the table it leaves."""

    name: str
    words: tuple[str, ...]
    songs: str
    table: str = "scores.parquet"


@dataclass(frozen=True)
class Unit:
    """One training and its seed, on one set of songs or several. `name` is that of its folders under runs/study and
    results."""

    system: str
    seed: int
    words: tuple[str, ...]
    songs: tuple[str, ...]
    questions: tuple[Question, ...]

    @property
    def name(self) -> str:
        return f"{self.system}_s{self.seed}"

    @property
    def command(self) -> tuple[str, ...]:
        """What is said to src.train."""
        return (*self.words, f"seed={self.seed}", f"name=study/{self.name}")


@dataclass(frozen=True)
class Plan:
    songs: Mapping[str, Songs]
    units: tuple[Unit, ...]

    def only(self, names: tuple[str, ...]) -> "Plan":
        """The units of these names, or systems. Raises DataError for a name that is neither."""
        known = {unit.name for unit in self.units} | {unit.system for unit in self.units}
        if unknown := [name for name in names if name not in known]:
            raise DataError(f"no training '{unknown[0]}' in the plan. Choose of {', '.join(sorted(known))}.")
        return replace(self, units=tuple(unit for unit in self.units if {unit.name, unit.system} & set(names)))


def read_plan(path: Path) -> Plan:
    """Raises DataError for a file of another form, for keys that it does not have, and for a question or a set that it
    does not describe."""
    content = read_yaml(path)
    try:
        songs = {name: _songs(name, entry) for name, entry in content["songs"].items()}
        questions = {name: _question(name, entry) for name, entry in content["questions"].items()}
        units = [pair for system, entry in content["trainings"].items() for pair in _units(system, entry, questions)]
        for name in (*(q.songs for q in questions.values()), *(name for _, unit in units for name in unit.songs)):
            songs[name]
    except (KeyError, TypeError, AttributeError) as fault:
        raise DataError(f"{path}: not a plan of a study ({type(fault).__name__}: {fault}). Correct it.") from fault
    # One seed of everything, then the next: an unfinished study says a little of every question.
    return Plan(songs, tuple(unit for _, unit in sorted(units, key=lambda pair: pair[0])))


def _songs(name: str, entry: Mapping[str, Any]) -> Songs:
    _only(entry, name, "folder", "make", "needs")
    folder = Path(str(entry["folder"])).expanduser()
    return Songs(name, home() / folder, tuple(str(entry.get("make", "")).split()), str(entry.get("needs", "")))


def _question(name: str, entry: Mapping[str, Any]) -> Question:
    _only(entry, name, "songs", "words", "table")
    return Question(name, _words(name, entry.get("words", [])), entry["songs"], entry.get("table", "scores.parquet"))


def _units(system: str, entry: Mapping[str, Any], questions: Mapping[str, Question]) -> list[tuple[int, Unit]]:
    """Each with the round that its seed is trained in."""
    _only(entry, system, "songs", "words", "seeds", "questions")
    words, asked = _words(system, entry["words"]), tuple(questions[name] for name in entry["questions"])
    songs = (entry["songs"],) if isinstance(entry["songs"], str) else tuple(entry["songs"])
    seeds = enumerate(entry.get("seeds", [0]))
    return [(number, Unit(system, seed, words, songs, asked)) for number, seed in seeds]


def _only(entry: Mapping[str, Any], name: str, *known: str) -> None:
    if unknown := set(entry) - set(known):
        raise TypeError(f"{name} has {', '.join(sorted(unknown))}, but knows {', '.join(known)}")


def _words(name: str, words: Any) -> tuple[str, ...]:
    if isinstance(words, str):
        raise TypeError(f"the words of {name} are text, not a list")
    return tuple(words)
