"""The door for users, a module a command; no Hydra and no Lightning behind it."""

import typer

from stemwise.cli import (
    activity,
    compare,
    convert,
    dashboard,
    doctor,
    export,
    gate,
    join,
    label,
    leaks,
    nets,
    prepare,
    separate,
    show,
    sweep,
    synthesize,
    validate,
)
from stemwise.cli.common import in_a_sentence

app = typer.Typer(name="stemwise", no_args_is_help=True, pretty_exceptions_enable=False)
for command in (
    separate,
    activity,
    gate,
    synthesize,
    convert,
    validate,
    prepare,
    label,
    leaks,
    show,
    compare,
    sweep,
    dashboard,
    join,
    export,
    nets,
    doctor,
):
    app.command(command.__name__.rpartition(".")[2])(in_a_sentence(command.command))


@app.callback()
def main() -> None:
    """Separate music into instruments and know when each instrument plays."""
