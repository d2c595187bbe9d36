import json
import os
import stat
import warnings

import pytest
import torch
from safetensors.torch import save_file

from stemwise import export
from stemwise.errors import ModelError
from stemwise.export import SHIPPED, Exported, build, default_model, describe, find_detector, load, save
from stemwise.gate import Gate
from stemwise.model import SEPARATION
from stemwise.model.mel import DETECTION
from tests.detectors import saved

DESCRIPTION = {
    "_target_": "stemwise.model.SpectralModel",
    "net": {
        "_target_": "stemwise.nets.separation.iass_small.IassSmall",
        "targets": 2, "bins": 257, "rate": 8000, "widths": [8, 12, 16],
    },
    "stft": {"_target_": "stemwise.spectral.Stft", "n_fft": 512, "hop": 128},
    "targets": ["a", "b"],
    "sample_rate": 8000,
}  # fmt: skip


def exported() -> Exported:
    torch.manual_seed(0)
    return Exported(build(DESCRIPTION).eval(), Gate("hard", [0.3, 0.6], 0.25), {"name": "test", "score": 1.5})


def test_what_is_loaded_is_what_was_saved(tmp_path):
    path, before = tmp_path / "model.safetensors", exported()
    save(path, before, DESCRIPTION)
    after = load(path)
    assert (after.gate, after.card) == (before.gate, before.card) and not after.model.training
    mixture = torch.randn(1, 2, 4000)
    torch.testing.assert_close(after.model.estimate(mixture).stems, before.model.estimate(mixture).stems)
    assert describe(path)["model"] == DESCRIPTION
    assert [file.name for file in tmp_path.iterdir()] == ["model.safetensors"]
    assert path.stat().st_mode & stat.S_IRGRP  # as readable as any other file


def test_half_the_bits_are_half_the_file_and_the_same_stems(tmp_path):
    whole, half, before = tmp_path / "whole.safetensors", tmp_path / "half.safetensors", exported()
    save(whole, before, DESCRIPTION)
    save(half, before, DESCRIPTION, half=True)
    assert half.stat().st_size < 0.6 * whole.stat().st_size
    mixture = torch.randn(1, 1, 8000)
    one, other = (load(path).model.estimate(mixture) for path in (whole, half))
    assert next(load(half).model.parameters()).dtype == torch.float32
    error = (one.stems - other.stems).square().sum() / one.stems.square().sum()
    assert 0 < error < 1e-5  # 50 dB below the stems
    assert describe(half)["gate"] == describe(whole)["gate"]


def test_a_weight_beyond_the_range_of_half_the_bits_is_refused(tmp_path):
    before = exported()
    with torch.no_grad():
        before.model.net.to_masks.weight[0, 0] = 1e5
    with pytest.raises(ModelError, match="1e\\+05 does not fit into 16 bits"):
        save(tmp_path / "half.safetensors", before, DESCRIPTION, half=True)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("os.system", "not a class of stemwise"),
        ("stemwise.files.shutil.rmtree", "no module stemwise.files.shutil"),
        ("stemwise.files.os", "defines no class 'os'"),
        ("stemwise.home.Path", "defines no class 'Path'"),
        ("stemwise.audio.write", "defines no class 'write'"),
        ("stemwise.nowhere.Net", "no module stemwise.nowhere"),
        ("stemwisely.Net", "not a class of stemwise"),
    ],
)
def test_only_classes_that_stemwise_defines_are_built(target, said):
    with pytest.raises(ModelError, match=said):
        build({"_target_": target})


def test_arguments_that_do_not_fit_raise():
    with pytest.raises(ModelError, match="cannot be built from"):
        build({"_target_": "stemwise.spectral.Stft", "windows": 3})


def test_files_that_are_no_model_raise(tmp_path):
    path = tmp_path / "model.safetensors"
    with pytest.raises(ModelError, match="no such model"):
        load(path)
    path.write_bytes(b"not safetensors at all")
    with pytest.raises(ModelError, match="not a readable safetensors file"):
        load(path)
    save_file({"x": torch.zeros(1)}, path)
    with pytest.raises(ModelError, match="no Stemwise model"):
        load(path)
    header = {"format": 1, "model": DESCRIPTION, "gate": {}, "card": {}}
    save_file({"x": torch.zeros(1)}, path, metadata={"stemwise": json.dumps(header)})
    with pytest.raises(ModelError, match="weights do not fit"):
        load(path)


def test_the_sentence_for_a_missing_model_is_that_of_its_kind(tmp_path):
    for kind, trains in ((SEPARATION, "make demo"), (DETECTION, "experiment=iad_cnn")):
        for asked in (load, describe):
            with pytest.raises(ModelError, match=f"no such model.*{trains}"):
                asked(tmp_path / "gone.safetensors", kind)


def test_a_model_that_cannot_be_read_is_passed_over_while_there_is_another(home, monkeypatch):
    """Of whatever kind it was meant to be: the one that is asked for is taken, and the other is named."""
    monkeypatch.setattr(export, "SHIPPED_DETECTOR", home / "none.safetensors")
    broken, good = (home / "runs" / name / "model.safetensors" for name in ("broken", "good"))
    broken.parent.mkdir(parents=True)
    broken.write_bytes(b"not safetensors at all")
    assert default_model(DETECTION) == broken, "nothing else is there: who loads it is told"
    with pytest.raises(ModelError, match=r"broken.*not a readable safetensors file"):
        load(find_detector(), DETECTION)
    with pytest.warns(UserWarning, match="passed over, since it cannot be read: .*broken"):
        assert default_model(SEPARATION) == SHIPPED
    detector = saved(good)
    for path, age in ((detector, 100), (broken, 0)):
        os.utime(path, (path.stat().st_atime, path.stat().st_mtime - age))
    with pytest.warns(UserWarning, match="passed over, since it cannot be read: .*broken"):
        assert find_detector("newest") == detector
    os.utime(broken, (0, 0))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert find_detector() == detector, "an older one is not looked at"


def drum_kit(time: torch.Tensor) -> torch.Tensor:
    """Kick and snare in turn, twice a second, under a hi-hat."""
    noise = torch.randn(len(time), generator=torch.Generator().manual_seed(0))
    kick, snare = time % 1, (time + 0.5) % 1
    falling = torch.sin(2 * torch.pi * (60 * kick + 4 * (1 - torch.exp(-30 * kick)))) * torch.exp(-12 * kick)
    rattle = 0.3 * noise * torch.exp(-20 * snare) + 0.2 * torch.sin(380 * torch.pi * time) * torch.exp(-25 * snare)
    return 0.6 * falling + rattle + 0.1 * torch.diff(noise, prepend=noise[:1]) * torch.exp(-60 * (time % 0.25))


def test_the_model_that_ships_is_small_and_separates_as_its_card_says():
    """A file that fits into the package, loads, and takes a mixture of two of its targets apart a little."""
    header = describe(SHIPPED)
    assert SHIPPED.stat().st_size < 10e6 and header["card"]["scores"] and header["card"]["steps"] > 0
    card = (SHIPPED.parent / "README.md").read_text(encoding="utf-8")
    assert header["card"]["commit"] in card and f"{SHIPPED.stat().st_size / 1e6:.1f} MB" in card
    model = load(SHIPPED).model
    time = torch.arange(8 * 16000) / 16000
    bass = sum(0.25 / k * torch.sin(2 * torch.pi * 55 * k * time) for k in range(1, 6)) * (1 - (2 * time % 1))
    drums = drum_kit(time)
    with torch.inference_mode():
        stems = model.estimate((bass + drums)[None, None]).stems[0, :, 0]
    for name, truth, other in (("bass", bass, drums), ("drums", drums, bass)):
        found = stems[model.targets.index(name)]
        # More of its own passes, though these are no instruments that it ever heard.
        assert found @ truth / truth.norm() ** 2 > 1.4 * found @ other / other.norm() ** 2
