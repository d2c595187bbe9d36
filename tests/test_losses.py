import math

import pytest
import torch

from stemwise.errors import ModelError
from stemwise.loading.batch import Batch
from stemwise.losses import ActivityCrossEntropy, MaskedMagnitude, RelativeError, WeightedTerms
from stemwise.model import Estimate
from stemwise.spectral import Stft

STFT = Stft(512, 128)
FRAMES = 1 + 4000 // 128


def batch(count: int = 2, targets: int = 3, channels: int = 1) -> Batch:
    torch.manual_seed(0)
    stems = torch.randn(count, targets, channels, 4000)
    activity = (torch.rand(count, targets, FRAMES) > 0.5).float()
    known = torch.ones(count, targets, dtype=torch.bool)
    return Batch(stems.sum(dim=1), stems, activity, known, known)


def right(examples: Batch) -> Estimate:
    """The mask whose magnitudes are the targets', and logits that are sure of the labels."""
    mixture = STFT(examples.mixture).abs()[:, None]
    return Estimate(mask=STFT(examples.targets).abs() / mixture, activity=(examples.activity - 0.5) * 40)


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("targets", [1, 4])
@pytest.mark.parametrize("term", [MaskedMagnitude(STFT), MaskedMagnitude(STFT, power=0.5), ActivityCrossEntropy()])
def test_the_right_answer_costs_nothing_and_a_wrong_one_more(count, targets, term):
    examples = batch(count, targets)
    good = right(examples)
    bad = Estimate(mask=good.mask * 0.5, activity=-good.activity)
    assert term(good, examples) < 1e-6 and term(bad, examples) > 0.01


def test_magnitude_error_is_the_mean_square_of_unnormalised_magnitudes():
    examples = batch()
    estimate = Estimate(mask=torch.full((2, 3, 1, 257, FRAMES), 0.3))
    expected = (0.3 * STFT(examples.mixture).abs()[:, None] - STFT(examples.targets).abs()).square().mean()
    torch.testing.assert_close(MaskedMagnitude(STFT)(estimate, examples), expected)


def test_a_mask_without_channels_is_held_against_the_mean_of_the_channels():
    stereo = batch(channels=2)
    mono = stereo._replace(mixture=stereo.mixture.mean(1, True), targets=stereo.targets.mean(2, True))
    estimate = Estimate(mask=torch.full((2, 3, 1, 257, FRAMES), 0.3))
    torch.testing.assert_close(MaskedMagnitude(STFT)(estimate, stereo), MaskedMagnitude(STFT)(estimate, mono))


@pytest.mark.parametrize("gain", [1.0, 1e-2])
def test_relative_error_of_known_signals_is_a_share_of_the_mixture_whatever_the_level(gain):
    # Two sines far apart: the mask 1 leaves the other one as error, the mask 0 the target itself, a rest is the leak.
    time = torch.arange(4000) / 16000
    loud, quiet = (
        level * gain * torch.sin(2 * math.pi * hz * time).expand(1, 1, 1, -1) for level, hz in ((1.0, 500), (0.1, 5000))
    )
    stems = torch.cat([loud, quiet, torch.zeros_like(loud)], dim=1)
    known = torch.ones(1, 3, dtype=torch.bool)
    examples = Batch(stems.sum(dim=1), stems, torch.zeros(1, 3, FRAMES), known, known)
    mask = torch.tensor([1.0, 0.0, 0.1]).reshape(1, 3, 1, 1, 1).expand(1, 3, 1, 257, FRAMES)
    expected = (0.01 / 1.01 + 0.01 / 1.01 + 0.01) / 3
    assert RelativeError(STFT)(Estimate(mask=mask), examples).item() == pytest.approx(expected, rel=0.02)


def test_the_best_mask_of_the_relative_error_is_the_phase_sensitive_one():
    examples = batch(1, 2)
    mask = torch.full((1, 2, 1, 257, FRAMES), 0.5, requires_grad=True)
    spectrum, stems = STFT(examples.mixture)[:, None], STFT(examples.targets)
    for _ in range(3):  # the error is a parabola in every bin: Newton's step is exact
        gradient = torch.autograd.grad(RelativeError(STFT)(Estimate(mask=mask), examples), mask)[0]
        curvature = 2 * spectrum.abs().square() / spectrum.abs().square().sum() / 2
        mask = (mask - gradient / curvature).detach().requires_grad_()
    expected = (stems * spectrum.conj()).real / spectrum.abs().square()
    torch.testing.assert_close(mask.detach(), expected, atol=1e-2, rtol=1e-2)


def test_relative_error_and_its_gradient_are_those_of_the_formula():
    examples = batch(2, 3, channels=2)
    values, gradients = [], []
    for term in (RelativeError(STFT), relative_as_written):
        mask = torch.rand(2, 3, 2, 257, FRAMES, generator=torch.Generator().manual_seed(1)).requires_grad_(True)
        value = term(Estimate(mask=mask), examples)
        (3 * value).backward()
        values.append(value.detach())
        gradients.append(mask.grad)
    torch.testing.assert_close(*values)
    torch.testing.assert_close(*gradients, atol=1e-9, rtol=1e-4)


@pytest.mark.parametrize("half", [torch.float16, torch.bfloat16])
def test_relative_error_holds_in_half_precision(half):
    examples, mask = batch(), torch.rand(2, 3, 1, 257, FRAMES)
    plain = RelativeError(STFT)(Estimate(mask=mask), examples)
    with torch.autocast("cpu", half):
        found = RelativeError(STFT)(Estimate(mask=mask.to(half)), examples)
    assert found.item() == pytest.approx(plain.item(), rel=1e-2)


def test_relative_error_of_a_mono_mask_is_that_of_the_mean_of_the_channels_and_unknown_targets_have_no_gradient():
    stereo = batch(channels=2)
    mono = stereo._replace(mixture=stereo.mixture.mean(1, True), targets=stereo.targets.mean(2, True))
    mask = torch.rand(2, 3, 1, 257, FRAMES).requires_grad_(True)
    known = torch.tensor([[True, False, True], [False, True, True]])
    values = [RelativeError(STFT)(Estimate(mask=mask), each._replace(known_audio=known)) for each in (stereo, mono)]
    torch.testing.assert_close(*values)
    values[0].backward()
    assert not mask.grad[~known].any() and (mask.grad[known].flatten(1).abs().sum(dim=1) > 0).all()


def relative_as_written(estimate: Estimate, examples: Batch) -> torch.Tensor:
    mixture = STFT(examples.mixture)[:, None]
    error = (estimate.mask * mixture - STFT(examples.targets)).abs().square().sum(dim=(2, 3, 4))
    return (error / mixture.abs().square().sum(dim=(2, 3, 4))).mean()


def test_relative_error_of_silence_is_zero_and_its_gradient_finite():
    silent = batch(1, 2)._replace(mixture=torch.zeros(1, 1, 4000), targets=torch.zeros(1, 2, 1, 4000))
    mask = torch.full((1, 2, 1, 257, FRAMES), 0.5, requires_grad=True)
    loss = RelativeError(STFT)(Estimate(mask=mask), silent)
    loss.backward()
    assert loss.item() == 0 and torch.isfinite(mask.grad).all()


def test_an_undecided_head_costs_log_two():
    found = ActivityCrossEntropy()(Estimate(activity=torch.zeros(2, 3, FRAMES)), batch())
    assert found.item() == pytest.approx(math.log(2))


def test_labels_are_cut_at_half_confidence():
    examples = batch(1, 1)._replace(activity=torch.tensor([[[0.49, 0.5]]]))
    assert ActivityCrossEntropy()(Estimate(activity=torch.tensor([[[-40.0, 40.0]]])), examples) < 1e-6


@pytest.mark.parametrize("term", [MaskedMagnitude(STFT), RelativeError(STFT), ActivityCrossEntropy()])
def test_what_is_unknown_plays_no_part(term):
    examples = batch()
    known = torch.tensor([[True, False, True], [False, True, True]])
    masked = examples._replace(known_audio=known, known_activity=known)
    good, bad = right(examples), right(examples)
    bad.mask[~known] = 99.0
    bad.activity[~known] *= -1
    assert term(bad, masked) == term(good, masked) < term(bad, examples)
    nothing = examples._replace(known_audio=known & False, known_activity=known & False)
    assert term(bad, nothing) == 0


def terms(**weights: float) -> WeightedTerms:
    names = {"separation": MaskedMagnitude(STFT), "activity": ActivityCrossEntropy()}
    return WeightedTerms(names, weights, {"mask", "activity"})


def test_the_sum_is_weighted_and_the_terms_are_logged_unweighted():
    examples = batch()
    estimate = Estimate(mask=torch.full((2, 3, 1, 257, FRAMES), 0.3), activity=torch.zeros(2, 3, FRAMES))
    values = terms(separation=0.5, activity=2.0)(estimate, examples)
    torch.testing.assert_close(values["loss"], 0.5 * values["separation"] + 2 * values["activity"])
    assert set(terms(separation=1, activity=0)(estimate, examples)) == {"loss", "separation"}


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: terms(separation=1), "give one weight a term"),
        (lambda: terms(separation=-1, activity=1), "none may be negative"),
        (lambda: terms(separation=0, activity=0), "one must be above 0"),
        (
            lambda: WeightedTerms({"a": ActivityCrossEntropy()}, {"a": 1}, {"mask"}),
            "reads the estimate's activity.*weights.a=0",
        ),
    ],
)
def test_losses_that_cannot_be_computed_are_refused_at_construction(make, said):
    with pytest.raises(ModelError, match=said):
        make()
