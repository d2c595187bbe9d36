"""What reaches W&B and TensorBoard: curves, lanes, audio, the final table."""

import csv
import json
import struct
import time

import numpy as np
import pandas as pd
import pytest
import soundfile
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


def tensorboard_events(run) -> dict[str, dict]:
    """Of all event files: scalars and tensors by tag, tags of images and audio, contents of the plugin of settings."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    held: dict[str, dict] = {kind: {} for kind in ("scalars", "tensors", "images", "audio", "hparams")}
    for folder in sorted({path.parent for path in (run / "tensorboard").rglob("events.out.*")}):
        events = EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0})
        tags = events.Reload().Tags()
        for tag in tags["scalars"]:
            held["scalars"].setdefault(tag, []).extend(events.Scalars(tag))
        for tag in tags["tensors"]:
            held["tensors"].setdefault(tag, []).extend(events.Tensors(tag))
        for kind in ("images", "audio"):
            held[kind].update(dict.fromkeys(tags[kind]))
        try:
            held["hparams"].update(events.PluginTagToContent("hparams"))
        except KeyError:
            continue
    return held


def test_tensorboard_holds_the_same(tree, tmp_path):
    run = tmp_path / "run"
    trained(run, tree, *QUICK, "logger=tensorboard")
    scored(run)
    held = tensorboard_events(run)
    assert {"val/loss", "val/separation", "val/activity", "train/loss"} <= held["scalars"].keys()
    assert held["images"].keys() == {"activity/excerpt 0"}
    names = {"estimate", "reference"}
    expected = {f"audio 0/{kind} {target}" for kind in names for target in ("vocals", "bass", "drums")}
    assert held["audio"].keys() == expected | {"audio 0/mixture"}
    assert "scores/text_summary" in held["tensors"]


def wandb_records(run) -> list:
    """Of every offline run, in the order they were written; waits for W&B's own process to write the last ones."""
    found = []
    for path in sorted(run.glob("wandb/offline-run-*/*.wandb"), key=lambda path: path.stat().st_mtime_ns):
        for _ in range(600):
            records = log_records(path.read_bytes())
            if any(record.WhichOneof("record_type") == "exit" for record in records):
                break
            time.sleep(0.1)
        found += records
    return found


def log_records(data: bytes) -> list:
    """Records of a LevelDB log behind a header of 7 bytes."""
    from wandb.proto import wandb_internal_pb2

    found, at, whole = [], 7, b""
    while at + 7 <= len(data):
        if 32768 - at % 32768 < 7:
            at += 32768 - at % 32768  # no header fits behind the last record of a block
            continue
        length, kind = struct.unpack("<HB", data[at + 4 : at + 7])
        if at + 7 + length > len(data):
            break  # not written to the end yet
        whole += data[at + 7 : at + 7 + length]
        at += 7 + length
        if kind in (1, 4):  # a whole record, or the last part of one
            found.append(wandb_internal_pb2.Record.FromString(whole))
            whole = b""
    return found


def test_every_log_holds_the_same_scalars_and_the_same_table(tree, tmp_path, monkeypatch):
    monkeypatch.setenv("WANDB_SILENT", "true")
    run = tmp_path / "run"
    trained(run, tree, *QUICK, "logger=[wandb,tensorboard]", "objective=val/usdr")
    scored(run)
    curves = pd.read_csv(run / "log" / "metrics.csv")
    in_csv = {name: curves[name].dropna().tolist() for name in curves if name not in ("step", "epoch")}
    terms = {f"{part}/{name}" for part in ("train", "val", "best") for name in ("loss", "separation", "activity")}
    assert set(in_csv) >= terms | {"val/averaged", "best/usdr", "best/auc"}

    events = tensorboard_events(run)
    in_tensorboard = {name: [e.value for e in found] for name, found in events["scalars"].items() if name != "epoch"}
    assert in_tensorboard.keys() == in_csv.keys()
    assert all(in_tensorboard[name] == pytest.approx(values) for name, values in in_csv.items())

    in_wandb: dict[str, list[float]] = {}
    for record in wandb_records(run):
        for item in record.history.item:
            in_wandb.setdefault("/".join(item.nested_key) or item.key, []).append(json.loads(item.value_json))
    in_wandb = {name: in_wandb.get(name, []) for name in in_csv} | {
        name: values for name, values in in_wandb.items() if name.startswith(("train/", "val/", "best/"))
    }
    assert in_wandb.keys() == in_csv.keys()
    assert all(in_wandb[name] == pytest.approx(values) for name, values in in_csv.items())

    with (run / "log" / "scores.csv").open(newline="") as file:
        table = list(csv.reader(file))
    (text,) = [e.tensor_proto.string_val[0].decode() for e in events["tensors"]["scores/text_summary"]]
    markdown = [[cell.strip() for cell in line.strip("| ").split(" | ")] for line in text.splitlines()]
    assert [markdown[0], *markdown[2:]] == table and len(table) > 5
    (path,) = run.glob("wandb/offline-run-*/files/media/table/*.json")
    content = json.loads(path.read_text())
    assert [list(map(str, row)) for row in [content["columns"], *content["data"]]] == table


def test_runs_carry_their_settings(tree, tmp_path, monkeypatch):
    """By which W&B and TensorBoard compare them; the layout puts training and validation into one chart."""
    monkeypatch.setenv("WANDB_SILENT", "true")
    run = tmp_path / "run"
    trained(run, tree, *QUICK, "logger=[wandb,tensorboard]", "loss.weights.activity=0.25")
    updates = [item for record in wandb_records(run) for item in (*record.config.update, *record.run.config.update)]
    loss = [json.loads(item.value_json) for item in updates if item.key == "loss"]
    assert loss and loss[-1]["weights"] == {"separation": 1.0, "activity": 0.25}
    from tensorboard.plugins.custom_scalar import layout_pb2
    from tensorboard.plugins.hparams import plugin_data_pb2

    events = tensorboard_events(run)
    (layout,) = events["tensors"]["custom_scalars__config__"]
    charts = layout_pb2.Layout.FromString(layout.tensor_proto.string_val[0]).category[0].chart
    shown = {chart.title: set(chart.multiline.tag) for chart in charts}
    assert shown["activity"] == {"train/activity", "val/activity"} and "val/averaged" in shown["loss"]
    assert set().union(*shown.values()) <= events["scalars"].keys()  # no chart stays empty
    begun = plugin_data_pb2.HParamsPluginData.FromString(events["hparams"]["_hparams_/session_start_info"])
    settings = begun.session_start_info.hparams
    assert settings["loss/weights/activity"].number_value == 0.25


def test_lanes_and_audio_as_files_where_no_dashboard_is(tree, tmp_path):
    run = tmp_path / "run"
    trained(run, tree, *QUICK, "callbacks.media.files=true")
    found = sorted(str(path.relative_to(run / "log" / "media")) for path in (run / "log" / "media").rglob("*.*"))
    lanes = [f"activity/excerpt_0_{step:06d}.png" for step in (2, 4)]
    targets = ("vocals", "bass", "drums")
    sounds = {f"audio_0/estimate_{target}_{step:06d}.flac" for target in targets for step in (2, 4)}
    sounds |= {f"audio_0/{name}_000002.flac" for name in ("mixture", *(f"reference_{target}" for target in targets))}
    assert set(found) == sounds | set(lanes)
    mixture, rate = soundfile.read(run / "log" / "media" / "audio_0" / "mixture_000002.flac")
    assert rate == 16000 and len(mixture) == 16000 and mixture.std() > 0.01


def test_a_new_model_does_not_keep_the_table_of_the_old_one(tree, tmp_path):
    run = tmp_path / "run"
    trained(run, tree, *QUICK)
    scored(run)
    assert (run / "log" / "scores.csv").is_file()
    trained(run, tree, *QUICK, "seed=1", "objective=val/separation")
    assert not (run / "log" / "scores.csv").exists()
    assert json.loads((run / "validation.json").read_text())["objective"] == "val/separation"


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


@pytest.fixture
def use_wandb(monkeypatch):
    """A mode of W&B for what a process that begins now would do: W&B reads its settings once."""
    import wandb

    def use(mode: str) -> None:
        wandb.teardown()
        monkeypatch.setenv("WANDB_MODE", mode)

    yield use
    wandb.teardown()


@pytest.mark.parametrize(
    ("words", "mode", "said"),
    [
        (["trainer.accelerator=cuda", "logger=tensorboard"], "", "No supported gpu backend|CUDAAccelerator"),
        (["logger=wandb"], "bogus", "W&B cannot be used .*mode.* WANDB_MODE=offline"),
        (["loading.excerpt_seconds=600", "logger=tensorboard"], "", "shorter than"),
    ],
)
def test_a_training_that_cannot_begin_leaves_the_one_that_ended_there(tree, tmp_path, use_wandb, words, mode, said):
    run = tmp_path / "run"
    trained(run, tree, *QUICK, "logger=tensorboard")
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    assert any(path.suffix == ".ckpt" for path in before) and any("tensorboard" in path.parts for path in before)
    if mode:
        use_wandb(mode)
    with pytest.raises(Exception, match=said):
        trained(run, tree, *QUICK, *words)
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before
    scored(run)


def test_what_was_trained_with_wandb_disabled_is_scored_without_it(tree, tmp_path, use_wandb):
    run = tmp_path / "run"
    use_wandb("disabled")
    trained(run, tree, *QUICK, "logger=wandb")
    use_wandb("bogus")  # nobody asks
    scored(run)
    assert json.loads((run / "dashboards.json").read_text()) == {"wandb": {"disabled": True}}


def test_scoring_with_wandb_disabled_leaves_a_training_its_id(tree, tmp_path, use_wandb):
    run = tmp_path / "run"
    use_wandb("disabled")
    trained(run, tree, *QUICK, "logger=wandb")
    (run / "dashboards.json").write_text(json.dumps(kept := {"wandb": {"id": "abc", "offline": False}}))
    scored(run)
    assert (run / "scores.parquet").is_file() and json.loads((run / "dashboards.json").read_text()) == kept


def test_a_dashboard_that_fails_costs_no_scores(tree, tmp_path, use_wandb, caplog):
    run = tmp_path / "run"
    use_wandb("offline")
    trained(run, tree, *QUICK, "logger=wandb")
    kept = json.loads((run / "dashboards.json").read_text())
    (run / "dashboards.json").write_text(json.dumps({"wandb": {**kept["wandb"], "offline": False}}))
    use_wandb("bogus")
    scored(run)
    assert (run / "scores.parquet").is_file()
    assert "the scores did not reach wandb (1 validation error for Settings" in caplog.text
