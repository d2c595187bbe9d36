"""Scores of systems whose right answer is known."""

import numpy as np
import pandas as pd
import pytest
import torch

from stemwise.evaluation.bounds import ideal_masks
from stemwise.evaluation.reference import Reference, reference
from stemwise.evaluation.scores import Estimated, gated, score_song
from stemwise.evaluation.thresholds import choose_gate
from stemwise.gate import Gate
from stemwise.model import Estimate
from stemwise.report.views import liveliest
from stemwise.separator import Separator
from tests.test_loading import HOP, RATE, Stub

SECONDS = 20
FRAMES = 1 + SECONDS * RATE // HOP


def truth() -> Reference:
    """A low and a high tone; the low one rests in the first half, the high one never."""
    time = np.arange(SECONDS * RATE) / RATE
    low, high = 0.3 * np.sin(2 * np.pi * 200 * time), 0.3 * np.sin(2 * np.pi * 3000 * time)
    low[: SECONDS * RATE // 2] = 0
    stems = np.stack([low, high])[:, None].astype(np.float32)
    playing = np.arange(FRAMES) * HOP >= SECONDS * RATE // 2
    confidence = np.stack([playing, np.ones(FRAMES)]).astype(np.float32)
    return Reference("song", RATE, stems.sum(axis=0), stems, confidence, np.array([True, True]))


class Leaky:
    """Gives back the truth plus a hundredth of the mixture's amplitude, and probabilities near the labels."""

    sample_rate, targets, frame_rate, context = RATE, ("low", "high"), RATE / HOP, 0.1
    outputs = frozenset({"stems", "activity"})

    def estimate(self, mixture: torch.Tensor) -> Estimate:
        raise NotImplementedError

    def made(self) -> Estimated:
        song = truth()
        return Estimated(song.stems + 0.01 * song.mixture, 0.1 + 0.8 * song.confidence)


def scores(gate: Gate | None = None) -> pd.DataFrame:
    separator = Separator(Leaky(), gate or Gate("hard", 0.5, 0.488))
    lines = score_song(separator, truth(), Leaky().made(), ["off", "hard", "soft", "oracle"], "leaky")
    return pd.DataFrame(lines).set_index(["system", "gate", "target"])


def test_the_gate_silences_the_rests_and_costs_nothing_where_labels_are_right():
    table = scores()
    assert table.loc[("leaky", "off", "low"), "silence_energy"] == pytest.approx(-40, abs=0.1)
    assert table.loc[("leaky", "hard", "low"), "silence_energy"] == -80
    assert table.loc[("leaky", "soft", "low"), "silence_energy"] == pytest.approx(
        -60, abs=0.2
    )  # a tenth of the amplitude
    for gate, lost in (("off", 0), ("hard", 0), ("soft", 10), ("oracle", 0)):
        assert table.loc[("leaky", gate, "low"), "lost_energy"] == pytest.approx(lost, abs=0.3)
    assert table.loc[("leaky", "off", "low"), "rest_seconds"] == pytest.approx(10, abs=0.3)
    assert np.isnan(table.loc[("leaky", "off", "high"), "silence_energy"])
    assert (table.loc["leaky"][["auc", "f1"]].dropna() == 1).all().all()


def test_lines_say_how_much_of_the_song_the_target_plays():
    table = scores()
    for target, confidence in zip(("low", "high"), truth().confidence, strict=True):
        assert (table.xs(target, level="target").active_share == confidence.mean()).all()
    assert table.loc[("mixture", "", "low"), "active_share"] == pytest.approx(0.5, abs=0.01)


def test_bounds():
    table = scores()
    assert table.loc[("mixture", "", "high"), "usdr"] == pytest.approx(10 * np.log10(2), abs=0.01)
    assert (table.loc["silence"].usdr == 0).all() and (table.loc["silence"].si_sdr == -np.inf).all()
    for bound in ("ideal binary mask", "ideal ratio mask"):
        assert (table.loc[bound].usdr > 20).all()
    assert table.loc["mixture"][["auc", "f1"]].isna().all().all()


def test_ideal_masks_of_disjoint_spectra_give_the_stems_back():
    song = truth()
    from stemwise.spectral import Stft

    for estimates in ideal_masks(song.stems, song.mixture, Stft(1536, 384)).values():
        middle = slice(11 * RATE, 19 * RATE)
        np.testing.assert_allclose(estimates[..., middle], song.stems[..., middle], atol=2e-3)


def test_targets_that_are_not_known_are_not_scored():
    song = Reference(**{**truth().__dict__, "known": np.array([True, False])})
    lines = score_song(Separator(Leaky()), song, Leaky().made(), ["off"])
    assert {line["target"] for line in lines} == {"low"}


def test_oracle_is_the_labels_and_hard_the_settings_of_the_separator():
    song, made = truth(), Leaky().made()
    shut = Separator(Leaky(), Gate("hard", 0.95, 0.0))
    assert not gated(shut, song, made, "hard").stems.any()
    np.testing.assert_array_equal(gated(shut, song, made, "oracle").weights, song.confidence)
    np.testing.assert_array_equal(gated(shut, song, made, "off").stems, made.stems)


class Unsure(Leaky):
    """Probability 0.52 in the rests, 0.63 where a target plays, for the song it is asked for."""

    def estimate(self, mixture: torch.Tensor) -> Estimate:
        probability = torch.from_numpy(0.52 + 0.11 * truth().confidence)[None]
        return Estimate(mixture[:, None].repeat(1, 2, 1, 1), activity=torch.logit(probability))


def test_thresholds_are_the_highest_that_cost_at_most_what_is_allowed():
    separator = Separator(Unsure(), chunk_seconds=60)
    chosen = choose_gate(separator, [truth()], Gate("hard"), allowed=1.0)
    assert chosen.threshold == [0.6, 0.6] and chosen.kind == "hard"
    assert choose_gate(separator, [truth()], Gate("hard"), allowed=100.0).threshold == [0.95, 0.95]
    assert choose_gate(separator, [truth()], Gate("soft")) == Gate("soft")
    silent = Reference(**{**truth().__dict__, "known": np.array([True, False])})
    assert choose_gate(separator, [silent], Gate("hard", 0.4)).threshold == [0.6, 0.4]


def test_a_target_that_can_never_be_afforded_keeps_an_open_gate():
    class Wrong(Unsure):
        def estimate(self, mixture: torch.Tensor) -> Estimate:
            return Estimate(mixture[:, None].repeat(1, 2, 1, 1), activity=torch.full((1, 2, FRAMES), -9.0))

    gate = choose_gate(Separator(Wrong(), chunk_seconds=60), [truth()], Gate("hard"))
    assert gate.threshold == [0.0, 0.0]
    assert (gate.weights(np.full((2, 9), 1e-4), 40) == 1).all()


def test_a_reference_is_the_prepared_song_on_the_models_frames():
    song = Stub(0)
    found = reference("x", song, RATE, HOP)
    assert found.stems.shape == (3, 1, 8 * RATE) and found.confidence.shape == (3, 1 + 8 * RATE // HOP)
    np.testing.assert_allclose(found.mixture, song.audio.sum(axis=0))
    times = np.arange(8 * RATE // HOP) * HOP / RATE  # all but the last, which lies behind the last label
    np.testing.assert_allclose(found.confidence[0, :-1] * 10, times, atol=1e-4)
    assert found.present.all()


def test_the_liveliest_window_holds_the_change():
    active = np.zeros((2, 100), dtype=bool)
    active[0, 60:] = True
    assert liveliest(active, 20) == 50
    assert liveliest(active[:, :10], 20) == 0
