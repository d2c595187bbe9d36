"""stemwise label DATA"""

from pathlib import Path
from typing import Annotated

import typer

from stemwise.cli.common import progress_bar, say
from stemwise.home import data_home


def command(
    data: Annotated[Path, typer.Argument(help="a tree in MedleyDB form")],
    out: Annotated[Path | None, typer.Option(help="default: data/labels/<name of DATA> of the home folder")] = None,
    metadata: Annotated[Path | None, typer.Option(help="folder of <ID>_METADATA.yaml, if not in the tree")] = None,
    skip: Annotated[list[str] | None, typer.Option(help="id of a song to leave out; may be repeated")] = None,
    pad_short_stems: Annotated[bool, typer.Option(help="let in songs whose stems differ in length")] = False,
) -> None:
    """Write MedleyDB's activation confidence and instrument segments of every song."""
    from stemwise.datasets.medleydb import MedleyDB
    from stemwise.labels import write_labels

    songs = MedleyDB(data, metadata, skip=skip or (), pad_short_stems=pad_short_stems).songs()
    folder = out or data_home() / "labels" / data.resolve().name
    with progress_bar(f"labelling {len(songs)} songs") as progress:
        for number, song in enumerate(songs, start=1):
            write_labels(song, folder)
            progress(number / len(songs))
    message = f"{len(songs)} songs: <ID>_ACTIVATION_CONF.lab and <ID>_SOURCEID.lab in {folder}"
    say(message)
