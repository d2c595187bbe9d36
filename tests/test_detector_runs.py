"""What runs of detectors share with those of separators: compared, asked other questions, logged, swept."""

import csv
import json
import re
import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.metrics import roc_auc_score
from src.eval import evaluate_run

from stemwise.activity import LABEL_HOP, RATE
from stemwise.detector import Detector
from stemwise.errors import DataError, ModelError
from stemwise.evaluation.heard import read_clips
from stemwise.experiment import configs, detection_scores, runs
from stemwise.export import load
from stemwise.report.detection import summarise_detection
from stemwise.report.detection.compared import compare_heard
from stemwise.separator import Separator
from tests.report.test_page import Parts
from tests.test_cli import stemwise
from tests.test_dashboards import tensorboard_events, wandb_records
from tests.test_detection_training import HEARD
from tests.test_sweeps import table
from tests.test_train import SMALL, composed, door, trained
from tests.trees import make_tree


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """Songs of 10 s: where an instrument rests for a quarter of 4 s, no whole second is without it."""
    return make_tree(tmp_path_factory.mktemp("songs") / "Tree", seconds=10.0)


@pytest.fixture(scope="module")
def once(tree, tmp_path_factory):
    """A detector, trained once for all tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STEMWISE_HOME", str(tmp_path_factory.mktemp("home")))
        run = tmp_path_factory.mktemp("trained") / "iad"
        trained(run, tree, *HEARD)
    return run


@pytest.fixture
def run(once, tmp_path):
    return shutil.copytree(once, tmp_path / "iad")


def scored(run, *words: str):
    return evaluate_run(composed(run, f"run={run}", *words, name="eval"))


def test_detectors_are_compared_by_the_command_and_against_each_other(tree, run, tmp_path):
    shutil.copytree(run, tmp_path / "s0")
    trained(tmp_path / "s1", tree, *HEARD, "seed=1")
    shutil.copytree(run, tmp_path / "s2")
    scored(tmp_path / "s1", "report=false")
    with pytest.raises(DataError, match=r"s2: no detections\.parquet.*python -m src\.eval run="):
        scored(tmp_path / "s0", f"against=[{tmp_path / 's2'}]")
    assert not (tmp_path / "s0" / "detections.parquet").exists(), "it listened first"
    out = scored(tmp_path / "s0", f"against=[{tmp_path / 's1'}]", f"out={tmp_path / 'both'}")
    found = json.loads((out / "summary.json").read_text())["comparison"]
    assert [system["name"] for system in found["systems"]] == ["iad_cnn", "s1"]  # both trainings are called iad_cnn
    own = [summarise_detection(pd.read_parquet(path / "detections.parquet")) for path in (out, tmp_path / "s1")]
    values = [line[(line.level == "1 s") & (line.measure == "auc")].value.item() for line in own]
    (line,) = [line for line in found["differences"] if (line["level"], line["measure"]) == ("1 s", "auc")]
    assert line["difference"] == pytest.approx(values[0] - values[1])
    page = (out / "page.html").read_text()
    assert "iad_cnn against s1" in page and "Each instrument" in page
    assert not (tmp_path / "s0" / "log" / "scores.csv").exists(), "the table of a comparison is not that of the run"

    for seed in (0, 2):
        scored(tmp_path / f"s{seed}", "report=false")
    said = stemwise("compare", f"cnn={tmp_path}/s0,{tmp_path}/s1", str(tmp_path / "s2"), "--out", str(tmp_path / "out"))
    assert "cnn against s2" in said and "standard deviation over 2 seeds at 1 s ROC AUC" in said
    read = json.loads((tmp_path / "out" / "compare.json").read_text())
    assert [len(system["runs"]) for system in read["systems"]] == [2, 1] and read["songs"] == ["Cyd_Three"]
    (mean,) = [line["value"] for line in read["figures"] if (line["system"], line["level"], line["measure"]) ==
               ("cnn", "1 s", "auc")]  # fmt: skip
    assert mean == pytest.approx(np.mean(values)) and len(read["instruments"]) == 2 * 18
    assert {"levels.png", "differences.png", "instruments.png"} == {
        file.name for file in (tmp_path / "out" / "compare_figures").iterdir()
    }
    assert len(pd.read_parquet(tmp_path / "out" / "compare.parquet")) == 4 * 4


def test_a_separator_is_scored_by_seconds_and_held_against_a_detector(tree, run, tmp_path):
    mine, theirs = tmp_path / "iass", run
    trained(mine, tree, *SMALL)
    scored(theirs, "report=false")
    scored(mine, "report=false")
    said = stemwise("compare", str(mine), str(theirs), code=1)
    assert f"python -m src.eval run={mine} clips=true" in said
    scored(mine, "clips=true", "estimates_gb=0.1")
    exported = load(mine / "model.safetensors")
    (song,) = configs.make_data(composed(mine, f"data.root={tree}", *SMALL), exported.model).prepared("test").values()
    mixture = np.asarray(song.audio).sum(axis=0)
    _, probability = Separator(exported.model).estimate(mixture)
    wide = pd.read_parquet(mine / "detections.parquet").pivot(index="target", columns="second")
    frames = np.arange(probability.shape[1]) / exported.model.frame_rate
    times = np.arange(song.activity.shape[1]) * LABEL_HOP / RATE
    for second in range(10):
        names = list(exported.model.targets)
        for column, values, at in (("probability", probability, frames), ("truth", np.asarray(song.activity), times)):
            highest = values[:, (at >= second) & (at < second + 1)].max(axis=1)
            np.testing.assert_allclose(wide[column][second].loc[names], highest, atol=1e-5, err_msg=column)
    heard = read_clips(mine / "detections.parquet")
    assert heard.thresholds == dict(zip(names, exported.gate.threshold, strict=True))
    summary = json.loads((mine / "summary.json").read_text())
    assert summary["scores"] and {line["level"] for line in summary["detection"]["levels"]} > {"1 s", "song"}
    assert "Confusion" in (mine / "seconds.html").read_text() and (mine / "page.html").is_file()

    said = stemwise("compare", str(mine), str(theirs), "--out", str(tmp_path / "out"))
    assert "iad is heard as the targets of iass" in said and "vocals (male singer, female singer, vocalists)" in said
    read = json.loads((tmp_path / "out" / "compare.json").read_text())
    assert read["targets"] == ["vocals", "bass", "drums"]
    assert {line["measure"] for line in read["differences"]} == {"auc", "lrap", "average_precision"}
    detector = pd.read_parquet(theirs / "detections.parquet").pivot(index="second", columns="target")["probability"]
    truth, bass = heard.clips.query("target == 'bass'").truth >= 0.5, detector[["electric bass", "double bass"]]
    found = compare_heard({"iass": [heard], "iad": [read_clips(theirs / "detections.parquet")]}, resamples=10)
    line = found.instruments.query("target == 'bass' and system == 'iad'").iloc[0]
    assert line.auc == pytest.approx(roc_auc_score(truth, bass.max(axis=1)))
    out = scored(theirs, f"against=[{mine}]", f"out={tmp_path / 'against'}", "report=false")
    assert json.loads((out / "summary.json").read_text())["comparison"]["targets"] == ["vocals", "bass", "drums"]


def test_a_new_model_keeps_no_scores_of_the_old_one(run):
    scored(run)
    made = {path.name for path in run.iterdir()} - {"log"}
    runs.drop_scores(run)
    kept = {"config.yaml", "splits.json", "environment.json", "model.safetensors", "checkpoints"}
    assert {path.name for path in run.iterdir()} - {"log"} == kept and len(made - kept) >= 7


def test_what_hears_nothing_has_no_seconds(tree, tmp_path):
    run = tmp_path / "run"
    trained(run, tree, *(w for w in SMALL if "widths" not in w), "model=open_unmix_small", "loss=magnitude_only",
            "model.net.hidden=16")  # fmt: skip
    with pytest.raises(ModelError, match="clips=true: this run separates and says nothing of activity"):
        scored(run, "clips=true")
    with pytest.raises(ModelError, match="context=song: this run separates"):
        scored(run, "context=song")
    assert not (run / "scores.parquet").exists()


def test_other_questions_get_other_folders(run, tmp_path):
    other = make_tree(tmp_path / "other", seconds=6.5)
    asked = {
        ("part=valid",): ("eval_part-valid", {"Bob_Two"}, 10),
        ("part=train", "limit=1", "device=cpu"): ("eval_part-train_limit-1", {"Ann_One"}, 10),
        (f"root={other}", "shared=allow"): (r"eval_root-other-[0-9a-f]{6}", {"Ann_One", "Bob_Two", "Cyd_Three"}, 6),
        ("context=song", "report_songs=1"): ("eval_context-song", {"Cyd_Three"}, 10),
        ("gate=hard", "gate.threshold=0.9"): ("eval_gate-hard-threshold-0.9", {"Cyd_Three"}, 10),
    }
    for words, (folder, songs, seconds) in asked.items():
        out = scored(run, *words)
        assert out.parent == run and re.fullmatch(folder, out.name)
        clips = pd.read_parquet(out / "detections.parquet")
        assert set(clips.song) == songs and clips.second.max() == seconds - 1
        assert (out / "page.html").is_file() and (out / "confusion.png").is_file()
    facts = json.loads((run / "eval_context-song" / "summary.json").read_text())["facts"]
    assert facts["context"] == "the whole song, 600 s at most; its own is 1 s"
    thresholds = json.loads((run / "eval_gate-hard-threshold-0.9" / "summary.json").read_text())["detection"]
    assert {line["threshold"] for line in thresholds["instruments"]} == {0.9}
    assert not (run / "detections.parquet").exists() and not (run / "log" / "scores.csv").exists()
    with pytest.raises(DataError, match="were in the run's training"):
        scored(run, f"root={other}")
    with pytest.raises(ModelError, match="gate=soft: a detector has thresholds alone"):
        scored(run, "gate=soft")
    for word in ("context=0", "context=1.5", "context=album"):
        with pytest.raises(ModelError, match="a context of"):
            scored(run, word)
    with pytest.raises(ModelError, match="device 'gpu' is not to be had"):
        scored(run, "device=gpu")


def test_processes_that_are_not_used_are_said(run, caplog):
    with caplog.at_level("WARNING", logger="stemwise"):
        scored(run, "report=false")
        assert not [line for line in caplog.messages if "processes" in line]
        scored(run, "report=false", "processes=2")
    assert "processes=2 means nothing here: a detector hears one song after the other" in caplog.messages


def test_as_many_songs_have_lanes_as_asked(tree, run):
    for count in (0, 1, 3):
        parts = Parts((scored(run, f"root={tree}", "shared=allow", f"report_songs={count}") / "page.html").read_text())
        lanes = [attributes for tag, attributes in parts.tags if tag == "img" and "over the song" in attributes["alt"]]
        assert len(lanes) == count


def test_a_song_heard_at_once_is_scored_so(tree, tmp_path):
    run = tmp_path / "run"
    trained(run, tree, *HEARD, "model=iad_crnn", "model.net.hidden=8", "model.context_seconds=2.0")
    clips = pd.read_parquet(scored(run, "context=song", "report=false") / "detections.parquet")
    exported = load(run / "model.safetensors")
    data = configs.make_data(composed(run, f"data.root={tree}", *HEARD), exported.model)
    (song,) = data.prepared("test").values()
    mixture = torch.from_numpy(np.asarray(song.audio).sum(axis=0))[None, :, : 10 * exported.model.sample_rate]
    with torch.inference_mode():
        whole = torch.sigmoid(exported.model.estimate(mixture).activity)[0].numpy()
    wide = clips.pivot(index="target", columns="second", values="probability").loc[list(exported.model.targets)]
    np.testing.assert_allclose(wide, whole, atol=1e-5)
    own = pd.read_parquet(scored(run, "report=false") / "detections.parquet")
    assert not np.allclose(own.probability, clips.probability, atol=1e-4)


def test_windows_of_half_a_second_are_scored_by_seconds(tree, tmp_path):
    run = tmp_path / "run"
    trained(run, tree, *HEARD, "model.window_seconds=0.5", "model.mel.hop=160", "model.context_seconds=0.5")
    scored(run, "report=false")
    clips = pd.read_parquet(run / "detections.parquet")
    assert clips.second.unique().tolist() == [*range(10)]
    exported = load(run / "model.safetensors")
    data = configs.make_data(composed(run, f"data.root={tree}", *HEARD), exported.model)
    (song,) = data.prepared("test").values()
    halves = Detector(exported.model).detect(np.asarray(song.audio).sum(axis=0)).probability
    wide = clips.pivot(index="target", columns="second", values="probability").loc[list(exported.model.targets)]
    np.testing.assert_allclose(wide, np.maximum(halves[:, :20:2], halves[:, 1:20:2]), atol=1e-6)


def test_windows_that_make_no_seconds_are_refused_before_anything_is_learned_or_heard(tree, run, tmp_path):
    words = [*HEARD, "model.window_seconds=2.0", "model.net.frames=100", "model.context_seconds=2.0"]
    with pytest.raises(ModelError, match=r"windows of 2 s: detectors are scored by seconds.*model\.window_seconds"):
        trained(tmp_path / "run", tree, *words)
    assert not (tmp_path / "run" / "checkpoints").exists()
    exported = load(run / "model.safetensors")
    exported.model.window *= 2
    with pytest.raises(ModelError, match="windows of 2 s"):
        detection_scores.check(composed(tmp_path, name="eval"), exported)


def test_every_log_holds_the_figures_the_table_and_the_pictures(tree, tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_SILENT", "true")
    run = tmp_path / "run"
    trained(run, tree, *HEARD, "logger=[wandb,tensorboard]", "objective=val/lrap")
    scored(run, "report=false")
    with (run / "log" / "scores.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0][:3] == ["level", "ROC AUC", "LRAP"] and [row[0] for row in rows[1:]] == [
        "1 s",
        "5 s",
        "10 s",
        "song",
    ]
    levels = json.loads((run / "summary.json").read_text())["detection"]["levels"]
    (auc,) = [line["value"] for line in levels if (line["level"], line["measure"]) == ("1 s", "auc")]
    assert float(rows[1][1]) == round(auc, 3)
    events = tensorboard_events(run)
    assert {"val/activity", "best/lrap", "best/auc"} <= events["scalars"].keys()
    assert {"test/confusion", "test/instruments"} == events["images"].keys() and "scores/text_summary" in events[
        "tensors"
    ]
    logged = {"/".join(i.nested_key) or i.key for record in wandb_records(run) for i in record.history.item}
    assert {"scores", "test/confusion", "test/instruments", "best/lrap"} <= {name.split("/_")[0] for name in logged}


def test_a_search_for_detectors_goes_by_their_figures(tree, home):
    words = ["-m", "sweep=detector", *(word for word in HEARD if "excerpt_seconds" not in word), f"data.root={tree}"]
    words += ["hydra.sweeper.n_trials=2", "model.context_seconds=choice(1.0,2.0)"]
    door("train", *words)
    sweep = home / "runs" / "iad_cnn" / "sweep_detector"
    jobs = table(sweep)
    assert set(jobs.index) == {"0", "1"} and jobs["val/auc"].is_monotonic_decreasing and (sweep / "sweep.png").is_file()
    assert {"val/lrap", "loading.balance", "loss.terms.activity.threshold"} <= set(jobs.columns)
    assert "higher is better" in (sweep / "sweep.html").read_text()
    shown = stemwise("sweep", str(sweep), "--by", "val/lrap")
    assert "val/lrap" in shown and "val/auc" in shown
