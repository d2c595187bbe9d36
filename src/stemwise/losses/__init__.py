"""Losses as named, weighted terms over an Estimate and a Batch.

A term is a module `(estimate, batch) -> scalar` whose attribute `needs` names the field of Estimate that it reads. One
that learns from labels of whole songs (`Batch.weak`) too says so by an attribute `reads_weak` that is true.
"""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional as F

from stemwise.errors import ModelError
from stemwise.loading.batch import Batch
from stemwise.model import Estimate
from stemwise.spectral import Stft


class MaskedMagnitude(nn.Module):
    """Mean squared error of mask × mixture magnitude against the target's magnitude, over the targets that are known.

    Magnitudes as torch.stft gives them, not normalised, for samples in ±1: Hung and Lerch weight the activity against
    this scale. `power` compresses both magnitudes first; below 1 quiet passages count for more.
    """

    needs = "mask"

    def __init__(self, stft: Stft, power: float = 1.0) -> None:
        super().__init__()
        self.stft = stft
        self.power = power

    def forward(self, estimate: Estimate, batch: Batch) -> Tensor:
        assert estimate.mask is not None
        mixture, targets = _as_channels_of(estimate.mask, batch)
        masked = estimate.mask * self.stft(mixture).abs()[:, None]
        error = (self._compress(masked) - self._compress(self.stft(targets).abs())).square().mean(dim=(2, 3, 4))
        return mean_of_known(error, batch.known_audio)

    def _compress(self, magnitude: Tensor) -> Tensor:
        return magnitude if self.power == 1 else (magnitude + 1e-5) ** self.power


class RelativeError(nn.Module):
    """Energy of the error of mask × mixture against the target, phase included, over that of the mixture.

    Σ|M·X − S|² / Σ|X|² over the STFT of an excerpt, a mean over excerpts and known targets. Its best mask is the
    phase-sensitive one, cos(φ_S − φ_X)·|S|/|X| (Erdogan et al. 2015), where the magnitude error's is |S|/|X|, too much
    wherever others share the bin. A quiet excerpt counts as much as a loud one.
    """

    needs = "mask"

    def __init__(self, stft: Stft) -> None:
        super().__init__()
        self.stft = stft

    def forward(self, estimate: Estimate, batch: Batch) -> Tensor:
        assert estimate.mask is not None
        mixture, targets = _as_channels_of(estimate.mask, batch)
        with torch.no_grad():
            mixed, stems = self.stft(mixture)[:, None], self.stft(targets)
            common = (stems.real * mixed.real).addcmul_(stems.imag, mixed.imag)
            power = mixed.real.square() + mixed.imag.square()
            constant, level = (_energy(x) for x in (stems, mixed))
        error: Tensor = _Quadratic.apply(estimate.mask, power, common) + constant  # type: ignore[no-untyped-call]
        return mean_of_known(error / (level + 1e-8), batch.known_audio)


class _Quadratic(torch.autograd.Function):
    """Σ M (M P − 2 C), (batch, target), for P = |X|² and C = Re S X*: what |M·X − S|² has beyond |S|².

    Written out, since a mask of several targets is larger than a processor's cache: every pass over it counts.
    """

    @staticmethod
    def forward(context: Any, mask: Tensor, power: Tensor, common: Tensor) -> Tensor:
        slope = (mask * power).sub_(common)
        context.save_for_backward(slope)
        return (slope - common).mul_(mask).sum(dim=(2, 3, 4))

    @staticmethod
    @once_differentiable
    def backward(context: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (slope,) = context.saved_tensors
        return slope * (2 * gradients[0])[:, :, None, None, None], None, None


class ActivityCrossEntropy(nn.Module):
    """Binary cross entropy of activity logits against labels (confidence ≥ 0.5), over the targets of which it is known
    when they play."""

    needs = "activity"

    def forward(self, estimate: Estimate, batch: Batch) -> Tensor:
        assert estimate.activity is not None
        truth = (batch.activity >= 0.5).to(estimate.activity.dtype)
        error = F.binary_cross_entropy_with_logits(estimate.activity, truth, reduction="none").mean(dim=2)
        return mean_of_known(error, known_at_every_frame(batch))


class WeightedTerms(nn.Module):
    """A sum of named terms. A weight of 0 switches a term off.

    Raises ModelError at construction for a term the model has no output for, for a negative weight, and when nothing
    is left to learn from.
    """

    def __init__(
        self, terms: Mapping[str, nn.Module], weights: Mapping[str, float], outputs: frozenset[str] | set[str]
    ) -> None:
        super().__init__()
        if set(terms) != set(weights):
            raise ModelError(f"loss terms {sorted(terms)} but weights for {sorted(weights)}; give one weight a term.")
        bad = {name: weight for name, weight in weights.items() if weight < 0}
        used = [name for name, weight in weights.items() if weight > 0]
        if bad or not used:
            raise ModelError(f"loss weights {dict(weights)}: none may be negative, and one must be above 0.")
        for name in used:
            if terms[name].needs not in outputs:
                raise ModelError(
                    f"loss term '{name}' reads the estimate's {terms[name].needs}, which this model does not give "
                    f"(it gives {', '.join(sorted(outputs))}). Set loss.weights.{name}=0."
                )
        self.terms = nn.ModuleDict({name: terms[name] for name in used})
        self.weights = {name: float(weights[name]) for name in used}

    @property
    def reads(self) -> frozenset[str]:
        """The fields of Estimate that are learned."""
        return frozenset(str(term.needs) for term in self.terms.values())

    @property
    def reads_weak(self) -> bool:
        """Whether a term learns from labels that say only whether a target plays somewhere in a song."""
        return any(getattr(term, "reads_weak", False) for term in self.terms.values())

    def forward(self, estimate: Estimate, batch: Batch) -> dict[str, Tensor]:
        """Each term unweighted, and their weighted sum as "loss"."""
        values = {name: term(estimate, batch) for name, term in self.terms.items()}
        return {"loss": torch.stack([self.weights[name] * value for name, value in values.items()]).sum(), **values}


def _as_channels_of(mask: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
    """Mixture and targets, their channels averaged where one mask serves all."""
    mono = mask.shape[2] == 1
    mixture, targets = (x.mean(dim=-2, keepdim=True) if mono else x for x in (batch.mixture, batch.targets))
    return mixture, targets


def _energy(spectrum: Tensor) -> Tensor:
    """Complex (batch, target, channel, bin, frame) → (batch, target)."""
    parts = torch.view_as_real(spectrum.transpose(3, 4)).flatten(2)  # no copy: a frame's bins lie side by side
    energy: Tensor = torch.linalg.vector_norm(parts, dim=2).square()  # a product would overflow in half precision
    return energy


def mean_of_known(error: Tensor, known: Tensor) -> Tensor:
    """Mean of (batch, target) over what is known; 0 where nothing is."""
    weight = known.to(error.dtype)
    return (error * weight).sum() / weight.sum().clamp_min(1)


def known_at_every_frame(batch: Batch) -> Tensor:
    """(batch, target) bool: where the activity is known, and not by a label of the whole song.

    Such a label of a target that rests is true of every frame. But of those that play frames learn nothing, and a
    term that learned the rests alone would pull all probabilities down.
    """
    return batch.known_activity if batch.weak is None else batch.known_activity & ~batch.weak
