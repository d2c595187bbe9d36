"""A training step of iass_small (six targets, 16 kHz) against one of iass (one target, 44.1 kHz) on equal seconds."""

import numpy as np
import torch
from training import step

from stemwise.loading.batch import Batch
from stemwise.losses import ActivityCrossEntropy, MaskedMagnitude, WeightedTerms
from stemwise.model import SpectralModel
from stemwise.nets.separation.iass import Iass
from stemwise.nets.separation.iass_small import IassSmall
from stemwise.spectral import Stft

SECONDS, BATCH, ROUNDS = 4, 2, 5


def make(small: bool) -> tuple[SpectralModel, Batch]:
    if small:
        stft = Stft(2048, 1024)
        model = SpectralModel(IassSmall(6, stft.bins, 16000, recurrent=256), stft, [*"abcdef"], 16000)
    else:
        stft = Stft(4096, 1024)
        model = SpectralModel(Iass(), stft, ["a"], 44100)
    samples, targets = SECONDS * model.sample_rate, len(model.targets)
    audio = torch.randn(BATCH, targets, 1, samples) * 0.1
    known = torch.ones(BATCH, targets, dtype=torch.bool)
    return model, Batch(audio.sum(dim=1), audio, torch.rand(BATCH, targets, 1 + samples // stft.hop), known, known)


def main() -> None:
    sides = []
    for small in (False, True):
        model, batch = make(small)
        terms = {"separation": MaskedMagnitude(model.stft), "activity": ActivityCrossEntropy()}
        loss = WeightedTerms(terms, {"separation": 1, "activity": 2}, model.outputs)
        sides.append((model, batch, loss, torch.optim.Adam(model.parameters())))
    for side in sides:
        step(*side)
    seconds = np.median([[step(*side) for side in sides] for _ in range(ROUNDS)], axis=0)
    print(f"{BATCH} × {SECONDS} s, {torch.get_num_threads()} threads")
    ratio = seconds[0] / seconds[1]
    print(f"iass (1 target) {seconds[0]:.2f} s, iass_small (6 targets) {seconds[1]:.2f} s, ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
