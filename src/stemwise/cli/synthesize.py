"""stemwise synthesize"""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from stemwise.cli.common import progress_bar, say
from stemwise.errors import DataError
from stemwise.home import data_home
from stemwise.texts import count

# How far a mean may lie outside the real range without being marked.
NEAR = 0.1


class Format(StrEnum):
    """Files that songs are written as."""

    flac = "flac"
    wav = "wav"


class Voices(StrEnum):
    """What singers sing: words where espeak-ng and WORLD are installed (auto)."""

    auto = "auto"
    words = "words"
    vowels = "vowels"


def command(
    out: Annotated[
        Path | None, typer.Option(help="default: data/synthetic/<name or preset> of the home folder")
    ] = None,
    preset: Annotated[
        str | None,
        typer.Option(help="tiny (seconds), demo (minutes; the default), standard (hours), lessons (beside those)"),
    ] = None,
    seed: Annotated[int, typer.Option(help="the same seed gives the same bytes")] = 0,
    songs: Annotated[int | None, typer.Option(help="another number of songs, in the preset's shares")] = None,
    seconds: Annotated[float | None, typer.Option(help="another length of each song")] = None,
    style: Annotated[list[str] | None, typer.Option(help="only this style; may be repeated")] = None,
    midi: Annotated[Path | None, typer.Option(help="render the MIDI files below this folder instead")] = None,
    soundfont: Annotated[list[Path] | None, typer.Option(help="an sf2; repeat it and each song draws one")] = None,
    format: Annotated[Format, typer.Option(help="of stems and mix")] = Format.flac,
    voices: Annotated[Voices, typer.Option(help="what is sung; words need the extra sing")] = Voices.auto,
    name: Annotated[str, typer.Option(help="what ids begin with, in place of the preset: a to z, 0 to 9")] = "",
    processes: Annotated[int | None, typer.Option(help="default: one a core")] = None,
) -> None:
    """Compose, play and sing songs, and write them as a MedleyDB tree. A run that was stopped goes on where it was."""
    from stemwise.synthesis import synthesize, synthesize_midi

    if midi:
        of_composed = {
            "--name": name != "",
            "--preset": preset is not None,
            "--seconds": seconds is not None,
            "--style": bool(style),
            "--voices": voices is not Voices.auto,
        }
        if given := [option for option, there in of_composed.items() if there]:
            raise DataError(f"{', '.join(given)}: MIDI files have names, lengths and parts of their own. Leave it out.")
    preset = preset or "demo"
    root = out or data_home() / "synthetic" / (midi.resolve().name if midi else name or preset)
    fonts, kind, refused = soundfont or (), format.value, list[str]()
    with progress_bar("rendering MIDI" if midi else f"making songs of preset {preset}") as progress:

        def tick(done: int, wanted: int) -> None:
            progress(done / wanted)

        if midi:
            made, refused = synthesize_midi(root, midi, seed, processes, tick, songs, fonts, kind)
        else:
            only = style or ()
            made = synthesize(
                root, preset, seed, processes, tick, songs, seconds, only, fonts, kind, voices.value, name
            )
    for reason in refused:
        say(f"left out: {reason}")
    say(f"{count(len(made), 'song')} in {root}")
    say_how_busy(root)


def say_how_busy(root: Path) -> None:
    """Print the share of time in which each group of instruments is active, next to real music, and plot it."""
    from rich.console import Console
    from rich.table import Table

    from stemwise.busyness import measure_busyness, real_groups
    from stemwise.datasets.medleydb import MedleyDB
    from stemwise.files import beside
    from stemwise.report.busy import busyness_figure

    songs = MedleyDB(root).songs()
    with progress_bar("measuring activity") as progress:
        found = measure_busyness(songs, lambda done: progress(done / len(songs)))
    table = Table("group", "songs", "share of time active", "real music", title="how busy the songs are")
    for group in real_groups():
        if shares := found.groups.get(group.name):
            mean = sum(shares) / len(shares)
            mark = "" if group.beside(mean) <= NEAR else f"  {group.beside(mean):.2f} beside"
            table.add_row(group.name, str(len(shares)), f"{mean:.2f}{mark}", "{:.2f} to {:.2f}".format(*group.real))
    Console(width=80).print(table)
    count = len(songs)
    say(f"{sum(found.stems) / count:.1f} stems a song, {sum(found.at_once) / count:.1f} groups at once")
    with beside(root / "busyness.png") as part:
        part.write_bytes(busyness_figure(found))
    say(f"as a picture: {root / 'busyness.png'}")
