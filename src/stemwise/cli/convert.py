"""stemwise convert FOLDER --to medleydb"""

from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stemwise.cli.common import progress_bar, say
from stemwise.errors import DataError
from stemwise.home import data_home

if TYPE_CHECKING:
    from stemwise.convert import Row


class Form(StrEnum):
    """What sessions can become."""

    medleydb = "medleydb"


class Format(StrEnum):
    """Files that stems are written as."""

    flac = "flac"
    wav = "wav"


def command(
    folder: Annotated[Path, typer.Argument(help="holds a folder of audio files for each session")],
    to: Annotated[Form, typer.Option(help="the form of the songs")] = Form.medleydb,
    out: Annotated[Path | None, typer.Option(help="default: data/converted/<FOLDER> of the home folder")] = None,
    table: Annotated[Path | None, typer.Option(help="default: OUT/sessions.csv")] = None,
    accept: Annotated[bool, typer.Option(help="convert at once, by the proposed table")] = False,
    rate: Annotated[int, typer.Option(help="of all songs, in Hz")] = 44100,
    format: Annotated[Format, typer.Option(help="of stems and mix")] = Format.flac,
    processes: Annotated[int, typer.Option(help="sessions at a time", min=1)] = 1,
) -> None:
    """Turn loose multitrack sessions into songs in MedleyDB form.

    The first run proposes an instrument for every file, from its name, in a table: correct it and run the command
    again. Files of one stem are then summed, all stems of a song scaled by one factor, and mix, metadata and activity
    written. What has not changed since the last run is kept.
    """
    from stemwise.convert import convert, propose, read_table, write_table

    tree = out or data_home() / "converted" / folder.resolve().name
    path = table or tree / "sessions.csv"
    if not path.is_file():
        rows = propose(folder)
        write_table(path, rows)
        say_proposal(path, rows)
        if not accept:
            return
    rows = read_table(path, folder)
    with progress_bar(f"converting {folder.name}") as progress:
        made, faults = convert(
            folder, rows, tree, rate, format.value, processes, lambda done, wanted: progress(done / wanted)
        )
    for song in made:
        lowered = f", lowered by {-song.scale:.1f} dB" if song.scale < -0.05 else ""
        say(
            f"{song.id}: {song.stems} stems, {song.seconds:.1f} s{lowered}{''.join(f'; {note}' for note in song.notes)}"
        )
    total = len({row.session for row in rows if row.used})
    say(f"{len(made)} sessions converted, {total - len(made) - len(faults)} kept, in {tree}")
    if faults:
        listed = "".join(f"\n  {name}: {fault}" for name, fault in faults.items())
        raise DataError(f"{len(faults)} of {total} sessions could not be converted:{listed}")


def say_proposal(path: Path, known: "Sequence[Row]") -> None:
    """How many files are sure, open and unknown, and what to do."""
    unknown = sum(not row.label for row in known)
    left_out = sum(bool(row.label) and not row.used for row in known)
    asks = sum("?" in row.note for row in known) - unknown
    say(
        f"{path}: {len(known)} files of {len({row.session for row in known})} sessions; {unknown} without a label, "
        f"{asks} with a question in their note, {left_out} left out. Correct the columns label, stem, side and gain, "
        "and run the command again."
    )
