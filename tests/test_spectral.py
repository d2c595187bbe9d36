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
