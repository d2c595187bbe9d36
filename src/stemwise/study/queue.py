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
from threading import Event
from typing import Any

from omegaconf import DictConfig, OmegaConf

from stemwise.errors import DataError
from stemwise.export import describe
from stemwise.home import runs_home
from stemwise.study.plan import Plan, Question, Songs, Unit, same
from stemwise.study.tables import facts_of, keep

GROUPS = ("model", "loss", "optimizer", "loading", "scheme", "gate", "gate_may_lose", "seed")
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

    def left(self) -> list[tuple[Unit, list[Question]]]:
        """What is not done, and what of it: a table is missing, or was made by other settings."""
        units = self.plan.units
        found = ((unit, [question for question in unit.questions if self._lacks(unit, question)]) for unit in units)
        return [(unit, questions) for unit, questions in found if questions]

    def run(self) -> None:
        """Make the songs that are missing, then train and score. An interrupt ends what runs; the next call goes on.

        Raises DataError where a step fails; what else had begun is let end first.
        """
        todo = self.left()
        for name in dict.fromkeys(question.songs for _, questions in todo for question in questions):
            self._make(self.plan.songs[name])
        with ThreadPoolExecutor(self.jobs) as pool:
            futures = [pool.submit(self._do, unit, questions) for unit, questions in todo]
            try:
                for future in futures:
                    future.result()
            except BaseException:
                self.stopped.set()
                raise

    def path(self, unit: Unit, question: Question) -> Path:
        return self.results / unit.name / f"{question.name}.parquet"

    def _lacks(self, unit: Unit, question: Question) -> bool:
        songs = self.plan.songs[question.songs]
        if songs.needs and not Path(songs.needs).exists():
            return False  # cannot be asked here
        if not songs.make and not songs.folder.is_dir():
            return False
        told = facts_of(self.path(unit, question))
        return told.get("asked") != question.asked or not self._same(unit, told.get("settings", ""))

    def _same(self, unit: Unit, then: str) -> bool:
        return bool(then) and same(json.loads(then), self.settings(unit.command))

    def _make(self, songs: Songs) -> None:
        if songs.make and not (songs.folder / "splits.json").is_file():
            self._call([str(Path(sys.executable).with_name("stemwise")), *songs.make, "--out", str(songs.folder)])

    def _do(self, unit: Unit, questions: Sequence[Question]) -> None:
        run = runs_home() / "study" / unit.name
        if not self._trained(unit, run):
            # What was begun with other settings cannot go on with these.
            resume = "auto" if _begun(run) and same(settings_of(run), self.settings(unit.command)) else "false"
            words = [*unit.command, f"resume={resume}", f"hydra.run.dir={run}"]
            self._call([sys.executable, "-m", "src.train", *words])
            if not self._trained(unit, run):
                raise DataError(f"{run} was not trained as the plan says. Remove it, and call again.")
        settings = json.dumps(settings_of(run))
        for question in questions:
            out = run / "eval" / question.name
            words = [word.replace("{songs}", str(self.plan.songs[question.songs].folder)) for word in question.words]
            self._call([sys.executable, "-m", "src.eval", f"run={run}", f"out={out}", "report=false", *words])
            facts = {"system": unit.system, "settings": settings, "asked": question.asked}
            keep(out / question.table, self.path(unit, question), facts)
            log.info("kept %s", self.path(unit, question))

    def _trained(self, unit: Unit, run: Path) -> bool:
        """Whether the run there ended, and was of these settings."""
        model = run / "model.safetensors"
        if not model.is_file() or not same(settings_of(run), self.settings(unit.command)):
            return False
        stamp = json.loads((run / "environment.json").read_text(encoding="utf-8"))["stamp"]
        return bool(describe(model)["card"].get("stamp") == stamp)

    def _call(self, command: Sequence[str]) -> None:
        if self.stopped.is_set():
            raise DataError("stopped, since another step failed.")
        threads = max((os.cpu_count() or 1) // self.jobs, 1)
        ended = subprocess.run(command, env={**os.environ, "OMP_NUM_THREADS": str(threads)}, check=False)
        if ended.returncode:
            raise DataError(f"`{' '.join(command)}` ended with {ended.returncode}. Run it alone to see why.")


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
    groups = {key: OmegaConf.select(config, key) for key in GROUPS}
    found = {
        key: OmegaConf.to_container(value, resolve=True) if OmegaConf.is_config(value) else value
        for key, value in groups.items()
    }
    return {**found, "steps": config.trainer.max_steps}
