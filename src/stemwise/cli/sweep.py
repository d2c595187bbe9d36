"""stemwise sweep FOLDER"""

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stemwise.cli.common import say
from stemwise.errors import MissingExtra

SHOWN = 3  # figures beside the one that orders; sweep.csv has all


def command(
    folder: Annotated[Path, typer.Argument(help="of a sweep, as runs/train/sweep_2026-11-25_10-00-00")],
    by: Annotated[
        str | None, typer.Option(help="the figure that orders and colours, as val/usdr or lost_energy")
    ] = None,
) -> None:
    """Gather the jobs of a sweep: a table here and in sweep.csv, a figure in sweep.png, both in sweep.html."""
    try:
        from stemwise.report.sweep_page import cell
        from stemwise.sweeps.gather import companions, gather
        from stemwise.sweeps.table import frame

        whole = gather(folder, by)
    except ModuleNotFoundError as fault:
        raise MissingExtra(fault.name or "pandas", "train", "The table of a sweep") from fault
    lines = frame(whole)
    columns = ["job", "state", *whole.varied, *([whole.by] if whole.by else [])]
    columns += companions(whole)[:SHOWN]
    table = Table(box=None, pad_edge=False)
    for name in columns:
        table.add_column(Text(name), justify="left" if name in ("job", "state") else "right", overflow="fold")
    for line in lines.to_dict("records"):
        table.add_row(*(Text(cell(line[name])) for name in columns))
    Console(soft_wrap=True).print(table)
    for job in whole.jobs:
        if job.state != "ended":
            say(f"job {job.name} {'failed: ' + job.why if job.state == 'failed' else 'did not end, or runs still'}")
    if whole.caution:
        say(whole.caution)
    say(f"{folder / 'sweep.html'}, sweep.csv{', sweep.png' if whole.by else ''}")
