"""What masks could reach: the ideal binary and the ideal ratio mask, with the mixture's phase."""

import torch

from stemwise.audio import Samples
from stemwise.spectral import Stft


def ideal_masks(stems: Samples, mixture: Samples, stft: Stft) -> dict[str, Samples]:
    """stems (target, channel, sample), mixture (channel, sample) → estimates (target, channel, sample) by name.

    Binary: |S| > |X − S|. Ratio: |S| / (|S| + |X − S|). Target by target, to bound memory.
    """
    spectrum = stft(stft.whole_hops(torch.from_numpy(mixture)))
    estimates: dict[str, list[torch.Tensor]] = {"ideal binary mask": [], "ideal ratio mask": []}
    for stem in stems:
        own = stft(stft.whole_hops(torch.from_numpy(stem)))
        magnitude, others = own.abs(), (spectrum - own).abs()
        masks = ((magnitude > others).float(), magnitude / (magnitude + others).clamp_min(1e-12))
        for found, mask in zip(estimates.values(), masks, strict=True):
            found.append(stft.inverse(spectrum * mask, mixture.shape[-1]))
    return {name: torch.stack(found).numpy() for name, found in estimates.items()}
