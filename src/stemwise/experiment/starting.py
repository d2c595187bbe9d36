"""Trainings that begin with the weights of a trained model, of these targets or others."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from omegaconf import DictConfig

from stemwise.errors import DataError, ModelError
from stemwise.experiment import configs, learned
from stemwise.experiment.learned import BEGAN_WITH, Lesson
from stemwise.experiment.taking import take_weights
from stemwise.export import describe, find_model, identity, load
from stemwise.loading.datamodule import MultitrackDataModule

log = logging.getLogger("stemwise")
MAY_DIFFER = ("targets", "dropout", "activity")  # of a net: what leaves the meaning of weights as it is
ALIKE = ("_target_", "sample_rate", "stft", "mel", "window_seconds")


@dataclass(frozen=True)
class Beginning:
    """What a training began with, for its card and its run folder; nothing where it began with none.

    entry: the model's name, identity and steps, the targets and layers that stayed fresh, and what that one began with
    lessons: what it had learned from, as far as that is known
    """

    start: str | None = None
    entry: dict[str, Any] = field(default_factory=dict)
    lessons: tuple[Lesson, ...] = ()

    @property
    def card(self) -> dict[str, Any]:
        return {BEGAN_WITH: self.entry} if self.entry else {}

    def keep(self, run: Path) -> None:
        learned.keep(run, {"start": self.start, **self.entry} if self.entry else {}, self.lessons)


def begin(config: DictConfig, run: Path, model: Any, data: MultitrackDataModule) -> Beginning:
    """Give `model` the weights that `config.start` names.

    A target of both keeps what leads to it; what leads to others, and a head that the trained model lacks, stay as they
    were. A training that goes on from a checkpoint keeps what it began with. Raises ModelError for a model of
    another make, and for one that this training would overwrite; DataError where it has learned from songs that are to
    tell what this training is worth.
    """
    if config.checkpoint:
        return _went_before(config, Path(config.checkpoint).resolve().parents[1])
    if not config.start:
        return Beginning()
    path = _found(config, run, model.kind)
    lessons = [] if config.start == "shipped" else learned.lessons_of(path.parent)
    if config.shared not in ("refuse", "allow"):
        raise DataError(f"shared={config.shared}: a training knows refuse and allow. Choose one of them.")
    if config.shared != "allow":
        refuse_learned(config, lessons, data.dataset.splits())
    described = configs.plain(config.model)
    header, trained = describe(path, model.kind), load(path, model.kind).model
    require_alike(path, header["model"], described)
    fresh = take_weights(model, trained, described)
    entry = _entry(path, header["card"], fresh)
    kept = f"; fresh: {', '.join(fresh)}" if fresh else ""
    log.info("begins with the weights of %s (%s, %s steps)%s", path, entry["model"], entry["steps"], kept)
    return Beginning(config.start, entry, tuple(lessons))


def refuse_learned(config: Any, lessons: list[Lesson], splits: Mapping[str, list[str]]) -> None:
    """Raise DataError where songs that are to tell what a training is worth were learned from before it, as far as the
    songs lie in the same place and run folders tell of them."""
    data = configs.plain(config.data)
    found = [name for lesson in lessons for name in lesson.of_these(splits["test"], data, ("train", "valid"))]
    found += [name for lesson in lessons for name in lesson.of_these(splits["valid"], data, ("train",))]
    if found:
        raise DataError(
            f"start={config.start}: it learned from {len(set(found))} songs that validate or test this training, first "
            f"{found[0]}. Scores on them would say nothing of new songs. Begin with a model of the same splits; or, if "
            "they are other songs of the same name, say shared=allow."
        )


def require_alike(path: Path, before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Raise ModelError where weights would mean something else."""
    if "net" not in before:
        raise ModelError(f"{path}: several networks in one, which no training begins with. Name one of its parts.")
    nets = [{key: value for key, value in each["net"].items() if key not in MAY_DIFFER} for each in (before, now)]
    pairs = {key: (before.get(key), now.get(key)) for key in ALIKE}
    pairs |= {f"net.{key}": (nets[0].get(key), nets[1].get(key)) for key in {**nets[0], **nets[1]}}
    for key, (then, here) in pairs.items():
        if not configs.same(then, here) and (then or here):
            raise ModelError(
                f"{path}: its {key} is {then}, that of model= is {here}. Choose the model= it was trained with, and "
                f"the same model.{key}."
            )


def _found(config: DictConfig, run: Path, kind: str) -> Path:
    if config.start == "newest":
        raise ModelError("start=newest would be another model each time. Name its run folder, or shipped.")
    path = find_model(config.start, kind)
    if path.resolve().is_relative_to(run.resolve()):
        raise ModelError(f"start={config.start}: this training would overwrite it. Give the new one a name: name=mine.")
    stamp = describe(path, kind)["card"].get("stamp")
    if config.start != "shipped" and learned.stamp_of(path.parent) not in ("", stamp):
        raise ModelError(
            f"start={config.start}: its folder belongs to a training that was begun after {path.name} was exported and "
            "did not end. Let it end, or name another."
        )
    return path


def _entry(path: Path, card: Mapping[str, Any], fresh: list[str]) -> dict[str, Any]:
    entry = {"model": str(card.get("name", path.stem)), "identity": identity(path), "steps": card.get("steps")}
    return {**entry, "fresh": fresh, **({BEGAN_WITH: card[BEGAN_WITH]} if BEGAN_WITH in card else {})}


def _went_before(config: DictConfig, run: Path) -> Beginning:
    """That of a training that goes on. Its start may be left out then, and stands in the config all the same."""
    entry, lessons = learned.kept(run)
    start = entry.pop("start", None)
    if config.start and config.start != start:
        began = f"with start={start}" if start else "without a start"
        raise ModelError(
            f"resume={config.resume}: that training began {began}, not with start={config.start}. Leave start= out, or "
            "train anew with resume=false."
        )
    config.start = start
    return Beginning(start, entry, tuple(lessons))
