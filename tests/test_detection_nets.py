import pytest
import torch

from stemwise.errors import ModelError
from stemwise.mel import LogMel
from stemwise.model.mel import MelModel
from stemwise.nets.detection.augment import SpectrumAugmentation
from stemwise.nets.detection.cnn import Cnn
from stemwise.nets.detection.conformer import Conformer
from stemwise.nets.detection.crnn import Crnn
from stemwise.nets.detection.fully_connected import FullyConnected

NETS = [FullyConnected, Cnn, Crnn, Conformer]


def logits_of(net, spectrogram):
    with torch.no_grad():
        return net.eval()(spectrogram)


@pytest.mark.parametrize("kind", NETS)
@pytest.mark.parametrize("windows", [1, 3])
def test_a_logit_for_every_target_and_window(kind, windows):
    net = kind(targets=5, mels=32, frames=20)
    assert logits_of(net, torch.randn(2, 32, windows * 20)).shape == (2, 5, windows)


@pytest.mark.parametrize("kind, far", [(FullyConnected, False), (Cnn, False), (Crnn, True), (Conformer, True)])
def test_what_reaches_a_window(kind, far):
    """A fully connected net sees a window alone, convolutions a little beyond it, recurrence and attention all."""
    torch.manual_seed(0)
    net = kind(targets=3, mels=32, frames=50).eval()
    spectrogram = torch.randn(1, 32, 5 * 50, requires_grad=True)
    net(spectrogram)[0, :, 0].sum().backward()
    reach = spectrogram.grad.abs().amax(dim=(0, 1)).reshape(5, 50).amax(dim=1) > 0
    assert reach[0]
    assert bool(reach[1]) == (kind is not FullyConnected)
    assert bool(reach[4]) == far


@pytest.mark.parametrize("kind", NETS)
def test_every_net_learns_a_band(kind):
    """Targets are bands that are loud or not; noise is everywhere."""
    torch.manual_seed(0)
    net = kind(targets=2, mels=32, frames=20).train()
    truth = (torch.rand(64, 2, 1) < 0.5).float()
    spectrogram = torch.randn(64, 32, 20)
    spectrogram[:, 4:8] += 2 * truth[:, 0, :, None]
    spectrogram[:, 20:24] += 2 * truth[:, 1, :, None]
    optimizer = torch.optim.Adam(net.parameters(), 3e-3)
    for _ in range(40):
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(net(spectrogram), truth)
        loss.backward()
        optimizer.step()
    assert loss < 0.1


def test_mels_and_frames_that_do_not_pool_are_refused():
    with pytest.raises(ModelError, match="multiple of 16"):
        Cnn(targets=2, mels=30)


def model_of(kind=Cnn, targets=("piano", "violin"), **settings):
    return MelModel(kind(targets=len(targets)), LogMel(), targets, 16000, **settings).eval()


def test_a_model_hears_the_mean_of_the_channels():
    model = model_of()
    left = torch.randn(1, 1, 32000)
    both = torch.cat([left, torch.zeros_like(left)], dim=1)
    torch.testing.assert_close(model.estimate(both).activity, model.estimate(left / 2).activity)
    assert model.estimate(both).activity.shape == (1, 2, 2)


def test_scaling_starts_from_examples():
    model = model_of()
    mixtures = 0.1 * torch.randn(8, 1, 16000)
    model.start_from(mixtures)
    seen = model.spectrogram(mixtures)
    assert seen.mean(dim=(0, 2)).abs().max() < 0.1
    assert (seen.std(dim=(0, 2)) - 1).abs().max() < 0.2  # the frame on the last edge, left out here, is quieter


@pytest.mark.parametrize("samples", [0, 8000, 16001])
def test_no_whole_window_is_refused(samples):
    with pytest.raises(ModelError, match="whole number of windows"):
        model_of().estimate(torch.zeros(1, 1, samples))


@pytest.mark.parametrize("settings", [{"context_seconds": 1.5}, {"window_seconds": 0.5}, {"context_seconds": 0.0}])
def test_windows_that_do_not_fit_are_refused(settings):
    with pytest.raises(ModelError):
        model_of(**settings)


def test_a_net_of_other_targets_is_refused():
    with pytest.raises(ModelError, match="targets"):
        MelModel(Cnn(targets=3), LogMel(), ("piano",), 16000)


def augmented(spectrogram, **settings):
    torch.manual_seed(0)
    return SpectrumAugmentation(**settings).train()(spectrogram)


def test_bands_move_together_and_no_further_than_they_may():
    ramp = torch.arange(32.0)[None, :, None].expand(200, 32, 5)
    moved = augmented(ramp, equalise=0, shift=3, mask=0) - ramp
    inner = moved[:, 3:-3]
    assert (inner == inner[:, :1, :1]).all() and set(inner[:, 0, 0].tolist()) == set(range(-3, 4))


def test_curves_stay_within_their_decibels_and_are_alike_at_all_times():
    curve = augmented(torch.zeros(200, 96, 5), equalise=6, shift=0, mask=0)
    assert curve.abs().max() <= 6 and curve.abs().amax(dim=(1, 2)).median() > 3
    assert (curve == curve[:, :, :1]).all() and curve.diff(dim=1).abs().max() < 12 / 5


def test_a_stretch_of_bands_is_the_mean():
    noise = torch.randn(200, 96, 5)
    masked = augmented(noise, equalise=0, shift=0, mask=12)
    hidden = (masked != noise).any(dim=2)
    widths = hidden.sum(dim=1)
    assert set(widths.tolist()) == set(range(13))
    assert (hidden.int().diff(dim=1).abs().sum(dim=1) <= 2).all()
    torch.testing.assert_close(masked[5][hidden[5]], noise[5].mean().expand_as(masked[5][hidden[5]]))


def test_nothing_changes_in_evaluation():
    noise = torch.randn(4, 96, 5)
    assert SpectrumAugmentation().eval()(noise) is noise
    with pytest.raises(ModelError, match="none may be negative"):
        SpectrumAugmentation(shift=-1)
