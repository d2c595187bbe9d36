"""A training step of `iass` as the layer table reads, in plain modules, against ours: 4 × 6 s, equal weights."""

import copy
import time

import numpy as np
import torch
from torch import nn
from transcription import Transcription

from stemwise.nets.separation.iass import Iass

BATCH, FRAMES, ROUNDS = 4, 259, 5


def same_weights(ours: Iass, theirs: Transcription) -> None:
    """Ours into theirs, place by place; `e1` has the order conv, norm, conv, norm as ours has."""
    heads = [ours.input_shift, ours.input_scale, ours.output_scale, ours.output_offset]
    convs = [block[i] for block in (d.body for d in ours.decoders) for i in (0, 3)]
    norms = [block[i] for block in (d.body for d in ours.decoders) for i in (2, 5) if i < len(block)]
    parts: list[nn.Module] = [*ours.encoders, *ours.skips, *(d.up for d in ours.decoders), *convs, *norms]
    parts += [ours.to_bins, *(ours.head[i] for i in (0, 2, 4)), *(ours.head[i] for i in (1, 3, 5)), ours.head[6]]
    state = [*heads, *(parameter for part in parts for parameter in part.parameters())]
    with torch.no_grad():
        for mine, other in zip(state, theirs.parameters(), strict=True):
            other.copy_(mine)


def step(net: nn.Module, magnitude: torch.Tensor, target: torch.Tensor, optimizer: torch.optim.Optimizer) -> float:
    began = time.perf_counter()
    mask, logits = net(magnitude)
    loss = (mask[:, 0] * magnitude - target).square().mean()
    (loss + nn.functional.binary_cross_entropy_with_logits(logits, torch.ones_like(logits))).backward()
    optimizer.step()
    optimizer.zero_grad()
    return time.perf_counter() - began


def difference(ours: Iass, theirs: Transcription, magnitude: torch.Tensor) -> float:
    """The largest of the outputs while training, in double precision: in single, batch norm magnifies rounding."""
    outputs = [copy.deepcopy(net).double()(magnitude) for net in (ours, theirs)]
    return max(float((a - b).detach().abs().max()) for a, b in zip(*outputs, strict=True))


def main() -> None:
    torch.manual_seed(0)
    ours, theirs = Iass(), Transcription()
    same_weights(ours, theirs)
    magnitude, target = torch.rand(2, BATCH, 1, 2049, FRAMES)
    apart = difference(ours, theirs, magnitude[:1, :, :, :40].double())
    sides = [(net, torch.optim.Adam(net.parameters())) for net in (theirs, ours)]
    for net, optimizer in sides:
        step(net, magnitude, target, optimizer)
    times = [[step(net, magnitude, target, optimizer) for net, optimizer in sides] for _ in range(ROUNDS)]
    plain, fast = np.median(times, axis=0)
    print(f"{BATCH} × 6 s, {torch.get_num_threads()} threads, largest difference in double precision {apart:.1e}")
    print(f"transcription {plain:.2f} s, ours {fast:.2f} s, ratio {plain / fast:.2f}")


if __name__ == "__main__":
    main()
