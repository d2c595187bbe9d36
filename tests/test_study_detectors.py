"""What the study keeps and says of detectors."""

import json

import numpy as np
import pandas as pd
import pytest

from stemwise.errors import DataError
from stemwise.evaluation.table import write_scores
from stemwise.report.detection import summarise_detection, tune
from stemwise.study import detection_blocks
from stemwise.study.clips import clips_of, thresholds_of
from stemwise.study.kept import Kept
from stemwise.study.tables import keep, logits_of, probabilities_of, read_table
from tests.report.detection.made_up import clips

SMALL = {"songs": 6, "seconds": 20, "targets": 5}


def write_run(folder, system, table, seed=0):
    facts = {"name": system, "seed": str(seed), "thresholds": json.dumps(tune(table)), "training": "5 steps, 1 s"}
    write_scores(folder / "detections.parquet", table, facts)
    keep(folder / "detections.parquet", folder / "results" / f"{system}_s{seed}" / "clips.parquet", {"system": system})


@pytest.fixture
def kept(tmp_path):
    for seed in (0, 1):
        write_run(tmp_path, "good", clips(**SMALL, skill=2.2, net=seed), seed)
        write_run(tmp_path, "poor", clips(**SMALL, skill=0.3, net=seed + 5), seed)
    return Kept(tmp_path / "results")


def test_the_truth_is_kept_once_and_the_scores_are_the_same(kept):
    (first, second) = clips_of(kept, "clips", ("good",))["good"]
    was = clips(**SMALL, skill=2.2, net=0)
    assert list(read_table(kept.folder / "good_s0" / "clips.parquet")) == ["logit"]
    pd.testing.assert_series_equal(first["truth"], second["truth"])
    np.testing.assert_allclose(first["probability"], was["probability"], rtol=5.1e-3)
    found, expected = (summarise_detection(table, 0.5, resamples=50) for table in (first, was))
    np.testing.assert_allclose(found["value"], expected["value"], atol=5e-4)
    assert thresholds_of(kept, "clips")["good"][0] == tune(was)


def test_other_labels_are_refused(kept, tmp_path):
    with pytest.raises(DataError, match="labels of other seconds"):
        write_run(tmp_path, "other", clips(**{**SMALL, "songs": 5}))
    with pytest.raises(DataError, match="labels of other seconds, or other labels"):
        write_run(tmp_path, "other", clips(**SMALL, seed=3))


def test_a_table_of_other_seconds_is_noticed(kept):
    path = kept.folder / "good_s0" / "clips.parquet"
    table = read_table(path).iloc[:-1]
    write_scores(path, table, {"system": "good"})
    with pytest.raises(DataError, match="but the truth of"):
        clips_of(kept, "clips")


def test_blocks_say_what_the_tables_hold(kept):
    said = detection_blocks.levels(kept, "clips", ("good", "poor"))
    assert said.count("\n") == 1 + 4 * 2 and "| good | 1 s | 2 | 0.9" in said
    apart = detection_blocks.differences(kept, "clips", [("good", "poor"), ("good", "gone")])
    line = next(line for line in apart.split("\n") if "good − poor | 1 s | ROC AUC" in line)
    assert float(line.split("|")[4].split("[")[0]) > 0.1
    each = detection_blocks.instruments(kept, "clips", "poor")
    assert each.count("\n") == 1 + 5 and "| drum set | " in each
    pair = ("drum set", "electric bass")
    confused = detection_blocks.confused(kept, "clips", "poor", [pair])
    assert "| drum set | " in confused and " | electric bass | " in confused and confused.count("%") >= 2


def test_all_are_held_against_the_first_separator_once_it_is_there(kept):
    def minus(separators, name):
        said = detection_blocks.transfer(kept, "clips", separators, "clips", names)
        (line,) = [line for line in said.split("\n") if f"| {name} | 1 s | ROC AUC" in line]
        return line.split("|")[5].split("[")[0].strip()

    names = ("good",)
    assert minus(("poor", "good", "gone"), "poor") == "" and float(minus(("poor", "good"), "good")) > 0.1
    assert detection_blocks.transfer(kept, "clips", ("gone", "poor"), "clips", names) == "Not run yet."


def test_hearing_longer_is_held_against_the_same_net_over_the_second(kept, tmp_path):
    """The poor net's answers of the one question are the good net's of the other: what is told apart is known."""
    better = clips(**SMALL, skill=2.2, net=0)
    facts = {"name": "poor", "seed": "0", "thresholds": json.dumps(tune(better)), "training": "5 steps, 1 s"}
    write_scores(tmp_path / "longer.parquet", better, facts)
    keep(tmp_path / "longer.parquet", kept.folder / "poor_s0" / "longer.parquet", {"system": "poor"})
    said = detection_blocks.heard_longer(kept, ("longer", "clips"), ("good", "poor"))
    lines = [line.split("|")[1:-1] for line in said.split("\n")[2:]]
    assert {line[0].strip() for line in lines} == {"poor"}, "the other was asked one question only"
    auc = next(line for line in lines if line[1].strip() == "1 s" and line[2].strip() == "ROC AUC")
    tables = (better, *clips_of(kept, "clips", ("poor",))["poor"])
    longer, *seeds = (summarise_detection(table, 0.5, resamples=0) for table in tables)
    value = [float(found.query("level == '1 s' and measure == 'auc'").value.iloc[0]) for found in (longer, *seeds)]
    assert float(auc[3].split("[")[0]) == pytest.approx(value[0] - np.mean(value[1:]), abs=2e-3)


def test_what_is_not_there_is_said(tmp_path):
    empty = Kept(tmp_path)
    said = [
        detection_blocks.levels(empty, "clips", ("a", "b")),
        detection_blocks.differences(empty, "clips", [("a", "b")]),
        detection_blocks.instruments(empty, "clips", "a"),
        detection_blocks.confused(empty, "clips", "a"),
        detection_blocks.transfer(empty, "clips", ("iass", "other"), "iass_clips", ("a",)),
    ]
    assert set(said) == {"Not run yet."}


def test_a_net_that_is_sure_of_itself_loses_no_order():
    """Rounded to three digits, everything above 0.9995 would be one; a net of large logits has much there."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 6, 5000)
    kept = probabilities_of(logits_of(1 / (1 + np.exp(-logits))))
    inside = np.abs(logits) < 16
    np.testing.assert_allclose(np.log(kept / (1 - kept))[inside], logits[inside], atol=0.0051)
    assert probabilities_of(logits_of(np.array([0.0, 0.5, 1.0]))).tolist() == pytest.approx(
        [1e-7, 0.5, 1 - 1e-7], rel=0.01
    )
