"""Draws as weights equal songs copied and scored by scikit-learn; intervals cover; tests keep their promise."""

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, label_ranking_average_precision_score, roc_auc_score

from stemwise.errors import DataError
from stemwise.metrics import Clips
from stemwise.metrics.detection import (
    difference,
    draws_of,
    macro,
    macro_figure,
    over_seeds,
    same_truth,
    target_figures,
    weights_of,
)  # fmt: skip
from stemwise.metrics.detection.bootstrap import LEAST_DRAWS

from .made_up import clips

CUTS = np.array([0.4, 0.5, 0.6, 0.5])


def test_a_draw_is_songs_copied(rng):
    found = clips(rng, unknown=0.1, ties=True)
    weights = weights_of(found, 20, seed=3)
    assert (weights[0] == 1).all() and (weights.sum(axis=1) == found.song_count).all()
    drawn = draws_of(found, CUTS, weights)
    for draw in (0, 1, 7, 20):
        rows = np.repeat(np.arange(len(found.songs)), weights[draw, found.songs].astype(int))
        for target in range(4):
            mine = rows[found.known[rows, target]]
            active, probability = found.active[mine, target], found.probability[mine, target]
            wanted = {
                "auc": roc_auc_score(active, probability),
                "average_precision": average_precision_score(active, probability),
                "f1": f1_score(active, probability > CUTS[target]),
            }
            assert {name: drawn[name][draw, target] for name in wanted} == pytest.approx(wanted, abs=1e-12)


def test_lrap_of_a_draw_is_of_songs_copied(rng):
    found = clips(rng)
    weights = weights_of(found, 5)
    drawn = draws_of(found, 0.5, weights)["lrap"]
    for draw in range(6):
        rows = np.repeat(np.arange(len(found.songs)), weights[draw, found.songs].astype(int))
        rows = rows[found.active[rows].any(axis=1)]
        wanted = label_ranking_average_precision_score(found.active[rows], found.probability[rows])
        assert drawn[draw, 0] == pytest.approx(wanted, abs=1e-12)


def test_the_mean_is_over_targets_that_have_a_figure_as_the_songs_are_and_in_the_draw():
    nan = np.nan
    drawn = np.array([[0.8, 0.6, nan], [0.7, nan, nan], [0.5, 0.7, 0.9], [nan, nan, 0.3]])
    assert macro(drawn).tolist() == pytest.approx([0.7, 0.7, 0.6, nan], nan_ok=True)
    figure = macro_figure(np.concatenate([drawn, np.tile(drawn[2:], (500, 1))]))
    assert (figure.value, figure.low, figure.targets, figure.draws) == (pytest.approx(0.7), 0.6, 2, 502)
    assert np.isnan(macro(np.full((3, 2), nan))).all()


def test_too_few_draws_with_a_figure_give_no_interval():
    drawn = np.full((2001, 1), np.nan)
    drawn[:LEAST_DRAWS, 0] = 0.5  # the songs as they are, and one draw too few
    assert np.isnan(macro_figure(drawn).low) and macro_figure(drawn).value == 0.5


def test_one_song_has_figures_and_no_interval(rng):
    found = clips(rng, songs=1, length=40)
    figure = macro_figure(draws_of(found, 0.5, weights_of(found))["auc"])
    assert 0.5 < figure.value < 1 and np.isnan([figure.low, figure.high]).all() and figure.draws == 0


def test_a_target_needs_two_songs_with_it_and_two_in_which_it_rests():
    truth = np.array([[1, 1, 1], [0, 0, 0], [0, 1, 1], [0, 0, 1], [0, 0, 1]], float)
    found = Clips.of(truth, np.linspace(0.9, 0.1, 15).reshape(5, 3), [0, 0, 1, 1, 2])
    figures = target_figures(draws_of(found, 0.5, weights_of(found, 500))["auc"], found)
    assert [np.isnan(figure.low) for figure in figures] == [True, False, True]
    assert not np.isnan([figure.value for figure in figures]).any()


def test_the_interval_covers_what_more_songs_show():
    """Of 60 sets of 25 songs, 95 % intervals of the macro AUC hold the figure of 2,000 songs about as often."""
    rng = np.random.default_rng(5)
    truth = clips(rng, songs=2000, skill=0.6)
    wanted = macro(draws_of(truth, 0.5, np.ones((1, 2000)))["auc"])[0]
    inside = 0
    for _ in range(60):
        found = clips(rng, songs=25, skill=0.6)
        figure = macro_figure(draws_of(found, 0.5, weights_of(found, 300))["auc"])
        inside += figure.low <= wanted <= figure.high
    assert 50 <= inside < 60


def two(rng, songs, better=0.0):
    """Two systems on the same songs, each with moods of its own in every song; the macro AUC of each in every draw."""
    sizes = np.full(songs, 20)
    song = np.repeat(np.arange(songs), sizes)
    truth = (rng.random((len(song), 3)) < rng.random((songs, 3))[song]).astype(float)
    made = []
    for gain in (better, 0.0):
        mood = rng.normal(0, 1, (songs, 3))[song]
        logit = (1.5 + gain) * (truth - 0.5) + mood + rng.normal(0, 1, truth.shape)
        found = Clips.of(truth, 1 / (1 + np.exp(-logit)), song)
        made.append(macro(draws_of(found, 0.5, weights_of(found, 200))["auc"]))
    return made


def test_systems_that_do_not_differ_are_rarely_told_apart():
    """5 % is promised; 300 pairs may have up to 8 % by chance."""
    rng = np.random.default_rng(11)
    ps = [difference(*two(rng, 12), songs=12).p for _ in range(300)]
    assert 0.01 < np.mean(np.array(ps) < 0.05) < 0.08


def test_systems_that_differ_are_told_apart(rng):
    found = difference(*two(rng, 30, better=1.5), songs=30)
    assert found.p < 0.01 and 0 < found.low < found.value < found.high and found.why == ""
    back = difference(*two(np.random.default_rng(7), 30, better=1.5)[::-1], songs=30)
    assert back.value == pytest.approx(-found.value) and back.p == pytest.approx(found.p)


def test_rare_targets_do_not_make_systems_look_apart_or_draws_few():
    """Twelve targets, half of them in one song or two of 14: no draw is lost, and the spread over draws is about that
    of the difference over sets of songs."""
    rng = np.random.default_rng(3)
    values, spreads = [], []
    for _ in range(60):
        song = np.repeat(np.arange(14), 15)
        there = rng.random((14, 12)) < np.repeat([0.5, 0.1], 6)
        there[rng.integers(0, 14, 12), np.arange(12)] = True
        truth = (there[song] & (rng.random((len(song), 12)) < 0.6)).astype(float)
        figures = []
        for _ in range(2):
            logit = 1.5 * truth + rng.normal(0, 1, (14, 12))[song] + rng.normal(0, 1, truth.shape)
            found = Clips.of(truth, 1 / (1 + np.exp(-logit)), song)
            figures.append(macro(draws_of(found, 0.5, weights_of(found, 150))["auc"]))
        assert not np.isnan(figures).any()
        values.append(figures[0][0] - figures[1][0])
        spreads.append((figures[0] - figures[1])[1:].std())
    assert 0.75 < np.mean(spreads) / np.std(values) < 1.25


def test_seeds_are_averaged_before_songs_are_compared(rng):
    one, other = two(rng, 10)
    assert np.array_equal(over_seeds([one, other]), (one + other) / 2)


def test_no_test_says_why(rng):
    draws = rng.random(301)
    same = difference(draws, draws, songs=10)
    assert same.value == 0 and np.isnan(same.p) and "the same difference" in same.why
    few = difference(draws, rng.random(301), songs=5)
    assert np.isnan(few.p) and few.why == "5 songs; a test needs 6" and few.low < few.high
    none = difference(draws[:1], draws[:1] / 2, songs=1)
    assert np.isnan([none.low, none.p]).all() and "too few" in none.why and none.value == draws[0] / 2


def test_other_clips_or_labels_are_refused(rng):
    one = clips(rng)
    same_truth(one, Clips(one.active, one.known, one.probability / 2, one.songs), "a against b")
    flipped = one.active.copy()
    flipped[3, 1] ^= True
    with pytest.raises(DataError, match=r"a against b: 1 of .* labels differ"):
        same_truth(one, Clips(flipped, one.known, one.probability, one.songs), "a against b")
    with pytest.raises(DataError, match="Score the same songs"):
        same_truth(one, clips(rng, songs=7), "a against b")
