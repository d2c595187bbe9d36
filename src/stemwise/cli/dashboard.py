"""stemwise dashboard ENTITY/PROJECT"""

from pathlib import Path
from typing import Annotated

import typer

from stemwise.cli.common import say
from stemwise.errors import DataError


def command(
    project: Annotated[str, typer.Argument(help="of W&B, as my-team/stemwise")],
    detectors: Annotated[bool, typer.Option("--detectors", help="for trainings of detectors")] = False,
    term: Annotated[list[str] | None, typer.Option(help="of the loss, once each; else separation and activity")] = None,
    setting: Annotated[list[str] | None, typer.Option(help="keys of the config to compare runs by")] = None,
    by: Annotated[str, typer.Option(help="the figure to compare them by; else best/usdr, of detectors best/auc")] = "",
    out: Annotated[Path | None, typer.Option(help="write its description here as JSON, and do not go to W&B")] = None,
) -> None:
    """Make a workspace in a project of W&B: curves, lanes, audio, final tables, runs by their settings.

    With --detectors a second one beside it: curves, pictures of the test, final tables, runs by their settings.
    """
    from stemwise.files import write_text
    from stemwise.report.workspace import DETECTORS, SEPARATORS, save, spec, workspace

    made = workspace(project, DETECTORS if detectors else SEPARATORS, term or (), setting or (), by)
    if out:
        write_text(out, spec(made))
        say(f"{out}: what W&B would be sent; it reads no file itself")
        return
    try:
        say(save(made))
    except ConnectionError as fault:
        raise DataError(f"W&B did not take the workspace ({fault}). Log in with: wandb login") from fault
