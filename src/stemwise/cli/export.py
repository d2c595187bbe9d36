"""stemwise export RUN --out FILE"""

from pathlib import Path
from typing import Annotated, Any

import typer

from stemwise.cli.common import say
from stemwise.errors import DataError
from stemwise.texts import read_json

TOLD = ("usdr", "silence_energy", "lost_energy", "auc")
TOLD_OF_DETECTORS = ("level", "measure", "value", "low", "high", "songs")


def command(
    run: Annotated[Path, typer.Argument(help="a run folder, or an exported model")],
    out: Annotated[Path | None, typer.Option(help="the model to pass on; default: small.safetensors")] = None,
    scores: Annotated[
        Path | None, typer.Option(help="a summary.json of src.eval, for the card; default: the run's own")
    ] = None,
    half: Annotated[bool, typer.Option(help="weights in 16 bits: half the file; stems are the same to 50 dB")] = True,
    onnx: Annotated[
        Path | None, typer.Option(help="instead of OUT: a detector as ONNX, for programs without PyTorch; extra onnx")
    ] = None,
) -> None:
    """Copy a run's model to pass on: smaller, with its scores in the card it carries."""
    from dataclasses import replace

    from stemwise.export import describe, load, save

    path = run / "model.safetensors" if run.is_dir() else run
    if onnx is not None:
        if out is not None or scores is not None or not half:
            raise DataError("--onnx writes that file alone, in 32 bits and without scores; leave the others out.")
        write_onnx(path, onnx)
        return
    out = out or Path("small.safetensors")
    exported, description = load(path), describe(path)["model"]
    card = exported.card | {"scores": _scores(scores, path) or exported.card.get("scores", [])}
    save(out, replace(exported, card=card), description, half)
    said = ", with its scores" if card["scores"] else "; it was not scored yet (python -m src.eval)"
    say(f"{out}: {out.stat().st_size / 1e6:.1f} MB{said}")


def _scores(asked: Path | None, model: Path) -> list[dict[str, Any]]:
    """Of the summary that is asked for, or of the run's own, if it has one."""
    if asked is not None and not asked.is_file():
        raise DataError(f"--scores {asked}: no such file. `python -m src.eval` writes summary.json.")
    return scores_of(asked or model.parent / "summary.json")


def write_onnx(path: Path, out: Path) -> None:
    from stemwise.export import identity, load
    from stemwise.onnx_file import save_onnx

    difference = save_onnx(out, load(path), identity(path))
    size = out.stat().st_size / 1e6
    say(f"{out}: {size:.1f} MB; onnxruntime's probabilities are the model's to {difference:.1e} of their value")


def scores_of(summary: Path) -> list[dict[str, Any]]:
    """What a run scored in the mean over its targets, nothing where it was not scored: a line a system and gate, or of
    a detector a line a level and measure, those without a figure left out."""
    found = read_json(summary) if summary.is_file() else {}
    if "detection" in found and not found.get("scores"):  # what a separator says of seconds is not what it is for
        lines = [line for line in found["detection"]["levels"] if line["value"] is not None]
        return [{key: line[key] for key in TOLD_OF_DETECTORS} for line in lines]
    kept = ("system", "gate", "songs", *(name for m in TOLD for name in (m, f"{m}_low", f"{m}_high")))
    lines = [line for line in found.get("scores", []) if line["target"] == "all"]
    return [{key: line[key] for key in kept if key in line} for line in lines]
