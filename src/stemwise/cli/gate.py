"""stemwise gate STEMS --out DIR"""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stemwise.cli.common import progress_bar, say
from stemwise.cli.separate import GateKind, asked_gate, check_device
from stemwise.errors import DataError

if TYPE_CHECKING:
    from stemwise.external import External
    from stemwise.taxonomy import Targets


def command(
    stems: Annotated[Path, typer.Argument(help="a folder with a file a stem, of any separator")],
    out: Annotated[Path, typer.Option(help="the gated stems, activity.csv and segments.csv")],
    mixture: Annotated[Path | None, typer.Option(help="the song itself; default: the sum of the stems")] = None,
    by: Annotated[
        str | None,
        typer.Option(
            help="a detector (exported, or its run folder), shipped, or newest; default: newest, else shipped"
        ),
    ] = None,
    labels: Annotated[Path | None, typer.Option(help="a .lab of segments or confidence, and no detector")] = None,
    is_: Annotated[
        list[str] | None,
        typer.Option("--is", help="FILE=WHAT, a target, an instrument, other or ignore; may be repeated"),
    ] = None,
    gate: Annotated[GateKind, typer.Option(help="soft: the probability is the weight")] = GateKind.hard,
    threshold: Annotated[float | None, typer.Option(help="of a hard gate, 0 to 1; default: the detector's own")] = None,
    hop: Annotated[float | None, typer.Option(help="seconds between a detector's windows; default: 0.25")] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda or mps")] = "cpu",
) -> None:
    """Silence stems of any separator where a detector, or a label file, says that they rest."""
    from stemwise.external.detected import HOP
    from stemwise.external.stem_names import read_stem_folder
    from stemwise.gate import Gate
    from stemwise.gate_file import gate_stems

    if by is not None and labels is not None:
        raise DataError("--by and --labels both say when the stems play; give one of them.")
    if hop is not None and labels is not None:
        raise DataError(f"--hop {hop:g} is a detector's, and --labels asks none. Leave one of them out.")
    check_device(device)
    folder = read_stem_folder(stems, dict(_said(word) for word in is_ or ()))
    told, external = _external(by, labels, folder.targets, HOP if hop is None else hop, device)
    chosen = asked_gate(external.gate(Gate("hard"), False), gate, threshold)
    with warnings.catch_warnings(record=True) as noted, progress_bar(f"gating {stems.name}") as progress:
        written = gate_stems(folder.paths, out, external, chosen, mixture, progress)
    for line in (*(f"warning: {warning.message}" for warning in noted), *told, *external.says(False)):
        say(line)
    if folder.left_out:
        say(f"no stems, and left out: {', '.join(folder.left_out)}")
    say(f"{len(written)} files in {out}: {', '.join(file.name for file in written)}")


def _external(
    by: str | None, labels: Path | None, targets: "Targets", hop: float, device: str
) -> "tuple[list[str], External]":
    """What says when the stems play, and which detector that is, as a line to print."""
    from stemwise.export import find_detector
    from stemwise.external.detected import load_detected
    from stemwise.external.label_files import Labelled

    if labels is None:
        detector = find_detector(by)
        return [f"gate by: {detector}"], load_detected(detector, targets, hop, device)
    if not labels.is_file():
        raise DataError(f"{labels}: no such file. `stemwise label` writes .lab files.")
    return [], Labelled(labels, targets)


def _said(word: str) -> tuple[str, str]:
    name, equals, what = word.rpartition("=")
    if not equals or not name or not what:
        raise DataError(f"--is {word}: give FILE=WHAT, as in --is 'track_3.wav=electric bass'.")
    return name, what
