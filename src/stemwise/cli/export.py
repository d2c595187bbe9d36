"""stemwise export RUN --out FILE"""

from pathlib import Path
from typing import Annotated, Any

import typer

from stemwise.cli.common import say
from stemwise.texts import read_json

TOLD = ("usdr", "silence_energy", "lost_energy", "auc")


def command(
    run: Annotated[Path, typer.Argument(help="a run folder, or an exported model")],
    out: Annotated[Path, typer.Option(help="the model to pass on")] = Path("small.safetensors"),
    scores: Annotated[
        Path | None, typer.Option(help="a summary.json of src.eval, for the card; default: the run's own")
    ] = None,
    half: Annotated[bool, typer.Option(help="weights in 16 bits: half the file, the same stems to 50 dB")] = True,
) -> None:
    """Copy a run's model to pass on: smaller, with its scores in the card it carries."""
    from dataclasses import replace

    from stemwise.export import describe, load, save

    path = run / "model.safetensors" if run.is_dir() else run
    exported, description = load(path), describe(path)["model"]
    card = exported.card | {"scores": scores_of(scores or path.parent / "summary.json")}
    save(out, replace(exported, card=card), description, half)
    said = ", with its scores" if card["scores"] else "; it was not scored yet (python -m src.eval)"
    say(f"{out}: {out.stat().st_size / 1e6:.1f} MB{said}")


def scores_of(summary: Path) -> list[dict[str, Any]]:
    """What a run scored in the mean over its targets, a line a system and gate; nothing where it was not scored."""
    if not summary.is_file():
        return []
    lines = read_json(summary).get("scores", [])
    kept = ("system", "gate", "songs", *(name for m in TOLD for name in (m, f"{m}_low", f"{m}_high")))
    return [{key: line[key] for key in kept if key in line} for line in lines if line["target"] == "all"]
