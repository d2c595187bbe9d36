"""stemwise nets"""

import json
from dataclasses import asdict
from typing import Annotated

import typer


def command(as_json: Annotated[bool, typer.Option("--json", help="for programs")] = False) -> None:
    """List the networks, with parameters and receptive fields computed from the networks themselves."""
    from rich.console import Console
    from rich.table import Table

    from stemwise.catalogue import descriptions, figures

    found = [figures(name) for name in descriptions()]
    if as_json:
        print(json.dumps([asdict(each) for each in found], indent=2))
        return
    table = Table("model=", "targets", "rate", "channels", "STFT", "parameters", "mask sees", "activity sees")
    for column in table.columns:
        column.no_wrap = True
    for each in found:
        sees = ["–", "–"]
        if each.separates:
            sees[0] = _reach(each.mask_reach, each.hop / each.sample_rate)
        if each.detects:
            sees[1] = _reach(each.activity_reach, each.hop / each.sample_rate)
        count = "one" if len(each.targets) == 1 else str(len(each.targets))
        stft = f"{each.n_fft} / {each.hop}"
        table.add_row(each.name, count, str(each.sample_rate), str(each.channels), stft, f"{each.parameters:,}", *sees)
    Console(width=120).print(table)


def _reach(frames: int | None, seconds: float) -> str:
    return "all frames" if frames is None else f"{frames} frames, {frames * seconds:.2f} s"
