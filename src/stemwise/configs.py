"""Hydra configs: resolvers, checks across groups, and what a run folder remembers. Only the doors and tests use it."""

import json
import platform
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import numpy as np
from hydra.utils import instantiate
from omegaconf import DictConfig, ListConfig, OmegaConf

from stemwise import __version__
from stemwise.errors import DataError
from stemwise.files import write_json, write_text
from stemwise.gate import Gate
from stemwise.home import home, runs_home
from stemwise.loading.datamodule import MultitrackDataModule
from stemwise.losses import WeightedTerms
from stemwise.model import SpectralModel
from stemwise.tasks.separation import SeparationTask
from stemwise.taxonomy import targets

PACKAGES = ("torch", "pytorch-lightning", "numpy", "scipy", "soundfile", "soxr", "hydra-core")


def register_resolvers() -> None:
    """`${home:runs}`, `${targets:scheme,only}`, `${count:list}`, `${bins:n_fft}`."""
    resolvers: dict[str, Callable[..., Any]] = {
        "home": lambda *parts: str(home().joinpath(*parts)),
        "targets": lambda scheme, only=None: ListConfig(list(targets(scheme, only).names)),
        "count": len,
        "bins": lambda n_fft: n_fft // 2 + 1,
    }
    for name, resolver in resolvers.items():
        OmegaConf.register_new_resolver(name, resolver, replace=True)


def plain(config: DictConfig) -> Any:
    """Dictionaries, lists, numbers and text, every reference resolved. A value that must be chosen (???) raises."""
    return OmegaConf.to_container(config, resolve=True, throw_on_missing=True)


def make_data(config: DictConfig, model: SpectralModel) -> MultitrackDataModule:
    """The dataset of `config.data` as excerpts on the model's rate, channels and frames."""
    reader = instantiate(config.data)
    grid = {"sample_rate": model.sample_rate, "channels": model.channels, "hop": model.stft.hop}
    module: MultitrackDataModule = instantiate(
        config.loading, dataset=reader, scheme=config.scheme, targets=list(model.targets), **grid
    )
    return module


def make_task(config: DictConfig, model: SpectralModel) -> SeparationTask:
    loss: WeightedTerms = instantiate(config.loss, outputs=model.outputs)
    return SeparationTask(model, loss, **instantiate(config.optimizer))


def record(run: Path, config: DictConfig) -> None:
    """Write config.yaml (resolved) and environment.json (command, commit, versions) into the run folder."""
    write_text(run / "config.yaml", OmegaConf.to_yaml(OmegaConf.create(plain(config))))
    write_json(run / "environment.json", environment())


def environment() -> dict[str, Any]:
    """Command, commit ("+" if files differ from it), versions. No machine name, user or path."""
    return {
        "command": ["python", "-m", f"src.{Path(sys.argv[0]).stem}", *sys.argv[1:]],
        "commit": commit(),
        "stemwise": __version__,
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "packages": {name: _version(name) for name in PACKAGES},
    }


def commit() -> str:
    """The clone's commit, or "unknown" outside of one."""
    clone = Path(__file__).resolve().parents[2]
    asked = [("rev-parse", "--short=12", "HEAD"), ("status", "--porcelain", "--untracked-files=no")]
    try:
        head, changed = (
            subprocess.run(["git", *words], cwd=clone, capture_output=True, text=True, check=True).stdout
            for words in asked
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return head.strip() + ("+" if changed.strip() else "")


def newest_run() -> Path:
    """The run whose exported model is the newest. Raises DataError when there is none."""
    models = sorted(runs_home().rglob("model.safetensors"), key=lambda path: path.stat().st_mtime)
    if not models:
        raise DataError(f"no trained run under {runs_home()} (looked for */model.safetensors). Train one: make demo.")
    return models[-1].parent


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def read_config(run: Path) -> DictConfig:
    """The resolved config of a run. Raises DataError when the folder is no run."""
    path = run / "config.yaml"
    if not path.is_file():
        raise DataError(f"{run}: not a run folder (looked for config.yaml). Name one: run=runs/demo.")
    config = OmegaConf.load(path)
    assert isinstance(config, DictConfig)
    return config


def facts(run: Path, config: DictConfig, gate: Gate, part: str, songs: int) -> dict[str, str]:
    """What a page and a summary must say beside every number."""
    trained = json.loads((run / "environment.json").read_text(encoding="utf-8"))
    thresholds = ", ".join(f"{t:.2f}" for t in np.atleast_1d(gate.threshold))
    return {
        "name": config.name,
        "seed": str(config.seed),
        "trained at commit": trained["commit"],
        "trained by": " ".join(trained["command"]),
        "scored at commit": commit(),
        "songs": f"{songs} of part '{part}'",
        "gate": f"{gate.kind}, thresholds {thresholds}, median {gate.median_seconds} s",
        "model": f"{config.model.net._target_.rpartition('.')[2]}, {config.model.sample_rate} Hz",
    }
