"""Which songs a run is scored on, and where its scores go."""

import importlib
import inspect
import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from hydra.utils import instantiate
from omegaconf import OmegaConf

from stemwise.datasets.base import Splits
from stemwise.datasets.detect import fits, kind_of, kinds, reader_of
from stemwise.datasets.leaks import shared_by_name, shared_by_sound
from stemwise.errors import DataError, StemwiseError
from stemwise.evaluation.gate_grid import KINDS, GateGrid
from stemwise.experiment import configs, gate_source
from stemwise.experiment.learned import Lesson
from stemwise.files import fingerprint
from stemwise.loading.shard import PreparedSong
from stemwise.model import SpectralModel
from stemwise.song import Song
from stemwise.texts import spelling

log = logging.getLogger(__name__)

MEDLEYDB = "stemwise.datasets.medleydb.MedleyDB"
SHARED = ("refuse", "leave_out", "allow")  # what to do with songs of another tree that the run learned from
OF_A_TREE: dict[str, Any] = {"metadata": None, "splits_file": None, "skip": []}


def choose_songs(
    config: Any, trained: Any, splits: Splits, model: SpectralModel, before: Sequence[Lesson] = ()
) -> dict[str, PreparedSong]:
    """The songs of `asked_part`, prepared: of the split the run was trained with, or of another tree. `before` is what
    the model that the run began with had learned from.

    Raises DataError for an unknown part, an empty one, for songs that are gone, and for songs of another tree that the
    run was trained or validated on.
    """
    own = trained
    if config.root:
        trained = OmegaConf.create({**trained, "data": other_tree(config.root, config.reader, trained.data)})
    data = configs.make_data(trained, model, config.channels)
    songs = {song.id: song for song in data.dataset.songs()}
    parts = {**data.dataset.splits(), "all": list(songs)} if config.root else splits
    part = asked_part(config)
    if part not in parts:
        raise DataError(f"part={part}: choose one of {', '.join(parts)} (all: only with another root).")
    ids = parts[part][: config.limit]
    gone = [id for id in ids if id not in songs]
    if gone or not ids:
        what = f"{gone[0]} of part '{part}' is gone" if gone else f"no songs in part '{part}'"
        cure = "Restore the songs, or choose another part or root" if gone else "Choose another, or root=..."
        raise DataError(f"{what} in {data.dataset.where}. {cure}.")
    if config.root:
        lessons = [Lesson.of(configs.plain(own.data), splits), *before]
        ids = _not_learned(config.shared, lessons, [songs[id] for id in ids])
    return data.prepare_songs([songs[id] for id in ids])


def asked_part(config: Any) -> str:
    """What is scored if nothing is said: the run's own test songs, or all songs of another tree."""
    return str(config.part or _usual_part(config))


def _usual_part(config: Any) -> str:
    return "all" if config.root else "test"


def _not_learned(what_to_do: str, lessons: Iterable[Lesson], songs: list[Song]) -> list[str]:
    """Ids of songs that the run did not learn from. What it did is refused, left out or allowed."""
    if what_to_do not in SHARED:
        raise DataError(f"shared={what_to_do}: choose one of {', '.join(SHARED)}.")
    ids = [song.id for song in songs]
    if what_to_do == "allow":
        return ids
    leaks = _leaks(lessons, songs)
    if leaks and what_to_do == "refuse":
        raise DataError(
            f"{len(leaks)} of {len(songs)} songs were in the run's training: "
            + ", ".join(f"{id} ({why})" for id, why in list(leaks.items())[:5])
            + (", ..." if len(leaks) > 5 else "")
            + ". Scores on them say nothing of new songs. Score the others with shared=leave_out, or all with "
            "shared=allow."
        )
    log.info("left out %d of %d songs that were in the run's training", len(leaks), len(songs))
    kept = [id for id in ids if id not in leaks]
    if not kept:
        raise DataError(f"all {len(songs)} songs were in the run's training. Choose other songs.")
    return kept


def _leaks(lessons: Iterable[Lesson], songs: list[Song]) -> dict[str, str]:
    """Ids of songs that trainings learned from or were validated on, and how each is known again."""
    leaks: dict[str, str] = {}
    for lesson in lessons:
        leaks |= _leaks_of(lesson, [song for song in songs if song.id not in leaks])
    return leaks


def _leaks_of(lesson: Lesson, songs: list[Song]) -> dict[str, str]:
    seen = {*lesson.train, *lesson.valid}
    learned: list[Song] = []
    try:
        learned += [song for song in instantiate(lesson.data).songs() if song.id in seen]
    except StemwiseError as fault:
        log.warning("the songs of the training cannot be read, so they are compared by id alone (%s)", fault)
    gone = {spelling(id): id for id in seen - {song.id for song in learned}}
    leaks = {song.id: f"{gone[spelling(song.id)]} by id" for song in songs if spelling(song.id) in gone}
    others = [song for song in songs if song.id not in leaks]
    audible = all(song.stems or song.mix for song in (*others, *learned))  # those of a prepared store are not
    if not audible:
        log.warning("songs of a prepared store are compared with others by artist and title alone")
    found = shared_by_name(others, learned)
    if audible:  # what a name told need not be heard
        told = {one.id for one in found}
        found += shared_by_sound([song for song in others if song.id not in told], learned)
    return leaks | {one.id: f"{one.also} by {one.by}" for one in found}


def other_tree(root: str, reader: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """The config of `root`, read as the run's `own` songs were, but for what belongs to their tree.

    A reader that `reader` names by `_target_`, or that fits the layout where the run's does not, has its own settings,
    and `root` is what it reads first: the file of a manifest, MedleyDB of `Mms`. Where no layout tells, who trained on
    several trees gets MedleyDB form.
    """
    target = str(reader.get("_target_") or _target_elsewhere(Path(root), own))
    if target:
        first = _first(target)
        return {"_target_": target, **reader, first if first not in reader else "root": root}
    if "root" not in own or "file" in own:  # a manifest names files of one root only
        return {"_target_": MEDLEYDB, **reader, "root": root}
    return {**own, **{key: fresh for key, fresh in OF_A_TREE.items() if key in own}, **reader, "root": root}


def _target_elsewhere(root: Path, own: Mapping[str, Any]) -> str:
    """The reader of a tree whose layout is not that of the run's own; empty where nothing tells."""
    mine = kinds().get(str(own["_target_"]).split(".")[-2])
    if mine and "root" in own and "file" not in own and (not mine.LOOKS_LIKE or fits(root, mine)):
        return ""
    try:
        found = reader_of(kinds()[kind_of(root)])
    except DataError:
        return ""
    return f"{found.__module__}.{found.__name__}"


def _first(target: str) -> str:
    """The first parameter of a class; "root" where there is no such class, which Hydra will say."""
    module, _, name = target.rpartition(".")
    try:
        return next(iter(inspect.signature(getattr(importlib.import_module(module), name)).parameters))
    except (ImportError, AttributeError, ValueError, TypeError, StopIteration):
        return "root"


def output_folder(config: Any, run: Path) -> Path:
    """The run's own folder for its own test; another beneath it for any other question, so that no answer is lost."""
    if config.out:
        return Path(config.out)
    asked = [f"part-{asked_part(config)}"] if asked_part(config) != _usual_part(config) else []
    asked += [f"limit-{config.limit}"] if config.limit is not None else []
    asked += [f"{key}-{config[key]}" for key in ("channels", "wiener", "context") if config[key]]
    gates = [] if configs.asked_grid(config) else [kind for kind in KINDS if kind in config.gates]
    asked += ["-".join(["gates", *gates])] if gates and gates != list(KINDS) else []
    asked += [f"shifts-{config.shifts}"] if config.shifts != 1 else []
    asked += [_root_words(config)] if config.root else []
    asked += ["shared-leave_out"] if config.shared == "leave_out" else []
    asked += [_gate_words(config, gate)] if (gate := configs.asked_gate(config)) else []
    asked += gate_source.words(config)
    return run / "_".join(["eval", *asked]) if asked else run


def _root_words(config: Any) -> str:
    """The name of the tree, and digits of where it lies and how it is read: many are called Audio."""
    place = config.root if "://" in str(config.root) else Path(config.root).resolve()
    return f"root-{Path(config.root).name}-{fingerprint((), str(place), configs.plain(config.reader))[:6]}"


def _gate_words(config: Any, gate: Any) -> str:
    """The gate's kind, and what is not as conf/gate has it: a hard one's numbers, digits of the lists of a grid."""
    words = ["gate", str(gate.get("kind", "grid"))]
    if grid := configs.asked_grid(config):
        lists, whole = ([list(of[each.name]) for each in fields(GateGrid)] for of in (vars(grid), vars(GateGrid())))
        return "-".join(words if lists == whole else [*words, fingerprint((), lists)[:6]])
    for key, usual in (("threshold", 0.5), ("median_seconds", 0.488)):
        if gate.get("kind") == "hard" and gate.get(key, usual) != usual:
            words.append(f"{key.partition('_')[0]}-{gate[key]}".replace(" ", ""))
    return "-".join(words)
