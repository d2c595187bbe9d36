"""The filters that project estimates onto delayed references, in the sense of least squares."""

from itertools import pairwise

import torch
from torch import Tensor

from stemwise.errors import AudioError
from stemwise.metrics.bss.clip import Clip

EPSILON = torch.finfo(torch.float64).eps  # museval adds it to every diagonal
ROUNDING = 1e-15  # a smallest eigenvalue below it, the diagonal being 1, is chance
# Added to the diagonal until the smallest eigenvalue is more than that. The first moves figures no more than museval's
# own rounding does; the last is where a least squares solver cuts a matrix of thousands of rows off.
RIDGES = (0.0, 1e-14, 1e-10)
NOTHING = 1e-100  # energy of a channel that the machine's epsilon on the diagonal would drown
SAME = 4e-15  # one minus the squared cosine of two channels that differ by no more than the rounding of float32
SIZE = 2**13  # of the correlations' transforms


def correlations(clip: Clip, taps: int) -> Tensor:
    """(K, K + K, taps): Σ_n x(n) y(n + lag) of each channel x of each reference with those of references and estimates.

    K counts the channels of all sources, source by source. By overlapping blocks: one transform of the whole song would
    take gigabytes.
    """
    size = max(SIZE, 1 << (4 * taps - 1).bit_length())
    block, count = size - taps + 1, clip.sources * clip.channels
    total = torch.zeros(count, 2 * count, size // 2 + 1, dtype=torch.complex128, device=clip.device)
    for start in range(0, clip.samples, block):
        both = torch.cat(clip.piece(start, start + size)).flatten(0, 1)
        first = torch.fft.rfft(both[:count, :block], n=size).conj().resolve_conj()
        second = torch.fft.rfft(both, n=size)
        for row, spectrum in zip(total, first, strict=True):
            row.addcmul_(spectrum, second)
    products: Tensor = torch.fft.irfft(total, n=size)[..., :taps]
    return products


def filters(lags: Tensor, noise: float) -> tuple[Tensor, bool]:
    """(K, M, taps), from each of K reference channels to each of M channels of estimates, and whether the Gram matrix
    was singular. `lags` is (K, K + M, taps); `noise` is added to its diagonal. Channels of zeros, and those that are an
    earlier one at another level, get filters of zeros: the projection is the same without them."""
    count, taps = lags.shape[0], lags.shape[-1]
    found = lags.new_zeros(count, lags.shape[1] - count, taps)
    heard = _different(lags[:, :count, 0])
    if not heard:
        return found, False
    scale = lags[heard, heard, 0].rsqrt()
    right = (lags[heard][:, count:] * scale[:, None, None]).transpose(1, 2).flatten(0, 1)
    scaled = lags[heard][:, heard] * scale[:, None, None] * scale[:, None]
    lower, singular = _factor(_gram(scaled, (EPSILON + noise) * scale.square()))
    solved = _solve(lower, right).view(len(heard), taps, -1) * scale[:, None, None]
    found[heard] = solved.transpose(1, 2)
    return found, singular


def _different(products: Tensor) -> list[int]:
    """The channels that are neither zero nor an earlier one at another level, from their inner products (K, K)."""
    table = products.cpu()
    energy = table.diagonal()
    kept: list[int] = []
    for channel in torch.nonzero(energy > NOTHING)[:, 0].tolist():
        if (table[channel, kept].square() < (1 - SAME) * energy[channel] * energy[kept]).all():
            kept.append(channel)
    return kept


def _gram(lags: Tensor, added: Tensor) -> Tensor:
    """(K·taps)²: inner products of references delayed by a and b samples, blocks of Toeplitz matrices; `added` (K,) is
    added to the diagonal."""
    count, _, taps = lags.shape
    out = lags.new_empty(count, taps, count, taps)
    for one in range(count):
        for other in range(count):
            both = torch.cat([lags[one, other].flip(0), lags[other, one, 1:]])  # lags from 1 - taps to taps - 1
            out[one, :, other] = both.unfold(0, taps, 1).flip(0)
    out = out.view(count * taps, count * taps)
    out.diagonal().add_(added.repeat_interleave(taps))
    return out


def _factor(gram: Tensor) -> tuple[Tensor, bool]:
    """The Cholesky factor, and whether a ridge was needed for it. The diagonal is about 1."""
    for before, ridge in pairwise((0.0, *RIDGES)):
        gram.diagonal().add_(ridge - before)
        lower, failed = torch.linalg.cholesky_ex(gram)
        if not failed and _smallest_eigenvalue(lower) > ROUNDING:
            return lower, ridge > 0
        del lower  # half a gigabyte for eight stereo stems
    raise AudioError(f"The references' inner products have no Cholesky factor, not with {RIDGES[-1]} added either.")


def _smallest_eigenvalue(lower: Tensor, steps: int = 3) -> float:
    """Of the factored matrix, from above, by inverse iteration."""
    generator = torch.Generator().manual_seed(0)
    vector = torch.randn(len(lower), 1, dtype=lower.dtype, generator=generator).to(lower.device)
    for _ in range(steps):
        vector = _solve(lower, vector / vector.norm())
    return 1 / float(vector.norm())


def _solve(lower: Tensor, right: Tensor) -> Tensor:
    """As torch.cholesky_solve, which copies the factor."""
    half = torch.linalg.solve_triangular(lower, right, upper=False)
    solved: Tensor = torch.linalg.solve_triangular(lower.mT, half, upper=True)
    return solved
