"""Networks of one target each, joined into one separator."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn

from stemwise.errors import ModelError
from stemwise.export import Exported, describe, load
from stemwise.gate import Gate
from stemwise.model import NEVER_HEARD, SEPARATION, Estimate, SpectralModel
from stemwise.spectral import Stft


class TargetBundle(nn.Module):
    """Several models on one grid, their targets one after the other. Each is as it was; together they need not sum up.

    Raises ModelError without models, for a target that two of them have, and for other rates or STFTs.
    """

    kind = SEPARATION

    def __init__(self, models: Sequence[SpectralModel]) -> None:
        super().__init__()
        self.models = nn.ModuleList(models)
        self.targets = tuple(target for model in models for target in model.targets)
        if not models or len(set(self.targets)) < len(self.targets):
            raise ModelError(f"models with the targets {', '.join(self.targets) or '(none)'}: give each target once.")
        grids = {(model.sample_rate, model.stft.n_fft, model.stft.hop) for model in models}
        if len(grids) > 1:
            listed = "; ".join(f"{rate} Hz, STFT {n_fft} / {hop}" for rate, n_fft, hop in sorted(grids))
            raise ModelError(f"models on different grids cannot be joined: {listed}. Train them with one model config.")

    @property
    def _parts(self) -> list[SpectralModel]:
        return cast("list[SpectralModel]", list(self.models))

    @property
    def sample_rate(self) -> int:
        return self._parts[0].sample_rate

    @property
    def stft(self) -> Stft:
        return self._parts[0].stft

    @property
    def frame_rate(self) -> float:
        return self._parts[0].frame_rate

    @property
    def context(self) -> float:
        return max(model.context for model in self._parts)

    @property
    def outputs(self) -> frozenset[str]:
        """The fields of Estimate that every model gives."""
        return frozenset.intersection(*(model.outputs for model in self._parts))

    def estimate(self, mixture: Tensor) -> Estimate:
        """(batch, channel, sample) → Estimate; activity only where every model detects it."""
        found = [model.estimate(mixture) for model in self._parts]
        stems = torch.cat([cast(Tensor, each.stems) for each in found], dim=1)
        masks = [cast(Tensor, each.mask) for each in found]
        channels = max(mask.shape[2] for mask in masks)
        mask = torch.cat([mask.expand(-1, -1, channels, -1, -1) for mask in masks], dim=1)
        heard = [each.activity for each in found if each.activity is not None]
        return Estimate(stems, mask, torch.cat(heard, dim=1) if len(heard) == len(found) else None)


def join(paths: Sequence[Path]) -> tuple[Exported, dict[str, Any]]:
    """Exported models → one, with each target's own threshold, and the description that builds it.

    Raises ModelError as `load` and TargetBundle do, and for gates that differ in more than their thresholds.
    """
    parts = [load(path, SEPARATION) for path in paths]
    description = {
        "_target_": f"{TargetBundle.__module__}.{TargetBundle.__name__}",
        "models": [describe(path)["model"] for path in paths],
    }
    bundle = TargetBundle([part.model for part in parts])
    never = [target for part in parts for target in part.card.get(NEVER_HEARD) or ()]
    card = {"joined": [{"targets": list(part.model.targets), **part.card} for part in parts], NEVER_HEARD: never}
    return Exported(cast(Any, bundle.eval()), _joined_gate(parts), card), description


def _joined_gate(parts: Sequence[Exported]) -> Gate:
    kinds = {(part.gate.kind, part.gate.median_seconds) for part in parts}
    if len(kinds) > 1:
        raise ModelError(f"gates differ: {sorted(kinds)} (kind, median in seconds). Train all with one gate config.")
    thresholds: list[float] = []
    for part in parts:
        given = part.gate.threshold
        count = len(part.model.targets)
        thresholds += [given] * count if isinstance(given, float | int) else list(given)
    kind, median = kinds.pop()
    return Gate(kind, thresholds, median)
