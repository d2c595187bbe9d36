"""Many gates from one set of sums, against gating and scoring each."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from stemwise import metrics
from stemwise.errors import AudioError, DataError, ModelError
from stemwise.evaluation.gate_grid import GateGrid, score_grid
from stemwise.evaluation.moments import Cuts, Moments
from stemwise.evaluation.reference import Reference
from stemwise.evaluation.scores import Estimated, score_model
from stemwise.gate import Gate
from stemwise.model import SpectralModel
from stemwise.nets.separation.iass_small import IassSmall
from stemwise.separator import Separator, apply_gate
from stemwise.spectral import Stft

RATE = 4000
GRID = GateGrid([0.3, 0.5, 0.8], [0.0, 0.2, 1.0])
SAME = ("usdr", "csdr", "csdr_common", "si_sdr", "silence_energy", "silence_share", "rest_estimate", "rest_mixture",
        "rest_seconds", "lost_energy", "target_energy", "present")  # fmt: skip
LINEAR = ("rest_estimate", "rest_mixture", "target_energy")  # the others are dB, percent and shares


class Silent:
    """A model of which no more is asked than its STFT."""

    sample_rate, targets, context, outputs = RATE, ("one", "two", "none"), 0.1, frozenset({"stems", "activity"})

    def __init__(self, n_fft: int, hop: int) -> None:
        self.stft, self.frame_rate = Stft(n_fft, hop), RATE / hop


def separated(
    n_fft: int, hop: int, channels: int, samples: int, seed: int = 0
) -> tuple[Separator, Reference, Estimated]:
    """A tone and noise that rest for a while, a target that never plays; estimates that leak, activity that wanders."""
    rng = np.random.default_rng(seed)
    frames = 1 + samples // hop
    stems = 0.2 * rng.standard_normal((3, channels, samples)).astype(np.float32)
    stems[0, :, samples // 3 : 2 * samples // 3] = 0
    stems[1, :, : samples // 2] *= 1e-5
    stems[2] = 0
    rest = 0.05 * rng.standard_normal((channels, samples)).astype(np.float32)
    mixture = stems.sum(axis=0) + rest
    leak = np.array([0.1, 0.02, 0.01], np.float32)[:, None, None]
    estimates = stems + leak * mixture + 0.01 * rng.standard_normal(stems.shape).astype(np.float32)
    estimates[:, :, -samples // 5 :] = 0
    wander = np.cumsum(rng.standard_normal((3, frames)), axis=1)
    probability = (1 / (1 + np.exp(-wander / 2))).astype(np.float32)
    confidence = (rng.random((3, frames)) > 0.5).astype(np.float32)
    truth = Reference("song", RATE, mixture, stems, confidence, np.ones(3, np.bool_))
    own = Gate("hard", [0.4, 0.5, 0.6], 0.15)
    return Separator(Silent(n_fft, hop), own), truth, Estimated(estimates, probability)


def directly(separator: Separator, truth: Reference, estimated: Estimated, line: dict) -> dict:
    """The line of the same setting by gating the stems and scoring them."""
    hard = line["kind"] == "hard" and not line["own"]
    gate = Gate("hard", line["threshold"], line["median_seconds"]) if hard else separator.gate
    at = Separator(separator.model, gate)
    return next(
        found
        for found in score_model(at, truth, estimated, [line["kind"]], "model")
        if found["target"] == line["target"]
    )


def assert_same(separator: Separator, truth: Reference, estimated: Estimated, grid: GateGrid = GRID) -> list[dict]:
    lines = score_grid(separator, truth, estimated, grid)
    for line in lines:
        expected = directly(separator, truth, estimated, line)
        for name in SAME:
            close = {"atol": 1e-4} if name not in LINEAR else {"rtol": 1e-5, "atol": 1e-12}
            np.testing.assert_allclose(line[name], expected[name], err_msg=f"{name} of {line}", **close)
    return lines


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(("n_fft", "hop"), [(1024, 512), (1024, 256), (500, 100), (2048, 300)])
def test_every_setting_is_what_gating_and_scoring_it_gives(n_fft, hop, channels):
    lines = assert_same(*separated(n_fft, hop, channels, 9 * RATE + 123))
    assert len(lines) == 3 * (3 + 1 + 9)
    figures = np.array([line["csdr"] for line in lines if line["target"] == "one"])
    assert len(np.unique(figures.round(6))) >= 6, "settings must differ for this to say something"
    assert all(line["silence_energy"] < 0 for line in lines if line["target"] == "none")


@pytest.mark.parametrize("samples", [1, 90, 700, RATE - 1, RATE, RATE + 1, 2 * RATE])
def test_songs_of_any_length(samples):
    assert_same(*separated(1024, 512, 1, samples), GateGrid([0.5], [0.0]))


def test_what_is_silent_or_perfect_or_cancels():
    separator, truth, made = separated(1024, 512, 2, 6 * RATE)
    frames = truth.confidence.shape[1]
    shut = Estimated(made.stems, np.zeros((3, frames), np.float32))
    (line, *_) = assert_same(separator, truth, shut, GateGrid([0.5], [0.0], ["hard"]))
    assert line["usdr"] == 0 and line["csdr"] == 0 and line["si_sdr"] == -np.inf and line["silence_energy"] == -80
    perfect = Estimated(truth.stems.copy(), np.ones((3, frames), np.float32))
    (line, *_) = assert_same(separator, truth, perfect, GateGrid([0.5], [0.0], ["hard"]))
    assert line["csdr"] == np.inf and line["si_sdr"] == np.inf
    opposite = made.stems.copy()
    opposite[:, 1] = -opposite[:, 0]  # museval calls a window silent whose channels cancel
    assert_same(separator, truth, Estimated(opposite, made.probability))
    one = np.zeros((3, frames), np.float32)
    one[:, 20] = 1  # one open frame, so that most seconds are exactly silent
    assert_same(separator, truth, Estimated(made.stems, one))


@pytest.mark.parametrize(("channels", "hop"), [(1, 512), (2, 256)])
def test_the_output_of_a_net(channels, hop):
    torch.manual_seed(0)
    net = IassSmall(3, 513, RATE, widths=(8, 12, 16))
    separator = Separator(SpectralModel(net, Stft(1024, hop), ["a", "b", "c"], RATE), Gate("hard", 0.5, 0.3))
    _, truth, _ = separated(1024, hop, channels, 8 * RATE + 5)
    stems, probability = separator.estimate(truth.mixture)
    middle = np.median(probability, axis=1, keepdims=True)
    wide = 1 / (1 + np.exp(-200 * (probability - middle)))  # an untrained net hardly moves
    assert_same(separator, truth, Estimated(stems, wide.astype(np.float32)))


def test_sums_over_any_piece_are_those_of_the_gated_stem():
    separator, truth, made = separated(1024, 256, 2, 3 * RATE + 77)
    stft = separator.stft
    cuts = Cuts.of(truth.mixture.shape[1], stft.hop, RATE, RATE // 10)
    weights = np.random.default_rng(1).random((2, truth.confidence.shape[1])).astype(np.float32)
    found = Moments.of(truth.stems[0], made.stems[0], cuts, stft).under(weights)
    for row, gate in enumerate(weights):
        y = made.stems[0].copy()
        apply_gate(y, gate, stft)
        y, s = y.astype(float), truth.stems[0].astype(float)
        pieces = list(zip(cuts.starts, [*cuts.starts[1:], cuts.samples], strict=True))
        np.testing.assert_allclose(
            found.energy[row], [np.sum(y[:, a:b] ** 2) for a, b in pieces], rtol=1e-5, atol=1e-12
        )
        error = [np.sum((s - y)[:, a:b] ** 2) for a, b in pieces]
        np.testing.assert_allclose(found.error[row], error, rtol=1e-5, atol=1e-12)
        assert found.overlap[row] == pytest.approx(np.sum((y - s) * s), rel=1e-5)


def test_a_model_without_activity_has_two_settings_and_unknown_targets_none():
    separator, truth, made = separated(1024, 512, 1, 2 * RATE)
    blind = Reference(**{**truth.__dict__, "known": np.array([True, False, True])})
    lines = score_grid(separator, blind, Estimated(made.stems, None), GRID)
    assert [(line["target"], line["kind"]) for line in lines] == [
        ("one", "off"), ("one", "oracle"), ("none", "off"), ("none", "oracle")
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (([0.5], [0.0], ["hrad"]), "choose among off, hard"),
        (([0.5], [0.0], []), "choose among"),
        (([], [0.0]), "gate.thresholds is empty"),
        (([0.5], []), "gate.median_seconds is empty"),
        (([1.5], [0.0]), "outside 0 to 1"),
        (([0.5], [-1.0]), "gate median of -1"),
    ],
)
def test_grids_that_no_gate_can_have_are_refused(settings, said):
    with pytest.raises(ModelError, match=said):
        GateGrid(*settings)
    assert metrics.silence_ratio(np.zeros(0), np.zeros(0), 0.0).seconds == 0


def test_a_net_that_diverged_has_no_figures():
    """Of NaN energies it would have the best there are."""
    separator, truth, estimated = separated(256, 64, 1, 8000)
    spoilt = np.array(estimated.stems)
    spoilt[0, 0, 100] = np.nan
    with pytest.raises(AudioError, match="1 of 8000 samples are NaN"):
        score_grid(separator, truth, Estimated(spoilt, estimated.probability), GRID)
    doubtful = np.array(estimated.probability)
    doubtful[1, 5] = np.nan
    with pytest.raises(DataError, match="1 of 126 probabilities are NaN; the net diverged"):
        score_grid(separator, truth, Estimated(estimated.stems, doubtful), GRID)
    known = replace(truth, known=np.array([False, True, True]))
    assert score_grid(separator, known, Estimated(spoilt, estimated.probability), GRID), "of a target nobody knows"
