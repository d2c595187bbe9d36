"""Wiener filtering against what it must do: sum to the mixture, tell sources apart by where they stand."""

import numpy as np
import pytest
import torch

from stemwise.errors import AudioError
from stemwise.spectral import Stft
from stemwise.wiener import WINDOW, wiener

norbert = pytest.importorskip("norbert")
STFT = Stft(512, 256)


def noises(sources: int, samples: int = 20_000, channels: int = 2) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.standard_normal((sources, channels, samples)).astype(np.float32)


def error(estimate: np.ndarray, truth: np.ndarray) -> float:
    """dB of what is wrong, against the truth."""
    return float(10 * np.log10(((estimate - truth) ** 2).sum() / (truth**2).sum()))


def test_sources_at_either_side_are_told_apart_though_their_spectra_are_alike():
    left, right = noises(2)
    left[1], right[0] = 0, 0
    mixture = left + right
    masked = np.stack([mixture / 2, mixture / 2]) + 0.1 * np.stack([left, right])  # hardly a guess
    filtered = wiener(masked, mixture, STFT, iterations=3)
    before, after = (error(estimate, np.stack([left, right])) for estimate in (masked, filtered))
    assert after < before - 5


def test_what_no_estimate_claims_stays_out_of_all_of_them():
    stems = noises(3)
    mixture = stems.sum(axis=0)
    filtered = wiener(stems[:2] * 0.5, mixture, STFT)
    assert (filtered.sum(axis=0) ** 2).sum() < 0.9 * (mixture**2).sum()


def test_it_is_norbert_window_by_window():
    samples = 256 * (WINDOW + 40)
    stems = noises(2, samples)
    mixture = stems.sum(axis=0)
    v = np.abs(STFT(torch.from_numpy(0.7 * stems)).numpy()).astype(float).transpose(3, 2, 1, 0)
    x = STFT(torch.from_numpy(mixture)).numpy().astype(complex).transpose(2, 1, 0)
    rest = np.maximum(np.abs(x) - v.sum(axis=3), 0)
    v = np.concatenate([v, rest[..., None]], axis=3)
    halves = [norbert.wiener(v[part], x[part].copy(), 1, False) for part in (slice(WINDOW), slice(WINDOW, None))]
    spectra = torch.from_numpy(np.concatenate(halves)[..., :2].transpose(3, 2, 1, 0).astype(np.complex64))
    expected = STFT.inverse(spectra, samples).numpy()
    np.testing.assert_allclose(wiener(0.7 * stems, mixture, STFT), expected, atol=1e-5)


@pytest.mark.parametrize("more", [0, 1, 100, 255])
def test_the_end_of_a_song_is_no_louder_than_the_rest(more):
    """Windows that overlap by half: behind the last frame an inverse divides by nearly nothing."""
    stems = noises(2, 256 * 40 + more)
    mixture = stems.sum(axis=0)
    filtered = wiener(np.stack([0.9 * mixture, 0.1 * mixture]), mixture, STFT)
    assert np.abs(filtered[..., -300:]).max() < 1.5 * np.abs(mixture).max()


def test_no_iterations_and_other_shapes():
    stems = noises(2)
    assert wiener(stems, stems.sum(axis=0), STFT, 0) is stems
    with pytest.raises(AudioError, match="differ"):
        wiener(stems, stems.sum(axis=0)[:1], STFT)


def test_silence_stays_silence():
    stems = np.zeros((2, 1, 5000), np.float32)
    assert np.array_equal(wiener(stems, stems[0], STFT), stems)
