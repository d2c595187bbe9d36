"""stemwise validate DATA"""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stemwise.cli.common import progress_bar, say, settings_of
from stemwise.errors import MissingExtra
from stemwise.home import data_home

if TYPE_CHECKING:
    from stemwise.validation import Validation

PAGE_NEEDS = ("jinja2", "matplotlib")


def command(
    data: Annotated[Path, typer.Argument(help="a tree of songs, of any layout that is known")],
    kind: Annotated[str | None, typer.Option(help="as in data=, where the layout does not tell")] = None,
    set: Annotated[list[str] | None, typer.Option(help="KEY=VALUE, a setting as in data.KEY=VALUE; may repeat")] = None,
    targets: Annotated[str, typer.Option(help="mms, musdb or a yaml of targets: what is to be learned")] = "mms",
    out: Annotated[
        Path | None, typer.Option(help="of the page; default: data/validated/<name of DATA> of the home folder")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="a file for findings and figures, for programs")] = None,
    write_splits: Annotated[Path | None, typer.Option(help="a file for the splits, with their artists")] = None,
    strict: Annotated[bool, typer.Option(help="let warnings forbid a training as errors do")] = False,
    processes: Annotated[int, typer.Option(help="songs at a time", min=1)] = 1,
) -> None:
    """Look for what is wrong with a set, before a training learns it.

    Ends with 0 when training may start, with 1 when not. What is measured is kept, so the next run takes moments.
    """
    from stemwise.cli.validation_tables import show
    from stemwise.datasets.detect import open_tree
    from stemwise.files import write_json
    from stemwise.taxonomy import targets as read_targets
    from stemwise.validation import validate
    from stemwise.validation.findings import may_train

    lacking = next((package for package in PAGE_NEEDS if find_spec(package) is None), None)
    if lacking and out:
        raise MissingExtra(lacking, "train", "The page")
    reader, scheme = open_tree(data, kind, **settings_of(set)), read_targets(targets)
    with progress_bar(f"measuring the songs of {data.resolve().name}") as progress:
        found = validate(reader, scheme, processes, progress)
    show(found)
    if json:
        write_json(json, found.to_json(strict))
        say(f"for programs: {json}")
    if write_splits:
        write_splits_of(found, write_splits)
    if lacking:
        say(f"no page: {MissingExtra(lacking, 'train', 'it')}")
    else:
        say(f"all of it: {write_page_of(found, out or data_home() / 'validated' / data.resolve().name, strict)}")
    allowed = may_train(found.findings, strict)
    say("training may start" if allowed else "training may not start: mend what is listed above")
    if not allowed:
        raise typer.Exit(1)


def write_splits_of(found: "Validation", path: Path) -> None:
    """Nothing where there are no splits: a finding has said why."""
    from stemwise.datasets.base import with_artists
    from stemwise.files import write_json
    from stemwise.validation.set_checks import TWO_PARTS

    if found.splits is None:
        say(f"{path} is not written: there are no splits")
        return
    write_json(path, with_artists(found.splits, found.songs))
    shared = any(finding.check == TWO_PARTS for finding in found.findings)
    use = "not for data.splits_file, which refuses artists in two parts" if shared else "for data.splits_file=..."
    say(f"splits, {use}: {path}")


def write_page_of(found: "Validation", folder: Path, strict: bool) -> Path:
    from stemwise.report.validation_page import write_validation

    path = folder / "validation.html"
    write_validation(path, found, strict)
    return path
