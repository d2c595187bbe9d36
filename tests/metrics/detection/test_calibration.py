"""Reliability equals scikit-learn's calibration curve; the error by closed forms."""

import numpy as np
import pytest
from sklearn.calibration import calibration_curve

from stemwise.errors import DataError
from stemwise.metrics import reliability


@pytest.mark.parametrize(("by", "strategy"), [("width", "uniform"), ("count", "quantile")])
@pytest.mark.parametrize("ties", [False, True])
@pytest.mark.parametrize("bins", [1, 7, 10])
def test_as_scikit_learn_has_it(rng, by, strategy, ties, bins):
    probability = np.round(rng.beta(0.5, 2, 500), 1) if ties else rng.beta(0.5, 2, 500)
    active = rng.random(500) < probability**2
    found = reliability(active, probability, bins, by)
    share, mean = calibration_curve(active, probability, n_bins=bins, strategy=strategy)
    filled = found.count > 0
    assert found.share[filled] == pytest.approx(share, abs=1e-12)
    assert found.probability[filled] == pytest.approx(mean, abs=1e-12)
    assert found.count.sum() == 500 and len(found.edges) == bins + 1


def test_bins_of_equal_count_are(rng):
    assert reliability(rng.random(1000) < 0.5, rng.random(1000), 8, "count").count.tolist() == [125] * 8


def test_the_error_by_hand():
    """Bin of 0.15: two of four play, 0.35 off; bin of 0.9: both play, 0.1 off."""
    probability = np.array([0.15, 0.15, 0.15, 0.15, 0.9, 0.9])
    active = np.array([True, True, False, False, True, True])
    assert reliability(active, probability).error == pytest.approx((4 * 0.35 + 2 * 0.1) / 6)


def test_what_is_said_as_often_as_it_is_has_no_error(rng):
    probability = rng.random(200_000)
    active = rng.random(200_000) < probability
    assert reliability(active, probability).error < 0.01
    assert reliability(active, np.clip(probability + 0.3, 0, 1)).error > 0.2


def test_an_edge_belongs_to_the_bin_below():
    assert reliability(np.array([True, False]), np.array([0.5, 0.51]), 2).count.tolist() == [1, 1]


def test_nothing_has_no_error():
    for by in ("width", "count"):
        found = reliability(np.zeros(0, bool), np.zeros(0), 5, by)
        assert np.isnan(found.error) and found.count.tolist() == [0] * 5 and np.isnan(found.share).all()


def test_refused():
    with pytest.raises(DataError, match="2 bins"):
        reliability(np.zeros(3, bool), np.zeros(2), 2)
    with pytest.raises(DataError, match="0 bins"):
        reliability(np.zeros(3, bool), np.zeros(3), 0)
