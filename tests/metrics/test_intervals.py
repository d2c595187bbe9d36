"""Bootstrap intervals against theory, and where they cannot exist."""

import warnings

import numpy as np
import pytest
from scipy.stats import bootstrap

from stemwise.metrics import bootstrap_interval, bootstrap_ratio


def test_width_is_that_of_the_normal_approximation(rng):
    values = rng.normal(5, 2, size=400)
    low, high = bootstrap_interval(values)
    expected = 1.96 * values.std() / np.sqrt(len(values))
    assert (high - low) / 2 == pytest.approx(expected, rel=0.08)  # 2000 resamples: the tails are known to some 3 %
    assert (high + low) / 2 == pytest.approx(values.mean(), abs=0.1 * expected)


@pytest.mark.parametrize("statistic", ["mean", "median"])
def test_agrees_with_scipy(rng, statistic):
    values = rng.exponential(size=60)
    theirs = bootstrap((values,), getattr(np, statistic), method="percentile", n_resamples=5000, rng=1)
    ours = bootstrap_interval(values, statistic, resamples=5000)
    np.testing.assert_allclose(ours, theirs.confidence_interval, atol=0.04)


def test_covers_the_true_mean_about_as_often_as_it_says(rng):
    intervals = [bootstrap_interval(rng.normal(size=50), level=0.8, resamples=200) for _ in range(300)]
    share = np.mean([low < 0 < high for low, high in intervals])
    assert 0.70 < share < 0.88  # 0.8 ± 4 standard errors, and a little less for few songs


def test_same_seed_same_interval_and_nan_left_out(rng):
    values = rng.normal(size=20)
    with_gaps = np.insert(values, [0, 7, 20], np.nan)
    assert bootstrap_interval(values) == bootstrap_interval(with_gaps)
    assert bootstrap_interval(values) != bootstrap_interval(values, seed=1)


def test_a_wider_level_is_a_wider_interval(rng):
    values = rng.normal(size=20)
    narrow, wide = bootstrap_interval(values, level=0.5), bootstrap_interval(values, level=0.99)
    assert wide[0] < narrow[0] < values.mean() < narrow[1] < wide[1]


@pytest.mark.parametrize("values", [[], [1.0], [1.0, np.nan], [np.nan, np.nan]])
def test_fewer_than_two_songs_have_no_interval(values):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert np.isnan(bootstrap_interval(np.array(values))).all()
        assert np.isnan(bootstrap_interval(np.array(values), "median")).all()


def test_infinite_values_are_ranks_for_a_median():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert bootstrap_interval(np.full(5, -np.inf), "median") == (-np.inf, -np.inf)
        low, high = bootstrap_interval(np.array([-np.inf, 1.0, 2.0, 3.0]), "median")
        assert low == -np.inf
        assert high == 3
        low, high = bootstrap_interval(np.array([-np.inf, 1.0, 2.0, np.inf]), "median")
        assert (low, high) == (-np.inf, np.inf)
        assert np.isnan(bootstrap_interval(np.array([-np.inf, 1.0]))).all()


def test_targets_of_a_song_stay_together(rng):
    """Two targets that cancel in every song: drawn together the mean never moves, drawn apart it would."""
    first = rng.normal(size=30)
    low, high = bootstrap_interval(np.stack([first, -first], axis=1))
    assert (low, high) == pytest.approx((0, 0), abs=1e-12)


def test_one_target_as_a_table_is_the_same_as_a_list(rng):
    values = rng.normal(size=12)
    table = np.stack([values, np.full(12, np.nan)], axis=1)  # a target no song has plays no part
    assert bootstrap_interval(table) == bootstrap_interval(values)


def test_draws_that_miss_a_target_do_not_count():
    table = np.array([[0.0, np.nan], [0.0, np.nan], [0.0, 10.0]])
    assert bootstrap_interval(table) == (5.0, 5.0)


def test_a_ratio_that_every_song_shares_has_no_width_and_others_are_between_the_extremes():
    energy = np.array([1.0, 5.0, 20.0, 3.0])
    assert bootstrap_ratio(energy / 4, energy) == pytest.approx((0.25, 0.25))
    low, high = bootstrap_ratio(energy * np.array([0.1, 0.2, 0.3, 0.4]), energy)
    assert 0.1 <= low < 0.272 < high <= 0.4  # 0.272 is the ratio of the sums
    assert np.isnan(bootstrap_ratio(energy[:1], energy[:1])).all()


def test_draws_without_a_denominator_are_left_out():
    assert bootstrap_ratio(np.array([1.0, 0.0]), np.array([2.0, 0.0])) == (0.5, 0.5)


def test_the_ratio_of_several_targets_is_the_mean_of_theirs():
    """Each song has a fifth of one target and three fifths of the other: so has every draw."""
    whole = np.random.default_rng(0).uniform(1, 9, (12, 2))
    assert bootstrap_ratio(whole * [0.2, 0.6], whole) == pytest.approx((0.4, 0.4))
    uneven = np.random.default_rng(1).uniform(0, 1, (12, 1)) * whole
    for target in range(2):
        alone = bootstrap_ratio(uneven[:, target], whole[:, target])
        assert bootstrap_ratio(uneven[:, [target]], whole[:, [target]]) == pytest.approx(alone)
