"""stemwise separate SONG --out DIR"""

import warnings
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stemwise import audio, health
from stemwise.cli.common import progress_bar, say
from stemwise.errors import ModelError

if TYPE_CHECKING:
    from stemwise.gate import Gate


class Format(StrEnum):
    """Files that stems can be written as."""

    wav = "wav"
    flac = "flac"
    mp3 = "mp3"


class GateKind(StrEnum):
    """`gate.Kind`, as choices of the command line."""

    hard = "hard"
    soft = "soft"
    off = "off"


def command(
    song: Annotated[Path, typer.Argument(help="wav, flac, ogg or mp3; any rate and length")],
    out: Annotated[Path, typer.Option(help="stems go into OUT/<name of the song>/")] = Path("separated"),
    model: Annotated[
        str | None,
        typer.Option(help="an exported model, its run folder, or shipped; default: the newest run, else what ships"),
    ] = None,
    format: Annotated[Format, typer.Option(help="wav keeps every level, the others clip beyond ±1")] = Format.wav,
    gate: Annotated[GateKind | None, typer.Option(help="default: what the model carries")] = None,
    threshold: Annotated[float | None, typer.Option(help="of a hard gate, 0 to 1, for all targets")] = None,
    gate_by: Annotated[
        str | None,
        typer.Option(help="a detector (exported, or its run folder), shipped, or newest; default: the model itself"),
    ] = None,
    shifts: Annotated[
        int, typer.Option(min=1, help="separate on so many grids of frames, and take the mean: better, slower")
    ] = 1,
    device: Annotated[str, typer.Option(help="cpu, cuda or mps")] = "cpu",
) -> None:
    """Split a song into stems and say when each of them plays."""
    from stemwise.export import find_detector, find_model, load
    from stemwise.external.detected import load_detected
    from stemwise.external.mapping import named, scheme_beside
    from stemwise.model import NEVER_HEARD, SEPARATION
    from stemwise.separate_file import separate_file
    from stemwise.separator import Separator

    audio.info(song)
    path = find_model(model, SEPARATION)
    exported = load(path, SEPARATION)
    check_device(device)
    chosen, external, told = exported.gate, None, list[str]()
    if gate_by is not None:
        detector = find_detector(gate_by)
        external = load_detected(
            detector, named(exported.model.targets, scheme_beside(path, exported.model.targets)), device=device
        )
        has_own = "activity" in exported.model.outputs
        told = [f"gate by: {detector}", *external.says(has_own)]
        chosen = external.gate(chosen, has_own)
    if external is None and "activity" not in exported.model.outputs:
        refuse_gate(path, gate, threshold)
    chosen = asked_gate(chosen, gate, threshold)
    separator = Separator(exported.model, chosen, device=device, shifts=shifts)
    with warnings.catch_warnings(record=True) as noted, progress_bar(f"separating {song.name}") as progress:
        written = separate_file(song, out / song.stem, separator, f".{format}", progress, external)
    for line in (*(f"warning: {warning.message}" for warning in noted), *told):
        say(line)
    say(f"model: {path} ({', '.join(exported.model.targets)}; {exported.model.sample_rate} Hz)")
    if never := exported.card.get(NEVER_HEARD):
        say(f"never heard in training, so that these stems are worth nothing: {', '.join(never)}")
    say(f"{len(written)} files in {out / song.stem}: {', '.join(file.name for file in written)}")
    if older := sorted({file.name for file in (out / song.stem).iterdir()} - {file.name for file in written}):
        say(f"not of this separation, and there before: {', '.join(older)}")


def asked_gate(own: "Gate", kind: GateKind | None, threshold: float | None) -> "Gate":
    """`own`, with what the options say in its place."""
    chosen = own if kind is None else replace(own, kind=kind.value)
    if threshold is None:
        return chosen
    if chosen.kind != "hard":
        raise ModelError(f"--threshold {threshold} means nothing when the gate is {chosen.kind}; add --gate hard.")
    return replace(chosen, threshold=threshold)


def refuse_gate(model: Path, kind: GateKind | None, threshold: float | None) -> None:
    """Raise ModelError for a gate that would close, of a model without activity."""
    if threshold is not None or kind in (GateKind.hard, GateKind.soft):
        raise ModelError(
            f"{model} says nothing of activity, so no gate can go by it. Leave --gate and --threshold out, or add "
            "--gate-by."
        )


def check_device(device: str) -> None:
    """Raise ModelError for a device that this PyTorch cannot use."""
    health.check_device(device)
