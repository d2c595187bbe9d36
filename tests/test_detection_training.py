"""A detector from songs to scores, by the doors."""

import json

import numpy as np
import pandas as pd
import pytest
from src.eval import evaluate_run
from src.train import train
from typer.testing import CliRunner

from stemwise import taxonomy
from stemwise.cli import app
from stemwise.detector import Detector
from stemwise.errors import ModelError
from stemwise.experiment import configs
from stemwise.export import SHIPPED, default_model, describe, load, newest_model
from stemwise.model import SEPARATION
from stemwise.model.mel import DETECTION
from stemwise.report.detection import detections_of
from tests.sets import make_musdb, overrides
from tests.test_train import QUICK, SMALL, composed, trained, weights

NET = ["experiment=iad_cnn", "model.net.channels=[4,4,8,8]", "model.net.width=16"]
HEARD = [*NET, *QUICK, "loading.valid_excerpts=4"]


def test_train_then_evaluate(tree, tmp_path):
    run = tmp_path / "run"
    best = trained(run, tree, *HEARD)
    names = taxonomy.targets("iad").names
    header = describe(run / "model.safetensors")
    thresholds = header["card"]["thresholds"]
    assert header["card"]["validation loss"] == pytest.approx(best)
    assert header["gate"]["threshold"] == [thresholds["1 s"][name] for name in names]
    assert header["card"]["level of the gate"] == "1 s"
    never = header["card"]["never heard in training"]
    assert {"piano", "tambourine"} <= set(never) and not {"electric bass", "drum set"} & set(never)
    evaluate_run(composed(run, f"run={run}", name="eval"))
    table = pd.read_parquet(run / "detections.parquet")
    assert set(table.song) == {"Cyd_Three"} and tuple(table.target[: len(names)]) == names
    assert len(table) == 4 * len(names)
    summary = json.loads((run / "summary.json").read_text())
    assert {"1 s", "5 s", "10 s", "song"} == {line["level"] for line in summary["detection"]["levels"]}
    assert "Cyd" in (run / "page.html").read_text()
    for picture in ("instruments", "confusion", "calibration", "thresholds"):
        assert (run / f"{picture}.png").read_bytes().startswith(b"\x89PNG")


def test_scores_are_of_the_exported_model(tree, tmp_path):
    """What the table says of a song is what the exported file says of the sum of its stems."""
    run = tmp_path / "run"
    trained(run, tree, *HEARD)
    evaluate_run(composed(run, f"run={run}", "report=false", name="eval"))
    exported = load(run / "model.safetensors", DETECTION)
    data = configs.make_data(composed(run, f"data.root={tree}", *HEARD), exported.model)
    (song,) = data.prepared("test").values()
    found = Detector(exported.model, exported.gate).detect(np.asarray(song.audio).sum(axis=0))
    table = pd.read_parquet(run / "detections.parquet")
    wide = table.pivot(index="target", columns="second", values="probability").loc[list(exported.model.targets)]
    np.testing.assert_allclose(wide.to_numpy(), found.probability[:, :4], atol=1e-6)


def test_a_longer_context_is_trained_and_heard(tree, tmp_path):
    run = tmp_path / "run"
    words = [*NET, "model=iad_crnn", "model.net.hidden=8", "model.context_seconds=2.0"]
    trained(run, tree, *words, *(word for word in QUICK if "excerpt_seconds" not in word))
    exported = load(run / "model.safetensors")
    assert (exported.model.context_windows, exported.model.context) == (2, 1.0)
    evaluate_run(composed(run, f"run={run}", "report=false", name="eval"))
    assert len(pd.read_parquet(run / "detections.parquet")) == 4 * 18


def test_stopped_and_resumed_is_the_same_as_undisturbed(tree, tmp_path):
    settings = [*HEARD, "optimizer=constant"]
    whole, pieces = tmp_path / "whole", tmp_path / "pieces"
    trained(whole, tree, *settings, "trainer.max_steps=4")
    trained(pieces, tree, *settings, "trainer.max_steps=2")
    trained(pieces, tree, *settings, "trainer.max_steps=4", f"resume={pieces / 'checkpoints' / 'last.ckpt'}")
    expected, found = weights(whole), weights(pieces)
    assert all(bool((expected[name] == found[name]).all()) for name in expected)


def test_a_search_may_ask_for_figures_of_seconds(tree, tmp_path):
    run = tmp_path / "run"
    value = trained(run, tree, *HEARD, "objective=val/lrap")
    figures = json.loads((run / "validation.json").read_text())["figures"]
    assert value == figures["val/lrap"] and 0 < value <= 1
    with pytest.raises(ModelError, match=r"objective=val/usdr.*val/lrap"):
        trained(tmp_path / "other", tree, *HEARD, "objective=val/usdr")


@pytest.mark.parametrize("word", ["bss_eval=true", "wiener=1", "channels=2", "gate=grid", "clips=true", "gates=[hard]"])
def test_what_is_asked_of_separators_is_refused(tree, tmp_path, word):
    run = tmp_path / "run"
    trained(run, tree, *HEARD)
    with pytest.raises(ModelError, match="hears instruments"):
        evaluate_run(composed(run, f"run={run}", word, name="eval"))


def test_commands_find_their_kind_of_model(tree, tmp_path, home):
    """The newest run is a detector: who separates takes the separator before it, or the one that ships."""
    assert default_model() == SHIPPED
    trained(home / "runs" / "heard", tree, *HEARD)
    heard = home / "runs" / "heard" / "model.safetensors"
    assert default_model() == SHIPPED and default_model(DETECTION) == heard and newest_model() == heard
    trained(home / "runs" / "separated", tree, *SMALL)
    assert default_model(SEPARATION).parent.name == "separated" and default_model(DETECTION) == heard
    song = next(tree.rglob("*_MIX.wav"))
    shown = CliRunner().invoke(app, ["separate", str(song), "--model", str(heard), "--out", str(tmp_path / "out")])
    assert shown.exit_code == 1 and "stemwise activity" in shown.output
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("data", ["mms", "mixing_secrets", "slakh", "moisesdb"])
def test_detectors_learn_from_every_kind_of_set(data, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    chosen = [*HEARD, f"data={data}"]
    reader = composed(run, *chosen).data._target_.rpartition(".")[2]
    best = train(composed(run, *chosen, *overrides(reader, tmp_path / "tree")), run)
    assert (
        np.isfinite(best) and load(run / "model.safetensors", DETECTION).model.targets == taxonomy.targets("iad").names
    )


def test_several_sets_are_learned_from_and_one_is_tested_on(tree, tmp_path):
    """Each named by its place, or as its file of conf/data has it."""
    (run := tmp_path / "run").mkdir()
    words = [*HEARD, "data=several", "+data@data.sets.own=medleydb", f"data.sets.own.root={tree}"]
    make_musdb(tmp_path / "musdb", {"train": ("Gus - Four", "ANiMAL - Rockshow"), "test": ("Hal - Five",)})
    train(composed(run, *words, f"+data.sets.musdb={tmp_path / 'musdb'}", "data.train_only=[musdb]"), run)
    splits = json.loads((run / "splits.json").read_text())
    assert "Gus_Four" in splits["train"] and not {"Hal_Five", "ANiMAL_Rockshow"} & {*splits["test"], *splits["valid"]}
    evaluate_run(composed(run, f"run={run}", "report=false", name="eval"))
    assert set(pd.read_parquet(run / "detections.parquet").song) == {"Cyd_Three"}


def test_clips_that_are_labelled_as_a_whole_are_scored_as_a_whole(tmp_path):
    """OpenMIC: in seconds nothing is known but what rests, in songs also what plays."""
    pytest.importorskip("mirdata")
    run = tmp_path / "run"
    run.mkdir()
    small = ["model.net.channels=[4,4,8,8]", "model.net.width=16", "loading.batch_size=2", "loading.excerpts=4"]
    words = ["experiment=iad_openmic", *small, "loading.valid_excerpts=2", "trainer.max_steps=2"]
    words += ["loading.excerpt_seconds=4.0", "model.context_seconds=4.0"]  # as long as the clips of this tree
    words += ["trainer.accelerator=cpu", "objective=val/lrap", *overrides("OpenMic", tmp_path / "tree")]
    value = train(composed(run, *words), run)
    header = describe(run / "model.safetensors")
    names, cuts = taxonomy.targets("openmic").names, header["card"]["thresholds"]["song"]
    assert header["card"]["level of the gate"] == "song" and 0 < value <= 1
    assert header["gate"]["threshold"] == [cuts[name] for name in names] != [0.5] * 20
    evaluate_run(composed(run, f"run={run}", "report=false", name="eval"))
    assert json.loads((run / "summary.json").read_text())["detection"]["level"] == "song"
    table = pd.read_parquet(run / "detections.parquet")
    present = table[table["weak"] & table["truth"].notna()]
    assert len(present) and (present["truth"] == 1).all()
    assert (table.loc[~table["weak"], "truth"].dropna() == 0).all()  # what is absent is so in every second
    found = detections_of(table)
    assert not found.at(1).active.any() and found.at(None).active.any()


OF_CLIPS = ["data=openmic", "loading.batch_size=2", "loading.excerpts=4", "loading.valid_excerpts=2"]
OF_CLIPS += ["loading.excerpt_seconds=4.0", "trainer.max_steps=2", "trainer.accelerator=cpu"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([*NET, "scheme=openmic"], r"no term of this loss \(activity\).*loss=detection_clips.*excerpt_seconds"),
        ([*NET, "scheme=openmic", "loss=detection_clips", "loss.weights.clip=0"], r"this loss \(activity\)"),
        (["experiment=demo", "scheme=openmic", "targets=[guitar,violin]"], r"this loss \(separation, activity\)"),
    ],
)
def test_a_loss_that_would_learn_of_whole_clips_only_what_rests_is_refused(words, said, tmp_path):
    pytest.importorskip("mirdata")
    run = tmp_path / "run"
    run.mkdir()
    with pytest.raises(ModelError, match=rf"(?s)songs have labels that say whether.*{said}"):
        train(composed(run, *words, *OF_CLIPS, *overrides("OpenMic", tmp_path / "tree")), run)
    assert not (run / "model.safetensors").exists() and not list(run.rglob("*.ckpt"))
