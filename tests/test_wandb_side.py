"""What W&B is given beside the logs: a sweep it may run, a workspace it may show. No network: up to the request."""

import json
import re
from types import SimpleNamespace

import pytest
import wandb
import wandb_workspaces.workspaces.internal as backend
import yaml
from omegaconf import OmegaConf
from typer.testing import CliRunner
from wandb.sdk.launch.sweeps import utils

from stemwise.callbacks.media import Media
from stemwise.cli import app
from stemwise.evaluation.objective import OF_DETECTORS as FIGURES_OF_DETECTORS
from stemwise.evaluation.objective import SONG_FIGURES
from stemwise.report.dashboard import PICTURES, curves
from tests.test_train import ROOT, composed

SWEEP = ROOT / "conf" / "wandb" / "sweep.yaml"
SEARCH = OmegaConf.load(ROOT / "conf" / "sweep" / "search.yaml")
OF_DETECTORS = ROOT / "conf" / "wandb" / "detector.yaml"
DETECTOR_SEARCH = OmegaConf.load(ROOT / "conf" / "sweep" / "detector.yaml").hydra.sweeper.params


def command_of(sweep: dict, values: dict[str, float]) -> list[str]:
    """What W&B's agent would start, with its own macros."""
    macros = utils.create_sweep_command_args({"args": {key: {"value": value} for key, value in values.items()}})
    macros |= {"env": ["/usr/bin/env"], "interpreter": ["python"], "program": [sweep["program"]]}
    words = utils.create_sweep_command(list(sweep["command"]))
    known = [macros.get(word[2:-1], []) if word.startswith("${") and word.endswith("}") else [word] for word in words]
    return [word for part in known for word in part]


def test_the_agent_starts_a_training_with_the_settings_it_chose(tmp_path):
    sweep = utils.load_sweep_config(str(SWEEP))
    values = {key: (chosen["min"] + chosen["max"]) / 2 for key, chosen in sweep["parameters"].items()}
    words = command_of(sweep, values)
    assert words[:4] == ["/usr/bin/env", "python", "-m", "src.train"] and (ROOT / sweep["program"]).is_file()
    folder = [word for word in words if word.startswith("hydra.run.dir=")]
    config = composed(tmp_path, *[word for word in words[4:] if word not in folder])
    assert {key: OmegaConf.select(config, key) for key in values} == pytest.approx(values)
    assert "wandb" in config.logger and len(folder) == 1 and "%f" in folder[0]  # agents at the same second
    goal = SONG_FIGURES[config.objective]
    assert sweep["metric"] == {"name": config.objective.replace("val/", "best/"), "goal": goal}


def test_both_searches_vary_the_same_settings_over_the_same_ranges():
    ours = {key: [float(part) for part in text.split("interval(")[1].rstrip(")").split(",")]
            for key, text in SEARCH.hydra.sweeper.params.items()}  # fmt: skip
    theirs = utils.load_sweep_config(str(SWEEP))["parameters"]
    assert ours == {key: [chosen["min"], chosen["max"]] for key, chosen in theirs.items()}
    logs = {key: "log" in text.split("interval")[0] for key, text in SEARCH.hydra.sweeper.params.items()}
    assert logs == {key: chosen["distribution"].startswith("log") for key, chosen in theirs.items()}


def test_the_agent_starts_a_detector_with_the_settings_it_chose(tmp_path):
    sweep = utils.load_sweep_config(str(OF_DETECTORS))
    values = {key: (chosen["min"] + chosen["max"]) / 2 if "min" in chosen else chosen["values"][-1]
              for key, chosen in sweep["parameters"].items()}  # fmt: skip
    words = command_of(sweep, values)[4:]
    config = composed(tmp_path, *[word for word in words if not word.startswith("hydra.run.dir=")])
    assert {key: OmegaConf.select(config, key) for key in values} == pytest.approx(values) and "wandb" in config.logger
    assert config.model.context_seconds == config.loading.excerpt_seconds == 5.0
    goal = FIGURES_OF_DETECTORS[config.objective]
    assert sweep["metric"] == {"name": config.objective.replace("val/", "best/"), "goal": goal}


def test_both_searches_for_detectors_vary_the_same_settings_over_the_same_ranges():
    theirs = utils.load_sweep_config(str(OF_DETECTORS))["parameters"]
    assert theirs.keys() == DETECTOR_SEARCH.keys()
    for key, text in DETECTOR_SEARCH.items():
        chosen, (inside,) = theirs[key], re.findall(r"(?:interval|choice)\(([^)]*)\)", text)
        assert yaml.safe_load(f"[{inside}]") == chosen.get("values", [chosen.get("min"), chosen.get("max")])
        assert ("log" in text.split("interval")[0]) == chosen.get("distribution", "").startswith("log")


def test_the_workspace_of_detectors_asks_for_what_they_log(tmp_path):
    out = tmp_path / "workspace.json"
    shown = CliRunner().invoke(app, ["dashboard", "team/songs", "--detectors", "--out", str(out)])
    assert shown.exit_code == 0, shown.output
    sections = json.loads(out.read_text())["section"]["panelBankConfig"]["sections"]
    panels = {section["name"]: [panel["config"] for panel in section["panels"]] for section in sections}
    config = composed(tmp_path, "experiment=iad_cnn")
    charts = [set(panel["metrics"]) for panel in panels["Curves"]]
    assert charts == [set(chart.scalars) for chart in curves(list(config.loss.terms))]
    assert [key for panel in panels["Test"] for key in panel["mediaKeys"]] == list(PICTURES)
    columns = [column["accessor"] for column in panels["Runs by their settings"][0]["columns"]]
    settings = [column.removeprefix("config:").replace(".value.", ".", 1) for column in columns if "config:" in column]
    assert set(settings) == set(DETECTOR_SEARCH) and columns[-1] == "summary:best/auc"
    assert all(OmegaConf.select(config, name) is not None for name in settings)
    figures = {column.removeprefix("summary:best/") for column in columns if "summary:" in column}
    assert {f"val/{name}" for name in figures} <= set(FIGURES_OF_DETECTORS)


def test_the_workspace_asks_for_what_trainings_log(tmp_path):
    """Every curve, lane and sound of a training of the demo has its panel, under the name that it is logged by."""
    out = tmp_path / "workspace.json"
    shown = CliRunner().invoke(app, ["dashboard", "team/songs", "--out", str(out)])
    assert shown.exit_code == 0, shown.output
    sections = json.loads(out.read_text())["section"]["panelBankConfig"]["sections"]
    panels = {section["name"]: [panel["config"] for panel in section["panels"]] for section in sections}
    charts = [set(panel["metrics"]) for panel in panels["Curves"]]
    assert charts == [set(chart.scalars) for chart in curves(["separation", "activity"])]
    config = composed(tmp_path, "experiment=demo")
    sounds = {key for panel in panels["Audio"] for key in panel["mediaKeys"]}
    kinds = ("estimate", "reference")
    logged = {f"audio 0/{kind} {target}" for kind in kinds for target in config.model.targets} | {"audio 0/mixture"}
    assert logged <= sounds and Media().excerpts == len(panels["Audio"]) == len(panels["Activity"][0]["mediaKeys"])
    columns = [column["accessor"] for column in panels["Runs by their settings"][0]["columns"]]
    settings = [column.removeprefix("config:").replace(".value.", ".", 1) for column in columns if "config:" in column]
    assert set(settings) == set(SEARCH.hydra.sweeper.params) and columns[-1] == "summary:best/usdr"
    assert all(OmegaConf.select(config, name) is not None for name in settings)


def test_the_request_is_one_view_of_the_project(monkeypatch):
    sent = []

    def answer(api, query, variables):
        sent.append(variables)
        return {"upsertView": {"view": {"id": "1", "name": variables["name"]}}}

    monkeypatch.setattr(backend, "execute_graphql", answer)
    client = SimpleNamespace(app_url="https://wandb.test")
    monkeypatch.setattr(wandb, "Api", lambda: SimpleNamespace(client=client))
    shown = CliRunner().invoke(app, ["dashboard", "team/songs", "--setting", "seed", "--by", "best/separation"])
    assert shown.exit_code == 0 and "https://wandb.test/team/songs" in shown.output, shown.output
    (request,) = sent
    assert (request["entityName"], request["projectName"], request["type"]) == ("team", "songs", "project-view")
    assert '"config:seed' in request["spec"] and "config:model" not in request["spec"]


@pytest.mark.parametrize("name", ["songs", "a/b/c", "/songs", "team/"])
def test_a_project_without_its_entity_is_refused(name):
    shown = CliRunner().invoke(app, ["dashboard", name])
    assert shown.exit_code == 1 and "Give entity/project" in shown.output


def test_without_a_login_the_command_says_so(monkeypatch):
    def refuse():
        raise wandb.errors.UsageError("no key")

    monkeypatch.setattr(wandb, "Api", refuse)
    shown = CliRunner().invoke(app, ["dashboard", "team/songs"])
    assert shown.exit_code == 1 and "wandb login" in shown.output and "no key" in shown.output
