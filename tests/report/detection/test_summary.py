"""The tables against scikit-learn on pandas' own groups, and what they say they left out."""

import json

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, f1_score, label_ranking_average_precision_score, roc_auc_score

from stemwise.report.detection import in_lines, report_detection, summarise_detection, summarise_instruments, tune
from stemwise.report.detection.content import telling_songs
from stemwise.report.detection.measures import MEASURES

from .made_up import INSTRUMENTS, clips

TABLE = clips(songs=14, seconds=30, targets=8)
CUTS = tune(clips(songs=10, seconds=30, targets=8, seed=5))


@pytest.fixture(scope="module")
def summary():
    return summarise_detection(TABLE, CUTS, resamples=300)


def value(table, level, measure):
    return table[(table.level == level) & (table.measure == measure)].iloc[0]


def grouped(length):
    """(group, target) of truth and probability: pandas' maxima; 30, 31 and 32 s leave 0 to 2 s at 5 and 10 s."""
    group = TABLE["second"] // length
    whole = TABLE[group < TABLE.groupby("song")["second"].transform("max").add(1) // length]
    maxima = (
        whole.groupby(["song", whole["second"] // length, "target"])[["truth", "probability"]].max().unstack("target")
    )
    return (maxima["truth"] >= 0.5).to_numpy(), maxima["probability"].to_numpy(), list(maxima["truth"])


@pytest.mark.parametrize(("level", "length"), [("1 s", 1), ("5 s", 5), ("10 s", 10)])
def test_as_scikit_learn_has_it_on_maxima_by_pandas(summary, level, length):
    active, probability, targets = grouped(length)
    both = [place for place in range(8) if 0 < active[:, place].sum() < len(active)]
    auc = [roc_auc_score(active[:, place], probability[:, place]) for place in both]
    precision = [average_precision_score(active[:, place], probability[:, place]) for place in both]
    some = active.any(axis=1)
    called = [probability[:, place] > CUTS[level][target] for place, target in enumerate(targets)]
    f1 = [f1_score(active[:, place], called[place]) for place in range(8) if active[:, place].any()]
    wanted = {
        "auc": np.mean(auc),
        "average_precision": np.mean(precision),
        "lrap": label_ranking_average_precision_score(active[some], probability[some]),
        "f1": np.mean(f1),
    }
    assert {name: value(summary, level, name).value for name in wanted} == pytest.approx(wanted, abs=1e-12)
    row = value(summary, level, "lrap")
    assert (row.clips, row.left_out) == (some.sum(), (~some).sum())
    assert value(summary, level, "auc").targets == len(both)


def test_every_level_and_measure_has_a_line_with_its_interval(summary):
    assert len(summary) == 4 * len(MEASURES)
    here = summary[summary.level != "song"]
    assert ((here.low <= here.high) & (here.low > 0) & (here.high <= 1)).all()
    assert (summary.songs == 14).all() and (summary[summary.measure == "lrap"].draws == 300).all()
    assert value(summary, "1 s", "lrap").left_out > 0


def test_what_is_left_out_is_counted():
    """Piano never plays, drums always do, and of the first song nothing is known."""
    table = TABLE.copy()
    table.loc[table.target == "piano", "truth"] = 0.0
    table.loc[table.target == "drum set", "truth"] = 1.0
    table.loc[table.song == "Band_Song00", "truth"] = np.nan
    found = summarise_detection(table, levels={"1 s": 1}, resamples=50).set_index("measure")
    assert found.loc["auc", ["targets", "targets_left_out"]].tolist() == [6, 2]
    assert found.loc["f1", ["targets", "targets_left_out"]].tolist() == [7, 1]
    assert (found["left_out"] == 30).all() and (found["songs"] == 13).all()
    instruments = summarise_instruments(table, resamples=50).set_index("target")
    piano, drums = instruments.loc["piano"], instruments.loc["drum set"]
    assert np.isnan([piano.auc, piano.f1, drums.auc, piano.auc_low]).all() and drums.recall < 1
    assert (piano.active_share, drums.active_share, piano.songs, piano.songs_active) == (0, 1, 13, 0)


def test_instruments_are_their_own_clips():
    found = summarise_instruments(TABLE, CUTS, resamples=100).set_index("target")
    assert list(found.index) == list(INSTRUMENTS[:8])
    for target, lines in TABLE.groupby("target"):
        active = lines.truth >= 0.5
        row = found.loc[target]
        assert row.auc == pytest.approx(roc_auc_score(active, lines.probability), abs=1e-12)
        assert row.active_share == pytest.approx(active.mean()) and row.threshold == CUTS["1 s"][target]
        assert (row.clips, row.clips_active, row.songs) == (len(lines), active.sum(), 14)
        assert row.songs_active == lines[active].song.nunique()


def test_lines_for_a_terminal(summary):
    lines = in_lines(summary)
    auc = value(summary, "1 s", "auc")
    assert len(lines) == 4 and f"ROC AUC {auc.value:.3f} [{auc.low:.3f}, {auc.high:.3f}]" in lines[0]
    assert f"{value(summary, '1 s', 'lrap').left_out} without an active target" in lines[0]


def test_one_song_has_figures_without_intervals():
    table = TABLE[TABLE.song == "Band_Song03"]
    found = summarise_detection(table, resamples=50)
    assert np.isnan(found.low).all() and not np.isnan(value(found, "1 s", "auc").value)
    assert "[" not in in_lines(found)[0] and "n/a" in in_lines(found)[3]


def test_the_report_warns_of_what_its_figures_cannot_say():
    table = TABLE.copy()
    table.loc[table.target == "piano", "truth"] = 0.1
    table.loc[(table.target == "synthesizer") & (table.song != "Band_Song01"), "truth"] = 0.1
    table.loc[(table.target == "synthesizer") & (table.song == "Band_Song01"), "truth"] = 0.9
    table.loc[table.target == "drum set", "truth"] = 1.0
    table.loc[table.song == "Band_Song00", "truth"] = np.nan
    said = report_detection(table, 0.5, resamples=20).cautions
    assert [sentence.split(":")[0][:24] for sentence in said] == [
        "The thresholds are the s", "Never known to be active", "Active in every second, ", "In fewer than 3 songs, s",
        "Of 6.9 % of clips × targ",
    ]  # fmt: skip
    assert "piano" in said[1] and "drum set" in said[2] and "synthesizer" in said[3]
    assert not report_detection(clips(songs=40, seconds=6, targets=3), CUTS, resamples=20).cautions


def test_the_report_is_fit_for_json():
    table = TABLE.copy()
    table.loc[table.target == "piano", "truth"] = np.nan
    found = report_detection(table, CUTS, resamples=20)
    back = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert back["confused"]["piano"]["false_positive_clips"] == 0
    assert set(back["confused"]["piano"]["missed"].values()) == {None}
    assert back["instruments"][6]["auc"] is None and 0 < back["calibration_error"] < 0.3


def test_songs_to_tell_of_go_from_the_best_to_the_worst():
    report = report_detection(TABLE, resamples=2)
    found, clips = report.found, report.clips
    means = {}
    for number, song in enumerate(found.songs):
        lines = TABLE[TABLE.song == song].pivot(index="second", columns="target", values=["truth", "probability"])
        active = (lines["truth"] >= 0.5).to_numpy()
        some = active.any(axis=1)
        means[number] = label_ranking_average_precision_score(active[some], lines["probability"].to_numpy()[some])
    ordered = sorted(means, key=means.get, reverse=True)
    best, middle, worst = telling_songs(clips, 3)
    assert (best, worst) == (ordered[0], ordered[-1]) and middle in ordered[5:9]
    assert telling_songs(clips, 50) == ordered
