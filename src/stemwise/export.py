"""A trained model as one safetensors file that describes itself; it loads with neither Hydra nor Lightning."""

import hashlib
import importlib
import json
import sys
import warnings
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as save_tensors
from torch import Tensor

from stemwise import __version__
from stemwise.errors import ModelError
from stemwise.files import beside
from stemwise.gate import Gate
from stemwise.home import runs_home
from stemwise.model import SEPARATION
from stemwise.model.mel import DETECTION

FORMAT = 1
HEADER = "stemwise"
SHIPPED = Path(__file__).parent / "pretrained" / "small.safetensors"
SHIPPED_DETECTOR = SHIPPED.with_name("detector.safetensors")
# What a model does, which command takes it, and how one comes about.
USES = {
    SEPARATION: ("separates", "stemwise separate"),
    DETECTION: ("hears which instruments play", "stemwise activity"),
}
TRAINS = {
    SEPARATION: "`make demo` trains one",
    DETECTION: "`python -m src.train experiment=iad_cnn data=synthetic` trains one",
}


@dataclass(frozen=True)
class Exported:
    """A model (a `SpectralModel` or what serves as one, or a `MelModel`), the gate or the thresholds that were chosen
    for it on validation songs, and its card (what it was trained on, scores)."""

    model: Any
    gate: Gate = field(default_factory=Gate)
    card: dict[str, Any] = field(default_factory=dict)


def build(description: Any) -> Any:
    """The object of a plain description: {"_target_": "stemwise...", **arguments}, nested; the form of conf/model.

    Raises ModelError for a class outside `stemwise.`, a name that is no class of the module it names, and arguments
    that the class does not take.
    """
    if isinstance(description, dict):
        arguments = {key: build(value) for key, value in description.items() if key != "_target_"}
        if "_target_" not in description:
            return arguments
        kind = _class(description["_target_"])
        try:
            return kind(**arguments)
        except TypeError as fault:
            raise ModelError(f"{description['_target_']} cannot be built from {sorted(arguments)}: {fault}.") from fault
    if isinstance(description, list):
        return [build(item) for item in description]
    return description


def save(path: Path, exported: Exported, description: dict[str, Any], half: bool = False) -> None:
    """Write weights and header; `description` builds `exported.model` (without weights).

    `half` stores matrices and filters in 16 bits, to be loaded as 32: half the file. What has one axis stays as it is,
    since it is little and the variances of a batch norm can be beyond the range of 16 bits.
    """
    header = {
        "format": FORMAT,
        "version": __version__,
        "model": description,
        "gate": asdict(exported.gate),
        "card": exported.card,
    }
    weights = {name: _stored(value, half) for name, value in exported.model.state_dict().items()}
    with beside(path) as part:
        part.write_bytes(save_tensors(weights, {HEADER: json.dumps(header, allow_nan=False)}))


def describe(path: Path, kind: str = SEPARATION) -> dict[str, Any]:
    """The header alone. Raises ModelError when the file is missing, damaged, or not a Stemwise model; `kind` is that of
    the model that is needed, which the sentence says how to train."""
    if not path.is_file():
        raise _missing(path, kind)
    try:
        with safe_open(path, framework="pt") as file:
            header = json.loads((file.metadata() or {}).get(HEADER, "null"))
    except (SafetensorError, ValueError) as fault:
        raise ModelError(
            f"{path}: not a readable safetensors file ({fault}). Export or copy the model again."
        ) from fault
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise ModelError(
            f"{path}: holds no Stemwise model of format {FORMAT}. Export it with this version of Stemwise."
        )
    return header


def load(path: Path, kind: str | None = None) -> Exported:
    """The model in evaluation mode, on the CPU. Raises ModelError as `describe` and `build` do, and for a model of
    another `kind`, if one is named."""
    header = describe(path, kind or SEPARATION)
    if kind is not None and (found := _kind(header)) != kind:
        does, command = USES[found]
        raise ModelError(f"{path}: this model {does}, and another kind is needed here; `{command}` takes it.")
    model = build(header["model"])
    with safe_open(path, framework="pt") as file:
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (safe_open is no mapping)
    try:
        model.load_state_dict(weights)
    except RuntimeError as fault:
        raise ModelError(f"{path}: the weights do not fit the description in the header ({fault}).") from fault
    return Exported(model.eval(), Gate(**header["gate"]), header["card"])


def default_model(kind: str = SEPARATION) -> Path:
    """The newest exported model of a kind under the runs folder, else the one that ships with the package.

    Models that cannot be read are passed over with a warning, and given only where there is no other: then whoever
    loads one is told.
    """
    shipped = _shipped(kind)
    unreadable: list[tuple[Path, ModelError]] = []
    for path in _trained():
        try:
            if _kind(describe(path)) == kind:
                break
        except ModelError as fault:
            unreadable.append((path, fault))
    else:
        path = shipped if shipped.is_file() or not unreadable else unreadable[0][0]
    for passed, why in unreadable:
        if passed != path:
            warnings.warn(f"passed over, since it cannot be read: {why}", stacklevel=2)
    return path


def find_model(asked: str | Path | None = None, kind: str = SEPARATION) -> Path:
    """A run folder or an exported model; "newest" or None: the newest of its kind that was trained here, else the one
    that ships; "shipped": that. Raises ModelError where there is none."""
    if asked not in (None, "newest", "shipped"):
        path = Path(str(asked))
        path = path / "model.safetensors" if path.is_dir() else path
        if not path.is_file():
            raise _missing(path, kind)
        return path
    path = _shipped(kind) if asked == "shipped" else default_model(kind)
    if not path.is_file():
        what = "separator" if kind == SEPARATION else "detector"
        trained = "" if asked == "shipped" else f"there is no trained {what} under {runs_home()}, and "
        raise ModelError(f"{trained}no {what} ships with this version. {TRAINS[kind]}; or name one.")
    return path


def find_detector(asked: str | Path | None = None) -> Path:
    """`find_model` of a detector."""
    return find_model(asked, DETECTION)


def identity(path: Path) -> str:
    """16 hex digits of an exported model's weights and description; gate and card are no part of it."""
    described = json.dumps(describe(path)["model"], sort_keys=True)
    digest = hashlib.sha256(described.encode())
    with safe_open(path, framework="np") as file:
        for name in sorted(file.keys()):
            weights = file.get_tensor(name)
            digest.update(f"{name}{weights.shape}{weights.dtype}".encode() + weights.tobytes())
    return digest.hexdigest()[:16]


def newest_model() -> Path:
    """The newest exported model under the runs folder, of any kind; sweeps and the study aside. Raises ModelError
    without one."""
    newest = next(iter(_trained()), None)
    if newest is None:
        raise ModelError(
            f"no trained model under {runs_home()} (looked for */model.safetensors). Train one with `make demo`, or "
            "name one: --model for `stemwise separate`, run= for `src.eval`."
        )
    return newest


def _shipped(kind: str) -> Path:
    return SHIPPED if kind == SEPARATION else SHIPPED_DETECTOR


def _missing(path: Path, kind: str) -> ModelError:
    return ModelError(f"{path}: no such model. {TRAINS[kind]}; or name another.")


def _trained() -> list[Path]:
    """Exported models under the runs folder, the newest first; sweeps and the study aside: theirs are many, and none of
    them is meant for use."""
    runs = runs_home()
    paths = {path: path.relative_to(runs) for path in runs.rglob("model.safetensors")}
    found = [path for path, name in paths.items() if "sweep_" not in str(name) and name.parts[0] != "study"]
    return sorted(found, key=lambda path: path.stat().st_mtime, reverse=True)


def _kind(header: dict[str, Any]) -> str:
    return str(getattr(_class(header["model"]["_target_"]), "kind", SEPARATION))


def _stored(value: Tensor, half: bool) -> Tensor:
    value = value.detach().cpu().contiguous()
    if not half or value.ndim < 2 or not value.is_floating_point():
        return value
    if value.abs().max() > torch.finfo(torch.float16).max:
        raise ModelError(f"a weight of {float(value.abs().max()):.3g} does not fit into 16 bits. Store it in 32.")
    return value.half()


def _class(name: Any) -> type:
    """A class defined in the module its path names, so that no other package can be reached through an import."""
    module, _, attribute = str(name).rpartition(".")
    if not module.startswith("stemwise."):
        raise ModelError(
            f"'{name}' is not a class of stemwise; models describe themselves with classes of stemwise only."
        )
    try:
        importlib.import_module(module)
    except ImportError as fault:
        raise ModelError(f"'{name}': no module {module} in this version of stemwise ({fault}).") from fault
    kind = getattr(sys.modules[module], attribute, None)
    if not isinstance(kind, type) or kind.__module__ != module:
        raise ModelError(f"'{name}': {module} defines no class '{attribute}'.")
    return kind
