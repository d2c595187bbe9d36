"""Hydra configs: resolvers, checks across groups, objects made of them. Only the doors and tests use it."""

import logging
import sys
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from hydra.core.hydra_config import HydraConfig
from hydra.errors import CompactHydraException, HydraException
from hydra.types import RunMode
from hydra.utils import instantiate
from omegaconf import DictConfig, ListConfig, OmegaConf
from omegaconf.errors import MissingMandatoryValue, OmegaConfBaseException

from stemwise.errors import ModelError, StemwiseError
from stemwise.evaluation.gate_grid import GateGrid
from stemwise.evaluation.objective import direction
from stemwise.experiment.learned import rooted
from stemwise.gate import Gate
from stemwise.home import home
from stemwise.loading.datamodule import MultitrackDataModule
from stemwise.model import SpectralModel
from stemwise.taxonomy import targets

WITH_FLAGS = ("data", "loading", "loss", "model", "optimizer", "callbacks", "trainer")  # groups of conf/train.yaml
FLAGS = ("report", "bss_eval", "clips", "reader")  # of conf/eval.yaml
NO_FLAG = ("yes", "no", "on", "off")  # Hydra reads them as text, which would count as true
GATE_SOURCE = ("source", "detector", "labels", "hop")  # keys of `gate` in conf/eval.yaml that are no gate's


def register_resolvers() -> None:
    """`${home:runs}`, `${targets:scheme,only}`, `${count:list}`, `${bins:n_fft}`, `${bins_below:hertz,rate,n_fft}`,
    `${sweep_of:folder}`, `${direction:objective}`, `${behind:first,number}` for jobs that follow others, and three for
    runs that go on."""
    resolvers: dict[str, Callable[..., Any]] = {
        "home": lambda *parts: str(home().joinpath(*parts)),
        "targets": lambda scheme, only=None: ListConfig(list(targets(scheme, only).names)),
        "count": len,
        "bins": lambda n_fft: n_fft // 2 + 1,
        "bins_below": lambda hertz, rate, n_fft: min(hertz * n_fft // rate, n_fft // 2) + 1,
        "checkpoint": found_checkpoint,
        "run_folder": lambda checkpoint, new: str(Path(checkpoint).resolve().parents[1]) if checkpoint else new,
        "sweep_of": sweep_of,
        "direction": direction,
        "behind": lambda first, number: str(int(first) + int(number)),
        "log_version": lambda checkpoint: f"resumed_{Path(checkpoint).stat().st_mtime_ns}" if checkpoint else "",
    }
    for name, resolver in resolvers.items():
        OmegaConf.register_new_resolver(name, resolver, replace=True)


def found_checkpoint(resume: str | bool | None, runs: str, *, _root_: DictConfig) -> str:
    """What `find_checkpoint` says when this config first asks: once it trains, its own checkpoint is the newest.

    Kept by the values. OmegaConf's own cache goes by the text of the interpolation, and Hydra resolves an experiment's
    hydra.run.dir before `resume` is set on the command line.
    """
    kept = OmegaConf.get_cache(_root_)["checkpoint by value"]
    key = (resume, runs)
    if key not in kept:
        kept[key] = find_checkpoint(resume, Path(runs))
    found: str = kept[key]
    return found


def find_checkpoint(resume: str | bool | None, runs: Path) -> str:
    """The path that `resume` names; for "auto" the newest last.ckpt in `runs` or a folder in it whose training did not
    end, which shows in a model that is missing or older; else nothing."""
    if resume != "auto":
        return str(resume) if resume else ""
    found = [runs / "checkpoints" / "last.ckpt", *runs.glob("*/checkpoints/last.ckpt")]
    open_ends = [path for path in found if path.is_file() and not _ended(path)]
    return str(max(open_ends, key=lambda path: path.stat().st_mtime_ns)) if open_ends else ""


def _ended(checkpoint: Path) -> bool:
    model = checkpoint.parents[1] / "model.safetensors"
    return model.is_file() and model.stat().st_mtime_ns >= checkpoint.stat().st_mtime_ns


def sweep_of(run: str) -> str | None:
    """The name of the sweep whose job has its folder here."""
    parent = Path(run).parent.name
    return parent if parent.startswith("sweep_") else None


def plain(config: DictConfig) -> Any:
    """Dictionaries, lists, numbers and text, every reference resolved. A value that must be chosen (???) raises."""
    return OmegaConf.to_container(config, resolve=True, throw_on_missing=True)


def check(config: DictConfig) -> None:
    """Raise ModelError for keys that do not go together, naming both."""
    check_flags(config, WITH_FLAGS)
    if config.checkpoint and not Path(config.checkpoint).is_file():
        raise ModelError(
            f"resume={config.resume}: no such checkpoint. Name a file, as runs/demo/checkpoints/last.ckpt, or auto."
        )
    if config.resume == "auto" and config.checkpoint:
        _same_training(config, Path(config.checkpoint).parents[1])
    if asked_grid(config):
        raise ModelError("gate=grid scores many gates (python -m src.eval); train with one: gate=hard, soft or off.")
    if not isinstance(config.seed, int) or not 0 <= config.seed < 2**32:
        raise ModelError(f"seed={config.seed}: give a whole number from 0 to {2**32 - 1}.")
    if str(config.trainer.precision) in ("16-true", "bf16-true"):
        raise ModelError(
            f"trainer.precision={config.trainer.precision}: an STFT needs 32 bits. Choose bf16-mixed or 16-mixed, "
            "which keep them where they are needed."
        )
    scheduler = config.optimizer.scheduler
    if scheduler is not None and "total_steps" in scheduler:
        if scheduler.total_steps < 1:
            raise ModelError("this schedule must know where it ends: set trainer.max_steps, or optimizer=plateau.")
        if config.checkpoint:
            _same_end(Path(config.checkpoint), scheduler.total_steps)


def check_flags(config: DictConfig, keys: Iterable[str] = FLAGS) -> None:
    """Raise ModelError for a yes or a no, in these settings or below them, that is neither true nor false."""
    for key in keys:
        for name, value in _leaves(key, plain(config[key]) if OmegaConf.is_config(config[key]) else config[key]):
            if isinstance(value, str) and value.casefold() in NO_FLAG:
                raise ModelError(f"{name}={value}: write true or false.")


def check_whole(config: DictConfig, *keys: str, least: int = 0) -> None:
    """Raise ModelError for what is neither a whole number of `least` or more nor nothing."""
    for key in keys:
        if config[key] is not None and (isinstance(config[key], bool) or not isinstance(config[key], int)):
            raise ModelError(f"{key}={config[key]}: give a whole number.")
        if config[key] is not None and config[key] < least:
            raise ModelError(f"{key}={config[key]}: give {least} or more.")


def _leaves(name: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _leaves(f"{name}.{key}", inner)
    else:
        yield name, value


def _same_end(checkpoint: Path, steps: int) -> None:
    """Raise ModelError where the schedule of a checkpoint ends before so many steps: it cannot be lengthened."""
    try:
        kept = torch.load(checkpoint, map_location="cpu", weights_only=True, mmap=True)["lr_schedulers"]
    except (RuntimeError, KeyError, UnpicklingError, OSError) as fault:
        raise ModelError(f"{checkpoint}: no checkpoint of a training ({fault}). Name another.") from fault
    ends = [each["total_steps"] for each in kept if "total_steps" in each]
    if ends and ends[0] < steps:
        run = checkpoint.parents[1]
        ended = (run / "model.safetensors").is_file()
        anew = f"; or train on from its weights, as a new training, with start={run}" if ended else ""
        raise ModelError(
            f"resume={checkpoint}: the schedule of that training ends after {ends[0]} steps, and this one's after "
            f"{steps}. Set trainer.max_steps={ends[0]}{anew}."
        )


def _same_training(config: DictConfig, run: Path) -> None:
    """Raise ModelError where `config` would train something else than what `run` began."""
    try:
        before = OmegaConf.load(run / "config.yaml")
    except OSError:
        return
    now, then = plain(config), plain(DictConfig(before))
    then["data"] = rooted(then.get("data") or {})  # releases before this one kept paths as they were said
    keys = ["scheme", "model", "data", "loss", "optimizer", "loading", "seed", *(["start"] if config.start else [])]
    other = [key for key in keys if not same(then.get(key) or None, now[key] or None)]
    if other:
        raise ModelError(
            f"resume=auto found {run}, which did not end but was begun with another {', '.join(other)}. Give it the "
            "same settings, or start anew with resume=false."
        )


def same(then: Any, now: Any) -> bool:
    """Whether settings are alike. A key that only one of them has says nothing if it has no value: it was added to the
    configs since, or removed from them."""
    if isinstance(then, Mapping) and isinstance(now, Mapping):
        apart = {**then, **now}.items()
        both = then.keys() & now.keys()
        return all(same(then[key], now[key]) for key in both) and not any(
            value for key, value in apart if key not in both
        )
    if isinstance(then, list | tuple) and isinstance(now, list | tuple):
        return len(then) == len(now) and all(map(same, then, now))
    return bool(then == now)


def make_data(config: DictConfig, model: SpectralModel, channels: int | None = None) -> MultitrackDataModule:
    """The dataset of `config.data` as excerpts on the model's rate and frames, and on its channels or so many."""
    reader = instantiate(config.data)
    grid = {"sample_rate": model.sample_rate, "channels": channels or model.channels, "hop": model.hop}
    module: MultitrackDataModule = instantiate(
        config.loading, dataset=reader, scheme=config.scheme, targets=list(model.targets), **grid
    )
    return module


def make_gate(config: DictConfig, exported: Gate) -> Gate:
    """The exported gate, with what the group `gate` says in its place if one is chosen."""
    if asked_grid(config):
        return exported
    return replace(exported, **{key: value for key, value in asked_gate(config).items() if key != "_target_"})


def asked_gate(config: DictConfig) -> dict[str, Any]:
    """What a choice of the group `gate` says; nothing where none is chosen. Whose activity it goes by stands beside it
    in conf/eval.yaml, and is no part of it."""
    given: dict[str, Any] = plain(config.gate) if config.get("gate") else {}
    chosen = {key: value for key, value in given.items() if key not in GATE_SOURCE}
    if chosen and not {"kind", "thresholds"} & chosen.keys():
        key, value = next(iter(chosen.items()))
        raise ModelError(f"gate.{key}={value} says nothing alone; choose the gate too: gate=hard gate.{key}={value}.")
    return chosen


def asked_grid(config: DictConfig) -> GateGrid | None:
    """What gate=grid names; None for a single gate."""
    chosen = asked_gate(config)
    if "thresholds" not in chosen:
        return None
    return GateGrid(**{key: value for key, value in chosen.items() if key != "_target_"})


def calm_lightning() -> None:
    """Leave out Lightning's advertisements and its use of what PyTorch deprecates; its warnings stay."""
    logging.getLogger("pytorch_lightning.utilities.rank_zero").setLevel(logging.WARNING)
    warnings.filterwarnings("ignore", message=".*LeafSpec.*")


class JobFailed(StemwiseError, CompactHydraException):
    """What ended one job of a sweep, as a sentence. The others go on, and Hydra says it without a stack trace."""


@contextmanager
def in_a_sentence(if_interrupted: str = "") -> Iterator[None]:
    """What a user can mend ends the process with a sentence and exit code 1; an interrupt with advice and 130.

    In a job of a sweep it raises JobFailed instead, so that the other jobs are run.
    """
    try:
        yield
    except KeyboardInterrupt:
        print(f"interrupted. {if_interrupted}", file=sys.stderr)
        sys.exit(130)
    except (StemwiseError, HydraException, OmegaConfBaseException, OSError) as fault:
        if HydraConfig.initialized() and HydraConfig.get().mode == RunMode.MULTIRUN:
            raise JobFailed(_sentence(fault)) from fault
        sys.exit(f"error: {_sentence(fault)}")


def _sentence(fault: BaseException) -> str:
    if isinstance(fault, MissingMandatoryValue):
        name = fault.full_key or str(fault)
        return f"{name} must be chosen, as in {fault.full_key or 'key'}=... on the command line."
    return str(_cause(fault))


def _cause(fault: BaseException) -> BaseException:
    """The StemwiseError behind what Hydra and OmegaConf made of it, if there is one."""
    behind: BaseException | None = fault
    while behind is not None and not isinstance(behind, StemwiseError):
        behind = behind.__cause__ or behind.__context__
    return behind or fault
