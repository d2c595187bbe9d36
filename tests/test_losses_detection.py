"""Terms over windows and whole clips, held against loops and closed forms."""

import math

import pytest
import torch

from stemwise.errors import ModelError
from stemwise.loading.batch import Batch
from stemwise.losses import ActivityCrossEntropy, WeightedTerms
from stemwise.losses.detection import ClipCrossEntropy, WindowCrossEntropy, window_confidence
from stemwise.model import Estimate

HOP = 160
# samples, windows: whole hops, a hop that does not divide, a last frame behind the last whole window, one window.
SIZES = [(16000, 1), (16000, 10), (16100, 10), (16159, 7), (160 * 33, 33), (4001, 3)]


def batch(samples: int, count: int = 3, targets: int = 4) -> Batch:
    torch.manual_seed(samples)
    audio = torch.zeros(count, targets, 1, samples)
    known = torch.rand(count, targets) > 0.3
    return Batch(audio.sum(dim=1), audio, torch.rand(count, targets, 1 + samples // HOP), known, known)


def estimate(windows: int, count: int = 3, targets: int = 4) -> Estimate:
    return Estimate(activity=3 * torch.randn(count, targets, windows, generator=torch.Generator().manual_seed(windows)))


def cost(logit: float, truth: float) -> float:
    probability = 1 / (1 + math.exp(-logit))
    return -truth * math.log(probability) - (1 - truth) * math.log(1 - probability)


def highest_in_windows(confidence: list[float], windows: int, samples: int) -> list[float]:
    """By the definition, a frame at a time, in exact integers."""
    highest = [-1.0] * windows
    for frame, value in enumerate(confidence):
        at = frame * HOP
        window = next(w for w in range(windows) if at * windows < (w + 1) * samples or w == windows - 1)
        highest[window] = max(highest[window], value)
    return highest


@pytest.mark.parametrize("soft", [False, True])
@pytest.mark.parametrize(("samples", "windows"), SIZES)
def test_window_cost_is_that_of_a_loop(samples, windows, soft):
    examples, found = batch(samples), estimate(windows)
    sums, count = 0.0, 0
    for b in range(3):
        for t in range(4):
            if examples.known_activity[b, t]:
                highest = highest_in_windows(examples.activity[b, t].tolist(), windows, samples)
                truth = highest if soft else [float(value >= 0.8) for value in highest]
                logits = found.activity[b, t].tolist()
                sums += sum(map(cost, logits, truth)) / windows
                count += 1
    term = WindowCrossEntropy(HOP, threshold=0.8, soft=soft)
    assert term(found, examples).item() == pytest.approx(sums / count, rel=1e-5)


@pytest.mark.parametrize("soft", [False, True])
def test_clip_cost_is_that_of_a_loop(soft):
    examples, found = batch(16000), estimate(10)
    costs = []
    for b in range(3):
        for t in range(4):
            if examples.known_activity[b, t]:
                highest = max(examples.activity[b, t].tolist())
                truth = highest if soft else float(highest >= 0.99)
                costs.append(cost(max(found.activity[b, t].tolist()), truth))
    term = ClipCrossEntropy(threshold=0.99, soft=soft)
    assert term(found, examples).item() == pytest.approx(sum(costs) / len(costs), rel=1e-5)


def test_one_window_of_either_costs_the_same():
    examples, found = batch(16000), estimate(1)
    torch.testing.assert_close(WindowCrossEntropy(HOP)(found, examples), ClipCrossEntropy()(found, examples))
    for sharpness in (0.1, 10.0):
        smooth = ClipCrossEntropy(sharpness=sharpness)(found, examples)
        torch.testing.assert_close(smooth, ClipCrossEntropy()(found, examples))


def test_a_smooth_maximum_lies_between_the_mean_and_the_highest():
    examples, logits = batch(16000, 1, 1), torch.tensor([[[-1.0, 0.0, 3.0, 0.5]]])
    examples = examples._replace(activity=torch.zeros(1, 1, 101), known_activity=torch.tensor([[True]]))

    def clip(sharpness: float | None) -> float:
        """The logit of the clip, from its cost as absent."""
        value = ClipCrossEntropy(sharpness=sharpness)(Estimate(activity=logits), examples).item()
        return math.log(math.expm1(value))

    assert clip(None) == pytest.approx(3.0, abs=1e-4)
    assert clip(200.0) == pytest.approx(3.0 - math.log(4) / 200, abs=1e-4)
    assert clip(1e-3) == pytest.approx(2.5 / 4, abs=1e-2)
    assert clip(1.0) == pytest.approx(math.log(sum(map(math.exp, (-1.0, 0.0, 3.0, 0.5))) / 4), abs=1e-4)


def test_the_highest_window_alone_learns_and_all_do_by_a_smooth_maximum():
    examples = batch(16000, 1, 1)._replace(known_activity=torch.tensor([[True]]))
    for sharpness, reached in ((None, 1), (1.0, 4)):
        logits = torch.tensor([[[-1.0, 0.0, 3.0, 0.5]]], requires_grad=True)
        ClipCrossEntropy(sharpness=sharpness)(Estimate(activity=logits), examples).backward()
        assert logits.grad.count_nonzero() == reached and logits.grad.argmin() == 2


@pytest.mark.parametrize("term", [WindowCrossEntropy(HOP), ClipCrossEntropy(), ClipCrossEntropy(sharpness=2.0)])
def test_what_is_unknown_plays_no_part(term):
    examples = batch(16000)._replace(known_activity=torch.tensor([[True, False, True, False]] * 3))
    good = Estimate(activity=torch.randn(3, 4, 10).requires_grad_())
    term(good, examples).backward()
    assert not good.activity.grad[:, 1::2].any() and (good.activity.grad[:, ::2].abs().sum(dim=2) > 0).all()
    nothing = examples._replace(known_activity=examples.known_activity & False)
    assert term(good, nothing) == 0


def test_weak_labels_teach_the_clip_and_no_window_of_it():
    known = torch.ones(3, 4, dtype=torch.bool)
    examples = batch(16000)._replace(known_activity=known, weak=torch.tensor([[True, False, True, False]] * 3))
    without = examples._replace(known_activity=~examples.weak, weak=None)
    found = estimate(10)
    torch.testing.assert_close(WindowCrossEntropy(HOP)(found, examples), WindowCrossEntropy(HOP)(found, without))
    frames = Estimate(activity=torch.randn(3, 4, 101))
    torch.testing.assert_close(ActivityCrossEntropy()(frames, examples), ActivityCrossEntropy()(frames, without))
    torch.testing.assert_close(
        ClipCrossEntropy()(found, examples), ClipCrossEntropy()(found, examples._replace(weak=None))
    )
    assert ClipCrossEntropy()(found, examples) != ClipCrossEntropy()(found, without)


@pytest.mark.parametrize(("clip", "read"), [(1.0, True), (0.0, False)])
def test_labels_of_whole_clips_are_read_where_a_term_that_counts_reads_them(clip, read):
    terms = {"window": WindowCrossEntropy(HOP), "frames": ActivityCrossEntropy(), "clip": ClipCrossEntropy()}
    loss = WeightedTerms(terms, {"window": 1.0, "frames": 1.0, "clip": clip}, {"activity"})
    assert loss.reads_weak is read


@pytest.mark.parametrize("term", [WindowCrossEntropy(HOP), ClipCrossEntropy(sharpness=5.0)])
def test_it_holds_in_half_precision(term):
    examples, found = batch(16000), estimate(10)
    half = term(Estimate(activity=(found.activity * 10).half()), examples)
    assert half.item() == pytest.approx(term(Estimate(activity=found.activity * 10), examples).item(), rel=1e-2)


def test_what_cannot_be_is_refused():
    confidence = torch.zeros(1, 1, 101)
    with pytest.raises(ModelError, match="101 frames of labels in 16000 samples do not lie 200 samples apart"):
        window_confidence(confidence, 10, 200, 16000)
    with pytest.raises(ModelError, match="some of 102 windows have none of the 101 frames"):
        window_confidence(confidence, 102, HOP, 16000)
    with pytest.raises(ModelError, match="sharpness=0 of a smooth maximum must be above 0"):
        ClipCrossEntropy(sharpness=0)
