"""Jobs of a sweep, made up as files, in one table, figure and page."""

import json
import math
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image
from typer.testing import CliRunner

from stemwise.cli import app
from stemwise.errors import DataError
from stemwise.report.parallel import NOTHING, Line, Scale, parallel_coordinates, scale_of
from stemwise.sweeps.gather import axes, gather
from stemwise.sweeps.jobs import last_number, read_jobs
from stemwise.sweeps.table import gathered


def job(folder: Path, words: list[str], state: str = "ended", why: str = "", **figures: float) -> Path:
    folder.mkdir(parents=True)
    (folder / "job.json").write_text(json.dumps({"overrides": words, "state": state, "why": why}))
    if figures:
        named = {f"val/{name}": value for name, value in figures.items()}
        (folder / "validation.json").write_text(json.dumps({"objective": "val/usdr", "figures": named}))
    return folder


@pytest.fixture
def sweep(tmp_path) -> Path:
    """Ten jobs by number: 2 is the best, 3 failed, 10 was killed in its second epoch."""
    folder = tmp_path / "sweep_search"
    for number, (lr, value) in enumerate([(1e-4, 1.0), (1e-3, 2.0), (1e-2, 3.0)]):
        job(
            folder / str(number), [f"optimizer.lr={lr}", "experiment=demo", "loss=relative"], usdr=value, loss=5 - value
        )
    job(folder / "3", ["optimizer.lr=0.1", "experiment=demo", "loss=multitask"], "failed", "it diverged")
    killed = job(folder / "10", ["optimizer.lr=5e-3", "experiment=demo", "+loss=relative"], "begun")
    (killed / "log").mkdir()
    (killed / "log" / "metrics.csv").write_text("step,val/loss,val/usdr\n1,4.0,\n2,3.5,9.0\n3,3.9,\n")
    (folder / "study.db").touch()
    return folder


def test_jobs_are_ordered_by_their_figure_and_those_without_come_last(sweep):
    whole = gather(sweep)
    assert [one.name for one in whole.jobs] == ["2", "1", "0", "3", "10"]
    assert (whole.by, whole.lower_is_better) == ("val/usdr", False)
    assert whole.varied == ["optimizer.lr", "loss"]  # what all have in common is none of its columns
    table = pd.read_csv(sweep / "sweep.csv", dtype={"job": str}).set_index("job")
    assert table.loc["2", "optimizer.lr"] == 0.01 and table.loc["3", "why"] == "it diverged"
    assert table.loc["10", "state"] == "begun" and table.loc["10", "val/loss"] == 3.5  # the best epoch so far
    assert math.isnan(whole.value(whole.jobs[-1]))  # which is no result, however good
    assert [one.name for one in gather(sweep, "val/loss").jobs][:3] == ["2", "1", "0"]
    assert last_number(sweep) == 10 and last_number(sweep / "nowhere") == -1


def test_losses_of_other_weights_are_not_compared_unless_asked(tmp_path):
    for number, weight in enumerate([0.5, 2.0]):
        folder = job(tmp_path / str(number), [f"loss.weights.activity={weight}"], loss=weight, separation=1 - weight)
        (folder / "validation.json").write_text(
            (folder / "validation.json").read_text().replace('"objective": "val/usdr"', '"objective": "val/loss"')
        )
    jobs = read_jobs(tmp_path)
    assert gathered(jobs).by == "val/separation" and not gathered(jobs).caution
    assert "not the same quantity" in gathered(jobs, "val/loss").caution


def test_scores_of_gates_are_read_under_the_gate_of_the_job(tmp_path):
    for number, (threshold, usdr) in enumerate([(0.3, -2.0), (0.9, -0.5)]):
        folder = job(tmp_path / str(number), [f"gate.threshold={threshold}"])
        line = {
            "system": "demo",
            "target": "all",
            "usdr_n": 3,
            "auc_n": 0,
            "auc": None,
            "si_sdr": "-inf",
            "si_sdr_n": 3,
        }
        lines = [{**line, "gate": "off", "usdr": -9.0}, {**line, "gate": "hard", "usdr": usdr}]
        lines += [{**line, "gate": "hard", "usdr": 50.0, "target": "bass"}, {**line, "system": "other", "gate": "hard"}]
        full = [{f"{m}_n": 0, m: None} for m in ("silence_energy", "lost_energy")]
        lines = [{**full[0], **full[1], **one} for one in lines]
        summary = {"facts": {"name": "demo", "gate": "hard, median 0.5 s, thresholds 0.30"}, "scores": lines}
        (folder / "summary.json").write_text(json.dumps(summary))
    whole = gather(tmp_path)
    assert [one.figures for one in whole.jobs] == [
        {"usdr": -0.5, "si_sdr": -math.inf},
        {"usdr": -2.0, "si_sdr": -math.inf},
    ]
    assert "a gate that closes raises it" in whole.caution and whole.caution in (tmp_path / "sweep.html").read_text()


def heard(folder, words, **figures):
    """A detector's job, its objective the loss, as it is where nothing is said."""
    made = job(folder, words, **figures)
    text = (made / "validation.json").read_text()
    (made / "validation.json").write_text(text.replace('"objective": "val/usdr"', '"objective": "val/loss"'))


def test_detectors_are_ordered_by_their_figures_where_labels_differ(tmp_path):
    for number, (threshold, soft, auc) in enumerate([(0.3, "False", 0.9), (0.5, "True", 0.8), (0.7, "False", 0.95)]):
        words = [f"loss.terms.activity.threshold={threshold}", f"loss.terms.activity.soft={soft}"]
        figures = {"loss": 1 - auc, "activity": auc, "auc": auc, "lrap": 1.7 - auc, "f1": 0.5}
        heard(tmp_path / str(number), words, **figures)
    whole = gather(tmp_path)
    assert (whole.by, whole.lower_is_better) == ("val/auc", False)
    assert [one.name for one in whole.jobs] == ["2", "0", "1"]
    names, lines = axes(whole)
    assert names == [
        *(f"loss.terms.activity.{name}" for name in ("threshold", "soft")),
        "val/lrap",
        "val/f1",
        "val/auc",
    ]
    assert scale_of([line.values[1] for line in lines]).kind == "levels"
    by_lrap = gather(tmp_path, "val/lrap")
    assert [one.name for one in by_lrap.jobs] == ["1", "0", "2"] and not by_lrap.lower_is_better
    page = (tmp_path / "sweep.html").read_text()
    assert "Ordered by val/lrap; higher is better" in page and "Label ranking average precision of seconds" in page
    assert "losses of different labels" in gather(tmp_path, "val/activity").caution


def test_scored_detectors_are_ordered_by_their_seconds(tmp_path):
    for number, (threshold, lrap) in enumerate([(0.3, 0.6), (0.9, 0.7)]):
        folder = job(tmp_path / str(number), [f"gate.threshold={threshold}"])
        rows = [("1 s", "lrap", lrap), ("1 s", "auc", 0.9), ("1 s", "precision", None), ("song", "lrap", 0.99)]
        levels = [dict(zip(("level", "measure", "value"), row, strict=True)) for row in rows]
        (folder / "summary.json").write_text(json.dumps({"facts": {"name": "iad"}, "detection": {"levels": levels}}))
    whole = gather(tmp_path, "lrap")
    assert [one.figures for one in whole.jobs] == [{"lrap": 0.7, "auc": 0.9}, {"lrap": 0.6, "auc": 0.9}]
    assert gather(tmp_path).by == "auc" and "of seconds" in (tmp_path / "sweep.html").read_text()


def test_a_sweep_of_before_is_read_from_what_hydra_kept(tmp_path):
    for number, files in enumerate((["model.safetensors"], [])):
        (tmp_path / str(number) / ".hydra").mkdir(parents=True)
        (tmp_path / str(number) / ".hydra" / "overrides.yaml").write_text(f"- seed={number}\n- targets=[bass]\n")
        for name in files:
            (tmp_path / str(number) / name).touch()
    jobs = read_jobs(tmp_path)
    assert [(one.state, one.settings["seed"]) for one in jobs] == [("ended", 0.0), ("begun", 1.0)]
    assert (
        gather(tmp_path).by == "" and not (tmp_path / "sweep.png").exists()
    )  # nothing was scored: no figure of nothing
    assert "None has a figure yet" in (tmp_path / "sweep.html").read_text()


def test_what_is_no_sweep_and_what_no_job_has_ends_in_a_sentence(tmp_path, sweep):
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "empty", tmp_path / "nowhere"):
        with pytest.raises(DataError, match="no jobs of a sweep under"):
            gather(folder)
    with pytest.raises(DataError, match=r"no job has this figure\. There are val/usdr, val/loss"):
        gather(sweep, "f1")
    (sweep / "1" / "job.json").write_text("{")
    with pytest.raises(DataError, match=r"job\.json"):
        gather(sweep)


def test_the_command_prints_the_table_and_who_failed(sweep):
    shown = CliRunner().invoke(app, ["sweep", str(sweep)], env={"COLUMNS": "160"})
    assert shown.exit_code == 0, shown.output
    lines = shown.output.splitlines()
    assert lines[0].split()[:4] == ["job", "state", "optimizer.lr", "loss"] and lines[1].split()[:3] == [
        "2",
        "ended",
        "0.01",
    ]
    assert "job 3 failed: it diverged" in shown.output and "job 10 did not end" in shown.output


def test_words_in_brackets_are_no_markup(tmp_path):
    for number, target in enumerate(("bass", "drums")):
        job(tmp_path / "s" / str(number), [f"targets=[{target}]"], usdr=1.0 + number)
    shown = CliRunner().invoke(app, ["sweep", str(tmp_path / "s")], env={"COLUMNS": "160"}).output
    assert "[bass]" in shown and "[drums]" in shown


def test_the_page_has_every_job_and_says_why_one_failed(sweep):
    gather(sweep)
    page = (sweep / "sweep.html").read_text()
    assert "3 of 5 jobs ended, 1 failed, 1 did not end" in page and "Job 3 failed" in page and "it diverged" in page
    assert page.count("<tr") == 1 + 5 and "data:image/png" in page and 'src="http' not in page


@pytest.mark.parametrize(
    ("values", "kind", "places"),
    [
        ([1.0, 2.0, 5.0], "linear", [0.0, 0.25, 1.0]),
        ([0.01, 0.1, 1.0], "log", [0.0, 0.5, 1.0]),
        ([0.0, 0.5, 2.0, 8.0], "levels", [0.0, 1 / 3, 2 / 3, 1.0]),  # no logarithm of 0
        ([-2.0, 0.0, 2.0], "linear", [0.0, 0.5, 1.0]),
        (["b", "a", None], "levels", [1.0, 0.0, NOTHING]),
        ([3.0, "null"], "levels", [0.0, 1.0]),
        ([4.0, 4.0], "linear", [0.5, 0.5]),
        ([1.0, math.nan, -math.inf, 2.0], "linear", [0.0, NOTHING, NOTHING, 1.0]),
        ([None], "levels", [NOTHING]),
    ],
)
def test_each_axis_has_the_scale_that_fits(values, kind, places):
    scale = scale_of(values)
    assert scale.kind == kind and [scale.place(value) for value in values] == pytest.approx(places)
    assert all(0 <= place <= 1 for place, _ in scale.ticks())


def test_texts_of_an_axis_never_lie_on_each_other():
    places = [place for place, _ in Scale("linear", (0.0, 0.5, 0.501, 0.502, 1.0)).ticks()]
    assert np.diff(places).min() >= 0.05 and len(places) == 3


def test_the_figure_is_drawn_with_jobs_that_have_nothing(sweep):
    names, lines = axes(gather(sweep))
    assert names == ["optimizer.lr", "loss", "val/loss", "val/usdr"]
    assert [line.values for line in lines if line.name == "10"] == [[0.005, "relative", None, None]]
    image = np.asarray(Image.open(BytesIO(parallel_coordinates(names, lines, False))).convert("RGB"))
    assert image.shape[1] == 1500 and image.std() > 5
    nothing = [Line("0", "failed", [None, None], math.nan)]
    assert parallel_coordinates(["a", "b"], nothing, True)


def test_losses_of_other_groups_come_with_a_caution(tmp_path):
    for number, (loss, value) in enumerate([("multitask", 4.4), ("relative", 0.15)]):
        job(tmp_path / str(number), [f"loss={loss}", "seed=1"], separation=value)
    whole = gather(tmp_path, "val/separation")
    assert whole.caution.startswith("The jobs differ in loss: losses of different")


def test_a_run_is_no_sweep(tmp_path):
    for folder in (tmp_path / "run", tmp_path / "sweep" / "0"):
        (folder / ".hydra").mkdir(parents=True)
        (folder / ".hydra" / "config.yaml").write_text("seed: 0\n")
        job(folder / "checkpoints", []).joinpath("job.json").unlink()
        (folder / "config.yaml").write_text("seed: 0\n")
        job(folder / "eval_gate", []).joinpath("job.json").rename(folder / "eval_gate" / "summary.json")
        with pytest.raises(DataError, match="no jobs of a sweep under"):
            gather(folder)
        assert not (folder / "sweep.html").exists()


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("job.json", "[]", "not what a job writes there"),
        ("validation.json", '{"figures": {"val/loss": null}}', "no figures"),
        ("validation.json", '{"figures": [1]}', "no figures"),
        ("job.json", '{"overrides": 5}', "not what Stemwise writes"),
        ("summary.json", "[]", "not what Stemwise writes"),
        ("summary.json", '{"scores": [{}]}', "not what Stemwise writes"),
        ("log/metrics.csv", "step,val/loss\n1,low\n", "not what Stemwise writes"),
        ("log/metrics.csv", 'a,b\n"1,2\n', "not readable as csv"),
    ],
)
def test_a_damaged_file_of_a_job_is_named(tmp_path, name, text, said):
    path = job(tmp_path / "0", ["seed=1"]) / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    shown = CliRunner().invoke(app, ["sweep", str(tmp_path)])
    assert shown.exit_code == 1 and isinstance(shown.exception, SystemExit)
    shown_in_a_line = " ".join(shown.output.split())
    assert said in shown_in_a_line and (said.startswith("not what Stem") or name.rpartition("/")[2] in shown_in_a_line)


def test_a_log_that_was_begun_just_now_has_no_figures(tmp_path):
    folder = job(tmp_path / "0", ["seed=1"], "begun")
    (folder / "log").mkdir()
    (folder / "log" / "metrics.csv").write_text("\n")
    assert read_jobs(tmp_path)[0].figures == {}
