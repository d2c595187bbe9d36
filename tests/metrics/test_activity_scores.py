"""Frame scores against scikit-learn and torchmetrics, onsets against an assignment problem, lost energy by hand."""

import numpy as np
import pytest
import torch
from scipy.optimize import linear_sum_assignment
from torchmetrics.functional.classification import binary_auroc, binary_average_precision

from stemwise.errors import DataError
from stemwise.metrics import activity_scores, lost_energy, onset_scores


def test_frame_scores_agree_with_scikit_learn_and_torchmetrics(rng):
    metrics = pytest.importorskip("sklearn.metrics")
    for _ in range(50):
        truth = rng.random(60) < rng.uniform(0.1, 0.9)
        probability = np.round(rng.random(60) * 0.7 + truth * 0.3, 1)  # ties, and frames exactly at the threshold
        ours = activity_scores(truth, probability, 0.5)
        called = probability > 0.5
        assert ours.precision == pytest.approx(metrics.precision_score(truth, called))
        assert ours.recall == pytest.approx(metrics.recall_score(truth, called))
        assert ours.f1 == pytest.approx(metrics.f1_score(truth, called))
        assert ours.auc == pytest.approx(metrics.roc_auc_score(truth, probability))
        assert ours.average_precision == pytest.approx(metrics.average_precision_score(truth, probability))
        tensors = torch.from_numpy(probability), torch.from_numpy(truth).long()
        assert ours.auc == pytest.approx(float(binary_auroc(*tensors)), abs=1e-6)
        assert ours.average_precision == pytest.approx(float(binary_average_precision(*tensors)), abs=1e-6)


def test_a_probability_at_the_threshold_is_not_active():
    scores = activity_scores(np.array([True, True]), np.array([0.5, 0.6]), 0.5)
    assert scores.recall == 0.5


def test_zeros_and_ones_are_activity_too():
    assert activity_scores([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9], 0.5).auc == 1.0
    assert activity_scores(np.array([1, 0, 1, 1]), np.array([0.9, 0.85, 0.8, 0.7]), 0.5).auc == pytest.approx(1 / 3)
    assert lost_energy([[3.0, 1.0]], [1, 0]) == 25.0


def test_areas_depend_on_the_order_of_probabilities_alone(rng):
    truth, probability = rng.random(100) < 0.3, rng.random(100)
    before, after = (activity_scores(truth, p, 0.5) for p in (probability, probability**3 / 2))
    assert (before.auc, before.average_precision) == pytest.approx((after.auc, after.average_precision))
    assert before.recall != after.recall


def test_activity_refuses_what_it_cannot_compare():
    with pytest.raises(DataError, match=r"\(3,\).*\(4,\)"):
        activity_scores(np.ones(3, bool), np.ones(4), 0.5)
    with pytest.raises(DataError, match="1 of 2 probabilities"):
        activity_scores(np.ones(2, bool), np.array([0.5, np.nan]), 0.5)


def assigned(true, estimated, tolerance):
    allowed = np.abs(np.subtract.outer(true, estimated)) <= tolerance + 1e-9
    rows, columns = linear_sum_assignment(allowed, maximize=True)
    return int(allowed[rows, columns].sum())


def test_onsets_are_matched_as_well_as_possible(rng):
    for _ in range(100):
        true, estimated = (np.sort(rng.uniform(0, 5, size=(2 * n, 1)), 0).reshape(-1, 2) for n in rng.integers(1, 9, 2))
        scores = onset_scores(true, rng.permutation(estimated), 0.5)
        for column, f1 in enumerate((scores.onset_f1, scores.offset_f1)):
            hits = assigned(true[:, column], estimated[:, column], 0.5)
            assert f1 == pytest.approx(2 * hits / (len(true) + len(estimated)))


def test_onsets_at_the_limit_count_and_each_only_once():
    scores = onset_scores([(1.1, 2.0)], [(0.6, 2.6)])
    assert (scores.onset_f1, scores.offset_f1) == (1.0, 0.0)
    assert onset_scores([(1.0, 2.0)], [(0.9, 1.0), (1.1, 2.0)]).onset_f1 == pytest.approx(2 / 3)


def test_onsets_without_segments():
    assert np.isnan(onset_scores([], []).onset_f1)
    assert onset_scores([(0, 1)], []).onset_f1 == 0


def test_lost_energy_by_hand():
    power = np.array([[1.0, 2.0, 3.0], [0.0, 2.0, 2.0]])  # 1, 4, 5 a frame
    assert lost_energy(power, np.ones(3)) == 0
    assert lost_energy(power, np.array([1.0, 0.0, 1.0])) == pytest.approx(40)
    assert lost_energy(power, np.array([0.5, 1.0, 0.9])) == pytest.approx(10)
    assert lost_energy(np.stack([power, 3 * power]), np.array([1.0, 1.0, 0.0])) == pytest.approx(50)
    assert np.isnan(lost_energy(np.zeros((2, 3)), np.zeros(3)))


def test_lost_energy_refuses_another_number_of_frames():
    with pytest.raises(DataError, match=r"\(4,\).*\(2, 3\)"):
        lost_energy(np.ones((2, 3)), np.ones(4))
