"""-m over weights, thresholds and filters, one after the other and side by side."""

import json

import numpy as np
import pandas as pd
from omegaconf import OmegaConf

from tests.test_train import SMALL, door


def test_sweeps_over_loss_weights_and_over_gates(tree, home):
    door("train", "-m", "sweep=loss", "loss.weights.activity=0.0,2.0", f"data.root={tree}", *SMALL)
    (sweep,) = (home / "runs" / "train").glob("sweep_*")
    weights = [OmegaConf.load(sweep / job / "config.yaml").loss.weights.activity for job in "01"]
    assert weights == [0.0, 2.0] and (sweep / "1" / "model.safetensors").is_file()
    door(
        "eval", "-m", "sweep=gate", "gate=hard", f"run={sweep / '1'}", "gate.threshold=0.0,1.0", "gate.median_seconds=0"
    )
    (sweep,) = (home / "runs").glob("eval/sweep_*")
    tables = [pd.read_parquet(sweep / job / "scores.parquet").query("gate == 'hard'") for job in "01"]
    assert (tables[0].lost_energy == 0).all() and np.allclose(tables[1].lost_energy, 100)


def test_jobs_of_a_sweep_run_side_by_side(tree, home):
    words = ["sweep=loss", "loss.weights.activity=0.0,2.0", "hydra/launcher=parallel", "logger=tensorboard"]
    door("train", "-m", *words, f"data.root={tree}", *SMALL)
    (sweep,) = (home / "runs" / "train").glob("sweep_*")
    assert [OmegaConf.load(sweep / job / "config.yaml").loss.weights.activity for job in "01"] == [0.0, 2.0]
    stamps = {json.loads((sweep / job / "environment.json").read_text())["stamp"] for job in "01"}
    assert len(stamps) == 2 and all(list((sweep / job / "tensorboard").rglob("events.*")) for job in "01")
