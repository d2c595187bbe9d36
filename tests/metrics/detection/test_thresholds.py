"""F1, precision and recall equal scikit-learn's; thresholds against trying all of them."""

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_recall_curve, precision_recall_fscore_support

from stemwise.errors import DataError
from stemwise.metrics import Clips, best_thresholds, cut_scores
from stemwise.metrics.detection import f1_curve

from .made_up import clips, ones


def test_as_scikit_learn_has_them_with_weights(rng):
    found = clips(rng, unknown=0.2, ties=True)
    cuts = np.array([0.2, 0.4, 0.5, 0.7])
    weights = rng.integers(0, 3, (5, found.song_count)).astype(float) + 1
    scores = cut_scores(found, cuts, weights)
    for target in range(4):
        known = found.known[:, target]
        said = found.probability[known, target] > cuts[target]  # strictly: ties at 0.2 are not called
        for draw in range(5):
            weight = weights[draw, found.songs[known]]
            precision, recall, f1, _ = precision_recall_fscore_support(
                found.active[known, target], said, average="binary", sample_weight=weight
            )
            found_here = [side[draw, target] for side in scores]
            assert found_here == pytest.approx([f1, precision, recall], abs=1e-12)


def test_what_has_no_figure():
    truth = np.array([[0.0, 1.0, np.nan], [0.0, 1.0, np.nan]])
    found = Clips.of(truth, np.array([[0.9, 0.1, 0.9], [0.2, 0.2, 0.9]]), [0, 1])
    f1, precision, recall = (side[0] for side in cut_scores(found, 0.5, ones(found)))
    assert np.isnan(f1).tolist() == [True, False, True] and f1[1] == 0
    assert precision[0] == 0 and np.isnan(precision[1:]).all()
    assert np.isnan(recall).tolist() == [True, False, True] and recall[1] == 0


@pytest.mark.parametrize("ties", [False, True])
def test_the_best_threshold_has_the_best_f1_of_all(rng, ties):
    found = clips(rng, unknown=0.2, ties=ties)
    cuts = best_thresholds(found)
    mine = cut_scores(found, cuts, ones(found)).f1[0]
    for target in range(4):
        active, probability = found.entries(target)
        precision, recall, _ = precision_recall_curve(active, probability)
        highest = (2 * precision * recall / np.maximum(precision + recall, 1e-12)).max()
        assert mine[target] == pytest.approx(highest, abs=1e-12)
        assert mine[target] == pytest.approx(f1_score(active, probability > cuts[target]), abs=1e-12)


def test_it_lies_halfway_between_two_probabilities():
    found = Clips.of(np.array([[1.0], [1.0], [0.0], [0.0]]), np.array([[0.9], [0.8], [0.4], [0.1]]), [0, 0, 1, 1])
    assert best_thresholds(found).tolist() == pytest.approx([0.6])


def test_neighbours_without_a_number_between_them_are_told_apart():
    upper = 0.5
    lower = np.nextafter(upper, 0)
    found = Clips.of(np.array([[1.0], [0.0]]), np.array([[upper], [lower]]), [0, 1])
    assert cut_scores(found, best_thresholds(found), ones(found)).f1[0, 0] == 1


def test_targets_that_say_nothing_get_the_default():
    truth = np.array([[0.0, np.nan, 1.0], [0.0, np.nan, 1.0]])
    probability = np.array([[0.9, 0.9, 0.0], [0.1, 0.1, 0.0]])
    found = Clips.of(truth, probability, [0, 1])
    assert best_thresholds(found, default=0.3).tolist() == [0.3] * 3
    assert best_thresholds(Clips.of(np.zeros((0, 2)), np.zeros((0, 2)), [])).tolist() == [0.5, 0.5]


def test_where_all_calls_are_right_the_lowest_probability_is_passed():
    found = Clips.of(np.ones((3, 1)), np.array([[0.9], [0.5], [0.2]]), [0, 1, 2])
    assert best_thresholds(found).tolist() == [0.1]


def test_the_curve_is_f1_at_each(rng):
    found = clips(rng)
    grid = np.array([0.1, 0.5, 0.9])
    curve = f1_curve(found, grid)
    assert curve.shape == (3, 4)
    assert np.array_equal(curve[1], cut_scores(found, 0.5, ones(found)).f1[0])


@pytest.mark.parametrize("cuts", [np.array([0.5, 0.5]), np.array(np.nan), np.array([0.5, np.nan, 0.5, 0.5])])
def test_refused(rng, cuts):
    with pytest.raises(DataError, match="give one number, or one for each of 4 targets"):
        cut_scores(clips(rng), cuts, np.ones((1, 6)))
