"""stemwise leaks TRAIN TEST"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stemwise.cli.common import progress_bar, say, settings_of
from stemwise.texts import count, skipping

if TYPE_CHECKING:
    from stemwise.datasets.folders import SongFolders
    from stemwise.song import Song


def command(
    train: Annotated[Path, typer.Argument(help="the set to train on")],
    test: Annotated[Path, typer.Argument(help="the set to test on")],
    train_kind: Annotated[str | None, typer.Option(help="its kind, where its layout does not tell")] = None,
    test_kind: Annotated[str | None, typer.Option(help="its kind, where its layout does not tell")] = None,
    train_set: Annotated[list[str] | None, typer.Option(help="KEY=VALUE, a setting as in data.KEY=VALUE")] = None,
    test_set: Annotated[list[str] | None, typer.Option(help="the same for the other set; both may repeat")] = None,
    processes: Annotated[int, typer.Option(help="songs at a time", min=1)] = 1,
) -> None:
    """Find songs that two sets share, by name and by sound. Exit code 2 if there are any."""
    from rich.console import Console
    from rich.table import Column, Table
    from rich.text import Text

    from stemwise.datasets.detect import open_tree
    from stemwise.datasets.leaks import shared

    learned = usable(open_tree(train, train_kind, **settings_of(train_set)))
    tested = usable(open_tree(test, test_kind, **settings_of(test_set)))
    with progress_bar(f"comparing {len(learned)} with {count(len(tested), 'song')}") as progress:
        found = shared(tested, learned, processes, progress)
    if not found:
        say(f"none of the {len(tested)} songs of {test} is among the {len(learned)} of {train}")
        return
    table = Table(*(Column(Text(f"in {tree.name}")) for tree in (test, train)), "known by")
    for one in sorted(found, key=lambda one: (one.id, one.also)):
        table.add_row(*map(Text, (one.id, one.also, one.by)))
    Console(soft_wrap=True).print(table)
    ours, theirs = ({getattr(one, side) for one in found} for side in ("id", "also"))
    say(f"{len(ours)} of {len(tested)} songs of {test} are among the {len(learned)} of {train}. Leave them out there:")
    say(skipping(sorted(theirs)))
    raise typer.Exit(2)


def usable(reader: "SongFolders") -> "list[Song]":
    """The songs that can be used; the others are named."""
    for id, why in reader.unusable().items():
        say(f"not compared: {id} ({why})")
    return reader.without_unusable().songs()
