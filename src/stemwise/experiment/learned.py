"""What a model has learned from: its own songs, and those of the models that it began with."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stemwise.datasets.manifest import LOOKS_LIKE
from stemwise.errors import DataError
from stemwise.files import write_json
from stemwise.loading.index import is_url
from stemwise.texts import read_json, read_yaml, spelling

BEGAN_WITH = "began with"  # in a card: the model whose weights came first
KEPT = "began_with.json"  # of a run folder, with the songs that that model learned from
PLACES = ("root", "file", "medleydb", "mixing_secrets")
BESIDE = ("metadata", "medleydb_metadata", "mixing_secrets_metadata", "splits_file", "stems")  # files that tell of them


@dataclass(frozen=True)
class Lesson:
    """One training: the group `data` of its config, resolved, and the ids of the songs it was trained and validated
    on."""

    data: Mapping[str, Any]
    train: tuple[str, ...]
    valid: tuple[str, ...]

    @classmethod
    def of(cls, data: Mapping[str, Any], splits: Mapping[str, Iterable[str]]) -> "Lesson":
        return cls(data, tuple(splits["train"]), tuple(splits["valid"]))

    def of_these(self, names: Iterable[str], there: Mapping[str, Any], parts: tuple[str, ...]) -> list[str]:
        """Of the songs with these ids in the places of a group `data`, those in such a part, where places are
        shared."""
        if not places(self.data) & places(there):
            return []
        seen = {spelling(_bare(id, self.data)) for part in parts for id in getattr(self, part)}
        return [name for name in names if spelling(_bare(name, there)) in seen]


def keep(run: Path, entry: Mapping[str, Any], lessons: Iterable[Lesson]) -> None:
    """Write into a run folder what its training begins with; without an entry nothing stays there."""
    if not entry:
        (run / KEPT).unlink(missing_ok=True)
        return
    write_json(run / KEPT, {**entry, "lessons": [vars(lesson) for lesson in lessons]})


def kept(run: Path) -> tuple[dict[str, Any], list[Lesson]]:
    """What the training in a run folder began with, and what that had learned from; nothing where it began with none.

    Raises DataError for a file that cannot be read.
    """
    if not (run / KEPT).is_file():
        return {}, []
    entry = read_json(run / KEPT)
    try:
        lessons = [Lesson.of(each["data"], each) for each in entry.pop("lessons")]
    except (KeyError, TypeError, AttributeError) as fault:
        raise DataError(f"{run / KEPT}: not what a training leaves there ({fault}). Restore it.") from fault
    return entry, lessons


def lessons_of(run: Path) -> list[Lesson]:
    """Of the training in a run folder and of those before it; none where the folder is no run, as beside an exported
    model that was copied elsewhere. Raises DataError for files that cannot be read."""
    if not (run / "config.yaml").is_file() or not (run / "splits.json").is_file():
        return []
    try:
        lesson = Lesson.of(read_yaml(run / "config.yaml")["data"], read_json(run / "splits.json"))
    except (KeyError, TypeError) as fault:
        raise DataError(f"{run}: its config.yaml or splits.json is damaged ({fault}). Restore them.") from fault
    return [lesson, *kept(run)[1]]


def stamp_of(run: Path) -> str:
    """Of the training that wrote the config of a run folder; empty where the folder is no run."""
    try:
        return str(json.loads((run / "environment.json").read_text(encoding="utf-8"))["stamp"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def folder_of(model: Path) -> Path:
    """The run folder that a model was named by, or lies in."""
    return model if model.is_dir() else model.parent


def rooted(data: Mapping[str, Any]) -> dict[str, Any]:
    """The group `data` with whole paths, as a run keeps it: the folder that a command is called from says nothing of
    where the songs of another one lie. URLs stay as they are."""
    sets = data.get("sets")
    named = {key: _whole(data[key]) for key in (*PLACES, *BESIDE) if key in data}
    if isinstance(sets, Mapping):
        named["sets"] = {
            name: rooted(each) if isinstance(each, Mapping) else _whole(each) for name, each in sets.items()
        }
    return {**data, **named}


def _whole(place: Any) -> Any:
    if not isinstance(place, str) or not place or is_url(place):
        return place
    try:
        return str(Path(place).expanduser().absolute())
    except RuntimeError:  # ~ of nobody
        return place


def places(data: Mapping[str, Any]) -> set[str]:
    """Where the songs of a group `data` lie, one place a tree; an absolute path each."""
    found = (Path(place).expanduser().resolve() for place in _named(data))
    return {str(place.parent if place.name in LOOKS_LIKE else place) for place in found}


def _named(data: Mapping[str, Any]) -> Iterator[str]:
    yield from (str(data[key]) for key in PLACES if data.get(key))
    for each in (data.get("sets") or {}).values():
        if isinstance(each, Mapping):
            yield from _named(each)
        elif each:
            yield str(each)


def _bare(id: str, data: Mapping[str, Any]) -> str:
    """The id that a song has in its own set."""
    sets = sorted(data.get("sets") or {}, key=len, reverse=True) if data.get("prefix") else []
    return next((id.removeprefix(f"{name}-") for name in sets if id.startswith(f"{name}-")), id)
