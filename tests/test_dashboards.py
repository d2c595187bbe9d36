"""What reaches W&B and TensorBoard: curves, lanes, audio, the final table."""

import json

import numpy as np
import pytest
import torch
from PIL import Image
from src.eval import evaluate_run

from stemwise.callbacks.media import _within_full_scale
from stemwise.experiment.configs import sweep_of
from stemwise.experiment.dashboards import final_table
from stemwise.report import summarise
from tests.report.made_up import scores
from tests.test_train import SMALL, composed, trained

QUICK = [*SMALL, "trainer.max_steps=4", "loading.excerpts=4", "callbacks.media.every=1", "callbacks.media.excerpts=1"]


def scored(run) -> None:
    evaluate_run(composed(run, f"run={run}", "report=false", name="eval"))


def test_wandb_offline_holds_curves_lanes_audio_and_the_table(tree, tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    monkeypatch.setenv("WANDB_SILENT", "true")
    run = tmp_path / "run"
    trained(run, tree, *QUICK, "logger=wandb")
    import wandb

    assert wandb.run is None  # ended: the next job of a sweep gets a run of its own
    (folder,) = run.glob("wandb/offline-run-*")
    assert list(folder.glob("*.wandb")) and (run / "log" / "metrics.csv").is_file()
    files = [path.name for path in (folder / "files" / "media").rglob("*.*")]
    assert sum(name.endswith(".png") for name in files) == 2  # an epoch each
    assert sum(name.endswith(".wav") for name in files) == 3 * 2 + 4  # estimates twice; mixture and references once
    image = np.asarray(Image.open(next((folder / "files" / "media").rglob("*.png"))))
    assert image.std() > 5
    monkeypatch.delenv("WANDB_MODE")  # what was trained offline is scored offline: no question, no network
    scored(run)
    again = [path for path in run.glob("wandb/offline-run-*") if path != folder]
    identity = json.loads((run / "dashboards.json").read_text())["wandb"]["id"]
    assert len(again) == 1 and again[0].name.endswith(identity) and folder.name.endswith(identity)
    (table,) = (again[0] / "files" / "media" / "table").rglob("*.json")
    content = json.loads(table.read_text())
    assert content["columns"][:2] == ["system", "uSDR dB"] and ["silence", 0.0] in [row[:2] for row in content["data"]]


def test_tensorboard_holds_the_same(tree, tmp_path):
    run = tmp_path / "run"
    trained(run, tree, *QUICK, "logger=tensorboard")
    scored(run)
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    held: dict[str, set[str]] = {}
    for folder in {path.parent for path in (run / "tensorboard").rglob("events.out.*")}:
        events = EventAccumulator(str(folder), size_guidance={"scalars": 0})
        for kind, tags in events.Reload().Tags().items():
            held.setdefault(kind, set()).update(tags if isinstance(tags, list) else [])
    assert {"val/loss", "val/separation", "val/activity", "train/loss"} <= held["scalars"]
    assert held["images"] == {"activity/excerpt 0"}
    names = {"estimate", "reference"}
    expected = {f"audio 0/{kind} {target}" for kind in names for target in ("vocals", "bass", "drums")}
    assert held["audio"] == expected | {"audio 0/mixture"}
    assert "scores/text_summary" in held["tensors"]


def test_other_questions_reach_no_dashboard(tree, tmp_path):
    run = tmp_path / "run"
    trained(run, tree, *QUICK, "logger=tensorboard")
    before = len(list((run / "tensorboard").rglob("events.out.*")))
    evaluate_run(composed(run, f"run={run}", "part=valid", "report=false", name="eval"))
    assert len(list((run / "tensorboard").rglob("events.out.*"))) == before


def test_the_final_table_has_a_row_a_system_and_only_columns_with_figures():
    columns, rows = final_table(summarise(scores(), resamples=5))
    assert columns[0] == "system" and "uSDR dB" in columns and len({len(row) for row in (columns, *rows)}) == 1
    assert [row[0] for row in rows][:3] == ["mixture", "silence", "iass, no gate"]


def test_jobs_of_a_sweep_share_a_group():
    assert sweep_of("/runs/train/sweep_2026-01-01/3") == "sweep_2026-01-01" and sweep_of("/runs/train/2026") is None


@pytest.mark.parametrize("peak", [0.0, 0.5, 4.0])
def test_sounds_are_scaled_down_and_never_up(peak):
    samples = (torch.tensor([[1.0, -0.5]]) * peak).numpy()
    out = _within_full_scale(samples)
    assert np.abs(out).max() == min(peak, 1.0)
