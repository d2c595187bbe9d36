"""Against the layer table: counts, sizes, receptive fields."""

import pytest
import torch
from torch.nn import functional as F

from stemwise.errors import ModelError
from stemwise.model import SpectralModel, fit_input_scaling
from stemwise.nets.separation.iass import Iass
from stemwise.nets.separation.iass_small import IassSmall, Recurrent, mel_bands
from stemwise.nets.separation.open_unmix import OpenUnmix
from stemwise.spectral import Stft


def conv(before: int, after: int, height: int, width: int) -> int:
    return before * after * height * width + after


def test_iass_has_the_parameters_of_the_layer_table():
    encoders = sum(
        conv(a, b, 3, 3) + conv(b, b, 3, 3) + conv(a, b, 1, 1) + conv(b, b, 3, 1) + 2 * 2 * b
        for a, b in ((1, 16), (16, 32), (32, 48))
    )
    skips = conv(32, 32, 3, 3) + conv(16, 16, 3, 3)
    ups = conv(48, 48, 3, 1) + conv(32, 32, 3, 1) + conv(16, 16, 3, 1)
    decoders = conv(80, 40, 3, 3) + conv(40, 32, 3, 3) + conv(48, 24, 3, 3) + conv(24, 16, 3, 3) + conv(16, 8, 3, 3)
    decoders += conv(8, 1, 3, 3) + 2 * (40 + 32 + 24 + 16 + 8)
    ends = 1487 * 2049 + 2049 + 2 * 2049 + 2 * 1487
    head = conv(48, 32, 3, 1) + conv(32, 16, 3, 1) + conv(16, 16, 3, 1) + conv(16, 1, 2, 1) + 2 * (32 + 16 + 16)
    count = sum(parameter.numel() for parameter in Iass().parameters())
    assert count == encoders + skips + ups + decoders + ends + head == 3_205_682


def test_iass_sizes_of_every_level():
    net, seen = Iass().eval(), []
    for part in [*net.encoders, *net.decoders]:
        part.register_forward_hook(lambda _m, _i, out: seen.append(tuple(out.shape[1:3])))
    mask, activity = net(torch.rand(2, 1, 2049, 7))
    assert seen == [(16, 495), (32, 165), (48, 55), (32, 165), (16, 495), (1, 1487)]
    assert mask.shape == (2, 1, 1, 2049, 7) and activity.shape == (2, 1, 7)
    assert mask.min() >= 0


def transcribed(net: Iass, magnitude: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The layer table read line by line, with the weights of `net` in evaluation mode."""

    def norm(x, batch_norm):
        mean, var, weight, bias = batch_norm.running_mean, batch_norm.running_var, batch_norm.weight, batch_norm.bias
        return (x - mean[:, None, None]) / (var[:, None, None] + 1e-5).sqrt() * weight[:, None, None] + bias[
            :, None, None
        ]

    def leaky(x):
        return torch.where(x > 0, x, 0.01 * x)

    def conv(x, layer, padding=0, stride=1):
        return F.conv2d(x, layer.weight, layer.bias, padding=padding, stride=stride)

    x = (magnitude[:, :, :1487] - net.input_shift) / net.input_scale
    outputs = []
    for block in net.encoders:
        y = leaky(norm(conv(x, block.first[0], 1), block.first[1]))
        y = leaky(norm(conv(y, block.second[0], 1), block.second[1]))
        x = conv(y + conv(x, block.residual), block.down, stride=(3, 1))
        outputs.append(x)
    a = x
    for index in (0, 2, 4):
        a = norm(conv(a, net.head[index], stride=(3, 1)), net.head[index + 1])
    a = conv(a, net.head[6], stride=(2, 1))[:, :, 0]
    joined = [conv(outputs[1], net.skips[0], 1), conv(outputs[0], net.skips[1], 1)]
    for number, (block, extra) in enumerate(zip(net.decoders, (0, 0, 2), strict=True)):
        x = F.conv_transpose2d(x, block.up.weight, block.up.bias, stride=(3, 1), output_padding=(extra, 0))
        x = torch.cat([x, joined[number]], dim=1) if number < 2 else x
        x = norm(leaky(F.conv_transpose2d(x, block.body[0].weight, block.body[0].bias, padding=1)), block.body[2])
        x = F.conv_transpose2d(x, block.body[3].weight, block.body[3].bias, padding=1)
        x = norm(leaky(x), block.body[5]) if number < 2 else x
    x = torch.einsum("bcft,gf->bcgt", x, net.to_bins.weight) + net.to_bins.bias[:, None]
    return torch.clamp_min(x * net.output_scale + net.output_offset, 0)[:, None], a


def test_iass_equals_its_transcription():
    torch.manual_seed(0)
    net, magnitude = Iass(), torch.rand(2, 1, 2049, 11)
    for _ in range(3):  # batch norms with statistics of their own
        net(torch.rand(2, 1, 2049, 11))
    net.start_from(torch.rand(2049), torch.rand(2049) + 0.5)
    with torch.no_grad():
        for parameter in (net.output_scale, net.output_offset):
            parameter.copy_(torch.randn_like(parameter))
        for found, expected in zip(net.eval()(magnitude), transcribed(net, magnitude), strict=True):
            torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)
            assert found.std() > 1e-3


def reach(net: torch.nn.Module, magnitude: torch.Tensor, pick) -> list[int]:
    """Input frames that an output frame depends on."""
    magnitude.requires_grad_(True)
    pick(net(magnitude)).backward()
    return magnitude.grad.abs().sum(dim=(0, 1, 2)).nonzero().flatten().tolist()


def test_iass_receptive_field_is_25_frames_for_the_mask_and_13_for_the_activity():
    torch.manual_seed(0)
    net = Iass().double().eval()
    mask = reach(net, torch.rand(1, 1, 2049, 61).double(), lambda out: out[0][..., 30].sum())
    activity = reach(net, torch.rand(1, 1, 2049, 61).double(), lambda out: out[1][..., 30].sum())
    assert mask == list(range(18, 43)) and activity == list(range(24, 37))
    assert net.context_frames == 12


@pytest.mark.parametrize("dilations", [(), (1, 2, 4), (5,)])
def test_iass_small_reaches_as_far_as_it_says_and_no_further(dilations):
    torch.manual_seed(0)
    net = IassSmall(2, 257, 8000, widths=(8, 12, 16), dilations=dilations).double().eval()
    mask = reach(net, torch.rand(1, 1, 257, 161).double(), lambda out: out[0][..., 80].sum())
    activity = reach(net, torch.rand(1, 1, 257, 161).double(), lambda out: out[1][..., 80].sum())
    side = 12 + sum(dilations)  # two frames for each of six blocks
    assert mask == list(range(80 - side, 81 + side))
    assert (activity[0], activity[-1]) == (80 - net.context_frames, 80 + net.context_frames)


def test_with_a_recurrent_path_every_frame_reaches_every_other_and_every_bin_the_masks():
    torch.manual_seed(0)
    net = IassSmall(2, 257, 8000, widths=(8, 12, 16), dilations=(), recurrent=8).double().eval()
    for pick in (lambda out: out[0][..., 40].sum(), lambda out: out[1][..., 40].sum()):
        magnitude = torch.rand(1, 1, 257, 81).double()
        assert reach(net, magnitude, pick) == list(range(81))
        assert (magnitude.grad.abs().sum(dim=(0, 1, 3)) > 0).all()
    assert net.context_frames >= 64


def test_the_recurrent_path_is_the_trunk_of_open_unmix_on_log_magnitudes():
    torch.manual_seed(0)
    net, magnitude = Recurrent(33, 8).eval(), torch.rand(2, 33, 7)
    torch.nn.init.normal_(net.norm.running_mean)
    scaled = (torch.log(1e-3 + magnitude) - net.norm.running_mean[:, None]) / (1 + 1e-5) ** 0.5
    entered = torch.tanh(torch.einsum("wb,nbt->ntw", net.enter.weight, scaled) / (1 + 1e-5) ** 0.5)
    both = torch.cat([entered, net.lstm(entered)[0]], dim=2)
    expected = torch.relu(torch.einsum("wd,ntd->nwt", net.join.weight, both) / (1 + 1e-5) ** 0.5)
    torch.testing.assert_close(net(magnitude), expected, atol=1e-6, rtol=1e-5)


@pytest.mark.parametrize(("targets", "bands", "recurrent"), [(1, 64, 0), (6, 64, 8), (4, 128, 0)])
def test_iass_small_gives_masks_between_0_and_1_for_every_target(targets, bands, recurrent):
    net = IassSmall(targets, 769, 16000, bands, widths=(8, 12, 16), recurrent=recurrent)
    mask, activity = net(torch.rand(2, 1, 769, 9))
    assert mask.shape == (2, targets, 1, 769, 9) and activity.shape == (2, targets, 9)
    assert mask.min() >= 0 and mask.max() <= 1


def test_open_unmix_taught_activity_has_the_same_masks_and_a_head_that_sees_what_they_let_through():
    torch.manual_seed(0)
    plain, joint = (OpenUnmix(3, 65, 60, 2, 8, 2, activity=activity).eval() for activity in (False, True))
    joint.load_state_dict(plain.state_dict(), strict=False)
    seen = []
    joint.head.register_forward_hook(lambda _module, given, _out: seen.append(given))
    magnitude = torch.rand(2, 2, 65, 9)
    masks, activity = joint(magnitude)
    torch.testing.assert_close(masks, plain(magnitude)[0])
    assert plain(magnitude)[1] is None and activity.shape == (2, 3, 9) and seen[0][0].shape == (2, 8, 9)
    torch.testing.assert_close(seen[0][1], (masks * magnitude[:, None]).mean(dim=(2, 3)))
    assert joint.context_frames > plain.context_frames


def test_masks_of_fewer_channels_are_those_of_open_unmix_last_layers():
    """Linear, batch norm, ReLU, linear, sigmoid on what both paths give: the layers by hand."""
    torch.manual_seed(0)
    net, seen = IassSmall(2, 257, 8000, widths=(8, 12, 16), recurrent=8, mask_channels=5).eval(), []
    net.join.register_forward_hook(lambda _module, given, _out: seen.append(given[0]))
    mask, _ = net(torch.rand(1, 1, 257, 4))
    hidden = (seen[0] @ net.join.linear.weight.T - net.join.norm.running_mean) / (
        net.join.norm.running_var + 1e-5
    ) ** 0.5
    expected = torch.sigmoid(net.to_masks(hidden.clamp_min(0))).reshape(1, 4, 2, 257)
    assert net.to_masks.in_features == 5
    torch.testing.assert_close(mask[:, :, 0], expected.permute(0, 2, 3, 1))


def test_the_head_of_iass_small_sees_the_mean_of_what_a_mask_lets_through():
    torch.manual_seed(0)
    net, seen = IassSmall(3, 257, 8000, widths=(8, 12, 16)).eval(), []
    net.head.register_forward_hook(lambda _module, given, _out: seen.append(given[1]))
    magnitude = torch.rand(2, 1, 257, 9)
    mask, _ = net(magnitude)
    torch.testing.assert_close(seen[0], (mask[:, :, 0] * magnitude).mean(dim=2))


def test_iass_small_drops_whole_channels_of_its_head_in_training_only():
    torch.manual_seed(0)
    net, seen = IassSmall(3, 257, 8000, widths=(8, 12, 16), dropout=0.5), []
    net.head.body.register_forward_hook(lambda _module, given, _out: seen.append(given[0]))
    magnitude = torch.rand(2, 1, 257, 9)
    net(magnitude)
    net.eval()(magnitude)
    silent = (seen[0] == 0).all(dim=2)
    assert 0.3 < silent.float().mean() < 0.7 and ((seen[0] == 0).any(dim=2) == silent).all()
    assert not (seen[1] == 0).all(dim=2).any()


def test_bands_start_as_mel_filters_that_cover_every_bin():
    bands = mel_bands(769, 16000, 64)
    torch.testing.assert_close(bands.sum(dim=1), torch.ones(64))
    centres = (bands * torch.arange(769)).sum(dim=1)
    assert (centres.diff() > 0).all()
    assert (bands[:, 1:-1].sum(dim=0) > 0).float().mean() > 0.97


def test_the_input_scaling_starts_at_mean_and_deviation():
    model = SpectralModel(Iass(2049), Stft(4096, 1024), ["piano"], 44100)
    mixtures = torch.randn(3, 2, 44100)
    assert fit_input_scaling(model, mixtures)
    magnitude = model.stft(mixtures.mean(dim=1)).abs()[:, :1487]
    scaled = (magnitude - model.net.input_shift) / model.net.input_scale
    torch.testing.assert_close(scaled.mean(dim=(0, 2)), torch.zeros(1487), atol=1e-3, rtol=0)
    torch.testing.assert_close(scaled.std(dim=(0, 2)), torch.ones(1487), atol=1e-3, rtol=0)


def test_a_mono_net_masks_every_channel_alike():
    torch.manual_seed(0)
    model = SpectralModel(IassSmall(2, 257, 8000, widths=(8, 12, 16)), Stft(512, 128), ["a", "b"], 8000).eval()
    mixture = torch.randn(1, 2, 8064)
    estimate = model.estimate(mixture)
    assert estimate.stems.shape == (1, 2, 2, 8064) and estimate.mask.shape == (1, 2, 1, 257, 64)
    alone = model.stft.inverse(model.stft(mixture[:, :1]) * estimate.mask[:, 1], 8064)
    torch.testing.assert_close(estimate.stems[:, 1, 0], alone[:, 0])


def test_settings_that_make_no_net_raise():
    with pytest.raises(ModelError, match="multiple of 64"):
        IassSmall(6, 769, 16000, bands=60)
    with pytest.raises(ModelError, match="at least 27"):
        Iass(13, crop=13)
    with pytest.raises(ModelError, match="must not exceed the bins"):
        Iass(1025, crop=1487)
    with pytest.raises(ModelError, match="Iass has 1 outputs for 3 targets"):
        SpectralModel(Iass(), Stft(4096, 1024), ["a", "b", "c"], 44100)


@pytest.mark.parametrize("targets", [2, 6])
def test_iass_for_several_targets_differs_from_the_published_one_in_its_last_layers_only(targets):
    one, several = (dict(Iass(targets=n).named_parameters()) for n in (1, targets))
    assert list(one) == list(several)
    grown = {name for name in one if one[name].shape != several[name].shape}
    last = {"decoders.2.body.3.weight", "decoders.2.body.3.bias", "head.6.weight", "head.6.bias"}
    assert grown == last | {"output_scale", "output_offset"}
    mask, activity = Iass(targets=targets)(torch.rand(2, 1, 2049, 5))
    assert mask.shape == (2, targets, 1, 2049, 5) and activity.shape == (2, targets, 5)


@pytest.mark.parametrize(("bins", "crop"), [(1025, 744), (513, 372), (257, 257), (4097, 2973), (31, 27)])
def test_iass_takes_any_stft(bins, crop):
    net = Iass(bins, crop)
    mask, activity = net(torch.rand(1, 1, bins, 6))
    assert mask.shape == (1, 1, 1, bins, 6) and activity.shape == (1, 1, 6)
    (mask.sum() + activity.sum()).backward()
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in net.head[-1].parameters())


@pytest.mark.parametrize(("channels", "count"), [(2, 8_893_348), (1, 7_078_818)])
def test_open_unmix_has_the_published_number_of_parameters(channels, count):
    assert sum(parameter.numel() for parameter in OpenUnmix(channels=channels).parameters()) == count


@pytest.mark.parametrize("channels", [1, 2])
def test_open_unmix_equals_its_description(channels):
    """Crop, shift, scale, linear, norm, tanh, LSTM, join, linear, norm, ReLU, linear, norm, scale and offset, ReLU."""
    torch.manual_seed(0)
    net = OpenUnmix(targets=3, bins=33, crop=20, channels=channels, hidden=8, layers=2)
    for parameter in net.parameters():
        torch.nn.init.uniform_(parameter, -0.5, 0.5)
    net.train()(torch.rand(4, channels, 33, 30))  # gives the norms statistics that are not 0 and 1
    net.eval()
    magnitude = torch.rand(2, channels, 33, 7)

    def norm(x, layer):
        return (x - layer.running_mean) / (layer.running_var + 1e-5).sqrt() * layer.weight + layer.bias

    expected = torch.empty(2, 3, channels, 33, 7)
    for example in range(2):
        rows = torch.stack([
            torch.cat([(magnitude[example, c, :20, t] + net.input_shift) * net.input_scale for c in range(channels)])
            for t in range(7)
        ])  # fmt: skip
        rows = torch.tanh(norm(rows @ net.enter[0].weight.T, net.enter[1]))
        joined = torch.cat([rows, net.lstm(rows[:, None])[0][:, 0]], dim=1)
        joined = torch.relu(norm(joined @ net.join[0].weight.T, net.join[1]))
        masks = norm(joined @ net.to_masks[0].weight.T, net.to_masks[1]).reshape(7, 3, channels, 33)
        masks = torch.relu(masks * net.output_scale + net.output_offset)
        expected[example] = masks.permute(1, 2, 3, 0)
    found, activity = net(magnitude)
    assert activity is None
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-5)


def test_open_unmix_starts_from_the_spread_of_its_input():
    net = OpenUnmix(bins=33, crop=20, channels=1, hidden=8)
    mean, deviation = torch.rand(33), torch.rand(33) + 0.1
    net.start_from(mean, deviation)
    scaled = (mean[:20] + deviation[:20] + net.input_shift) * net.input_scale
    torch.testing.assert_close(scaled, torch.ones(20))


def test_a_stereo_net_takes_any_number_of_channels():
    model = SpectralModel(OpenUnmix(bins=33, crop=33, channels=2, hidden=8), Stft(64, 16), ["drums"], 8000).eval()
    assert model.outputs == {"stems", "mask"}
    left, right = torch.randn(2, 1, 1, 800)
    stereo = model.estimate(torch.cat([left, right], dim=1))
    assert stereo.mask.shape[2] == 2 and stereo.stems.shape == (1, 1, 2, 800) and stereo.activity is None
    mono = model.estimate(left)
    both = model.estimate(torch.cat([left, left], dim=1))
    torch.testing.assert_close(mono.stems[:, :, 0], both.stems.mean(dim=2), rtol=1e-4, atol=1e-6)
    five = model.estimate(torch.cat([left] * 5, dim=1))
    assert five.mask.shape[2] == 1 and five.stems.shape == (1, 1, 5, 800)


@pytest.mark.parametrize("wrong", [{"crop": 40}, {"hidden": 7}])
def test_open_unmix_refuses_what_cannot_be(wrong):
    with pytest.raises(ModelError):
        OpenUnmix(**{"bins": 33, "crop": 20, "hidden": 8, **wrong})
