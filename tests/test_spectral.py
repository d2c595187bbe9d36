import librosa
import numpy as np
import pytest
import torch

from stemwise.errors import ModelError
from stemwise.spectral import Stft


@pytest.mark.parametrize(("n_fft", "hop"), [(4096, 1024), (1536, 384), (512, 100)])
def test_equals_librosa_and_inverts(n_fft, hop):
    samples = torch.randn(2, 3, 9001)
    stft = Stft(n_fft, hop)
    spectrum = stft(samples)
    assert spectrum.shape == (2, 3, n_fft // 2 + 1, 1 + 9001 // hop)
    expected = librosa.stft(
        samples.numpy(), n_fft=n_fft, hop_length=hop, window="hann", center=True, pad_mode="constant"
    )
    np.testing.assert_allclose(spectrum.numpy(), expected, atol=2e-3)
    np.testing.assert_allclose(stft.inverse(spectrum, 9001).numpy(), samples.numpy(), atol=1e-4)


def test_a_frame_stands_on_its_sample():
    click = torch.zeros(10_241)
    click[7 * 1024] = 1
    assert Stft(4096, 1024)(click).abs().sum(dim=0).argmax() == 7


def test_a_hop_that_cannot_be_inverted_raises():
    with pytest.raises(ModelError, match="at most half the window"):
        Stft(1024, 1000)


@pytest.mark.parametrize(("n_fft", "hop"), [(2048, 1024), (1024, 256), (512, 100), (510, 128)])
@pytest.mark.parametrize("samples", [1, 700, 5120, 9001])
def test_a_gain_is_what_weighted_frames_come_back_as(n_fft, hop, samples):
    stft = Stft(n_fft, hop).double()
    rng = np.random.default_rng(0)
    signal, weights = torch.from_numpy(rng.standard_normal(samples)), rng.random(1 + samples // hop)
    expected = stft.inverse(stft(signal) * torch.from_numpy(weights), samples)
    start = 3 * hop if samples > 3 * hop else 0
    np.testing.assert_allclose(
        stft.gain(weights, start, samples) * signal.numpy()[start:], expected[start:], atol=1e-9, rtol=1e-6
    )


def test_a_gain_of_open_frames_is_one_and_of_closed_ones_zero_exactly():
    weights = np.ones(40, np.float32)
    weights[10:20] = 0
    gain = Stft(2048, 512).gain(weights, 0, 39 * 512 + 7)
    assert (gain[: 8 * 512] == 1).all() and (gain[22 * 512 :] == 1).all() and (gain[12 * 512 : 17 * 512] == 0).all()
