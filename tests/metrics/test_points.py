"""Figures over songs × targets: against numpy, closed forms and the bootstrap of songs."""

import warnings

import numpy as np
import pytest

from stemwise.metrics import bootstrap_interval, figure_over_points, slope_over_points


@pytest.fixture(autouse=True)
def no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.parametrize("statistic", ["mean", "median"])
def test_one_point_a_song_is_the_bootstrap_over_songs(rng, statistic):
    values = np.append(rng.normal(size=20), np.nan)
    found = figure_over_points(values, np.arange(21), statistic)
    known = values[:-1]
    assert found[0] == pytest.approx(getattr(np, statistic)(known))
    assert found[1:] == pytest.approx(bootstrap_interval(known, statistic))


@pytest.mark.parametrize("statistic", ["mean", "median"])
def test_points_of_a_song_are_drawn_together(rng, statistic):
    """Ten equal points a song know no more than one."""
    values = rng.normal(size=15)
    songs = np.arange(15)
    once = figure_over_points(values, songs, statistic)
    often = figure_over_points(np.repeat(values, 10), np.repeat(songs, 10), statistic)
    assert often == pytest.approx(once)
    apart = figure_over_points(np.repeat(values, 10), np.arange(150), statistic)
    assert apart[2] - apart[1] < 0.6 * (once[2] - once[1])


def test_medians_of_draws_are_those_of_numpy(rng):
    values, songs = rng.normal(size=24), np.repeat(np.arange(8), 3)
    drawn = np.random.default_rng(0).integers(0, 8, (300, 8))
    medians = [np.median(np.concatenate([values[songs == song] for song in draw])) for draw in drawn]
    low, high = np.quantile(medians, 0.025, method="lower"), np.quantile(medians, 0.975, method="higher")
    assert figure_over_points(values, songs, "median", resamples=300)[1:] == pytest.approx((low, high))


def test_slope_is_that_of_least_squares(rng):
    x, songs = rng.uniform(size=60), np.repeat(np.arange(20), 3)
    y = 2 - 3 * x + rng.normal(0, 0.3, 60)
    slope, low, high = slope_over_points(x, y, songs)
    assert slope == pytest.approx(np.polyfit(x, y, 1)[0])
    drawn = np.random.default_rng(0).integers(0, 20, (2000, 20))
    places = [np.concatenate([np.flatnonzero(songs == song) for song in draw]) for draw in drawn[:200]]
    slopes = [np.polyfit(x[place], y[place], 1)[0] for place in places]
    expected = slope_over_points(x, y, songs, resamples=200)[1:]
    assert expected == pytest.approx((np.sort(slopes)[4], np.sort(slopes)[195]))  # 2.5 % of 199 steps
    assert low < -3 < high and low < slope < high


def test_within_groups_what_groups_are_plays_no_part(rng):
    """Two targets: one always plays more and scores less; within either, playing more changes nothing."""
    group = np.tile([0, 1], 30)
    songs = np.repeat(np.arange(30), 2)
    x = np.where(group == 1, 0.9, 0.3) + rng.uniform(-0.1, 0.1, 60)
    y = np.where(group == 1, -2.0, 0.0)
    assert slope_over_points(x, y, songs)[0] < -2
    assert slope_over_points(x, y, songs, group) == pytest.approx((0, 0, 0), abs=1e-9)
    design = np.stack([x, group == 0, group == 1], axis=1).astype(float)
    noisy = y + rng.normal(size=60)
    dummies = np.linalg.lstsq(design, noisy, rcond=None)[0][0]
    assert slope_over_points(x, noisy, songs, group)[0] == pytest.approx(dummies)


def test_the_interval_of_a_slope_covers_it_about_as_often_as_it_says(rng):
    hits = 0
    for _ in range(200):
        song = np.repeat(rng.normal(size=30), 4)
        x = rng.uniform(size=120)
        y = x + song + rng.normal(size=120)
        low, high = slope_over_points(x, y, np.repeat(np.arange(30), 4), resamples=200)[1:]
        hits += low < 1 < high
    assert 0.86 < hits / 200 <= 1  # 0.95 - 4 standard errors and a little less for few songs


def test_what_cannot_be_known_is_nan():
    x, y, songs = np.array([0.1, 0.5, 0.9]), np.array([1.0, 2.0, 3.0]), np.array([0, 0, 0])
    slope, *interval = slope_over_points(x, y, songs)  # one song
    assert slope == pytest.approx(2.5) and np.isnan(interval).all()
    assert np.isnan(slope_over_points(np.full(3, 0.5), y, np.arange(3))).all()
    assert np.isnan(slope_over_points(x, np.full(3, np.nan), songs)).all()
    assert np.isnan(figure_over_points(np.array([np.nan]), np.array([0]))).all()
    assert np.isnan(figure_over_points(np.array([1.0, np.inf]), np.array([0, 1]))).all()
    assert figure_over_points(np.array([1.0, np.inf]), np.array([0, 1]), "median")[0] == np.inf
    assert figure_over_points(np.array([4.0]), np.array([0]))[0] == 4
