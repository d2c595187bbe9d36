"""The doors: train, resume, evaluate, and every experiment file."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl
import torch
from hydra import compose, initialize_config_dir
from hydra.errors import ConfigCompositionException, InstantiationException
from omegaconf import DictConfig, OmegaConf, open_dict
from omegaconf.errors import MissingMandatoryValue
from src.eval import CONF, evaluate_run
from src.train import train

from stemwise import configs
from stemwise.callbacks.checkpoints import load_best
from stemwise.errors import DataError, ModelError
from stemwise.export import describe, load
from stemwise.losses import WeightedTerms

ROOT = Path(__file__).resolve().parents[1]
EXPERIMENTS = sorted(path.stem for path in (ROOT / "conf" / "experiment").glob("*.yaml"))
# Small enough for seconds: the nets of the experiments keep their layers, small trains on few, short excerpts.
QUICK = ["loading.excerpt_seconds=1.0", "loading.excerpts=4", "loading.batch_size=2", "loading.valid_excerpts=2",
         "trainer.max_steps=2", "trainer.accelerator=cpu"]  # fmt: skip
SMALL = [*QUICK, "model.net.widths=[8,12,16]", "targets=[vocals,bass,drums]"]


def composed(run: Path, *overrides: str, name: str = "train") -> DictConfig:
    with initialize_config_dir(CONF, version_base="1.3"):
        config = compose(name, overrides=list(overrides))
    with open_dict(config):  # what Hydra fills in when it starts a job
        for group in ("callbacks", "logger"):
            text = OmegaConf.to_yaml(config.get(group, {})).replace("${hydra:runtime.output_dir}", str(run))
            config[group] = OmegaConf.create(text)
    return config


def trained(run: Path, tree: Path, *overrides: str) -> float:
    run.mkdir(parents=True, exist_ok=True)
    return train(composed(run, f"data.root={tree}", *overrides), run)


def weights(run: Path, file: str = "last.ckpt") -> dict[str, torch.Tensor]:
    return torch.load(run / "checkpoints" / file, weights_only=True)["state_dict"]


def test_train_then_evaluate(tree, tmp_path):
    run = tmp_path / "run"
    best = trained(run, tree, *SMALL)
    header = describe(run / "model.safetensors")
    assert header["card"]["validation loss"] == pytest.approx(best)
    assert len(header["gate"]["threshold"]) == 3
    config = OmegaConf.load(run / "config.yaml")
    assert config.model.net.bins == 769 and list(config.model.targets) == ["vocals", "bass", "drums"]
    evaluate_run(composed(run, f"run={run}", name="eval"))
    scores = pd.read_csv(run / "scores.csv", keep_default_na=False, na_values=[""])
    assert set(scores.song) == {"Cyd_Three"} and set(scores.target) == {"vocals", "bass", "drums"}
    rows = {(system, gate) for system, gate in zip(scores.system, scores.gate.fillna(""), strict=True)}
    bounds = {("mixture", ""), ("silence", ""), ("ideal binary mask", ""), ("ideal ratio mask", "")}
    assert rows == bounds | {("train", gate) for gate in ("off", "hard", "soft", "oracle")}
    silent = scores[scores.system == "silence"]
    assert (silent.usdr.abs() < 1e-9).all() and (silent.silence_energy == -80).all()
    mixture = scores[scores.system == "mixture"]
    assert (mixture.silence_energy.abs() < 1e-6).all()
    ideal = scores[scores.system == "ideal ratio mask"].set_index("target")
    assert (ideal.usdr > 10).all()
    summary = json.loads((run / "summary.json").read_text())
    assert summary["facts"]["seed"] == "0" and summary["scores"]
    page = (run / "page.html").read_text()
    assert "Cyd" in page and "audio/mpeg" in page


def test_the_validated_weights_are_the_exported_ones(tree, tmp_path):
    """The exported model, on the validation excerpts and with the loss of the config, gives the logged score."""
    run = tmp_path / "run"
    best = trained(run, tree, *SMALL, "trainer.max_steps=6", "loading.excerpts=4")
    config = configs.read_config(run)
    model = load(run / "model.safetensors").model
    data = configs.make_data(config, model)
    data.setup("fit")
    task = configs.make_task(config, model).eval()
    with torch.no_grad():
        (batch,) = data.val_dataloader()
        assert task.loss(task(batch.mixture), batch)["loss"].item() == pytest.approx(best, rel=1e-5)


def test_stopped_and_resumed_is_the_same_as_undisturbed(tree, tmp_path):
    """Two epochs and two more end at the weights of four, bit for bit."""
    settings = [
        *SMALL,
        "optimizer.scheduler.patience=0",
        "+optimizer.scheduler.threshold=10",
    ]  # cuts the rate each epoch
    trained(tmp_path / "whole", tree, *settings, "trainer.max_steps=8")
    trained(tmp_path / "first", tree, *settings, "trainer.max_steps=4")
    resumed = f"resume={tmp_path / 'first' / 'checkpoints' / 'last.ckpt'}"
    trained(tmp_path / "rest", tree, *settings, "trainer.max_steps=8", resumed)
    whole, rest = weights(tmp_path / "whole"), weights(tmp_path / "rest")
    assert all(torch.equal(whole[name], rest[name]) for name in whole)
    first = weights(tmp_path / "first")
    assert not torch.equal(whole["model.net.to_bands.weight"], first["model.net.to_bands.weight"])


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(tree, tmp_path):
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        trained(tmp_path / name, tree, *SMALL, f"seed={seed}")
    a, b, c = (weights(tmp_path / name) for name in "abc")
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert not torch.equal(a["model.net.to_bands.weight"], c["model.net.to_bands.weight"])


def test_learning_lowers_the_loss(tree, tmp_path):
    run = tmp_path / "run"
    trained(run, tree, *SMALL, "trainer.max_steps=40", "loading.excerpts=8", "optimizer.optimizer.lr=0.003")
    curve = pd.read_csv(run / "log" / "metrics.csv")["train/loss"].dropna().to_numpy()
    assert curve[-3:].mean() < 0.5 * curve[0]


@pytest.mark.parametrize("experiment", EXPERIMENTS)
def test_every_experiment_runs(experiment, tree, tmp_path):
    short = [*QUICK, "loading.batch_size=1", "loading.excerpts=2", "loading.valid_excerpts=1"]
    best = trained(tmp_path / "run", tree, f"experiment={experiment}", *short)
    assert np.isfinite(best) and (tmp_path / "run" / "model.safetensors").is_file()


def test_single_task_leaves_the_activity_head_as_it_was(tree, tmp_path):
    trained(tmp_path / "run", tree, *SMALL, "loss=separation_only", "optimizer.optimizer.weight_decay=0")
    pl.seed_everything(0, workers=True, verbose=False)
    from hydra.utils import instantiate

    fresh = instantiate(composed(tmp_path, f"data.root={tree}", *SMALL).model).state_dict()
    after = weights(tmp_path / "run")
    assert torch.equal(after["model.net.head.3.weight"], fresh["net.head.3.weight"])
    assert not torch.equal(after["model.net.to_masks.weight"], fresh["net.to_masks.weight"])


@pytest.mark.parametrize("override", ["loss.weights.activty=1", "lodaing.seed=1", "model.net.depht=3", "data.rooot=x"])
def test_unknown_keys_are_refused(override, tmp_path):
    with pytest.raises(ConfigCompositionException):
        composed(tmp_path, override)


def test_a_root_must_be_chosen(tmp_path):
    config = composed(tmp_path, "experiment=iass_medley")
    with pytest.raises(MissingMandatoryValue):
        configs.plain(config.data)


def test_a_negative_loss_weight_is_refused_before_training(tree, tmp_path):
    with pytest.raises((ModelError, InstantiationException), match="none may be negative"):
        trained(tmp_path / "run", tree, *SMALL, "loss.weights.activity=-1")


def test_no_epoch_no_model(tree, tmp_path):
    with pytest.raises(ModelError, match="no epoch was validated"):
        trained(tmp_path / "run", tree, *SMALL, "trainer.max_steps=1", "loading.excerpts=8")
    assert not (tmp_path / "run" / "model.safetensors").exists()
    assert isinstance(load_best, object) and WeightedTerms


def test_a_folder_that_is_no_run_raises(tmp_path, home):
    with pytest.raises(DataError, match="not a run folder"):
        evaluate_run(composed(tmp_path, f"run={tmp_path}", name="eval"))
    with pytest.raises(DataError, match="no trained run under"):
        configs.newest_run()


def test_the_door_says_what_is_wrong_in_a_sentence(tmp_path):
    """The whole command, as a user types it, on a folder without songs."""
    shown = subprocess.run(
        [sys.executable, "-m", "src.train", "experiment=iass_medley", f"data.root={tmp_path}"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert shown.returncode == 1 and "Traceback" not in shown.stderr
    assert f"error: MedleyDB: no audio under {tmp_path}" in shown.stderr
