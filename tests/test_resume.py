"""Trainings that stop and go on, or begin anew where another stood."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from src.eval import evaluate_run

from stemwise.errors import ModelError
from stemwise.experiment import configs, runs
from stemwise.export import describe
from tests.test_train import SMALL, composed, trained, weights


def test_stopped_and_resumed_is_the_same_as_undisturbed(tree, tmp_path):
    """Two epochs and two more end at the weights, the exported model and the curves of four, bit for bit.

    The learning rate is cut after each epoch, and is so high that the first epochs are the best: a resumed run has to
    remember both.
    """
    settings = [*SMALL, "optimizer.scheduler.patience=0", "+optimizer.scheduler.threshold=10"]
    settings += ["optimizer.optimizer.lr=0.05", "optimizer.scheduler.factor=0.9"]
    whole, pieces = tmp_path / "whole", tmp_path / "pieces"
    trained(whole, tree, *settings, "trainer.max_steps=8")
    trained(pieces, tree, *settings, "trainer.max_steps=4")
    first = weights(pieces)
    trained(pieces, tree, *settings, "trainer.max_steps=8", f"resume={pieces / 'checkpoints' / 'last.ckpt'}")
    for file in ("last.ckpt", "best.ckpt"):
        expected, found = weights(whole, file), weights(pieces, file)
        assert all(torch.equal(expected[name], found[name]) for name in expected), file
    assert not torch.equal(first["model.net.to_bands.weight"], weights(pieces)["model.net.to_bands.weight"])
    assert describe(pieces / "model.safetensors")["gate"] == describe(whole / "model.safetensors")["gate"]
    (group,) = torch.load(pieces / "checkpoints" / "last.ckpt", weights_only=True)["optimizer_states"][0][
        "param_groups"
    ]
    assert group["lr"] == pytest.approx(0.05 * 0.9**4)
    curves = [runs.read_curves(run)["val/loss"].dropna().tolist() for run in (whole, pieces)]
    assert curves[0] == curves[1] and len(curves[0]) == 4 and np.argmin(curves[0]) < 2


def test_workers_and_a_resumed_start_change_no_random_number(tree, tmp_path):
    """Dropout draws from the same numbers as the loaders do."""
    settings = [*SMALL, "model.net.dropout=0.5", "optimizer=constant"]
    with_two, last = [*settings, "loading.workers=2"], tmp_path / "cut" / "checkpoints" / "last.ckpt"
    trained(tmp_path / "none", tree, *settings, "trainer.max_steps=8")
    trained(tmp_path / "two", tree, *with_two, "trainer.max_steps=8")
    trained(tmp_path / "cut", tree, *with_two, "trainer.max_steps=4")
    trained(tmp_path / "cut", tree, *with_two, "trainer.max_steps=8", f"resume={last}")
    none, *others = (weights(tmp_path / name) for name in ("none", "two", "cut"))
    for other in others:
        assert all(torch.equal(none[name], other[name]) for name in none)


def test_a_schedule_that_ends_is_not_lengthened_and_what_it_made_stays(tree, tmp_path):
    run, words = tmp_path / "run", [*SMALL, "optimizer=one_cycle"]
    trained(run, tree, *words, "trainer.max_steps=4")
    last = run / "checkpoints" / "last.ckpt"
    with pytest.raises(ModelError, match=rf"ends after 4 steps, and this one's after 8.*start={run}"):
        trained(run, tree, *words, "trainer.max_steps=8", f"resume={last}")
    evaluate_run(composed(run, f"run={run}", "report=false", name="eval"))
    last.write_bytes(b"half")
    with pytest.raises(ModelError, match="no checkpoint of a training"):
        trained(run, tree, *words, "trainer.max_steps=4", f"resume={last}")


def test_a_training_that_takes_a_folder_anew_has_its_own_curves(tree, tmp_path):
    run = tmp_path / "run"
    trained(run, tree, *SMALL, "trainer.max_steps=4")
    trained(run, tree, *SMALL, "trainer.max_steps=8", f"resume={run / 'checkpoints' / 'last.ckpt'}")
    assert len(list((run / "log").rglob("metrics.csv"))) == 2
    trained(run, tree, *SMALL, "trainer.max_steps=4", "seed=3")
    assert len(list((run / "log").rglob("metrics.csv"))) == 1 and runs.read_curves(run)["step"].max() == 3


def test_auto_finds_the_newest_training_that_did_not_end(tmp_path):
    def run(name: str, checkpoint: int, model: int | None = None) -> str:
        path = tmp_path / name / "checkpoints" / "last.ckpt"
        path.parent.mkdir(parents=True)
        for file, at in ((path, checkpoint), (tmp_path / name / "model.safetensors", model)):
            if at is not None:
                file.touch()
                os.utime(file, (at, at))
        return str(path)

    assert configs.find_checkpoint("auto", tmp_path) == ""
    run("ended", 50, 60)
    assert configs.find_checkpoint("auto", tmp_path) == ""
    old, new, again = run("old", 10), run("new", 20), run("trained again", 15, 5)
    assert configs.find_checkpoint("auto", tmp_path) == new
    Path(new).unlink()
    assert configs.find_checkpoint("auto", tmp_path) == again
    Path(again).unlink()
    assert configs.find_checkpoint("auto", tmp_path) == old
    run("", 30)
    assert configs.find_checkpoint("auto", tmp_path) == str(tmp_path / "checkpoints" / "last.ckpt")
    assert configs.find_checkpoint(False, tmp_path) == "" and configs.find_checkpoint("x.ckpt", tmp_path) == "x.ckpt"


def test_a_new_training_in_an_old_folder_forgets_its_checkpoints(tree, tmp_path):
    run = tmp_path / "run"
    trained(run, tree, *SMALL)
    (run / "checkpoints" / "old.ckpt").touch()
    trained(run, tree, *SMALL)
    assert sorted(path.name for path in (run / "checkpoints").iterdir()) == ["best.ckpt", "last.ckpt"]
