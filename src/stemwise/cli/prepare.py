"""stemwise prepare DATA"""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stemwise.cli.common import only_given, progress_bar, say, settings_of
from stemwise.errors import DataError, StemwiseError
from stemwise.home import data_home
from stemwise.texts import count

DEFAULT = "mms"

if TYPE_CHECKING:
    from stemwise.datasets.base import Splits
    from stemwise.datasets.folders import SongFolders
    from stemwise.loading.store import Recipe


def command(
    data: Annotated[Path, typer.Argument(help="a tree of songs (docs/datasets.md)")],
    model: Annotated[str | None, typer.Option(help="a network of `stemwise nets`, for its rate and targets")] = None,
    rate: Annotated[int | None, typer.Option(help="Hz, where no model says", min=1)] = None,
    channels: Annotated[int | None, typer.Option(help="1 or 2, where no model says", min=1, max=2)] = None,
    targets: Annotated[
        str | None,
        typer.Option(help="mms, musdb, iad or a yaml of targets, as scheme=; default: the model's"),
    ] = None,
    only: Annotated[list[str] | None, typer.Option(help="one of the targets; may be repeated")] = None,
    kind: Annotated[str | None, typer.Option(help="what DATA is, where its layout leaves it open")] = None,
    set: Annotated[list[str] | None, typer.Option(help="KEY=VALUE, a setting as in data.KEY=VALUE; may repeat")] = None,
    metadata: Annotated[Path | None, typer.Option(help="folder of <ID>_METADATA.yaml, if not in the tree")] = None,
    skip: Annotated[list[str] | None, typer.Option(help="id of a song to leave out; may be repeated")] = None,
    pad_short_stems: Annotated[bool, typer.Option(help="let in songs whose stems differ in length")] = False,
    processes: Annotated[int | None, typer.Option(help="songs at a time; default: one a core", min=1)] = None,
    out: Annotated[Path | None, typer.Option(help="default: a folder in data/store of the home folder")] = None,
    verify: Annotated[bool, typer.Option(help="read every byte of what is there; make anew what is damaged")] = False,
    clean: Annotated[
        bool, typer.Option(help="remove what was prepared of these songs before, from other files or settings")
    ] = False,
) -> None:
    """Prepare all songs of a set for training: summed to targets, resampled, with activity, in files mapped from disk.

    A training does so itself, for the songs it needs. A run that was stopped goes on.
    """
    from stemwise.datasets.detect import open_tree
    from stemwise.loading.filling import Store

    recipe = recipe_of(model, rate, channels, targets, only)
    given = {"metadata": metadata, "skip": skip, "pad_short_stems": pad_short_stems}
    reader = open_tree(data, kind, **(only_given(given) | settings_of(set)))
    store = Store.of(reader, recipe, data_home() / "store")
    store.folder = out or store.folder
    songs = reader.songs()
    with progress_bar(f"preparing {count(len(songs), 'song')}") as progress:
        filled = store.fill(songs, splits_of(reader), processes, progress, verify)
    for sentence in filled.noticed:
        say(sentence)
    if filled.stale:
        say_stale(filled.stale, clean)
    say(f"{count(len(filled.made), 'song')} prepared, {len(songs) - len(filled.made)} kept, in {store.folder}")
    say(f"{size(store.folder) / 1e9:.2f} GB. Elsewhere: data=prepared data.root=<a copy of this folder>")


def recipe_of(
    model: str | None, rate: int | None, channels: int | None, scheme: str | None, only: list[str] | None
) -> "Recipe":
    """Of a network, or of rate and channels. Raises StemwiseError where neither or both are given."""
    from stemwise import taxonomy
    from stemwise.loading.store import Recipe

    if model is None and rate is not None and channels is not None:
        return Recipe(taxonomy.targets(scheme or DEFAULT, only), rate, channels)
    if model is None or rate is not None or channels is not None:
        raise DataError("what is it prepared for? Give --model, as in --model iass_small, or --rate and --channels.")
    from stemwise.catalogue import descriptions
    from stemwise.errors import ModelError
    from stemwise.export import build

    if model not in descriptions():
        raise ModelError(
            f"no network '{model}'. Choose one of {', '.join(descriptions())}, or give --rate, --channels."
        )
    description = descriptions()[model]
    of_one = description["targets"] if description["net"]["targets"] == 1 else None
    chosen = taxonomy.targets(scheme or taxonomy.scheme_of(description["targets"]) or DEFAULT, only or of_one)
    return Recipe(chosen, description["sample_rate"], build(description).channels)


def splits_of(reader: "SongFolders") -> "Splits | None":
    """None where the set does not say: then a training must be told."""
    try:
        return reader.splits()
    except StemwiseError as fault:
        say(f"without splits ({fault})")
        return None


def say_stale(folders: list[Path], clean: bool) -> None:
    room = sum(map(size, folders)) / 1e9
    if clean:
        for folder in folders:
            shutil.rmtree(folder)
    say(
        f"{len(folders)} prepared songs are of other files, labels or settings of the set than these, {room:.2f} GB: "
        f"{'removed' if clean else '--clean removes them'}."
    )


def size(folder: Path) -> int:
    """Bytes that files take on the disk; as long as they are where the system does not say."""
    stats = [path.stat() for path in folder.rglob("*") if path.is_file()]
    return sum(stat.st_blocks * 512 if hasattr(stat, "st_blocks") else stat.st_size for stat in stats)
