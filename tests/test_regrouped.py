"""Runs that hear other targets brought to common ones; and the file that says what they are."""

import json

import numpy as np
import pandas as pd
import pytest

from stemwise import taxonomy
from stemwise.errors import DataError
from stemwise.evaluation.heard import Heard, holds_clips, read_clips, write_clips
from stemwise.evaluation.regrouped import common, grouping, regrouped
from stemwise.evaluation.table import NAME, read_scores, write_scores
from stemwise.report.detection import tune
from stemwise.report.detection.compared import compare_heard
from tests.report.detection.made_up import clips

IAD, MMS, MUSDB = (taxonomy.targets(name) for name in ("iad", "mms", "musdb"))


def heard(table: pd.DataFrame, targets=IAD, thresholds=None, **facts: str) -> Heard:
    return Heard(table, facts, thresholds, targets)


def separator(seconds=30, songs=8, seed=0) -> Heard:
    """Six targets at random, on the songs of `clips`."""
    rng = np.random.default_rng(seed)
    spans = [(f"Band_Song{song:02d}", second) for song in range(songs) for second in range(seconds + song % 3)]
    rows = [(song, second, target) for song, second in spans for target in MMS.names]
    table = pd.DataFrame(rows, columns=["song", "second", "target"])
    return heard(table.assign(truth=rng.random(len(rows)), probability=rng.random(len(rows))), MMS)


def test_instruments_belong_to_the_target_that_has_all_their_labels():
    assert grouping(IAD, MMS) == {
        "vocals": ["male singer", "female singer", "vocalists"],
        "electric guitar": ["distorted electric guitar", "clean electric guitar"],
        "acoustic guitar": ["acoustic guitar"],
        "piano": ["piano"],
        "bass": ["electric bass", "double bass"],
        "drums": ["drum set", "drum machine"],
    }
    assert grouping(MMS, IAD) == {"acoustic guitar": ["acoustic guitar"]}, "a tack piano is no piano of the 18"
    assert grouping(IAD, MUSDB)["drums"] == ["drum set", "drum machine", "tambourine"]
    assert "violin" in grouping(IAD, MUSDB)["other"], "what no other group names"
    assert grouping(MUSDB, MMS) == {"vocals": ["vocals"], "bass": ["bass"]}, "MUSDB's drums have tambourines"
    some = taxonomy.targets("mms", ["bass", "vocals"])
    assert list(grouping(IAD, some)) == ["bass", "vocals"]


def test_the_highest_of_a_group_counts_and_the_truth_is_the_other_runs():
    mine, theirs = clips(songs=8, seconds=30), separator()
    groups = grouping(IAD, MMS)
    found = regrouped(mine, groups, theirs.clips)
    key = ["song", "second", "target"]
    wide = mine.pivot(index=["song", "second"], columns="target", values="probability")
    for target, names in groups.items():
        part = found[found.target == target].set_index(["song", "second"]).probability
        pd.testing.assert_series_equal(part, wide[names].max(axis=1).loc[part.index], check_names=False)
    pd.testing.assert_frame_equal(found[[*key, "truth"]], theirs.clips[[*key, "truth"]])


def test_runs_meet_on_the_targets_that_most_of_them_fit_into():
    both = common({"iad": [heard(clips(songs=8, seconds=30))], "iass": [separator()]})
    assert both.like == "iass" and both.groups["iad"]["bass"] == ["electric bass", "double bass"]
    assert {run.clips.target.nunique() for runs in both.runs.values() for run in runs} == {6}
    alike = {"a": [separator()], "b": [separator(seed=1)]}
    assert common(alike).like == ""
    few = taxonomy.targets("mms", ["piano", "bass"])
    table = separator(seed=2).clips
    three = common({"iad": [heard(clips(songs=8, seconds=30))], "iass": [separator()],
                    "two": [heard(table[table.target.isin(few.names)], few)]})  # fmt: skip
    assert three.like == "two" and set(three.groups) == {"iad", "iass"}
    assert all(set(run.clips.target) == {"piano", "bass"} for runs in three.runs.values() for run in runs)
    violin = taxonomy.targets("iad", ["violin"])
    alone = clips(songs=8, seconds=30)
    with pytest.raises(DataError, match="iass and violin have no targets in common"):
        common({"iass": [separator()], "violin": [heard(alone[alone.target == "violin"], violin)]})


def test_a_song_may_end_a_second_sooner_but_not_more():
    long, table = clips(songs=3, seconds=12), clips(songs=3, seconds=12)
    short = table[(table.song != "Band_Song01") | (table.second < 12)]
    both = common({"a": [heard(long)], "b": [heard(short)]})
    assert {len(run.clips) for runs in both.runs.values() for run in runs} == {len(short)}
    with pytest.raises(DataError, match="b against a: Band_Song01 ends at 9 s and at 12 s"):
        common({"a": [heard(long)], "b": [heard(table[(table.song != "Band_Song01") | (table.second < 10)])]})
    with pytest.raises(DataError, match="b against a: other songs, Band_Song01"):
        common({"a": [heard(long)], "b": [heard(table[table.song != "Band_Song01"])]})


def test_what_was_regrouped_is_said_and_thresholds_play_no_part():
    mine, theirs = heard(clips(songs=8, seconds=30), thresholds=tune(clips(seconds=20)), seed="0"), separator()
    found = compare_heard({"iad": [mine], "iass": [theirs]}, resamples=50)
    assert set(found.systems.measure) == {"auc", "lrap", "average_precision"} and found.targets == MMS.names
    said = " ".join(found.cautions)
    assert "iad is heard as the targets of iass" in said and "bass (electric bass, double bass)" in said
    assert "Left out: synthesizer," in said and "What truly plays is what iass was scored on" in said
    with pytest.raises(DataError, match="measure f1: the thresholds of iad are of other targets than those of iass"):
        compare_heard({"iad": [mine], "iass": [theirs]}, measures=["f1"])


def test_what_thresholds_were_is_said():
    tables = [clips(songs=8, seconds=20, net=net) for net in range(3)]
    by_level, alike = tune(clips(songs=8, seconds=20, seed=7)), dict.fromkeys(IAD.names, 0.3)
    runs = {"a": [heard(tables[0], thresholds=by_level)], "b": [heard(tables[1], thresholds=alike)],
            "c": [heard(tables[2], seed="1"), heard(tables[0], seed="1")]}  # fmt: skip
    found = compare_heard(runs, baseline="a", measures=["f1"], resamples=20)
    said = " ".join(found.cautions)
    assert (
        "F1 of c is at the threshold 0.5" in said and "F1 of b is at thresholds that are the same at all levels" in said
    )
    assert "Runs of c share the seed 1" in said and found.pairs == [("b", "a"), ("c", "a")]


def test_the_file_says_all_that_a_comparison_asks(tmp_path):
    table = clips(songs=2, seconds=5, targets=3)
    names = taxonomy.targets("iad", list(dict.fromkeys(table.target)))
    whole = heard(table, names, {"1 s": {"drum set": 0.25}}, name="iad", seed="3")
    write_clips(tmp_path / "detections.parquet", whole)
    back = read_clips(tmp_path / "detections.parquet")
    pd.testing.assert_frame_equal(back.clips, table)
    assert (back.facts, back.thresholds, back.targets) == (whole.facts, whole.thresholds, names)
    write_scores(tmp_path / "old.parquet", table, {})
    facts = read_scores(tmp_path / "detections.parquet")[1]
    assert json.loads(facts["thresholds"]) == whole.thresholds and facts["name"] == "iad"
    old = read_clips(tmp_path / "old.parquet")  # one that says nothing of these
    assert old.thresholds is None and old.targets.names == names.names and old.targets.labels == names.labels
    own = taxonomy.Targets(("kalimba",), (frozenset(),))
    write_scores(tmp_path / "own.parquet", table[table.target == "drum set"].assign(target="kalimba"), {})
    assert read_clips(tmp_path / "own.parquet").targets == own and grouping(own, MMS) == {}
    write_scores(tmp_path / NAME, pd.DataFrame({"song": ["a"], "usdr": [1.0]}), {})
    (tmp_path / "broken.parquet").write_bytes(b"PAR1")
    found = [holds_clips(tmp_path / name) for name in ("old.parquet", NAME, "broken.parquet", "none.parquet")]
    assert found == [True, False, False, False]
    with pytest.raises(DataError, match="no scores to read"):
        read_clips(tmp_path / "none.parquet")
