"""The doors: train, resume, evaluate, and every experiment file."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import pytorch_lightning as pl
import torch
from hydra import compose, initialize_config_dir
from hydra.errors import ConfigCompositionException, InstantiationException
from omegaconf import DictConfig, OmegaConf, open_dict
from src.eval import CONF, evaluate_run
from src.train import train

from stemwise.errors import DataError, ModelError
from stemwise.experiment import configs, runs, separation
from stemwise.export import describe, load
from stemwise.separator import Separator
from tests.sets import overrides

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
            config[group]._set_parent(config)
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
    assert header["card"]["never heard in training"] == []
    config = OmegaConf.load(run / "config.yaml")
    assert config.model.net.bins == 1025 and list(config.model.targets) == ["vocals", "bass", "drums"]
    evaluate_run(composed(run, f"run={run}", name="eval"))
    scores = pd.read_parquet(run / "scores.parquet")
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
    exported = load(run / "model.safetensors")
    config, model = runs.read(run, exported)[0], exported.model
    data = configs.make_data(config, model)
    data.setup("fit")
    task = separation.make_task(config, model).eval()
    with torch.no_grad():
        (batch,) = data.val_dataloader()
        assert task.loss(task(batch.mixture), batch)["loss"].item() == pytest.approx(best, rel=1e-5)


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
def test_every_experiment_runs(experiment, tmp_path):
    """Each on a small tree of the layout that its data has."""
    run, chosen = tmp_path / "run", f"experiment={experiment}"
    reader = composed(run, chosen).data._target_.rpartition(".")[2]
    batch = 2 if experiment.startswith("iad_") else 1  # a batch norm of whole clips needs two
    quick = [word.replace("=1.0", "=4.0") for word in QUICK] if reader == "OpenMic" else QUICK  # labels of whole clips
    words = [chosen, *overrides(reader, tmp_path / "tree"), *quick, f"loading.batch_size={batch}", "loading.excerpts=2"]
    run.mkdir()
    best = train(composed(run, *words, "loading.valid_excerpts=1"), run)
    assert np.isfinite(best) and (run / "model.safetensors").is_file()


def test_single_task_leaves_the_activity_head_as_it_was(tree, tmp_path):
    trained(tmp_path / "run", tree, *SMALL, "loss=separation_only", "optimizer.optimizer.weight_decay=0")
    pl.seed_everything(0, workers=True, verbose=False)
    from hydra.utils import instantiate

    fresh = instantiate(composed(tmp_path, f"data.root={tree}", *SMALL).model).state_dict()
    after = weights(tmp_path / "run")
    assert torch.equal(after["model.net.head.body.0.weight"], fresh["net.head.body.0.weight"])
    assert not torch.equal(after["model.net.to_masks.weight"], fresh["net.to_masks.weight"])


def test_a_net_without_activity_is_trained_scored_and_never_gated(tree, tmp_path):
    run = tmp_path / "run"
    small = ["model=open_unmix_small", "model.net.hidden=16", "loss=magnitude_only", "targets=[vocals,bass]"]
    trained(run, tree, *QUICK, *small, "gate=hard")
    evaluate_run(composed(run, f"run={run}", name="eval"))
    scores = pd.read_parquet(run / "scores.parquet")
    own = scores[scores.system == "train"]
    assert set(own.gate) == {"off", "oracle"}
    assert own.auc.isna().all() and own.usdr.notna().any()
    with pytest.raises(InstantiationException, match="does not give"):
        trained(tmp_path / "no", tree, *QUICK, *small, "loss=multitask")


def test_activity_that_is_not_learned_is_none(tree, tmp_path, caplog):
    """An untrained head says chance: no gate goes by it, no score and no file calls it activity."""
    run = tmp_path / "run"
    trained(run, tree, *SMALL, "loss=separation_only", "gate=hard")
    exported = load(run / "model.safetensors")
    assert exported.model.outputs == {"stems", "mask"} and exported.gate.threshold == 0.5, "nothing to choose it by"
    evaluate_run(composed(run, f"run={run}", name="eval"))
    own = pd.read_parquet(run / "scores.parquet").query("system == 'train'")
    assert set(own.gate) == {"off", "oracle"} and own.auc.isna().all() and own.usdr.notna().any()
    song = Separator(exported.model, exported.gate).separate(np.ones((1, 20_000), np.float32))
    assert song.probability is None and (song.gate == 1).all()
    with pytest.raises(ModelError, match="objective=auc: this training gives"):
        trained(tmp_path / "no", tree, *SMALL, "loss=separation_only", "objective=auc")
    trained(tmp_path / "heard", tree, *SMALL, "loss.weights.separation=0")
    assert load(tmp_path / "heard" / "model.safetensors").model.outputs == {"stems", "mask", "activity"}
    assert "nothing is learned of the stems" in caplog.text


@pytest.mark.parametrize("override", ["loss.weights.activty=1", "lodaing.seed=1", "model.net.depht=3", "data.rooot=x"])
def test_unknown_keys_are_refused(override, tmp_path):
    with pytest.raises(ConfigCompositionException):
        composed(tmp_path, override)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["experiment=iass_medley"], "error: data.root must be chosen, as in data.root=..."),
        (["experiment=iass_mms"], "error: data.medleydb must be chosen, as in data.medleydb=..."),
        (["experiment=iass_musdb", "data.root={tree}"], "MUSDB18-HQ: no songs under"),
        (["data.root={tree}", "targets=[pianos]"], "error: targets 'mms' have no 'pianos'"),
        (["data.root={tree}", "loss.weights.activity=-1"], "none may be negative"),
        (["data.root={tree}", "model=iass", "model.net.targets=1"], "Iass has 1 outputs for 6 targets"),
        (["data.root={tree}", "optimizer=one_cycle"], "set trainer.max_steps"),
        (["data.root={tree}", "loading.excerpts=4"], "do not fill one batch of loading.batch_size=8"),
        (["data.root={tree}", "gate.kind=loud"], "gate 'loud' is unknown"),
        (["data.root={tree}", "targets=[piano,piano]"], "'piano' stands there twice"),
        (["data.root={tree}", "loading.valid_excerpts=0"], "loading.valid_excerpts=0: give 1 or more"),
        (["data.root={tree}", "loading.workers=-1"], "loading.workers=-1: give 0 or more"),
        (["data.root={tree}", "loading.excerpt_seconds=0"], "loading.excerpt_seconds=0: give a number above 0"),
        (["data.root={tree}", "loading.excerpt_seconds=-1"], "loading.excerpt_seconds=-1: give a number above 0"),
        (["data.root={tree}", "loading.hours=nan"], "loading.hours=nan: give a number above 0"),
        (["data.root={tree}", "loading.augmentation.gain=2"], "loading.augmentation.gain=2: give the lowest"),
        (["data.root={tree}", "loading.augmentation.gain=[1.25,0.25]"], "give the lowest and the highest"),
        (["data.root={tree}", "loading.augmentation.remix=2"], "remix=2: give a share from 0 to 1"),
        (["data.root={tree}", "loading.augmentation.remix=null"], "remix=None: give a share from 0 to 1"),
        (["data.root={tree}", "loading.augmentation.gain=null"], "gain=None: give the lowest and the highest"),
        (["data.root={tree}", "loading.augmentation.gain=[0,null]"], "give the lowest and the highest"),
        (["data.root={tree}", "loading.augmentation.tone=nan"], "tone=nan: give 0 (none) or more"),
        (["data.root={tree}", "loading.augmentation.varispeed=-1"], "varispeed=-1: give 0 (none) or more"),
        (["data.root={tree}", "loading.augmentation.tone=-3"], "tone=-3: give 0 (none) or more"),
        (["data.root={tree}", "data.bleed=no"], "data.bleed=no: write true or false"),
        (["data.root={tree}", "loading.require_targets=Yes"], "loading.require_targets=Yes: write true or false"),
        (["data.root={tree}", "seed=-1"], "seed=-1: give a whole number from 0"),
        (["data.root={tree}", "seed=1.5"], "seed=1.5: give a whole number from 0"),
        (["data.root={tree}", "seed=null"], "seed=None: give a whole number from 0"),
        (["data.root={tree}", "trainer.precision=bf16-true"], "Choose bf16-mixed or 16-mixed"),
        (["data.root={tree}/nowhere"], "no audio under"),
        (["data.root={tree}", "resume={tree}/a/nothing.ckpt"], "no such checkpoint"),
    ],
)
def test_what_cannot_be_trained_ends_in_a_sentence(words, said, tree, tmp_path, capsys):
    with pytest.raises(SystemExit) as ended, configs.in_a_sentence():
        config = composed(tmp_path, *[word.format(tree=tree) for word in words])
        train(config, tmp_path / "run")
    assert said in str(ended.value) and not (tmp_path / "run" / "model.safetensors").exists()


def test_a_training_too_short_for_an_epoch_exports_its_last_weights(tree, tmp_path):
    run = tmp_path / "run"
    best = trained(run, tree, *SMALL, "trainer.max_steps=1", "loading.excerpts=8")
    assert np.isfinite(best) and describe(run / "model.safetensors")["card"]["validation loss"] == best


def test_a_folder_that_is_no_run_raises(tmp_path):
    for asked in ([f"run={tmp_path}"], []):
        with pytest.raises(ModelError, match=r"no such model|no trained model under"):
            evaluate_run(composed(tmp_path, *asked, name="eval"))


def test_a_model_is_never_described_by_another_trainings_config(tree, tmp_path):
    run = tmp_path / "run"
    trained(run, tree, *SMALL)
    config = composed(run, f"data.root={tree}", *SMALL, "seed=7")
    runs.record(run, config, configs.make_data(config, load(run / "model.safetensors").model))
    with pytest.raises(DataError, match=r"begun after model.safetensors was exported"):
        evaluate_run(composed(run, f"run={run}", name="eval"))


def test_a_new_model_does_not_keep_the_scores_of_the_old_one(tree, tmp_path):
    run = tmp_path / "run"
    trained(run, tree, *SMALL)
    evaluate_run(composed(run, f"run={run}", name="eval"))
    trained(run, tree, *SMALL, "seed=1")
    assert not any((run / name).exists() for name in ("scores.parquet", "summary.json", "page.html"))


def test_a_run_is_scored_on_the_songs_it_was_split_into(tree, tmp_path):
    """Moving songs between the parts of the tree later moves none in the run."""
    run = tmp_path / "run"
    trained(run, tree, *SMALL)
    (tree / "splits.json").write_text('{"train": ["Cyd_Three"], "valid": ["Bob_Two"], "test": ["Ann_One"]}')
    scored = evaluate_run(composed(run, f"run={run}", "report=false", name="eval"))
    assert scored == run and set(pd.read_parquet(run / "scores.parquet").song) == {"Cyd_Three"}


def test_other_questions_get_a_folder_of_their_own(tree, tmp_path):
    run = tmp_path / "run"
    trained(run, tree, *SMALL)
    asked = [f"run={run}", "report=false", f"root={tree}", "part=all", "shared=allow", "gate=soft"]
    out = evaluate_run(composed(run, *asked, name="eval"))
    assert re.fullmatch(r"eval_root-Tree-[0-9a-f]{6}_gate-soft", out.name) and out.parent == run
    assert pd.read_parquet(out / "scores.parquet").song.nunique() == 3
    facts = json.loads((out / "summary.json").read_text())["facts"]
    header = describe(run / "model.safetensors")
    assert facts["gate"].startswith("soft") and f"{header['gate']['threshold'][0]:.2f}" in facts["gate"]
    with pytest.raises(DataError, match="choose one of train, valid, test"):
        evaluate_run(composed(run, f"run={run}", "part=all", name="eval"))
    with pytest.raises(DataError, match="Cyd_Three of part 'test' is gone"):
        for file in (tree / "Audio" / "Cyd_Three").rglob("*"):
            file.rename(tmp_path / file.name) if file.is_file() else None
        (tree / "Audio" / "Cyd_Three" / "Cyd_Three_STEMS").rmdir()
        (tree / "Audio" / "Cyd_Three").rmdir()
        (tree / "splits.json").unlink()
        evaluate_run(composed(run, f"run={run}", name="eval"))


def test_the_door_says_what_is_wrong_in_a_sentence(tmp_path):
    """The whole command, as a user types it, on a folder without songs."""
    shown = subprocess.run(
        [sys.executable, "-m", "src.train", "experiment=iass_medley", f"data.root={tmp_path}"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert shown.returncode == 1 and "Traceback" not in shown.stderr
    assert f"error: MedleyDB: no audio under {tmp_path}" in shown.stderr


def door(name: str, *words: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """A door as a user types it; fails with what it printed unless it ended with `code`."""
    shown = subprocess.run(
        [sys.executable, "-m", f"src.{name}", *words], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert shown.returncode == code, shown.stderr[-3000:]
    return shown


def test_ctrl_c_ends_a_training_with_advice_and_the_advice_works(tree, home):
    words = ["data.root=" + str(tree), *SMALL, "trainer.max_steps=100000"]
    command = [sys.executable, "-m", "src.train", *words]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        deadline = time.monotonic() + 120
        while not (found := list(home.glob("runs/train/*/checkpoints/last.ckpt"))):
            assert time.monotonic() < deadline and process.poll() is None
            time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        said = process.communicate(timeout=60)[1]
    assert process.returncode == 130 and "Traceback" not in said
    assert f"resume={found[0]}" in said
    step = torch.load(found[0], weights_only=True)["global_step"]
    refused = door("train", *words[:-1], "trainer.max_steps=3", "resume=auto", "seed=5", code=1)
    assert "was begun with another loading, seed" in refused.stderr
    door("train", *words[:-1], f"trainer.max_steps={step + 2}", "resume=auto")
    assert (found[0].parents[1] / "model.safetensors").is_file()
    assert [path.name for path in home.glob("runs/train/*")] == [found[0].parents[1].name], "no new folder"


def test_two_processes_train_as_one(tree, home):
    """Each rank takes its half of every pass, both end at the same weights, one run folder is written once."""
    words = ["trainer.devices=2", "trainer.strategy=ddp", "loading.batch_size=1", "trainer.max_steps=4"]
    door("train", f"data.root={tree}", *SMALL, *words)
    (model,) = home.glob("runs/train/*/model.safetensors")
    runs.read(model.parent, load(model))  # stamps agree
    curves = runs.read_curves(model.parent)
    assert (
        curves["val/loss"].notna().sum() == 2 and curves["step"].max() == 3
    )  # 4 excerpts on 2 devices: 2 steps a pass
