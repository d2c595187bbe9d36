"""Trains and scores what results/ does not hold yet; what was begun goes on."""

import json
import logging
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event, Lock
from typing import Any

from omegaconf import DictConfig, OmegaConf

from stemwise.errors import DataError, StemwiseError
from stemwise.experiment.configs import same
from stemwise.experiment.learned import rooted, stamp_of
from stemwise.export import describe, find_model
from stemwise.files import locked
from stemwise.home import runs_home
from stemwise.parallel import cores
from stemwise.study.plan import Plan, Question, Songs, Unit
from stemwise.study.tables import facts_of, keep

GROUPS = ("model", "loss", "optimizer", "loading", "scheme", "gate", "gate_may_lose", "seed", "start")
TRAINER = ("max_steps", "gradient_clip_val", "accumulate_grad_batches", "precision")
CALLBACKS = ("averaging", "early_stopping")
LOCK = ".queue.lock"
log = logging.getLogger(__name__)
Settings = Callable[[Sequence[str]], dict[str, Any]]


@dataclass
class Queue:
    """`results`: the folder of the small tables. `settings` makes the plain config of a training from its words.
    `jobs` trainings run side by side, each with its share of the cores."""

    plan: Plan
    results: Path
    settings: Settings
    jobs: int = 1
    stopped: Event = field(default_factory=Event)
    children: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        # Once, and not in threads: Hydra composes in a state of the whole process.
        self.wanted = {unit.name: self.settings(unit.command) for unit in self.plan.units}
        self.keeping = Lock()

    def left(self) -> list[tuple[Unit, list[Question]]]:
        """What is not done, and what of it: a table is missing, or was made by other settings or of other weights. All
        of it where the training itself is gone, since another one has other weights."""
        found = ((unit, self._todo(unit)) for unit in self.plan.units)
        return [(unit, questions) for unit, questions in found if questions]

    def done(self) -> set[tuple[str, str]]:
        """Names of units and questions whose tables are those of the plan."""
        return {(unit.name, q.name) for unit in self.plan.units for q in unit.questions if self._has(unit, q)}

    def run(self) -> list[str]:
        """Make the songs that are missing, then train and score; what could not be done, a sentence each.

        One training that fails leaves the others alone. An interrupt ends what runs; the next call goes on. Raises
        DataError where another queue is at work under this home folder.
        """
        todo = self.left()
        folder = runs_home() / "study"
        with locked(folder / LOCK, f"another `make results` is at work in {folder}. Let it end, or stop it."):
            for name in dict.fromkeys(name for unit, questions in todo for name in needed(unit, questions)):
                self._make(self.plan.songs[name])
            return self._in_parallel(todo)

    def _in_parallel(self, todo: Sequence[tuple[Unit, list[Question]]]) -> list[str]:
        faults = []
        pool = ThreadPoolExecutor(self.jobs)
        futures = {pool.submit(self._do, unit, questions): unit for unit, questions in todo}
        try:
            for future, unit in futures.items():
                try:
                    future.result()
                except StemwiseError as fault:
                    log.warning("%s: %s", unit.name, fault)
                    faults.append(f"{unit.name}: {fault}")
        except BaseException:
            self.stopped.set()
            for child in self.children:
                child.terminate()
            raise
        finally:
            pool.shutdown(cancel_futures=True)
        return faults

    def path(self, unit: Unit, question: Question) -> Path:
        return self.results / unit.name / f"{question.name}.parquet"

    def asked(self, question: Question) -> str:
        """All that a table depends on beside the model: the words, the songs and how they are made."""
        songs = self.plan.songs[question.songs]
        return " ".join((question.table, *question.words, "on", songs.name, *songs.make))

    def _answers(self, question: Question, told: str) -> bool:
        return _without_leave(told) == _without_leave(self.asked(question))

    def _can_be_had(self, name: str) -> bool:
        songs = self.plan.songs[name]
        if (songs.folder / "splits.json").is_file():
            return True
        return Path(songs.needs).exists() if songs.needs else bool(songs.make) or songs.folder.is_dir()

    def _has(self, unit: Unit, question: Question) -> bool:
        told, run = facts_of(self.path(unit, question)), run_of(unit)
        then = told.get("settings", "")
        if not (self._answers(question, told.get("asked", "")) and then and self._same(unit, json.loads(then))):
            return False
        return told.get("stamp") in (None, stamp_of(run)) or not self._trained(unit, run)

    def _same(self, unit: Unit, then: dict[str, Any]) -> bool:
        return same(then, self.wanted[unit.name])

    def _make(self, songs: Songs) -> None:
        if songs.make and not (songs.folder / "splits.json").is_file():
            self._call([str(Path(sys.executable).with_name("stemwise")), *songs.make, "--out", str(songs.folder)])

    def _todo(self, unit: Unit) -> list[Question]:
        """What `left` says of one unit; of questions whose songs cannot be had, nothing."""
        askable = [each for each in unit.questions if all(map(self._can_be_had, needed(unit, [each])))]
        lacking = [each for each in askable if not self._has(unit, each)]
        return askable if lacking and not self._trained(unit, run_of(unit)) else lacking

    def _do(self, unit: Unit, questions: Sequence[Question]) -> None:
        run = run_of(unit)
        if not self._trained(unit, run):
            self._train(unit, run)
        settings = json.dumps(settings_of(run))
        for question in questions:
            out = run / "eval" / question.name
            words = [word.replace("{songs}", str(self.plan.songs[question.songs].folder)) for word in question.words]
            self._call([sys.executable, "-m", "src.eval", f"run={run}", f"out={out}", "report=false", *words])
            asked = {"asked": self.asked(question), "stamp": stamp_of(run)}
            facts = {"system": unit.system, "settings": settings, **asked}
            with self.keeping:  # two trainings may have the same bounds to keep
                keep(out / question.table, self.path(unit, question), facts)
            log.info("kept %s", self.path(unit, question))

    def _train(self, unit: Unit, run: Path) -> None:
        self._require_start(unit)
        # What was begun with other settings cannot go on with these.
        resume = "auto" if _begun(run) and self._same(unit, settings_of(run)) else "false"
        words = [*unit.command, f"resume={resume}", f"hydra.run.dir={run}"]
        self._call([sys.executable, "-m", "src.train", *words])
        if not self._trained(unit, run):
            raise DataError(f"{run} was not trained as the plan says. Remove it, and call again.")
        for table in self.results.joinpath(unit.name).glob("*.parquet"):
            table.unlink()  # of the weights of a training before

    def _require_start(self, unit: Unit) -> None:
        """Raise DataError where the tables there are of a training that began with another model than is found now, as
        with an earlier one that shipped."""
        tables = [facts_of(path)["training"] for path in self.results.joinpath(unit.name).glob("*.parquet")]
        start = self.wanted[unit.name].get("start")
        if start and tables:
            card = describe(find_model(start))["card"]
            now = f"{card.get('steps')} of {card.get('name')}"
            if f" after {now}" not in tables[0]:
                raise DataError(
                    f"start={start} is {now} now, but {self.results / unit.name} is of a training of {tables[0]}. "
                    "Train it where its commit is checked out, or remove that folder for a training of this start."
                )

    def _trained(self, unit: Unit, run: Path) -> bool:
        """Whether the run there ended, is whole, and was of these settings."""
        model = run / "model.safetensors"
        try:
            if not model.is_file() or not self._same(unit, settings_of(run)):
                return False
            return bool(describe(model)["card"].get("stamp") == stamp_of(run))
        except (OSError, ValueError, StemwiseError):
            return False

    def _call(self, command: Sequence[str]) -> None:
        if self.stopped.is_set():
            raise DataError("stopped.")
        threads = max(cores() // self.jobs, 1)
        with subprocess.Popen(command, env={**os.environ, "OMP_NUM_THREADS": str(threads)}) as child:
            self.children.append(child)
            code = child.wait()
        self.children.remove(child)
        if code:
            raise DataError(f"`{' '.join(command)}` ended with {code}. Run it alone to see why.")


def run_of(unit: Unit) -> Path:
    """The run folder of a unit, under the home folder."""
    return runs_home() / "study" / unit.name


def needed(unit: Unit, questions: Sequence[Question]) -> list[str]:
    """The sets that a unit is trained on and asked about."""
    return [*unit.songs, *(question.songs for question in questions)]


def _without_leave(asked: str) -> str:
    """A word that lets a question be asked changes nothing of the answer."""
    return " ".join(word for word in asked.split() if word != "shared=allow")


def _begun(run: Path) -> bool:
    return (run / "config.yaml").is_file() and (run / "checkpoints" / "last.ckpt").is_file()


def settings_by_hydra(conf: str) -> Settings:
    """Words of src.train → the groups of its config that decide what is learned, resolved."""
    from hydra import compose, initialize_config_dir

    def settings(words: Sequence[str]) -> dict[str, Any]:
        with initialize_config_dir(conf, version_base="1.3"):
            return _groups(compose("train", overrides=list(words)))

    return settings


def settings_of(run: Path) -> dict[str, Any]:
    """The same of a run folder."""
    config = OmegaConf.load(run / "config.yaml")
    assert isinstance(config, DictConfig)
    return _groups(config)


def _groups(config: DictConfig) -> dict[str, Any]:
    parts = [*(f"trainer.{key}" for key in TRAINER), *(f"callbacks.{key}" for key in CALLBACKS)]
    data = _without_places(rooted(_plain(config.data)))
    return {
        **{key: _plain(OmegaConf.select(config, key)) for key in (*GROUPS, *parts)},
        **{f"data.{key}": value for key, value in data.items()},
    }


def _plain(value: Any) -> Any:
    return OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value


def _without_places(data: dict[str, Any]) -> dict[str, Any]:
    """The group data but for where files lie, which another machine has elsewhere."""
    inner = {key: _without_places(value) if isinstance(value, dict) else value for key, value in data.items()}
    return {key: value for key, value in inner.items() if not (isinstance(value, str) and Path(value).is_absolute())}
