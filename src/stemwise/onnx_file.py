"""A detector as an ONNX file, for programs without PyTorch: samples in, probabilities out, front end included."""

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from stemwise import __version__
from stemwise.errors import MissingExtra, ModelError
from stemwise.export import Exported
from stemwise.files import beside
from stemwise.model.mel import MelModel

OPSET = 18  # the first in which the exporter is at home; 17 brought the STFT
TOLERANCE = 1e-4  # relative, of probabilities
LEAST = 1e-6  # probability under which differences are taken against it
BATCH, CHANNELS, WINDOWS = 2, 2, 3  # of the example that is traced; all three may be others later


def save_onnx(path: Path, exported: Exported, identity: str = "") -> float:
    """Write a `MelModel`; return the largest relative difference between its probabilities and onnxruntime's.

    Input `samples` (batch, channel, sample), float32 at the model's rate, of any length: zeros are added up to a whole
    window. Output `probability` (batch, target, window). Metadata: see `metadata`. Raises MissingExtra without the
    extra `onnx`, and ModelError for another kind of model, and where the two differ by more than 1e-4 on noise, silence
    or a song that is no whole number of windows; then nothing is written.
    """
    if not isinstance(exported.model, MelModel):
        raise ModelError("ONNX is for models that hear which instruments play; this one separates.")
    try:
        import onnx
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401
    except ImportError as fault:
        raise MissingExtra(fault.name or "onnx", "onnx", "Writing ONNX") from fault
    with beside(path) as part:
        graph = _graph(exported.model)
        for key, value in metadata(exported, identity).items():
            graph.metadata_props.add(key=key, value=value)
        onnx.checker.check_model(graph)
        onnx.save(graph, part)
        difference = _difference(part, exported.model)
        if not difference <= TOLERANCE:
            raise ModelError(
                f"onnxruntime's probabilities differ from the model's by {difference:.1e} of their value, more than "
                f"{TOLERANCE:.0e}. Nothing was written; try another version of onnxruntime or torch."
            )
    return difference


def metadata(exported: Exported, identity: str = "") -> dict[str, str]:
    """What a program needs to use the model, each value JSON: `targets`, `thresholds` (a target is active where its
    probability is higher), `median_seconds` (0: none), `sample_rate` in Hz, `window` in samples, `context_windows` that
    are to be given at a time, `identity` and `stemwise`."""
    model, gate = exported.model, exported.gate
    found = {
        "targets": list(model.targets),
        "thresholds": gate.thresholds(len(model.targets)),
        "median_seconds": gate.median_seconds if gate.kind == "hard" else 0.0,
        "sample_rate": model.sample_rate,
        "window": model.window,
        "context_windows": model.context_windows,
        "identity": identity,
        "stemwise": __version__,
    }
    return {key: json.dumps(value, ensure_ascii=False) for key, value in found.items()}


class _Probability(nn.Module):
    """Samples → probabilities, in one tensor each."""

    def __init__(self, model: MelModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, samples: Tensor) -> Tensor:
        """(batch, channel, sample), whole windows → (batch, target, window)."""
        logits = self.model.estimate(samples).activity
        assert logits is not None
        # Written out, since onnxruntime's own sigmoid gives nothing below 1.5e-8 (1.32).
        return 1 / (1 + torch.exp(-logits))


def _graph(model: MelModel) -> Any:
    """An onnx.ModelProto without the paths and line numbers that the exporter notes at every node."""
    sizes = {name: torch.export.Dim(name) for name in ("batch", "channel", "window")}
    shape = {0: sizes["batch"], 1: sizes["channel"], 2: model.window * sizes["window"]}
    example = 0.1 * torch.randn(BATCH, CHANNELS, WINDOWS * model.window, generator=torch.Generator().manual_seed(0))
    with _quiet():
        program = torch.onnx.export(
            _Probability(model).eval(),
            (example,),
            dynamo=True,
            verbose=False,
            dynamic_shapes={"samples": shape},
            input_names=["samples"],
            output_names=["probability"],
            opset_version=OPSET,
        )
    assert program is not None
    graph = program.model_proto
    graph.doc_string = f"Which of {', '.join(model.targets)} play in each {model.window_seconds:g} s."
    for part in (*graph.graph.node, *graph.graph.input, *graph.graph.output, *graph.graph.initializer):
        del part.metadata_props[:]
        part.doc_string = ""
    del graph.graph.value_info[:]
    _pad_to_windows(graph, model.window)
    return graph


def _pad_to_windows(graph: Any, window: int) -> None:
    """Put in front of the graph what adds zeros up to a whole number of windows.

    In ONNX and not in the traced module, where a length that is no multiple of a window's breaks the export of
    recurrent layers (torch 2.13).
    """
    from onnx import helper, numpy_helper

    main = graph.graph
    for node in main.node:
        for place, name in enumerate(node.input):
            if name == "samples":
                node.input[place] = "whole_windows"
    constants = {"pad_window": [window], "pad_before": [0] * 5}
    for name, values in constants.items():
        main.initializer.append(numpy_helper.from_array(np.array(values, np.int64), name))
    nodes = [
        helper.make_node("Shape", ["samples"], ["pad_length"], start=2),
        helper.make_node("Neg", ["pad_length"], ["pad_less"]),
        helper.make_node("Mod", ["pad_less", "pad_window"], ["pad_missing"]),  # as Python's: never negative
        helper.make_node("Concat", ["pad_before", "pad_missing"], ["pad_all"], axis=0),
        helper.make_node("Pad", ["samples", "pad_all"], ["whole_windows"]),
    ]
    for node in reversed(nodes):
        main.node.insert(0, node)
    main.input[0].type.tensor_type.shape.dim[2].dim_param = "sample"
    main.output[0].type.tensor_type.shape.dim[2].dim_param = "window"


def _difference(path: Path, model: MelModel) -> float:
    """The largest of |onnxruntime's − model's| / model's, on noise, silence, and a song with a short last window."""
    import onnxruntime

    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    rng = np.random.default_rng(0)
    whole = (1, 1, model.context_windows * model.window)
    loud = (0.2 * rng.standard_normal(shape) for shape in (whole, (3, 2, 2 * model.window), (1, 1, model.window // 3)))
    differences = []
    for samples in (*loud, np.zeros(whole)):
        given = samples.astype(np.float32)
        behind = -given.shape[2] % model.window
        with torch.inference_mode():
            logits = model.estimate(torch.from_numpy(np.pad(given, [(0, 0), (0, 0), (0, behind)]))).activity
            assert logits is not None
            expected = torch.sigmoid(logits).numpy()
        (found,) = session.run(["probability"], {"samples": given})
        if found.shape != expected.shape:
            raise ModelError(f"onnxruntime gives {found.shape} where the model gives {expected.shape}.")
        differences.append(float(np.max(np.abs(found - expected) / np.maximum(expected, LEAST))))
    return max(differences)


@contextmanager
def _quiet() -> Iterator[None]:
    """The exporter warns of packages that are not needed here."""
    log = logging.getLogger("torch.onnx")
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        log.setLevel(level)
