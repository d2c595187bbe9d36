"""Paired tests against scipy, closed forms, all sign flips counted, and their promise on data without a difference."""

import itertools
import warnings

import numpy as np
import pytest
from scipy.stats import false_discovery_control, rankdata, ttest_1samp, wilcoxon

from stemwise.metrics import holm, paired_test


@pytest.fixture(autouse=True)
def no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def by_sign_flips(values):
    """Two-sided p of the rank sum, every sign of every difference that is not 0 tried."""
    values = values[values != 0]
    ranks = rankdata(np.abs(values))
    sums = np.array([ranks[list(signs)].sum() for signs in itertools.product([False, True], repeat=len(values))])
    seen = ranks[values > 0].sum()
    return min(1.0, 2 * min((sums <= seen + 1e-9).mean(), (sums >= seen - 1e-9).mean()))


@pytest.mark.parametrize("songs", [6, 8, 10])
def test_p_counts_sign_flips_with_and_without_ties_and_zeros(rng, songs):
    for values in (
        rng.normal(0.5, 1, songs),
        np.insert(rng.normal(0.5, 1, songs), 3, [0.0, np.nan, 0.0]),
        rng.choice([-2.0, -1.0, 1.0, 2.0, 3.0], songs),
    ):
        assert paired_test(values).p == pytest.approx(by_sign_flips(values[~np.isnan(values)]))


def test_all_six_songs_better_is_the_least_that_can_be_found():
    found = paired_test(np.array([0.1, 0.2, 0.3, 0.4, 0.5, 9.0]))
    assert found.p == pytest.approx(2 / 2**6)
    assert (found.rank_biserial, found.above, found.below, found.songs) == (1, 1, 0, 6)


@pytest.mark.parametrize("songs", [20, 120])
def test_p_of_more_songs_is_scipys(rng, songs):
    mine, theirs = rng.normal(0.3, 1, songs), rng.normal(0, 1, songs)
    assert paired_test(mine - theirs).p == wilcoxon(mine, theirs).pvalue


def test_the_normal_approximation_stands_near_the_exact_test(rng):
    values = rng.normal(0.3, 1, 51)
    assert paired_test(values).p == pytest.approx(wilcoxon(values, method="exact").pvalue, rel=0.1)


def test_effect_sizes_by_hand(rng):
    found = paired_test(np.array([1.0, -2.0, 30.0, 40.0, 0.0, np.nan]))
    # ranks 1 to 4 of what is not 0: (1 + 3 + 4 - 2) / 10
    assert found.rank_biserial == pytest.approx(0.6)
    # mean 13.8, squares 1 + 4 + 900 + 1600
    assert found.d_z == pytest.approx(13.8 / np.sqrt((2505 - 5 * 13.8**2) / 4))
    assert (found.above, found.below, found.songs) == (0.6, 0.2, 5)
    values = rng.normal(0.4, 1, 30)
    t = ttest_1samp(values, 0).statistic  # d_z = t / √n
    assert paired_test(values).d_z == pytest.approx(t / np.sqrt(30))
    mirrored = paired_test(-values)
    assert mirrored.rank_biserial == pytest.approx(-paired_test(values).rank_biserial)


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ([], "0 songs differ; a test needs 6"),
        ([np.nan] * 9, "0 songs differ; a test needs 6"),
        ([1.0, 2.0, 3.0, 4.0, 5.0], "5 songs differ; a test needs 6"),
        ([1.0, 0.0, 0.0, 2.0, 0.0, 0.0, 3.0], "3 songs differ, 4 more are equal; a test needs 6"),
        ([0.0] * 12, "0 songs differ, 12 more are equal; a test needs 6"),
    ],
)
def test_too_few_songs_have_a_reason_and_no_p(values, why):
    found = paired_test(np.array(values))
    assert np.isnan(found.p) and found.why == why


def test_equal_and_infinite_differences_have_no_d_z():
    same = paired_test(np.full(8, 0.1))
    assert np.isnan(same.d_z) and same.p == pytest.approx(2 / 2**8)
    endless = paired_test(np.array([-np.inf, -1.0, -2.0, -3.0, -4.0, -5.0, -6.0]))
    assert np.isnan(endless.d_z) and endless.p == pytest.approx(2 / 2**7) and endless.rank_biserial == -1


def test_holm_by_hand():
    # Sorted 0.005, 0.01, 0.03, 0.04: times 4, 3, 2, 1, never falling.
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, 0.005]), [0.03, 0.06, 0.06, 0.02])
    np.testing.assert_allclose(holm([0.5, 0.9]), [1.0, 1.0])
    np.testing.assert_allclose(holm([0.02, np.nan, 0.01]), [0.02, np.nan, 0.02])
    assert holm([]).shape == (0,) and np.isnan(holm([np.nan])).all()


def test_holm_lies_between_bonferroni_and_benjamini_hochberg(rng):
    ps = rng.uniform(0, 0.2, 30)
    corrected = holm(ps)
    assert (corrected <= np.minimum(30 * ps, 1) + 1e-12).all()
    assert (corrected >= false_discovery_control(ps) - 1e-12).all()
    assert (np.diff(corrected[np.argsort(ps)]) >= 0).all()


def test_holm_is_that_of_statsmodels(rng):
    multitest = pytest.importorskip("statsmodels.stats.multitest")
    ps = rng.uniform(0, 0.2, 30)
    np.testing.assert_allclose(holm(ps), multitest.multipletests(ps, method="holm")[1])


def test_without_a_difference_a_family_has_a_false_finding_in_at_most_5_percent():
    """12 songs × 10 targets of no difference, the targets of a song alike: with the correction at most 5 % of families
    have any p below 0.05, without it a third and more."""
    rng = np.random.default_rng(5)
    families = 250
    raw = np.empty((families, 10))
    for row in raw:
        song = rng.normal(size=(12, 1))
        row[:] = [paired_test(column).p for column in (0.5 * song + rng.standard_t(3, (12, 10))).T]
    corrected = np.array([holm(row) for row in raw])
    assert (corrected < 0.05).any(axis=1).mean() <= 0.05
    assert (raw < 0.05).any(axis=1).mean() > 0.2
    assert 0.03 < (raw < 0.05).mean() < 0.06  # a single test keeps its level, and is not idle
