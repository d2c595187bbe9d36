"""The figure of a training that sweeps compare, against the tables of a whole evaluation."""

import json

import pytest
from src.eval import evaluate_run

from stemwise.errors import ModelError
from stemwise.export import describe
from stemwise.report.tables import ALL
from tests.test_train import QUICK, SMALL, composed, trained


def test_figures_of_validation_songs_are_those_of_the_tables(tmp_path, home):
    from tests.trees import make_tree

    tree, run = make_tree(tmp_path / "Tree", seconds=24.0), tmp_path / "run"  # rests of 6 s
    given = trained(run, tree, *SMALL, "objective=val/usdr", "gate_may_lose=null", "gate.threshold=0.4")
    stored = json.loads((run / "validation.json").read_text())
    assert stored["objective"] == "val/usdr" and stored["value"] == given == stored["figures"]["val/usdr"]
    out = evaluate_run(composed(run, f"run={run}", "part=valid", "report=false", name="eval"))
    lines = json.loads((out / "summary.json").read_text())["scores"]
    rows = {line["gate"]: line for line in lines if line["system"] == "train" and line["target"] == ALL}
    for name, gate in (("usdr", "off"), ("auc", "hard"), ("silence_energy", "hard"), ("lost_energy", "hard")):
        assert stored["figures"][f"val/{name}"] == pytest.approx(rows[gate][name], abs=1e-9), name
    assert 0 < stored["figures"]["val/lost_energy"] < 100  # a gate that does something


def test_terms_are_those_of_the_exported_weights(tree, tmp_path):
    run = tmp_path / "run"
    given = trained(run, tree, *SMALL, "objective=val/separation", "loss.weights.activity=3.0")
    figures = json.loads((run / "validation.json").read_text())["figures"]
    assert set(figures) == {"val/loss", "val/separation", "val/activity"} and given == figures["val/separation"]
    assert figures["val/loss"] == describe(run / "model.safetensors")["card"]["validation loss"]
    assert figures["val/loss"] == pytest.approx(figures["val/separation"] + 3 * figures["val/activity"], rel=1e-5)


@pytest.mark.parametrize(
    ("words", "lacks"),
    [
        (["objective=val/activity", "loss=separation_only"], "val/activity"),
        (["objective=val/auc", "model=open_unmix_small", "model.net.hidden=16", "loss=magnitude_only"], "val/auc"),
        (["objective=usdr"], "usdr"),
    ],
)
def test_an_objective_that_a_training_cannot_give_is_refused_before_it(words, lacks, tree, tmp_path):
    with pytest.raises(ModelError, match=f"objective={lacks}: this training gives val/loss, val/separation"):
        trained(tmp_path / "run", tree, *QUICK, *words)
    assert not (tmp_path / "run" / "checkpoints").exists()
