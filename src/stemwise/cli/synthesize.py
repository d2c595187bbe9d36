"""stemwise synthesize"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from stemwise.cli.common import progress_bar, say
from stemwise.home import data_home


class Format(StrEnum):
    """Files that songs are written as."""

    flac = "flac"
    wav = "wav"


def command(
    out: Annotated[Path | None, typer.Option(help="default: data/synthetic/<preset> of the home folder")] = None,
    preset: Annotated[str, typer.Option(help="tiny (seconds), demo (minutes), standard (hours of music)")] = "demo",
    seed: Annotated[int, typer.Option(help="the same seed gives the same bytes")] = 0,
    songs: Annotated[int | None, typer.Option(help="another number of songs, in the preset's shares")] = None,
    seconds: Annotated[float | None, typer.Option(help="another length of each song")] = None,
    style: Annotated[list[str] | None, typer.Option(help="only this style; may be repeated")] = None,
    soundfont: Annotated[list[Path] | None, typer.Option(help="an sf2; repeat it and each song draws one")] = None,
    format: Annotated[Format, typer.Option(help="of stems and mix")] = Format.flac,
    processes: Annotated[int | None, typer.Option(help="default: one a core")] = None,
) -> None:
    """Compose, play and sing songs, and write them as a MedleyDB tree. A run that was stopped goes on where it was."""
    from stemwise.synthesis import synthesize

    root = out or data_home() / "synthetic" / preset
    with progress_bar(f"making songs of preset {preset}") as progress:
        made = synthesize(
            root,
            preset,
            seed,
            processes,
            lambda done, wanted: progress(done / wanted),
            songs,
            seconds,
            style or (),
            soundfont or (),
            format.value,
        )
    say(f"{len(made)} songs in {root}")
