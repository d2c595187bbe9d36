"""Detectors as ONNX: what onnxruntime makes of them, from the samples on."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from stemwise.errors import ModelError
from stemwise.export import Exported, build, identity
from stemwise.gate import Gate
from stemwise.listen import load_detector
from tests.detectors import TONES, hears_tones, saved, tone_song, tones
from tests.test_cli import stemwise
from tests.test_export import exported as separator

onnx = pytest.importorskip("onnx", reason="needs the extra onnx")
runtime = pytest.importorskip("onnxruntime", reason="needs the extra onnx")
pytest.importorskip("onnxscript", reason="needs the extra onnx")
from stemwise.onnx_file import save_onnx  # noqa: E402

ROOT = Path(__file__).resolve().parents[1]
NETS = {
    "fully_connected.FullyConnected": {},
    "cnn.Cnn": {},
    "crnn.Crnn": {"hidden": 24},
    "conformer.Conformer": {"layers": 1},
}
TARGETS = [f"instrument {number}" for number in range(18)]


def described(kind: str, **settings) -> dict:
    return {
        "_target_": "stemwise.model.mel.MelModel",
        "net": {"_target_": f"stemwise.nets.detection.{kind}", "targets": 18, **settings},
        "mel": {"_target_": "stemwise.mel.LogMel"},
        "targets": TARGETS,
        "sample_rate": 16000,
        "context_seconds": 2.0,
    }


def random_detector(kind: str, **settings) -> Exported:
    """Weights half as large again as a net begins with, so that its probabilities are not all near one half."""
    torch.manual_seed(0)
    model = build(described(kind, **settings)).eval()
    with torch.no_grad():
        for weights in model.net.parameters():
            weights.mul_(1.5)
        for _ in range(3):  # so that batch norms know the dB that come
            model.train().estimate(0.1 * torch.randn(4, 1, 32000))
    return Exported(model.eval(), Gate("hard", np.linspace(0.2, 0.8, 18).tolist(), 0.0))


def session(path):
    return runtime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])


def differs(found: np.ndarray, expected: np.ndarray) -> float:
    """Relative, of probabilities and of what is left to 1, so that it is that of logits too."""
    assert found.shape == expected.shape
    return float(max(np.abs(found / expected - 1).max(), np.abs((1 - found) / (1 - expected) - 1).max()))


@pytest.mark.parametrize("kind", NETS)
def test_probabilities_are_the_models_for_any_batch_channels_and_length(tmp_path, kind):
    before = random_detector(kind, **NETS[kind])
    assert save_onnx(tmp_path / "d.onnx", before) < 1e-4
    running = session(tmp_path / "d.onnx")
    rng = np.random.default_rng(0)
    spread = []
    for shape in ((1, 1, 16000), (5, 2, 32000), (1, 6, 160000), (2, 1, 33333), (1, 1, 1)):
        for samples in (0.2 * rng.standard_normal(shape).astype(np.float32), np.zeros(shape, np.float32)):
            (found,) = running.run(None, {"samples": samples})
            whole = np.pad(samples, [(0, 0), (0, 0), (0, -shape[2] % 16000)])
            with torch.inference_mode():
                expected = torch.sigmoid(before.model.estimate(torch.from_numpy(whole)).activity).numpy()
            assert differs(found, expected) < 1e-4
            spread.append(expected)
    assert np.ptp(np.concatenate([each.ravel() for each in spread])) > 0.3
    assert (tmp_path / "d.onnx").stat().st_size < (5e6 if kind == "cnn.Cnn" else 10e6)
    assert [file.name for file in tmp_path.iterdir()] == ["d.onnx"]


def test_the_example_of_the_docs_says_what_the_detector_says(tmp_path, monkeypatch, capsys):
    """Metadata, blocks, thresholds, without a word of ours."""
    path = saved(tmp_path / "model.safetensors", gate=Gate("hard", [0.25, 0.75], 0.0))
    said = stemwise("export", path, "--onnx", tmp_path / "detector.onnx")
    assert "onnxruntime's probabilities are the model's to" in said
    tone_song(tmp_path / "song.wav", 16000)
    parts = (ROOT / "docs" / "activity.md").read_text(encoding="utf-8").split("```python\n")[1:]
    (example,) = [code for code, _, _ in (part.partition("```") for part in parts) if "onnxruntime" in code]
    assert example.count("\n") <= 12
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(example, names)
    expected = load_detector(path).detect(tones(16000))
    assert np.abs(np.concatenate(list(names["found"]), axis=1) - expected.probability).max() < 1e-5
    np.testing.assert_array_equal(names["active"], expected.active)
    assert capsys.readouterr().out.splitlines()[0] == "low [0 1 2 5 6]"


def test_the_file_says_what_a_program_must_know_and_nothing_of_where_it_was_made(tmp_path):
    path = saved(tmp_path / "model.safetensors", gate=Gate("hard", [0.25, 0.75], 0.0))
    stemwise("export", path, "--onnx", tmp_path / "d.onnx")
    graph = onnx.load(tmp_path / "d.onnx")
    meta = {entry.key: json.loads(entry.value) for entry in graph.metadata_props}
    del meta["stemwise"]
    assert meta == {
        "targets": list(TONES), "thresholds": [0.25, 0.75], "median_seconds": 0.0, "sample_rate": 16000,
        "window": 16000, "context_windows": 1, "identity": identity(path),
    }  # fmt: skip
    names = [[size.dim_param or size.dim_value for size in value.type.tensor_type.shape.dim]
             for value in (*graph.graph.input, *graph.graph.output)]  # fmt: skip
    assert names == [["batch", "channel", "sample"], ["batch", 2, "window"]]
    held = (tmp_path / "d.onnx").read_bytes()
    assert b"site-packages" not in held and b".py" not in held and str(tmp_path).encode() not in held


@pytest.mark.parametrize("word", [["--out", "x.safetensors"], ["--scores", "summary.json"], ["--no-half"]])
def test_what_an_onnx_file_has_no_place_for_is_refused(tmp_path, word):
    path = saved(tmp_path / "model.safetensors")
    said = stemwise("export", path, "--onnx", tmp_path / "d.onnx", *word, code=1)
    assert "--onnx writes that file alone" in said and not (tmp_path / "d.onnx").exists()


def test_a_separator_is_refused(tmp_path):
    with pytest.raises(ModelError, match="this one separates"):
        save_onnx(tmp_path / "d.onnx", separator())
    assert not list(tmp_path.iterdir())


def test_a_graph_that_gives_something_else_is_not_written(tmp_path, monkeypatch):
    from stemwise import onnx_file

    made = onnx_file._graph

    def spoiled(model):
        graph = made(model)
        front = next(each for each in graph.graph.initializer if each.name == "model.mel.filters")
        values = onnx.numpy_helper.to_array(front) * np.float32(1.001)
        front.CopyFrom(onnx.numpy_helper.from_array(values, front.name))
        return graph

    monkeypatch.setattr(onnx_file, "_graph", spoiled)
    with pytest.raises(ModelError, match="differ from the model's by"):
        save_onnx(tmp_path / "d.onnx", hears_tones())
    assert not list(tmp_path.iterdir())


def test_without_its_extra_there_is_a_sentence(tmp_path):
    saved(tmp_path / "m.safetensors")
    words = ["export", str(tmp_path / "m.safetensors"), "--onnx", str(tmp_path / "d.onnx")]
    code = f"import sys\nsys.modules['onnx'] = None\nfrom stemwise.cli import app\napp({words!r})"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert shown.returncode == 1 and "stemwise[onnx]" in shown.stderr and "Traceback" not in shown.stderr
    assert [file.name for file in tmp_path.iterdir()] == ["m.safetensors"]
