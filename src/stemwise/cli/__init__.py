"""The door for users: `stemwise separate | label | synthesize | ...`; neither Hydra nor Lightning behind it."""

import sys

import typer
from rich.console import Console

from stemwise.cli import label, separate, synthesize
from stemwise.errors import StemwiseError

typer_app = typer.Typer(
    name="stemwise", help=__doc__.split(":", maxsplit=1)[0] + ".", no_args_is_help=True, pretty_exceptions_enable=False
)
typer_app.command("separate")(separate.command)
typer_app.command("label")(label.command)
typer_app.command("synthesize")(synthesize.command)


@typer_app.callback()
def main() -> None:
    """Separate music into instruments and know when each instrument plays."""


def app() -> None:
    """Entry point: faults a user can mend end in one sentence and exit code 1, an interrupt in 130."""
    complain = Console(stderr=True, soft_wrap=True, highlight=False)
    try:
        typer_app()
    except StemwiseError as fault:
        complain.print(f"error: {fault}", markup=False)
        sys.exit(1)
    except OSError as fault:
        complain.print(f"error: {fault}. Nothing half-written is left; free the disk or mend the path.", markup=False)
        sys.exit(1)
    except KeyboardInterrupt:
        complain.print("interrupted; nothing half-written is left.", markup=False)
        sys.exit(130)
