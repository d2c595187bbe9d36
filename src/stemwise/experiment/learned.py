"""What a model has learned from: its own songs, and those of the models that it began with."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from stemwise.datasets.base import spelling
from stemwise.errors import DataError
from stemwise.texts import read_json

Lessons = tuple[Any, Mapping[str, list[str]]]  # a training's resolved config, and its song ids of each part


def lessons(folder: Path) -> list[Lessons]:
    """Of the training in a run folder, then of those it began with, as far as their folders are at hand.

    Empty where the folder is no run, as beside an exported model that was copied elsewhere.
    """
    try:
        config, splits = OmegaConf.load(folder / "config.yaml"), read_json(folder / "splits.json")
        return [(config, {part: list(splits[part]) for part in ("train", "valid")}), *before(config)]
    except (OSError, DataError, KeyError):
        return []


def before(config: Any) -> list[Lessons]:
    """Of the trainings that one with this config began with. What ships was trained on songs that `stemwise
    synthesize` makes, which are in nobody's folder."""
    start = config.get("start")
    return [] if not start or start == "shipped" else lessons(folder_of(Path(start)))


def folder_of(model: Path) -> Path:
    """The run folder that a model was named by, or lies in."""
    return model if model.is_dir() else model.parent


def learned_here(
    found: list[Lessons], there: set[str], names: Iterable[str], parts: tuple[str, ...] = ("train", "valid")
) -> list[str]:
    """Of these songs in these places, those that were in such a part of one of the trainings."""
    here = [splits for config, splits in found if there & places(config)]
    seen = {spelling(id) for splits in here for part in parts for id in splits[part]}
    return [name for name in names if spelling(name) in seen]


def places(config: Any) -> set[str]:
    """Where the songs of a training lie, one place a tree."""
    data = config.get("data", {})
    given = [data.get(key) for key in ("root", "file", "medleydb", "mixing_secrets")]
    given += [
        each.get("root", each) if OmegaConf.is_config(each) else each for each in (data.get("sets") or {}).values()
    ]
    return {str(each) for each in given if each}
