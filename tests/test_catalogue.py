"""What `stemwise nets` says, against the reference and against conf/model."""

import json

import pytest
from src.train import CONF
from typer.testing import CliRunner

from stemwise import health
from stemwise.catalogue import descriptions, figures
from stemwise.cli import app
from stemwise.errors import ModelError
from stemwise.experiment import configs


@pytest.mark.parametrize("name", sorted(descriptions()))
def test_the_catalogue_is_what_conf_says(name):
    from hydra import compose, initialize_config_dir

    targets = [f"targets={descriptions()[name]['targets']}"] if len(descriptions()[name]["targets"]) == 1 else []
    targets += ["scheme=iad"] if name.startswith("iad_") else []
    with initialize_config_dir(CONF, version_base="1.3"):
        config = compose("train", overrides=[f"model={name}", "data.root=x", *targets])
    assert configs.plain(config.model) == descriptions()[name]


def test_every_model_of_conf_is_in_the_catalogue():
    from pathlib import Path

    assert {path.stem for path in (Path(CONF) / "model").glob("*.yaml")} == set(descriptions())


def test_iass_has_the_published_figures():
    """Reference: 3,205,682 parameters; 25 frames reach a frame of the mask, 13 one of the activity."""
    iass = figures("iass")
    assert (iass.parameters, iass.mask_reach, iass.activity_reach) == (3_205_682, 25, 13)


def test_open_unmix_hears_all_and_detects_nothing():
    unmix = figures("open_unmix")
    assert (unmix.parameters, unmix.mask_reach, unmix.detects, unmix.channels) == (8_893_348, None, False, 2)


@pytest.mark.parametrize("name", [name for name in sorted(descriptions()) if figures(name).separates])
def test_the_context_covers_what_the_net_sees(name):
    found = figures(name)
    reach = max(found.mask_reach or 0, found.activity_reach or 0)
    assert found.context >= (reach // 2) * found.hop / found.sample_rate


def test_what_reaches_a_second_of_a_detector():
    """A window of 50 frames, and beyond it one step of each 3×3 convolution, of 1, 2, 2 and 10 frames."""
    assert [figures(f"iad_{net}").activity_reach for net in ("fc", "crnn", "conformer")] == [50, None, None]
    assert figures("iad_cnn").activity_reach == 50 + 2 * (1 + 2 + 2 + 10)
    assert not figures("iad_cnn").separates and figures("iad_cnn").detects


def test_an_unknown_network_is_refused():
    with pytest.raises(ModelError, match=r"no network 'unet'.*iass"):
        figures("unet")


def test_nets_prints_a_table_and_json():
    shown = CliRunner().invoke(app, ["nets"])
    assert shown.exit_code == 0 and "3,205,682" in shown.output
    listed = json.loads(CliRunner().invoke(app, ["nets", "--json"]).output)
    assert [each["name"] for each in listed] == list(descriptions())


def findings():
    return {finding.what: finding for finding in health.examine()}


def test_doctor_says_what_is_there(home):
    shown = CliRunner().invoke(app, ["doctor"])
    assert shown.exit_code == 0
    assert "torch" in shown.output and str(home) in shown.output.replace("\n", "")
    listed = json.loads(CliRunner().invoke(app, ["doctor", "--json"]).output)
    assert {"stemwise", "device", "precision", "home", "model"} <= {each["what"] for each in listed}


def test_doctor_names_what_is_missing_and_how_to_get_it(monkeypatch):
    version = health._version
    monkeypatch.setattr(health, "_version", lambda name: None if name == "wandb" else version(name))
    found = findings()["packages, wandb"]
    assert found.found.endswith("missing: wandb") and found.advice == "pip install 'stemwise[wandb]'"
    assert not findings()["packages, needed"].advice


def test_doctor_tells_of_a_full_disk_and_of_the_newest_model(monkeypatch, home):
    import shutil
    from collections import namedtuple

    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10, 9, 1))
    assert "little room" in findings()["home"].advice
    assert "the one that ships" in findings()["model"].found and not findings()["model"].advice
    (home / "runs" / "one").mkdir(parents=True)
    (home / "runs" / "one" / "model.safetensors").write_bytes(b"")
    told = findings()["model"]  # it is no model
    assert (
        "the one that ships" in told.found and f"{home / 'runs' / 'one'}" in told.found and "remove it" in told.advice
    )


@pytest.mark.parametrize(("cuda", "bf16", "said"), [(True, True, "bf16-mixed"), (True, False, "16-mixed")])
def test_doctor_names_a_gpu_and_its_precision(monkeypatch, cuda, bf16, said):
    import torch

    for name, value in {"is_available": cuda, "device_count": 1, "is_bf16_supported": bf16}.items():
        monkeypatch.setattr(torch.cuda, name, lambda value=value: value)
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda index: "A GPU")
    assert "A GPU" in findings()["device"].found and f"={said}" in findings()["precision"].found


@pytest.mark.parametrize(
    ("units", "said"), [({"avx512_bf16": True}, "bf16-mixed may take less"), ({"avx512_bf16": False}, "is slower")]
)
def test_doctor_names_the_precision_of_a_cpu(monkeypatch, units, said):
    import torch

    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: units, raising=False)
    assert said in findings()["precision"].found
    monkeypatch.delattr(torch.cpu, "get_capabilities")
    assert "is slower" in findings()["precision"].found, "PyTorch that does not say"
