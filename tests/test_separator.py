"""With models whose right answer is known: the identity, an offset, and a real net that must not notice its chunks."""

import numpy as np
import pytest
import torch

import stemwise.separator as module
from stemwise.errors import AudioError, ModelError
from stemwise.evaluation.bounds import ideal_masks
from stemwise.gate import Gate
from stemwise.model import Estimate, SpectralModel
from stemwise.nets.separation.iass import Iass
from stemwise.nets.separation.iass_small import IassSmall
from stemwise.separator import Separator, apply_gate, chunks
from stemwise.spectral import Stft

RATE, HOP = 8000, 128


class Identity:
    """Every target is the mixture; the activity of a frame is the absolute level at its sample."""

    sample_rate, targets, frame_rate, context = RATE, ("one", "two"), RATE / HOP, 0.1

    def estimate(self, mixture: torch.Tensor) -> Estimate:
        level = torch.nn.functional.pad(mixture.abs().mean(dim=1), (0, 1))[:, ::HOP][:, : 1 + mixture.shape[-1] // HOP]
        return Estimate(mixture[:, None].repeat(1, 2, 1, 1), activity=torch.logit(level)[:, None].repeat(1, 2, 1))


def noise(channels: int, samples: int, seed: int = 0) -> np.ndarray:
    return (np.random.default_rng(seed).random((channels, samples)) * 0.8 + 0.1).astype(np.float32)


@pytest.mark.parametrize("samples", [1, 127, 128, 4000, 8000, 8001, 23_999, 40_123])
@pytest.mark.parametrize("channels", [1, 2, 3])
@pytest.mark.parametrize("chunk_seconds", [0.6, 1.0, 10.0])
def test_the_identity_gives_the_input_back(samples, channels, chunk_seconds):
    mixture = noise(channels, samples)
    found = Separator(Identity(), chunk_seconds=chunk_seconds).separate(mixture)
    assert found.stems.shape == (2, channels, samples)
    np.testing.assert_allclose(found.stems[0], mixture, atol=1e-6)
    level = np.pad(mixture.mean(axis=0), (0, 1))[::HOP][: 1 + samples // HOP]
    np.testing.assert_allclose(found.probability[1], level, atol=1e-5)
    np.testing.assert_allclose(found.times[-1], samples // HOP * HOP / RATE)


@pytest.mark.parametrize(
    ("length", "fade", "context"), [(100, 30, 20), (50, 49, 0), (100, 0, 10), (7, 6, 1), (1000, 500, 100)]
)
def test_weights_of_the_chunks_sum_to_one(length, fade, context):
    for total in (1, 5, 99, 100, 101, 150, 999, 12_345):
        weight = np.zeros(total)
        for chunk in chunks(total, length, fade, context):
            weight[chunk.start : chunk.stop] += chunk.fade
            assert 0 <= chunk.read_start <= chunk.start < chunk.stop <= chunk.read_stop <= total
        np.testing.assert_allclose(weight, 1, atol=1e-6)


def small_model() -> SpectralModel:
    torch.manual_seed(0)
    return SpectralModel(IassSmall(2, 257, RATE, widths=(8, 12, 16)), Stft(512, HOP), ["a", "b"], RATE).eval()


def test_the_gate_works_on_the_models_own_stft():
    assert Separator(small_model()).stft.n_fft == 512
    assert Separator(SpectralModel(Iass(), Stft(4096, 1024), ["a"], 44100)).stft.n_fft == 4096


def test_a_net_with_enough_context_does_not_notice_its_chunks():
    mixture = noise(2, 7 * RATE + 77) - 0.5
    whole = Separator(small_model(), chunk_seconds=100).separate(mixture)
    pieces = Separator(small_model(), chunk_seconds=1.5).separate(mixture)
    assert np.abs(whole.stems).max() > 0.01
    np.testing.assert_allclose(pieces.stems, whole.stems, atol=1e-5)
    np.testing.assert_allclose(pieces.probability, whole.probability, atol=1e-5)


def test_the_level_of_a_masking_net_follows_the_mixture_and_stereo_stays_stereo():
    """The mask does not change when both channels swap, so neither does anything but the order of the channels."""
    mixture = noise(2, 2 * RATE) - 0.5
    mixture[1] *= 0.3
    there = Separator(small_model()).separate(mixture).stems
    back = Separator(small_model()).separate(mixture[::-1].copy()).stems
    np.testing.assert_allclose(there, back[:, ::-1], atol=1e-6)


def test_out_may_be_an_array_mapped_from_disk(tmp_path):
    mixture = noise(1, 3 * RATE)
    out = np.lib.format.open_memmap(tmp_path / "stems.npy", mode="w+", dtype=np.float32, shape=(2, 1, 3 * RATE))
    Separator(Identity(), chunk_seconds=1).separate(mixture, out)
    np.testing.assert_allclose(np.load(tmp_path / "stems.npy")[1], mixture, atol=1e-6)


@pytest.mark.parametrize("block", [8, 16, 512])
def test_gating_by_blocks_equals_gating_the_whole(monkeypatch, block):
    monkeypatch.setattr(module, "GATE_BLOCK", block)
    stft, stem = Stft(512, HOP), noise(2, 50 * HOP + 31) - 0.5
    weights = np.random.default_rng(1).random(1 + stem.shape[1] // HOP).astype(np.float32)
    spectrum = stft(torch.from_numpy(stem)) * torch.from_numpy(weights)
    expected = stft.inverse(spectrum, stem.shape[1]).numpy()
    apply_gate(stem, weights, stft)
    np.testing.assert_allclose(stem, expected, atol=1e-5)


def test_a_hard_gate_leaves_exact_silence_where_it_is_closed():
    mixture = noise(1, 4 * RATE)
    mixture[:, : 2 * RATE] *= 0.1  # activity about 0.05, then about 0.5
    gated = Separator(Identity(), Gate("hard", 0.25, 0.2)).separate(mixture)
    assert (gated.stems[:, :, : round(1.9 * RATE)] == 0).all()
    loud = slice(round(2.2 * RATE), round(3.8 * RATE))
    np.testing.assert_allclose(gated.stems[0][:, loud], mixture[:, loud], atol=1e-5)
    assert set(np.unique(gated.gate)) == {0, 1}


class Ripple(Identity):
    """What a mask a frame can do to a steady sound: a ripple that stands still on the grid of frames."""

    def estimate(self, mixture: torch.Tensor) -> Estimate:
        plain = super().estimate(mixture)
        ripple = torch.cos(2 * torch.pi * (torch.arange(mixture.shape[-1]) % HOP) / HOP)
        return Estimate(plain.stems + ripple, activity=plain.activity)


@pytest.mark.parametrize("samples", [1, 63, 64, 128, 8001, 23_999])
@pytest.mark.parametrize("chunk_seconds", [0.6, 10.0])
def test_on_shifted_grids_what_belongs_to_the_grid_cancels(samples, chunk_seconds):
    mixture = noise(2, samples)
    once, *more = (Separator(Ripple(), chunk_seconds=chunk_seconds, shifts=n).separate(mixture) for n in (1, 2, 4, 128))
    np.testing.assert_allclose(np.abs(once.stems - mixture).max(), 1, atol=1e-5)
    for found in more:
        np.testing.assert_allclose(found.stems[1], mixture, atol=1e-5)
        np.testing.assert_array_equal(found.probability, once.probability)


def test_a_net_on_shifted_grids_gives_the_mean_of_songs_that_begin_later():
    mixture = noise(2, 3 * RATE + 77) - 0.5
    later = (np.pad(mixture, ((0, 0), (lead, 0))) for lead in (0, 42, 85))
    starts = [Separator(small_model(), chunk_seconds=1).estimate(each)[0][..., -mixture.shape[1] :] for each in later]
    found, _ = Separator(small_model(), chunk_seconds=1, shifts=3).estimate(mixture)
    np.testing.assert_allclose(found, np.mean(starts, axis=0), atol=1e-6)
    assert np.abs(found - starts[0]).max() > 1e-3


@pytest.mark.parametrize("shifts", [0, -1, HOP + 1])
def test_shifts_that_there_cannot_be_raise(shifts):
    with pytest.raises(ModelError, match=f"shifts={shifts}: give 1 .* up to {HOP}"):
        Separator(Identity(), shifts=shifts)


@pytest.mark.parametrize("shifts", [1, 3])
def test_progress_ends_at_one(shifts):
    seen = []
    Separator(Identity(), chunk_seconds=1, shifts=shifts).separate(noise(1, 5 * RATE), progress=seen.append)
    assert seen[-1] == 1 and seen == sorted(seen) and len(seen) > 3


@pytest.mark.parametrize("mixture", [np.zeros((2, 0), np.float32), np.zeros(100, np.float32)])
def test_an_empty_or_flat_mixture_raises(mixture):
    with pytest.raises(AudioError, match="give \\(channel, sample\\)"):
        Separator(Identity()).separate(mixture)


def test_nan_raises():
    mixture = noise(1, RATE)
    mixture[0, 5] = np.nan
    with pytest.raises(AudioError, match="NaN"):
        Separator(Identity()).separate(mixture)


@pytest.mark.parametrize("extra", [0, 100, 126, 127])
def test_the_end_of_a_song_is_no_louder_than_the_rest(extra):
    """Where windows overlap by half, what a mask leaves behind the last frame was divided by nearly nothing."""
    torch.manual_seed(0)
    model = SpectralModel(IassSmall(2, 129, RATE, widths=(8, 12, 16)), Stft(2 * HOP, HOP), ["a", "b"], RATE).eval()
    mixture = noise(1, 50 * HOP + extra) - 0.5
    found = Separator(model).separate(mixture).stems
    assert np.abs(found[..., -HOP:]).max() < 2 * np.abs(found[..., :-HOP]).max()
    for masked in ideal_masks(
        np.stack([0.6 * mixture, mixture[:, ::-1]]), 0.6 * mixture + mixture[:, ::-1], model.stft
    ).values():
        assert np.abs(masked[..., -HOP:]).max() < 2 * np.abs(masked[..., :-HOP]).max()
