"""What this installation can do: for `stemwise doctor`, and before a device is used."""

import os
import platform
import shutil
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from stemwise import __version__
from stemwise.errors import ModelError
from stemwise.home import home

LEAST_FREE = 5.0  # GB that a first training with the demo's songs may take


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, what was found, and what to do if anything is."""

    what: str
    found: str
    advice: str = ""


def check_device(device: str) -> None:
    """Raise ModelError for a device that this PyTorch cannot use."""
    import torch

    kinds = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    usable = [kind for kind, there in kinds.items() if there]
    try:
        kind = torch.device(device).type
    except RuntimeError:
        kind = ""
    if kind not in usable:
        raise ModelError(f"device '{device}' is not to be had with this PyTorch; choose {' or '.join(usable)}.")


def examine() -> list[Finding]:
    """Every finding; nothing is changed or downloaded."""
    return [
        Finding(
            "stemwise", f"{__version__}, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
        ),
        *extras(),
        programs(),
        *compute(),
        place(),
        *newest(),
    ]


def extras() -> list[Finding]:
    """A line an extra of the package: what it holds, or what is missing of it."""
    wanted: dict[str, list[str]] = {"needed": []}
    for requirement in requires("stemwise") or ():
        name = requirement.partition(";")[0].split("[")[0]
        for mark in "<>=!~ ":
            name = name.partition(mark)[0]
        extra = requirement.partition("extra ==")[2].strip().strip("\"'")
        wanted.setdefault(extra or "needed", []).append(name)
    return [_extra(extra, names) for extra, names in wanted.items() if extra != "dev"]


def _extra(extra: str, names: list[str]) -> Finding:
    versions = {name: _version(name) for name in names}
    missing = [name for name, found in versions.items() if found is None]
    found = ", ".join(f"{name} {number}" for name, number in versions.items() if number)
    if missing:
        found += f"{', ' if found else ''}missing: {', '.join(missing)}"
    target = "stemwise" if extra == "needed" else f"'stemwise[{extra}]'"
    return Finding(f"packages, {extra}", found, f"pip install {target}" if missing else "")


def programs() -> Finding:
    """ffmpeg and ffprobe, for MUSDB18 only."""
    from stemwise.errors import MissingExtra
    from stemwise.ffmpeg import put_ffmpeg_on_path

    try:
        put_ffmpeg_on_path()
    except MissingExtra as fault:
        return Finding("ffmpeg", "not found; only MUSDB18's stem files need it", str(fault))
    return Finding("ffmpeg", "found, with ffprobe")


def compute() -> list[Finding]:
    """Devices there are, the one that trainer.accelerator=auto takes, and the precision, each with the reason."""
    import torch

    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    found = [Finding("torch", f"{torch.__version__}, {torch.get_num_threads()} threads on {cores} cores")]
    if torch.cuda.is_available():
        names = ", ".join(torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count()))
        found.append(Finding("device", f"cuda: {names}; a GPU is there and this PyTorch can use it"))
        half = "bf16-mixed" if torch.cuda.is_bf16_supported() else "16-mixed"
        found.append(
            Finding("precision", f"32-true; trainer.precision={half} halves the memory and is faster on this GPU")
        )
    elif torch.backends.mps.is_available():
        found.append(Finding("device", "mps: the GPU of this Mac"))
        found.append(Finding("precision", "32-true; half precision is not tried on mps"))
    else:
        why = "this PyTorch was built for the CPU only" if torch.version.cuda is None else "no GPU is visible to CUDA"
        found.append(Finding("device", f"cpu, {cores} cores; {why}"))
        found.append(Finding("precision", _precision_of_cpu()))
    return found


def _precision_of_cpu() -> str:
    import torch

    known: Mapping[str, Any] = getattr(torch.cpu, "get_capabilities", dict)()  # an older PyTorch does not say
    if known.get("avx512_bf16") or known.get("amx_bf16"):
        return "32-true; trainer.precision=bf16-mixed may take less time a step: this CPU has units for it"
    return "32-true; half precision is slower on a CPU without units for it"


def place() -> Finding:
    """Where songs, caches and runs go, and how much room is there."""
    root = home()
    there = next(path for path in (root, *root.parents) if path.exists())
    free = shutil.disk_usage(there).free / 1e9
    named = (
        "STEMWISE_HOME" if os.environ.get("STEMWISE_HOME") else "the clone, or this folder; STEMWISE_HOME names another"
    )
    advice = ""
    if not os.access(there, os.W_OK):
        advice = "cannot be written to: set STEMWISE_HOME to a folder of yours"
    elif free < LEAST_FREE:
        advice = "little room: the demo takes 1.5 GB, a training on MedleyDB 10 to 13 GB"
    return Finding("home", f"{root} ({named}), {free:.0f} GB free", advice)


def newest() -> list[Finding]:
    """The models that `stemwise separate` and `stemwise activity` would take."""
    from stemwise.model import SEPARATION
    from stemwise.model.mel import DETECTION

    return [_newest("model", SEPARATION), _newest("detector", DETECTION)]


def _newest(what: str, kind: str) -> Finding:
    from stemwise.export import SHIPPED, SHIPPED_DETECTOR, USES, default_model, describe

    with warnings.catch_warnings(record=True) as noted:
        warnings.simplefilter("always")
        path: Path = default_model(kind)
    try:
        describe(path, kind)
    except ModelError as fault:
        return Finding(what, str(fault), "train one, or install Stemwise anew")
    which = "the one that ships" if path in (SHIPPED, SHIPPED_DETECTOR) else str(path)
    passed = "; ".join(str(warning.message) for warning in noted)
    advice = "export or copy the model again, or remove it" if passed else ""
    found = f"{which}, which {USES[kind][1]} takes unless told otherwise"
    return Finding(what, f"{found}; {passed}" if passed else found, advice)


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
