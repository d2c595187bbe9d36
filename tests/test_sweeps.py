"""-m over weights, thresholds and filters, one after the other and side by side; a search that goes on."""

import json
import sqlite3
from contextlib import closing

import numpy as np
import pandas as pd
from omegaconf import OmegaConf

from tests.test_train import SMALL, door


def table(sweep) -> pd.DataFrame:
    return pd.read_csv(sweep / "sweep.csv", dtype={"job": str}).set_index("job")


def test_sweeps_over_loss_weights_and_over_gates(tree, home):
    """One of the trainings cannot be; the others are run, and the table says why."""
    shown = door("train", "-m", "sweep=loss", "loss.weights.activity=0.0,-1,2.0", f"data.root={tree}", *SMALL, code=1)
    assert "none may be negative" in shown.stderr and "Traceback" not in shown.stderr
    (sweep,) = (home / "runs" / "train").glob("sweep_*")
    weights = [OmegaConf.load(sweep / job / "config.yaml").loss.weights.activity for job in "02"]
    assert weights == [0.0, 2.0] and (sweep / "2" / "model.safetensors").is_file()
    jobs = table(sweep)
    assert jobs.state.to_dict() == {"0": "ended", "1": "failed", "2": "ended"}
    assert "none may be negative" in jobs.why["1"] and jobs["loss.weights.activity"]["2"] == 2.0
    assert (
        jobs["val/separation"]["2"]
        == json.loads((sweep / "2" / "validation.json").read_text())["figures"]["val/separation"]
    )
    door(
        "eval", "-m", "sweep=gate", "gate=hard", f"run={sweep / '2'}", "gate.threshold=0.0,1.0", "gate.median_seconds=0"
    )
    (sweep,) = (home / "runs").glob("eval/sweep_*")
    tables = [pd.read_parquet(sweep / job / "scores.parquet").query("gate == 'hard'") for job in "01"]
    assert (tables[0].lost_energy == 0).all() and np.allclose(tables[1].lost_energy, 100)
    assert table(sweep).lost_energy.round(6).to_dict() == {"0": 0, "1": 100} and (sweep / "sweep.html").is_file()


def test_a_search_goes_on_where_it_stopped(tree, home):
    """Two trials and one more are three in one study: new settings, new numbers, one question."""
    words = ["-m", "sweep=search", f"data.root={tree}", *SMALL]
    door("train", *words, "hydra.sweeper.n_trials=2")
    sweep = home / "runs" / "train" / "sweep_search"
    first = {job: (sweep / job / "config.yaml").read_text() for job in "01"}
    door("train", *words, "hydra.sweeper.n_trials=3")
    assert first == {job: (sweep / job / "config.yaml").read_text() for job in "01"}  # nothing was written over
    jobs = table(sweep)
    assert set(jobs.index) == {"0", "1", "2"} and jobs["val/usdr"].is_monotonic_decreasing
    assert jobs["optimizer.optimizer.lr"].nunique() == 3  # a sampler of the same seed would propose the first again
    with closing(sqlite3.connect(sweep / "study.db")) as study:
        told = [value for (value,) in study.execute("select value from trial_values order by trial_id")]
    assert told == [json.loads((sweep / job / "validation.json").read_text())["value"] for job in "012"]
    best = OmegaConf.load(sweep / "optimization_results.yaml")
    assert best.best_value == max(told) == jobs["val/usdr"].iloc[0]


def test_jobs_of_a_sweep_run_side_by_side(tree, home):
    words = ["sweep=loss", "loss.weights.activity=0.0,2.0", "hydra/launcher=parallel", "logger=tensorboard"]
    door("train", "-m", *words, f"data.root={tree}", *SMALL)
    (sweep,) = (home / "runs" / "train").glob("sweep_*")
    assert [OmegaConf.load(sweep / job / "config.yaml").loss.weights.activity for job in "01"] == [0.0, 2.0]
    stamps = {json.loads((sweep / job / "environment.json").read_text())["stamp"] for job in "01"}
    assert table(sweep).state.to_dict() == {"0": "ended", "1": "ended"}
    assert len(stamps) == 2 and all(list((sweep / job / "tensorboard").rglob("events.*")) for job in "01")


def test_a_search_of_which_no_trial_came_to_a_figure_says_why(tree, home):
    words = ["-m", "sweep=search", "hydra.sweeper.n_trials=2", f"data.root={tree}/nowhere", *SMALL]
    shown = door("train", *words, code=1)
    assert "none of 2 trials came to a figure; job 0: " in shown.stderr and "sweep.html" in shown.stderr
    assert "nowhere" in shown.stderr and "Traceback" not in shown.stderr
    assert list(table(home / "runs" / "train" / "sweep_search").state) == ["failed", "failed"]
