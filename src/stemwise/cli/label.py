"""stemwise label DATA"""

import math
from collections.abc import Iterable
from enum import StrEnum
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stemwise.cli.common import only_given, progress_bar, say, settings_of
from stemwise.errors import DataError
from stemwise.home import data_home
from stemwise.texts import count

if TYPE_CHECKING:
    from stemwise.activity import Rule
    from stemwise.labels import Labelled


class Grid(StrEnum):
    """Where frames stand: as in MedleyDB's files, or as in the separator's STFT."""

    published = "published"
    centred = "centred"


class Format(StrEnum):
    """Files that labels are written as."""

    lab = "lab"
    jams = "jams"
    both = "both"


def command(
    data: Annotated[Path, typer.Argument(help="a tree of songs, of any layout that is known")],
    out: Annotated[Path | None, typer.Option(help="default: data/labels/<name of DATA> of the home folder")] = None,
    kind: Annotated[str | None, typer.Option(help="as in data=, where the layout does not tell")] = None,
    set: Annotated[list[str] | None, typer.Option(help="KEY=VALUE, a setting as in data.KEY=VALUE; may repeat")] = None,
    metadata: Annotated[Path | None, typer.Option(help="folder of <ID>_METADATA.yaml, if not in the tree")] = None,
    skip: Annotated[list[str] | None, typer.Option(help="id of a song to leave out; may be repeated")] = None,
    pad_short_stems: Annotated[bool, typer.Option(help="let in songs whose stems differ in length")] = False,
    grid: Annotated[Grid, typer.Option(help="frames of MedleyDB's files, or of the separator's STFT")] = Grid.published,
    hop: Annotated[
        float | None, typer.Option(help="seconds between frames; default: 0.04644 published, 0.02322 centred")
    ] = None,
    cutoff: Annotated[float | None, typer.Option(help="Hz of the smoothing; default: 0.8075")] = None,
    threshold: Annotated[float, typer.Option(help="confidence from which a segment is active")] = 0.5,
    targets: Annotated[
        str | None, typer.Option(help="mms, musdb or a yaml of targets: label these instead of the stems")
    ] = None,
    format: Annotated[Format, typer.Option(help="jams needs the extra jams")] = Format.lab,
    processes: Annotated[int, typer.Option(help="songs at a time", min=1)] = 1,
) -> None:
    """Write activation confidence and segments of every song: without options as MedleyDB publishes them."""
    from stemwise import taxonomy
    from stemwise.datasets.detect import open_tree
    from stemwise.labels import Options, write_labels
    from stemwise.parallel import each

    formats = ("lab", "jams") if format is Format.both else (format.value,)
    scheme = taxonomy.targets(targets) if targets else None
    options = Options(rule_of(grid, hop, cutoff), threshold, scheme, formats)
    given = {"metadata": metadata, "skip": skip, "pad_short_stems": pad_short_stems}
    songs = open_tree(data, kind, **(only_given(given) | settings_of(set))).songs()
    folder = out or data_home() / "labels" / data.resolve().name
    work = partial(write_labels, folder=folder, options=options)
    done = []
    with progress_bar(f"labelling {count(len(songs), 'song')}") as progress:
        for number, (_, labelled) in enumerate(each(work, {song.id: song for song in songs}, processes), start=1):
            done.append(labelled)
            progress(number / len(songs))
    say_activity(done)
    written = ", ".join(path.name.replace(songs[-1].id, "<ID>") for path in done[-1].paths if songs[-1].id in path.name)
    say(f"{count(len(songs), 'song')}: {written or 'labels'} in {folder}")


def rule_of(grid: Grid, hop: float | None, cutoff: float | None) -> "Rule":
    """The published rule, or the separator's, with another hop in seconds or cutoff in Hz."""
    from dataclasses import replace

    from stemwise.activity import LABELS, PUBLISHED, RATE

    if hop is not None and not math.isfinite(hop):
        raise DataError(f"--hop {hop:g}: give seconds.")
    rule = PUBLISHED if grid is Grid.published else LABELS
    samples = rule.hop if hop is None else round(hop * RATE)
    return replace(rule, hop=samples, cutoff=rule.cutoff if cutoff is None else cutoff)


def say_activity(done: "Iterable[Labelled]") -> None:
    """A line an instrument: its stems, and the share of a song in which one of them is active, on average; in
    `stemwise validate` it is the share in which any of them is."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    shares: dict[str, list[float]] = {}
    for labelled in done:
        for _, label, share in labelled.active:
            shares.setdefault(label, []).append(share)
    table = Table("instrument", "stems", "active share of a stem")
    for label, found in sorted(shares.items(), key=lambda item: (-len(item[1]), item[0])):
        table.add_row(Text(label), str(len(found)), f"{sum(found) / len(found):.2f}")
    Console(width=80).print(table)
