"""AUC, AP and LRAP equal scikit-learn's, with ties, weights and what is not known left out."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, label_ranking_average_precision_score, roc_auc_score

from stemwise.metrics import Clips, lrap, ranking_scores
from stemwise.metrics.detection import clip_lrap
from stemwise.metrics.detection.ranking import BLOCK, ranked

from .made_up import clips, ones


@pytest.mark.parametrize("ties", [False, True])
def test_each_target_as_scikit_learn_has_it(rng, ties):
    found = clips(rng, unknown=0.25, ties=ties)
    auc, precision = ranking_scores(found, ones(found))
    for target in range(4):
        active, probability = found.entries(target)
        assert auc[0, target] == pytest.approx(roc_auc_score(active, probability), abs=1e-12)
        assert precision[0, target] == pytest.approx(average_precision_score(active, probability), abs=1e-12)


@pytest.mark.parametrize("ties", [False, True])
def test_weights_of_clips_as_scikit_learn_has_them(rng, ties):
    """As many draws as cross a block's border."""
    active, probability = rng.random(40) < 0.3, rng.random(40)
    probability = np.round(probability, 1) if ties else probability
    weights = rng.integers(0, 4, (BLOCK + 3, 40)).astype(float)
    auc, precision = ranked(active, probability, np.arange(40), weights)
    for draw in (0, 1, BLOCK - 1, BLOCK, BLOCK + 2):
        how = {"sample_weight": weights[draw]}
        assert auc[draw] == pytest.approx(roc_auc_score(active, probability, **how), abs=1e-12)
        assert precision[draw] == pytest.approx(average_precision_score(active, probability, **how), abs=1e-12)


def test_closed_forms():
    """Perfect, reversed, and all equal: chance, whose average precision is the share that is active."""
    active = np.array([True, True, False, False, False])
    given = np.array([[0.9, 0.1, 0.5], [0.8, 0.2, 0.5], [0.3, 0.7, 0.5], [0.2, 0.8, 0.5], [0.1, 0.9, 0.5]])
    found = Clips.of(np.repeat(active[:, None], 3, 1).astype(float), given, [0, 0, 1, 1, 2])
    auc, precision = ranking_scores(found, ones(found))
    assert auc[0].tolist() == [1, 0, 0.5]
    assert precision[0] == pytest.approx([1, (1 / 4 + 2 / 5) / 2, 2 / 5])


@pytest.mark.parametrize("value", [0.0, 1.0, np.nan])
def test_one_class_or_nothing_known_has_no_figure(value):
    found = Clips.of(np.full((4, 1), value), np.linspace(0, 1, 4)[:, None], [0, 0, 1, 1])
    assert np.isnan(ranking_scores(found, ones(found))).all()


def test_no_clips_and_no_targets():
    empty = Clips.of(np.zeros((0, 2)), np.zeros((0, 2)), [])
    assert np.isnan(ranking_scores(empty, np.ones((1, 0)))).all()
    assert np.isnan(lrap(empty, np.ones((1, 0)))).all()
    bare = Clips.of(np.zeros((3, 0)), np.zeros((3, 0)), [0, 0, 1])
    assert ranking_scores(bare, ones(bare))[0].shape == (1, 0) and np.isnan(clip_lrap(bare)).all()


@pytest.mark.parametrize("ties", [False, True])
def test_lrap_as_scikit_learn_has_it(rng, ties):
    found = clips(rng, targets=6, ties=ties)
    counted = found.active.any(axis=1)
    wanted = label_ranking_average_precision_score(found.active[counted], found.probability[counted])
    assert lrap(found, ones(found))[0] == pytest.approx(wanted, abs=1e-12)


def test_lrap_ranks_what_is_known_and_leaves_out_clips_without_an_active_target(rng):
    found = clips(rng, targets=5, unknown=0.4)
    values = clip_lrap(found)
    assert np.isnan(values).tolist() == (~found.active.any(axis=1)).tolist() and np.isnan(values).any()
    for clip in np.flatnonzero(found.active.any(axis=1)):
        known = found.known[clip]
        one = found.active[clip, known][None], found.probability[clip, known][None]
        # scikit-learn gives 1 where all labels are relevant, as the formula does.
        assert values[clip] == pytest.approx(label_ranking_average_precision_score(*one), abs=1e-12)


def test_lrap_of_weighted_songs(rng):
    found = clips(rng, songs=3)
    weights = np.array([[2.0, 0.0, 1.0], [0.0, 0.0, 0.0]])
    values = clip_lrap(found)
    by_clip = weights[0, found.songs] * ~np.isnan(values)
    assert lrap(found, weights)[0] == pytest.approx((np.nan_to_num(values) * by_clip).sum() / by_clip.sum())
    assert np.isnan(lrap(found, weights)[1])
