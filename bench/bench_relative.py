"""A training step of the demo (iass_small, 8 × 4 s, loss=relative): its error as the formula says, with memory given
back to the system, against ours with memory kept. Losses and gradients of the two are compared first."""

import numpy as np
import torch
from torch import Tensor, nn
from training import step

from stemwise.loading.batch import Batch
from stemwise.losses import ActivityCrossEntropy, RelativeError, WeightedTerms
from stemwise.memory import keep_freed_memory
from stemwise.model import Estimate, SpectralModel
from stemwise.nets.separation.iass_small import IassSmall
from stemwise.spectral import Stft

SECONDS, BATCH, TARGETS, RATE, ROUNDS = 4, 8, 6, 16000, 9


class Formula(nn.Module):
    """Σ|M·X − S|² / Σ|X|² as it is written."""

    needs = "mask"

    def __init__(self, stft: Stft) -> None:
        super().__init__()
        self.stft = stft

    def forward(self, estimate: Estimate, batch: Batch) -> Tensor:
        mixture = self.stft(batch.mixture)[:, None]
        error = (estimate.mask * mixture - self.stft(batch.targets)).abs().square().sum(dim=(2, 3, 4))
        return (error / (mixture.abs().square().sum(dim=(2, 3, 4)) + 1e-8)).mean()


def make_batch(stft: Stft) -> Batch:
    audio = torch.randn(BATCH, TARGETS + 1, 1, SECONDS * RATE) * 0.1
    known = torch.ones(BATCH, TARGETS, dtype=torch.bool)
    activity = torch.rand(BATCH, TARGETS, 1 + SECONDS * RATE // stft.hop)
    return Batch(audio.sum(dim=1), audio[:, :-1], activity, known, known)


def difference(stft: Stft, batch: Batch) -> float:
    """Largest relative difference of loss and gradients between the two ways to write the error."""
    mask = torch.rand(BATCH, TARGETS, 1, stft.bins, batch.activity.shape[-1])
    found = []
    for term in (Formula(stft), RelativeError(stft)):
        leaf = mask.clone().requires_grad_(True)
        value = term(Estimate(mask=leaf), batch)
        value.backward()
        found.append((value.item(), leaf.grad))
    (one, slope), (other, other_slope) = found
    return max(abs(one / other - 1), float((slope - other_slope).norm() / slope.norm()))


def main() -> None:
    torch.manual_seed(0)
    stft = Stft(2048, 1024)
    model = SpectralModel(IassSmall(TARGETS, stft.bins, RATE, recurrent=256), stft, [*"abcdef"], RATE)
    batch, optimizer = make_batch(stft), torch.optim.Adam(model.parameters())
    weights = {"separation": 10.0, "activity": 1.0}
    losses = [
        WeightedTerms({"separation": term, "activity": ActivityCrossEntropy()}, weights, model.outputs)
        for term in (Formula(stft), RelativeError(stft))
    ]
    print(f"{BATCH} × {SECONDS} s, {torch.get_num_threads()} threads, difference {difference(stft, batch):.1e}")
    for loss in losses:
        step(model, batch, loss, optimizer)
    given_back = np.median([[step(model, batch, loss, optimizer) for loss in losses] for _ in range(ROUNDS)], axis=0)
    if not keep_freed_memory():
        print("memory cannot be kept here: no glibc")
    step(model, batch, losses[1], optimizer)
    kept = float(np.median([step(model, batch, losses[1], optimizer) for _ in range(ROUNDS)]))
    formula, ours = given_back
    print(f"formula {formula:.3f} s, ours {ours:.3f} s, ours with memory kept {kept:.3f} s")
    print(f"ratio {formula / ours:.2f}, with memory kept {formula / kept:.2f}")


if __name__ == "__main__":
    main()
