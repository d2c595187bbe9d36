"""A timed training step, for the scripts beside this one."""

import time

import torch

from stemwise.loading.batch import Batch
from stemwise.losses import WeightedTerms
from stemwise.model import Estimate, SpectralModel


def step(model: SpectralModel, batch: Batch, loss: WeightedTerms, optimizer: torch.optim.Optimizer) -> float:
    """Seconds that it took."""
    began = time.perf_counter()
    mask, activity = model.masks(model.stft(batch.mixture))
    loss(Estimate(mask=mask, activity=activity), batch)["loss"].backward()
    optimizer.step()
    optimizer.zero_grad()
    return time.perf_counter() - began
