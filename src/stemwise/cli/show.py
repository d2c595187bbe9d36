"""stemwise show SONG"""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stemwise.cli.common import only_given, say, settings_of
from stemwise.errors import DataError, MissingExtra
from stemwise.home import data_home
from stemwise.texts import count

if TYPE_CHECKING:
    from stemwise.report.song_picture import Section


def command(
    data: Annotated[Path, typer.Argument(metavar="SONG", help="a song's folder in its tree; or a tree, with --song")],
    song: Annotated[str | None, typer.Option(help="id of a song of the tree")] = None,
    kind: Annotated[str | None, typer.Option(help="as in data=, where the layout does not tell")] = None,
    set: Annotated[list[str] | None, typer.Option(help="KEY=VALUE, a setting as in data.KEY=VALUE; may repeat")] = None,
    out: Annotated[Path | None, typer.Option(help="default: data/pictures/<ID>.png of the home folder")] = None,
    threshold: Annotated[float, typer.Option(help="confidence from which a stem is active")] = 0.5,
    metadata: Annotated[Path | None, typer.Option(help="folder of <ID>_METADATA.yaml, if not in the tree")] = None,
    pad_short_stems: Annotated[bool, typer.Option(help="let in a song whose stems differ in length")] = False,
) -> None:
    """Draw a song: stems as waveforms over their activity, with segments, and sections where they are known."""
    from stemwise.datasets.detect import find_song, open_tree
    from stemwise.files import beside

    try:
        from stemwise.report.song_picture import song_picture

        if not 0 < threshold < 1:
            raise DataError(f"threshold is {threshold:g}; a confidence lies between 0 and 1.")
        given = only_given({"metadata": metadata, "pad_short_stems": pad_short_stems}) | settings_of(set)
        reader, id = (open_tree(data, kind, **given), song) if song else find_song(data, kind, **given)
        found = reader.song(id)
        if not found.stems:
            raise DataError(f"{id} has a mix and annotations, but no stems to draw. Choose another song.")
        picture = song_picture(found, sections_of(Path(reader.where), id), threshold=threshold)
    except ModuleNotFoundError as fault:
        raise MissingExtra(fault.name or "matplotlib", "synth", "Drawing songs") from fault
    path = out or data_home() / "pictures" / f"{found.id}.png"
    with beside(path) as part:
        part.write_bytes(picture)
    say(f"{count(len(found.stems), 'stem')}, {found.seconds:.1f} s: {path}")


def sections_of(tree: Path, id: str) -> "list[Section]":
    """From the manifest of synthesised songs; none for others."""
    from stemwise.report.song_picture import Section

    try:
        manifest = json.loads((tree / "manifest.json").read_text(encoding="utf-8"))
        rows = manifest["songs"][id]["sections"]
        return [Section(row["name"], row["start"], row["end"]) for row in rows]
    except (OSError, ValueError, KeyError, TypeError):
        return []
