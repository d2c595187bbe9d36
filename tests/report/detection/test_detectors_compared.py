"""Detectors against each other: figures are those of the tables, seeds are averaged, families corrected."""

import json

import numpy as np
import pytest

from stemwise.errors import DataError
from stemwise.metrics import holm
from stemwise.report.detection import compare_detection, comparison_in_lines, summarise_detection, tune

from .made_up import clips

LEVELS = {"1 s": 1, "10 s": 10}
BARE = {"songs": 14, "seconds": 30, "targets": 5}
GOOD = [clips(**BARE, skill=1.6, net=net) for net in range(2)]
POOR = clips(**BARE, skill=0.7, net=5)


@pytest.fixture(scope="module")
def found():
    return compare_detection({"cnn": GOOD, "fc": POOR}, levels=LEVELS, resamples=300)


def line(table, **what):
    for column, wanted in what.items():
        table = table[table[column] == wanted]
    assert len(table) == 1
    return table.iloc[0]


def test_figures_are_those_of_the_tables_and_seeds_their_mean(found):
    tables = [summarise_detection(run, levels=LEVELS, resamples=300) for run in (*GOOD, POOR)]
    for level in LEVELS:
        for measure in ("auc", "lrap", "average_precision", "f1"):
            one, two, poor = (line(table, level=level, measure=measure) for table in tables)
            cnn = line(found.systems, level=level, measure=measure, system="cnn")
            fc = line(found.systems, level=level, measure=measure, system="fc")
            assert cnn.value == pytest.approx((one.value + two.value) / 2) and cnn.seeds == 2
            assert cnn.spread == pytest.approx(abs(one.value - two.value) / np.sqrt(2))
            assert (fc.value, fc.low, fc.high) == pytest.approx((poor.value, poor.low, poor.high)) and np.isnan(
                fc.spread
            )
            assert cnn.targets == one.targets and cnn.songs == one.songs
            difference = line(found.differences, level=level, measure=measure)
            assert difference.difference == pytest.approx(cnn.value - fc.value)


def test_a_better_ear_is_found_better_and_corrected_for_all_tests(found):
    auc = line(found.differences, level="1 s", measure="auc")
    assert 0 < auc.low < auc.difference < auc.high and auc.p < auc.p_holm < 0.01
    assert found.differences["p_holm"].to_numpy() == pytest.approx(holm(found.differences["p"].to_numpy()))
    assert "all 8 tests of this table (1 pair × 2 levels × 4 measures)" in found.family
    assert "fc" in found.cautions[0] and "cnn" not in found.cautions[0]


def test_the_same_detector_twice_does_not_differ():
    same = compare_detection({"a": POOR, "b": POOR.copy()}, levels={"1 s": 1}, resamples=50).differences
    assert (same.difference == 0).all() and same.p.isna().all() and same.why.str.contains("the same difference").all()


def test_each_run_has_thresholds_of_its_own():
    cuts = [tune(run) for run in GOOD]
    tuned = compare_detection({"cnn": GOOD, "fc": POOR}, {"cnn": cuts, "fc": [0.5]}, levels={"1 s": 1}, resamples=20)
    f1 = [line(summarise_detection(run, cut, levels={"1 s": 1}, resamples=2), measure="f1").value
          for run, cut in zip(GOOD, cuts, strict=True)]  # fmt: skip
    assert line(tuned.systems, measure="f1", system="cnn").value == pytest.approx(np.mean(f1))
    assert not any("threshold" in sentence for sentence in tuned.cautions)


def test_all_pairs_or_one_against_each():
    three = {"a": POOR, "b": GOOD[0], "c": GOOD[1]}
    how = {"levels": {"song": None}, "measures": ["auc"], "resamples": 20}
    every = compare_detection(three, **how).differences
    assert list(zip(every.system, every.against, strict=True)) == [("a", "b"), ("a", "c"), ("b", "c")]
    some = compare_detection(three, baseline="b", **how).differences
    assert list(zip(some.system, some.against, strict=True)) == [("a", "b"), ("c", "b")]


def test_lines_and_json(found):
    lines = comparison_in_lines(found)
    auc = line(found.differences, level="1 s", measure="auc")
    assert len(lines) == 8 and "ROC AUC" in lines[0] and f"+{auc.difference:.3f} [+{auc.low:.3f}" in lines[0]
    assert json.loads(json.dumps(found.to_json(), allow_nan=False))["figures"][1]["spread"] is None


LABELS = POOR.assign(truth=POOR["truth"].where(POOR["second"] != 4, 1 - POOR["truth"]))


@pytest.mark.parametrize(
    ("systems", "how", "message"),
    [
        ({"a": POOR}, {}, "a alone cannot be compared"),
        ({"a": POOR, "b": []}, {}, "b has no runs"),
        ({"a": POOR, "b": GOOD[0]}, {"baseline": "c"}, "baseline c: choose one of a, b"),
        ({"a": POOR, "b": GOOD[0]}, {"measures": ["precision"]}, "measure precision: choose of auc"),
        ({"a": POOR, "b": GOOD}, {"thresholds": {"a": [0.5], "b": [0.5]}}, "b has 2 runs and thresholds for 1"),
        ({"a": POOR, "b": GOOD[0][GOOD[0].song != "Band_Song02"]}, {}, "b against a: other songs, Band_Song02"),
        ({"a": POOR, "b": GOOD[0][GOOD[0].target != "drum set"]}, {}, "b against a: other targets, drum set"),
        ({"a": POOR, "b": GOOD[0][GOOD[0].second < 20]}, {}, "Score the same songs"),
        ({"a": POOR, "b": GOOD[0].assign(second=GOOD[0].second + 1)}, {}, "other seconds"),
        ({"a": POOR, "b": LABELS}, {}, "labels differ"),
    ],
)
def test_refused(systems, how, message):
    with pytest.raises(DataError, match=message):
        compare_detection(systems, **how)
