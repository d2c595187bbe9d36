"""Networks of one target joined into one separator."""

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from stemwise.bundle import TargetBundle, join
from stemwise.cli import app
from stemwise.errors import ModelError
from stemwise.export import Exported, build, load, save
from stemwise.gate import Gate
from stemwise.separator import Separator

RATE = 8000


def description(target: str, hop: int = 64, kind: str = "iass_small") -> dict:
    nets = {
        "iass_small": {
            "_target_": "stemwise.nets.separation.iass_small.IassSmall",
            "targets": 1, "bins": 129, "rate": RATE, "widths": [4, 4, 4], "depth": 2,
        },
        "open_unmix": {
            "_target_": "stemwise.nets.separation.open_unmix.OpenUnmix", "bins": 129, "crop": 100, "hidden": 8,
        },
    }  # fmt: skip
    return {
        "_target_": "stemwise.model.SpectralModel",
        "net": nets[kind],
        "stft": {"_target_": "stemwise.spectral.Stft", "n_fft": 256, "hop": hop},
        "targets": [target],
        "sample_rate": RATE,
    }


def exported(folder, target: str, threshold: float = 0.5, gate: str = "hard", **how):
    torch.manual_seed(len(target))
    path = folder / f"{target}.safetensors"
    plain = description(target, **how)
    save(path, Exported(build(plain).eval(), Gate(gate, [threshold])), plain)
    return path


def test_a_bundle_gives_what_its_models_give(tmp_path):
    paths = [exported(tmp_path, "drums", 0.3), exported(tmp_path, "bass", 0.6)]
    whole, plain = join(paths)
    save(tmp_path / "joined.safetensors", whole, plain)
    joined = load(tmp_path / "joined.safetensors")
    assert joined.model.targets == ("drums", "bass")
    assert list(joined.gate.threshold) == [0.3, 0.6]
    mixture = np.random.default_rng(0).standard_normal((2, 3 * RATE)).astype(np.float32)
    found = Separator(joined.model, joined.gate).separate(mixture)
    for index, path in enumerate(paths):
        alone = load(path)
        expected = Separator(alone.model, alone.gate).separate(mixture)
        np.testing.assert_allclose(found.stems[index], expected.stems[0], atol=1e-5)
        np.testing.assert_allclose(found.probability[index], expected.probability[0], atol=1e-6)


def test_one_deaf_model_makes_the_bundle_deaf_and_stereo_masks_stay(tmp_path):
    whole, _ = join([exported(tmp_path, "drums"), exported(tmp_path, "bass", kind="open_unmix")])
    assert whole.model.outputs == {"stems", "mask"}
    estimate = whole.model.estimate(torch.randn(1, 2, RATE))
    assert estimate.activity is None and estimate.mask.shape[1:3] == (2, 2)
    assert estimate.stems.shape == (1, 2, 2, RATE)


@pytest.mark.parametrize(
    ("second", "said"),
    [
        ({"target": "drums"}, "give each target once"),
        ({"target": "bass", "hop": 128}, "different grids.*STFT 256 / 128"),
        ({"target": "bass", "gate": "soft"}, "gates differ"),
    ],
)
def test_what_cannot_be_joined(tmp_path, second, said):
    (tmp_path / "other").mkdir()
    with pytest.raises(ModelError, match=said):
        join([exported(tmp_path, "drums"), exported(tmp_path / "other", **second)])
    with pytest.raises(ModelError, match="each target once"):
        TargetBundle([])


def test_the_command_joins_run_folders(tmp_path):
    for target in ("drums", "bass"):
        (tmp_path / target).mkdir()
        exported(tmp_path, target).rename(tmp_path / target / "model.safetensors")
    out = tmp_path / "both.safetensors"
    shown = CliRunner().invoke(app, ["join", str(tmp_path / "drums"), str(tmp_path / "bass"), "--out", str(out)])
    assert shown.exit_code == 0 and "drums, bass" in shown.output
    assert load(out).card["joined"][1]["targets"] == ["bass"]
