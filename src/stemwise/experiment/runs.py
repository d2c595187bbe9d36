"""A run folder: what it remembers of its training, how a training is fitted and goes on."""

import json
import platform
import shutil
import subprocess
import sys
import uuid
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytorch_lightning as pl
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.loggers import Logger

from stemwise import __version__
from stemwise.datasets.base import PARTS, with_artists
from stemwise.errors import DataError
from stemwise.experiment import dashboards
from stemwise.experiment.configs import plain
from stemwise.experiment.learned import BEGAN_WITH
from stemwise.experiment.starting import Beginning
from stemwise.export import Exported
from stemwise.files import write_json, write_text
from stemwise.loading.datamodule import MultitrackDataModule

OF_A_MODEL = (
    "scores.parquet", "detections.parquet", "summary.json", "page.html", "seconds.html", "validation.json",
    "instruments.png", "confusion.png", "calibration.png", "thresholds.png", "log/scores.csv",
)  # fmt: skip
LOGS = ("log", "tensorboard")  # as conf/logger calls them
PACKAGES = ("torch", "pytorch-lightning", "numpy", "scipy", "soundfile", "soxr", "hydra-core")


def begin(
    loggers: Sequence[Logger], run: Path, config: DictConfig, data: MultitrackDataModule, began: Beginning
) -> dict[str, Any]:
    """Take the folder for a training that begins, or goes on; returns its card, as `record` does.

    Songs that cannot be used and a W&B that is not to be had are known before a training that stands there goes.
    """
    data.prepare_data()
    data.setup("fit")
    dashboards.enter(loggers, config)
    if not config.checkpoint:
        drop_training(run)
    began.keep(run)
    return record(run, config, data)


def record(run: Path, config: DictConfig, data: MultitrackDataModule) -> dict[str, Any]:
    """Write config.yaml (resolved), splits.json (ids and artists of each part) and environment.json; return the card.

    The card and environment.json share a stamp, so that a model is never described by another training's config.
    """
    stamp = uuid.uuid4().hex[:12]
    made_by = environment()
    write_text(run / "config.yaml", OmegaConf.to_yaml(OmegaConf.create(plain(config))))
    write_json(run / "splits.json", with_artists(data.dataset.splits(), data.dataset.songs()))
    write_json(run / "environment.json", {"stamp": stamp, "command": command(), **made_by})
    return {"stamp": stamp, "name": config.name, "seed": config.seed, **made_by}


def drop_training(run: Path) -> None:
    """Remove the checkpoints and logs of a training that stood here before: a new one that is killed early must not go
    on from them, and its curves are not theirs."""
    for path in (run / "checkpoints").glob("*.ckpt"):
        path.unlink()
    for name in LOGS:
        shutil.rmtree(run / name, ignore_errors=True)


def drop_scores(run: Path) -> None:
    """Remove the figures and the page of the model that stood here before: they would describe other weights."""
    for name in OF_A_MODEL:
        (run / name).unlink(missing_ok=True)
    for folder in (run / "eval", *run.glob("eval_*")):  # other questions, as other gates or trees
        shutil.rmtree(folder, ignore_errors=True)


def read(run: Path, exported: Exported) -> tuple[DictConfig, dict[str, list[str]]]:
    """The resolved config and the splits of the training that made `exported`.

    Raises DataError when the folder is no run, or was used by another training since.
    """
    try:
        made_by = json.loads((run / "environment.json").read_text(encoding="utf-8"))
        stored = json.loads((run / "splits.json").read_text(encoding="utf-8"))
        splits = {part: stored[part] for part in PARTS}
        config = OmegaConf.load(run / "config.yaml")
    except (OSError, ValueError, KeyError) as fault:
        raise DataError(f"{run}: not a whole run folder ({fault}). Name one: run=runs/demo.") from fault
    if made_by["stamp"] != exported.card.get("stamp"):
        raise DataError(
            f"{run}: config.yaml belongs to a training that was begun after model.safetensors was exported and did not "
            "end. Let it end (resume=.../checkpoints/last.ckpt), or train again."
        )
    assert isinstance(config, DictConfig)
    return config, splits


def fit(trainer: pl.Trainer, task: pl.LightningModule, data: pl.LightningDataModule, checkpoint: str) -> None:
    """Trainer.fit, from a checkpoint if there is one. An interrupt raises KeyboardInterrupt."""
    try:
        trainer.fit(task, data, ckpt_path=checkpoint or None, weights_only=True)
    except SystemExit:  # Lightning's answer to Ctrl-C, once its processes have ended
        if not trainer.interrupted:
            raise
    if trainer.interrupted:
        raise KeyboardInterrupt


def how_to_go_on(run: Path) -> str:
    """What to say when a training was interrupted."""
    return (
        f"Go on with the same command and resume=auto, or resume={run / 'checkpoints' / 'last.ckpt'} (there from the "
        "first epoch on)."
    )


def how_a_sweep_goes_on(sweep: Path) -> str:
    """What to say when a job of a sweep was interrupted, which ends the sweep."""
    return f"What ended is in {sweep}. A search (sweep=search) goes on with the same command; other sweeps begin anew."


def read_curves(run: Path) -> pd.DataFrame:
    """Columns epoch, step, train/<term>, val/<term>, sparse, by step; empty where the run kept no csv log."""
    tables = [pd.read_csv(path) for path in sorted((run / "log").rglob("metrics.csv"))]
    return pd.concat(tables).sort_values("step", kind="stable") if tables else pd.DataFrame()


def facts(run: Path, config: DictConfig, exported: Exported, songs: str) -> dict[str, str]:
    """What a page and a summary must say beside every number."""
    trained = json.loads((run / "environment.json").read_text(encoding="utf-8"))
    gate, card = exported.gate, exported.card
    return {
        "name": str(config.name),
        "seed": str(config.seed),
        "trained at commit": trained["commit"],
        "trained by": " ".join(trained["command"]),
        "training": f"{card.get('steps', '?')} steps{_after(card)}, {card.get('seconds of training', '?')} s",
        "scored at commit": commit(),
        "scored by": " ".join(command()),
        "songs": songs,
        "gate": f"{gate.kind}, median {gate.median_seconds} s, thresholds "
        + ", ".join(f"{threshold:.2f}" for threshold in np.atleast_1d(gate.threshold)),
        "model": f"{config.model.net._target_.rpartition('.')[2]}, {config.model.sample_rate} Hz",
    }


def _after(card: dict[str, Any]) -> str:
    """What came before the steps of a training that began with the weights of another."""
    before = card.get(BEGAN_WITH)
    return f" after {before['steps']} of {before['model']}{_after(before)}" if before else ""


def command() -> list[str]:
    """The command of this process; of absolute paths only the last part, since pages are passed on."""
    return ["python", "-m", f"src.{Path(sys.argv[0]).stem}", *(_shareable(word) for word in sys.argv[1:])]


def environment() -> dict[str, Any]:
    """Commit ("+" if files differ from it) and versions."""
    return {
        "commit": commit(),
        "stemwise": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "packages": {name: _version(name) for name in PACKAGES},
    }


def commit() -> str:
    """The clone's commit, "+" if files differ from it other than what `make results` writes; or "unknown" outside."""
    clone = Path(__file__).resolve().parents[3]
    written = (":!RESULTS.md", ":!results")
    asked = (
        ("rev-parse", "--short=12", "HEAD"),
        ("status", "--porcelain", "--untracked-files=no", "--", ".", *written),
    )
    try:
        head, changed = (
            subprocess.run(["git", *words], cwd=clone, capture_output=True, text=True, check=True).stdout
            for words in asked
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head.strip() + ("+" if changed.strip() else "")


def _shareable(word: str) -> str:
    key, equals, value = word.rpartition("=")
    return f"{key}{equals}.../{Path(value).name}" if Path(value).is_absolute() else word


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
