import numpy as np
import pytest
import torch

from stemwise.errors import ModelError
from stemwise.mel import LogMel, mel_filters


@pytest.mark.parametrize("rate, n_fft, mels, low, high", [(16000, 2048, 96, 30, 8000), (44100, 4096, 128, 0, 22050)])
def test_the_bands_are_librosas(rate, n_fft, mels, low, high):
    librosa = pytest.importorskip("librosa")
    theirs = librosa.filters.mel(sr=rate, n_fft=n_fft, n_mels=mels, fmin=low, fmax=high)
    np.testing.assert_allclose(mel_filters(rate, n_fft, mels, low, high), theirs, atol=1e-8)


def test_a_spectrogram_is_librosas_to_a_ten_thousandth():
    librosa = pytest.importorskip("librosa")
    rng = np.random.default_rng(0)
    time = np.arange(16000) / 16000
    sound = 0.3 * np.sin(2 * np.pi * 220 * time * (1 + time)) + 0.01 * rng.standard_normal(16000)
    sound[12000:] = 0  # down to the floor
    theirs = librosa.feature.melspectrogram(
        y=sound, sr=16000, n_fft=2048, hop_length=320, n_mels=96, fmin=30, fmax=8000, pad_mode="constant"
    )
    decibels = librosa.power_to_db(theirs, ref=1.0, amin=1e-5, top_db=None)
    ours = LogMel()(torch.from_numpy(sound.astype(np.float32))).numpy()
    assert ours.shape == decibels.shape == (96, 51)
    assert np.abs(ours - decibels).max() < 1e-4 * np.abs(decibels).max()
    power = 10 ** (ours / 10)
    loud = theirs > 1e-3
    np.testing.assert_allclose(power[loud], theirs[loud], rtol=1e-4)


def test_a_sine_is_in_its_band_and_silence_on_the_floor():
    """Slaney's scale: 1000 Hz is mel 15, and 27 more are a factor of 6.4. The centres of bands lie evenly on it."""
    mel = LogMel()
    centres = np.linspace(30 / (200 / 3), 15 + np.log(8) * 27 / np.log(6.4), 98)[1:-1]
    tone = 1000 * 6.4 ** ((centres[60] - 15) / 27)
    time = torch.arange(16000) / 16000
    found = mel(torch.stack([0.5 * torch.sin(2 * torch.pi * tone * time), torch.zeros(16000)]))
    assert int(found[0, :, 25].argmax()) == 60
    assert (found[1] == -50).all()


@pytest.mark.parametrize("settings", [{"high": 9000.0}, {"low": -1.0}, {"mels": 256, "n_fft": 512}])
def test_bands_that_cannot_be_had_are_refused(settings):
    with pytest.raises(ModelError):
        LogMel(**settings)
