"""Systems against each other: figures by hand and by scipy, seeds, families, activity, and what is refused."""

import warnings

import numpy as np
import pandas
import pytest
from scipy.stats import wilcoxon

from stemwise.errors import DataError
from stemwise.metrics import bootstrap_interval, holm
from stemwise.report.by_activity import BINS, bin_of, by_activity
from stemwise.report.comparison import compare, family
from stemwise.report.differences import differences
from stemwise.report.systems import cautions, gather
from stemwise.report.tables import summarise

from .made_up import other_training, scores

MINE = scores(songs=20)
UMX = other_training(MINE, "umx", gain=-0.6)
KEYS = ["song", "target"]


@pytest.fixture(autouse=True)
def no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def line_of(table, target, measure="usdr"):
    found = table[(table.target == target) & (table.measure == measure)]
    assert len(found) == 1
    return found.iloc[0]


def figures(table, target, column="usdr", gate="off"):
    """(song,) of the model, songs with the target."""
    models = table[table.system.isin(["iass", "umx"]) & (table.gate == gate) & table.present]
    return models[models.target == target].set_index("song")[column].sort_index()


def test_a_target_by_hand_and_by_scipy():
    line = line_of(compare({"a": MINE, "b": UMX}), "drums")
    mine, theirs = figures(MINE, "drums"), figures(UMX, "drums")
    apart = (mine - theirs).to_numpy()
    assert (line.figure, line.against_figure) == pytest.approx((mine.mean(), theirs.mean()))
    assert line.difference == pytest.approx(apart.mean()) and line.songs == len(apart) < 20
    assert (line.low, line.high) == pytest.approx(bootstrap_interval(apart))
    assert line.p == pytest.approx(wilcoxon(mine, theirs).pvalue)
    assert line.d_z == pytest.approx(apart.mean() / apart.std(ddof=1))
    assert (line.better, line.worse) == ((apart > 0).mean(), (apart < 0).mean())
    assert (line.system, line.gate, line.against, line.against_gate, line.why) == ("a", "off", "b", "off", "")


def test_all_targets_have_the_figures_of_the_tables_and_test_the_means_of_songs():
    table = compare({"a": MINE, "b": UMX})
    models = [scored[scored.system.isin(["iass", "umx"]) & (scored.gate == "off")] for scored in (MINE, UMX)]
    summaries = [summarise(model, resamples=2).iloc[0] for model in models]
    for column in ("usdr", "csdr"):
        line = line_of(table, "all", column)
        assert [line.figure, line.against_figure] == pytest.approx([summary[column] for summary in summaries])
        songs = pandas.concat([figures(MINE, t, column) - figures(UMX, t, column) for t in ("vocals", "drums", "bass")])
        means = songs.groupby(level=0).mean()
        assert line.p == pytest.approx(wilcoxon(means).pvalue) and line.songs == len(means)
    usdr = line_of(table, "all")
    assert usdr.difference == pytest.approx(usdr.figure - usdr.against_figure)


def test_it_agrees_with_the_differences_on_the_page_of_a_run():
    mine = compare({"hard": MINE, "open": MINE}, gates={"hard": "hard"}, measures=["usdr", "silence_energy"])
    page = differences(MINE)
    for line in mine.to_dict("records"):
        theirs = page[(page.measure == line["measure"]) & (page.target == line["target"])].iloc[0]
        assert line["difference"] == pytest.approx(theirs.difference)
        assert (line["low"], line["high"]) == pytest.approx((theirs.low, theirs.high))


def test_where_lower_is_better_a_negative_difference_is():
    line = line_of(compare({"hard": MINE, "open": MINE}, gates={"hard": "hard"}), "vocals", "silence_energy")
    assert line.difference < -30 and line.rank_biserial == -1 and (line.better, line.worse) == (1, 0)


def test_seeds_are_averaged_song_by_song_and_their_spread_is_told():
    seeds = [other_training(MINE, "umx", gain=-0.5, noise=1, seed=seed) for seed in range(3)]
    averaged = seeds[0].copy()
    for column in ("usdr", "csdr", "csdr_common", "silence_energy", "auc"):
        averaged[column] = np.mean([seed[column] for seed in seeds], axis=0)
    together, by_hand = compare({"a": MINE, "b": seeds}), compare({"a": MINE, "b": averaged})
    same = ["figure", "against_figure", "difference", "low", "high", "p", "d_z", "better", "songs"]
    pandas.testing.assert_frame_equal(together[same], by_hand[same])
    line = line_of(together, "bass")
    own = [figures(seed, "bass").mean() for seed in seeds]
    assert line.against_spread == pytest.approx(np.std(own, ddof=1)) and line.against_seeds == 3
    assert np.isnan(line.spread) and line.seeds == 1
    alone = [compare({"a": MINE, "b": seed}) for seed in seeds]
    means = [line_of(one, "all").against_figure for one in alone]
    assert line_of(together, "all").against_spread == pytest.approx(np.std(means, ddof=1))


def test_a_song_that_one_seed_has_no_figure_for_is_left_out():
    lame = UMX.copy()
    song = figures(UMX, "drums").index[0]
    lame.loc[(lame.song == song) & (lame.target == "drums"), "csdr"] = np.nan
    whole, less = (line_of(compare({"a": MINE, "b": seeds}), "drums", "csdr") for seeds in ([UMX], [UMX, lame]))
    assert less.songs == whole.songs - 1
    others = figures(MINE, "drums", "csdr").drop(song)
    assert less.figure == pytest.approx(others.median())


def test_holm_covers_the_whole_table_and_says_so():
    table = compare({"a": MINE, "b": UMX, "c": other_training(MINE, "c", seed=3)})
    assert len(table) == 3 * 5 * 4  # pairs × measures × targets with 'all'
    np.testing.assert_array_equal(table.p_holm, holm(table.p))
    same = table.p.isna()  # silence energy and AUC are those of one model here
    assert set(table[same].measure) == {"silence_energy", "auc"} and same.sum() == 3 * 2 * 4
    assert "more are equal; a test needs 6" in table[same].why.iloc[0]
    assert family(table) == (
        "Holm's correction over all 36 tests of this table (3 pairs × 5 measures × 4 targets with 'all'; 24 of their "
        "lines have too few songs that differ for a test)."
    )
    assert (table.p_holm.dropna() >= table.p.dropna()).all()


def test_a_measure_that_is_named_twice_is_tested_once():
    table, twice = (compare({"a": MINE, "b": UMX}, measures=["usdr"] * times) for times in (1, 2))
    pandas.testing.assert_frame_equal(table, twice)


def test_five_songs_get_no_p():
    few = scores(songs=5)
    table = compare({"a": few, "b": other_training(few, "b")})
    assert table.p.isna().all() and table.p_holm.isna().all() and table.difference.notna().all()
    assert "a test needs 6" in line_of(table, "all").why


def test_a_baseline_takes_all_others_and_may_be_a_bound():
    three = {"a": MINE, "b": UMX, "c": other_training(MINE, "c")}
    pairs = compare(three, baseline="b", measures=["usdr"])[["system", "against"]].drop_duplicates()
    assert pairs.to_numpy().tolist() == [["a", "b"], ["c", "b"]]
    silence = compare({"a": MINE}, baseline="silence", measures=["usdr"])
    line = line_of(silence, "vocals")
    assert line.difference == pytest.approx(figures(MINE, "vocals").mean()) and line.against_figure == 0


def test_infinite_figures_are_ranks():
    """SI-SDR of silence is −∞: any model is better, by a difference that has no mean."""
    line = line_of(compare({"a": MINE}, baseline="silence", measures=["si_sdr"]), "vocals", "si_sdr")
    assert line.difference == np.inf and line.rank_biserial == 1 and line.p < 0.01 and np.isnan(line.d_z)


def test_shares_fall_into_their_bins():
    shares = np.array([0, 1e-9, 0.25, 0.25 + 1e-9, 0.5, 0.75, 0.750001, 1, np.nan])
    assert bin_of(shares)[:-1].tolist() == [0, 1, 1, 2, 2, 3, 4, 4] and np.isnan(bin_of(shares)[-1])


def test_bins_and_slopes_find_what_activity_does():
    busy = other_training(MINE, "umx", gain=-1, slope=2, noise=0.2)
    bins, slopes = by_activity({"a": MINE, "b": busy}, measures=["usdr"])
    keys = MINE[(MINE.system == "iass") & (MINE.gate == "off") & MINE.present].set_index(KEYS)
    other = busy[(busy.system == "umx") & (busy.gate == "off") & busy.present].set_index(KEYS)
    apart, share = keys.usdr - other.usdr, keys.active_share
    for line in bins.to_dict("records"):
        place = BINS.index(line["active"])
        inside = apart[(share > (place - 1) / 4) & (share <= place / 4)]
        assert line["difference"] == pytest.approx(inside.mean()) and line["points"] == len(inside)
        assert line["songs"] == inside.index.get_level_values("song").nunique()
    assert bins.points.sum() == len(apart)
    assert list(slopes.of) == ["all points", "within targets"]
    assert slopes.slope.iloc[0] == pytest.approx(np.polyfit(share, apart, 1)[0])
    assert (slopes.low < -2).all() and (slopes.high > -2).all() and (slopes.high < -1).all()


def test_where_activity_does_nothing_the_interval_says_so():
    _, slopes = by_activity({"a": MINE, "b": UMX}, measures=["usdr"])
    assert (slopes.low < 0).all() and (slopes.high > 0).all()


def test_scores_without_shares_are_compared_all_the_same():
    old = [table.drop(columns="active_share") for table in (MINE, UMX)]
    bins, slopes = by_activity({"a": old[0], "b": old[1]})
    assert bins.empty and slopes.empty and len(compare({"a": old[0], "b": old[1]})) == 20
    assert any("Score again" in said for said in cautions(gather({"a": old[0], "b": old[1]})))


def test_cautions_name_other_sound_gates_and_single_trainings():
    louder = UMX.copy()
    louder.loc[louder.system == "mixture", "usdr"] += 0.5
    said = cautions(gather({"a": [MINE, MINE], "b": [UMX, louder]}))
    assert len(said) == 1 and "up to 0.50 dB apart" in said[0]
    said = cautions(gather({"a": MINE, "b": [UMX, UMX]}, gates="hard"))
    assert len(said) == 2 and "One training each of a:" in said[0] and "closes scores 0 dB" in said[1]


def test_what_cannot_be_compared_is_said():
    fewer = UMX[UMX.song != "song01"]
    both = pandas.concat([MINE, UMX[UMX.system == "umx"]])
    cases = [
        ({"a": MINE, "b": fewer}, {}, r"b was scored on other songs or targets than a: 3 differ, first bass of song01"),
        ({"a": [MINE, fewer.replace("umx", "iass")], "b": UMX}, {}, "a was scored on other songs"),
        ({"silence": MINE, "b": UMX}, {}, "names a bound"),
        ({"a": both, "b": UMX}, {}, "a: the scores hold iass, umx; one model"),
        ({"a": MINE[MINE.system == "mixture"], "b": UMX}, {}, "hold no model"),
        (
            {"a": MINE, "b": UMX[UMX.gate != "hard"]},
            {"gates": "hard"},
            "b has no scores of gate 'hard', but of off, soft",
        ),
        ({"a": MINE, "b": UMX}, {"gates": {"c": "hard"}}, "A gate is set for c, but the systems are a, b"),
        ({"a": MINE, "b": UMX}, {"baseline": "c"}, "baseline c: choose one of a, b, mixture"),
        ({"a": MINE, "b": UMX}, {"measures": ["lost_pooled"]}, "measure lost_pooled: choose of usdr"),
        ({"a": MINE}, {}, "a alone cannot be compared"),
        ({"a": MINE}, {"baseline": "a"}, "a alone cannot be compared"),
        ({"a": [], "b": UMX}, {}, "a has no runs"),
        ({}, {}, "no systems"),
    ]
    for given, how, message in cases:
        with pytest.raises(DataError, match=message):
            compare(given, **how)


def test_systems_without_a_common_song_give_an_empty_table():
    none = UMX.assign(usdr=np.nan)
    table = compare({"a": MINE, "b": none}, measures=["usdr"])
    assert table.empty and family(table).startswith("No tests")
