"""The networks that can be chosen, each with figures computed from the network itself."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
import yaml

from stemwise.errors import ModelError
from stemwise.export import build
from stemwise.model import SEPARATION, SpectralModel
from stemwise.model.mel import MelModel

PROBE = 97  # frames that are looked at: more than any convolutional network here sees


@dataclass(frozen=True)
class Figures:
    """A network as it stands in conf/model. `reach`: frames of the input that a frame of the mask, or of the activity
    (of a detector a window), depends on; None where it depends on all of them (or there is no mask, or no activity).
    `context`: seconds that are read on either side of a chunk, or of a window."""

    name: str
    kind: str
    targets: tuple[str, ...]
    sample_rate: int
    channels: int
    n_fft: int
    hop: int
    parameters: int
    separates: bool
    mask_reach: int | None
    detects: bool
    activity_reach: int | None
    context: float


@cache
def descriptions() -> dict[str, dict[str, Any]]:
    """Name → plain description, as `stemwise.export.build` takes it: conf/model with the default targets."""
    path = Path(__file__).with_name("catalogue.yaml")
    table: dict[str, dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return table


def figures(name: str) -> Figures:
    """Raises ModelError for an unknown name."""
    if name not in descriptions():
        raise ModelError(f"no network '{name}'. Choose one of {', '.join(descriptions())}.")
    torch.manual_seed(0)
    model: Any = build(descriptions()[name])
    separates = model.kind == SEPARATION
    mask_reach, activity_reach = reaches(model) if separates else (None, heard(model))
    net: Any = model.net
    return Figures(
        name=name,
        kind=f"{type(net).__module__}.{type(net).__name__}",
        targets=model.targets,
        sample_rate=model.sample_rate,
        channels=model.channels,
        n_fft=(model.stft if separates else model.mel).n_fft,
        hop=model.hop,
        parameters=sum(parameter.numel() for parameter in net.parameters()),
        separates=separates,
        mask_reach=mask_reach,
        detects="activity" in model.outputs,
        activity_reach=activity_reach,
        context=round(model.context, 3),
    )


def heard(model: MelModel) -> int | None:
    """How many input frames have a gradient with respect to the middle of 5 windows; None where all have."""
    net: Any = model.net
    net.eval()
    spectrogram = torch.rand(1, net.mels, 5 * net.frames, requires_grad=True)
    (gradient,) = torch.autograd.grad(net(spectrogram)[..., 2].sum(), spectrogram)
    return _span(gradient[:, None])


def reaches(model: SpectralModel) -> tuple[int | None, int | None]:
    """How many input frames have a gradient with respect to the middle frame of the mask and of the activity."""
    net: Any = model.net
    net.eval()
    magnitude = torch.rand(1, model.channels, model.stft.bins, PROBE, requires_grad=True)
    mask, activity = net(magnitude)
    (of_mask,) = torch.autograd.grad(mask[..., PROBE // 2].sum(), magnitude, retain_graph=activity is not None)
    reach = _span(of_mask)
    if activity is None:
        return reach, None
    (of_activity,) = torch.autograd.grad(activity[..., PROBE // 2].sum(), magnitude)
    return reach, _span(of_activity)


def _span(gradient: torch.Tensor) -> int | None:
    frames = torch.nonzero(gradient.abs().amax(dim=(0, 1, 2))).flatten()
    span = int(frames[-1] - frames[0]) + 1
    return None if span == gradient.shape[3] else span
