"""Whose activity the gates of an evaluation go by: the model's own, a detector's, or that of label files."""

import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from omegaconf import DictConfig

from stemwise import taxonomy
from stemwise.errors import DataError, ModelError, StemwiseError
from stemwise.evaluation.reference import reference
from stemwise.evaluation.thresholds import choose_gate, has_activity
from stemwise.experiment import configs
from stemwise.experiment.learned import folder_of, lessons_of
from stemwise.export import find_detector, identity
from stemwise.external import OWN, External
from stemwise.external.detected import HOP, load_detected
from stemwise.external.label_files import Labelled
from stemwise.files import fingerprint
from stemwise.gate import Gate
from stemwise.separator import Separator
from stemwise.taxonomy import Targets

if TYPE_CHECKING:
    from stemwise.experiment.asked import Asked

SOURCES = (OWN, "detector", "labels")
log = logging.getLogger("stemwise")


@dataclass(frozen=True)
class Chosen:
    """The gate, the activity it goes by (None: the model's own), and what must be said beside the scores."""

    gate: Gate
    external: External | None = None
    facts: dict[str, str] = field(default_factory=dict)


def check(config: DictConfig) -> None:
    """Raise ModelError for a source that is unknown, and for what only another one takes."""
    source = _source(config)
    if source not in SOURCES:
        raise ModelError(f"gate.source={source}: choose one of {', '.join(SOURCES)}.")
    for name in ("detector", "labels"):
        if source != name and config.get("gate", {}).get(name):
            raise ModelError(f"gate.{name}={config.gate[name]} means nothing to gate.source={source}.")
    if source == "labels" and not config.gate.labels:
        raise ModelError("gate.source=labels needs gate.labels=<folder of .lab files>; `stemwise label` writes them.")


def words(config: DictConfig) -> list[str]:
    """What tells answers of different sources apart, for the name of their folder; nothing for the model's own."""
    source = _source(config)
    if source == "detector":
        path = find_detector(config.gate.detector)
        name = path.parent.name if path.name == "model.safetensors" else path.stem
        finer = [] if config.gate.hop == HOP else [f"hop-{config.gate.hop}"]
        return [f"by-{name}-{identity(path)[:8]}", *finer]
    if source == "labels":
        place = Path(config.gate.labels).resolve()
        files = sorted(place.glob("*.lab")) if place.is_dir() else []
        return [f"by-{place.name}-{fingerprint(files, str(place))[:8]}"]
    return []


def choose(config: DictConfig, asked: "Asked") -> Chosen:
    """The gate of the run with the activity that is asked for.

    The thresholds of another activity than the model's own are those of the chosen group gate, if it has any; else
    chosen on the run's validation songs, as a training does for the model's own (`gate_may_lose`); else, where these
    are not at hand, those that the activity brings along.
    Raises DataError for songs without labels, and as `load_detected` does.
    """
    source = _source(config)
    own = asked.exported.gate
    if source == OWN:
        return Chosen(own)
    targets = taxonomy.targets(asked.trained.scheme, asked.exported.model.targets)
    external: External
    if source == "detector":
        path = find_detector(config.gate.detector)
        _refuse_learned(config, asked, path)
        external = load_detected(path, targets, config.gate.hop, config.device)
    else:
        external = _labelled(Path(config.gate.labels), targets, asked)
    separator = Separator(asked.exported.model, own, device=config.device)
    has_own = has_activity(separator)
    gate, how = _gate(config, asked, separator, external, has_own)
    said = external.says(has_own)
    for line in (*said, how):
        log.info(line)
    return Chosen(gate, external, {"gate": _in_words(gate, source), f"activity by {source}": "; ".join((*said, how))})


def _gate(
    config: DictConfig, asked: "Asked", separator: Separator, external: External, has_own: bool
) -> tuple[Gate, str]:
    own = asked.exported.gate
    if "threshold" in configs.asked_gate(config) and not configs.asked_grid(config):
        return own, "thresholds as the group gate has them"
    gate = external.gate(own, has_own)
    allowed = asked.trained.get("gate_may_lose")
    if external.source == "labels" or gate.kind != "hard" or allowed is None:
        return gate, "thresholds of the labels" if external.source == "labels" else "thresholds of the detector"
    try:
        songs = configs.make_data(asked.trained, asked.exported.model).prepared("valid")
        rate, hop = separator.model.sample_rate, separator.hop
        valid = (reference(id, song, rate, hop) for id, song in songs.items())
        chosen = choose_gate(separator, valid, gate, allowed, external)
    except (StemwiseError, OSError) as fault:
        return gate, f"thresholds of the detector, since the run's validation songs are not at hand ({fault})"
    return chosen, f"thresholds chosen on {len(songs)} validation songs of the run, where they cost {allowed} % at most"


def _labelled(place: Path, targets: Targets, asked: "Asked") -> Labelled:
    """Raises DataError for the songs without labels that can be used, all at once, and for no such folder: before the
    first is separated."""
    if not place.is_dir():
        raise DataError(f"gate.labels={place}: no such folder. `stemwise label` writes one.")
    found = Labelled(place, targets)
    faults = []
    for name in asked.songs:
        try:
            found.check(name)
        except DataError as fault:
            faults.append(str(fault))
    if faults:
        raise DataError(f"{len(faults)} of {len(asked.songs)} songs have no labels to go by; {faults[0]}")
    return found


def _refuse_learned(config: DictConfig, asked: "Asked", detector: Path) -> None:
    """Raise DataError where the detector was trained on songs that are to be scored, and `shared` does not allow it.

    Only for a run folder whose songs lie in the same place; songs of two trees are compared by `stemwise leaks`.
    """
    there = {"root": config.root} if config.root else configs.plain(asked.trained.data)
    parts = ("train", "valid")
    lessons = lessons_of(folder_of(detector))
    found = list(dict.fromkeys(name for lesson in lessons for name in lesson.of_these(asked.songs, there, parts)))
    if found and config.shared != "allow":
        raise DataError(
            f"{len(found)} of {len(asked.songs)} songs were in the training of the detector {detector}, first "
            f"{found[0]}. Scores on them say nothing of new songs. Choose a detector with the same splits, or say "
            "shared=allow."
        )


def _source(config: DictConfig) -> str:
    return str((config.get("gate") or {}).get("source", OWN))


def _in_words(gate: Gate, source: str) -> str:
    thresholds: Any = np.atleast_1d(np.asarray(gate.threshold, dtype=float))
    told = ", ".join(f"{threshold:.2f}" for threshold in thresholds)
    return f"{gate.kind}, by {source}, median {gate.median_seconds} s, thresholds {told}"
