"""Which set a tree is, by its layout, for commands that are given nothing but a place."""

import importlib
import inspect
import logging
import os
import pkgutil
from pathlib import Path
from types import ModuleType
from typing import Any

import stemwise.datasets
from stemwise.datasets.folders import SongFolders
from stemwise.datasets.own import PART_OF
from stemwise.errors import DataError

HIGHEST = 4  # folders above a song's in which its tree may begin
# Asked in this order when no other layout fits: synthesised trees hold a manifest.json of another kind, and a folder is
# whatever has audio files in folders.
LAST = ("manifest", "folder")

log = logging.getLogger(__name__)


def kinds() -> dict[str, ModuleType]:
    """Name of every reader, as in `data=`, → its module, which says by LOOKS_LIKE how its tree is known."""
    names = [found.name for found in pkgutil.iter_modules(stemwise.datasets.__path__)]
    modules = {name: importlib.import_module(f"stemwise.datasets.{name}") for name in names}
    return {name: module for name, module in modules.items() if hasattr(module, "LOOKS_LIKE")}


def reader_of(module: ModuleType) -> type[SongFolders]:
    """The one reader that a module defines."""
    (found,) = (
        thing
        for thing in vars(module).values()
        if inspect.isclass(thing) and issubclass(thing, SongFolders) and thing.__module__ == module.__name__
    )
    return found


def open_tree(root: Path, kind: str | None = None, /, **settings: Any) -> SongFolders:
    """The reader of the set at `root`: of this `kind`, or of the one whose layout it has. Settings are the reader's.

    Raises DataError for an unknown kind, for a setting the kind does not have or lacks, and for a layout that is none
    or several.
    """
    modules = kinds()
    kind = kind or _kind_of(root, modules)
    if kind not in modules:
        raise DataError(f"there is no kind of data '{kind}'. Choose one of {', '.join(modules)}.")
    reader: Any = reader_of(modules[kind])
    takes = inspect.signature(reader).parameters
    first, *others = takes.values()
    for name in settings:
        if name not in takes:
            raise DataError(f"{root}: data of the kind {kind} has no setting '{name}', but {', '.join(takes)}.")
        if name == first.name:
            raise DataError(f"{root}: is what data of the kind {kind} calls {name}; give it once, without a setting.")
    lacking = [other.name for other in others if other.default is other.empty and other.name not in settings]
    if lacking:
        raise DataError(
            f"{root}: data of the kind {kind} needs {', '.join(lacking)} too. Train on it with data={kind}."
        )
    try:
        opened: SongFolders = reader(**{first.name: root}, **settings)
    except TypeError as fault:
        raise DataError(f"{root}: settings {settings} are not what data of the kind {kind} takes ({fault}).") from fault
    return opened


def kind_of(root: Path) -> str:
    """Raises DataError for a layout that is none or several."""
    return _kind_of(root, kinds())


def fits(root: Path, module: ModuleType) -> bool:
    """Whether the tree has the layout of a reader's module."""
    return any(_any(root, glob) for glob in module.LOOKS_LIKE)


def find_song(folder: Path, kind: str | None = None, /, **settings: Any) -> tuple[SongFolders, str]:
    """The reader of the tree in which `folder` is a song's, and the song's id: of this `kind`, or of the nearest tree
    above it of a known layout.

    Raises DataError where there is none, for the list of several songs, and what `open_tree` raises for the kind and
    the settings.
    """
    folder = Path(os.path.abspath(folder))  # noqa: PTH100 - a link to a song is let be: its tree is where the link is
    beside: SongFolders | None = None
    for root, name in _trees_above(folder, kind):
        reader = open_tree(root, name, **settings)
        try:
            places = reader.folders
        except DataError:  # no songs
            continue
        here = [id for id, place in places.items() if place == folder]
        if len(here) > 1:
            raise DataError(f"{folder}: lists {len(here)} songs. Name one with --song ID, as --song {here[0]}.")
        if here:
            return reader, here[0]
        if any(place.parent == folder.parent for place in places.values()):
            beside = beside or reader
    if beside:
        beside.song(folder.name)  # says which song has nearly that name
    raise DataError(
        f"{folder}: is no song of a set that is known. Give TREE/Audio/<ID>, or a tree and --song ID; name its "
        f"--kind if need be: {', '.join(kinds())}."
    )


def _trees_above(folder: Path, kind: str | None) -> list[tuple[Path, str]]:
    """The folders in which a tree may begin, the nearest first, with the kinds they look like; those of LAST last. In
    one called train begins no tree of one's own where one begins above it: what names mean is said there."""
    roots = list(folder.parents)[:HIGHEST]
    own = sorted(roots, key=lambda root: root.name.casefold() in PART_OF)
    if kind:
        return [(root, kind) for root in (own if kind == LAST[-1] else roots)]
    layouts = [(name, module.LOOKS_LIKE) for name, module in kinds().items()]
    named = [[layout for layout in layouts if layout[0] not in LAST]]
    named += [[layout for layout in layouts if layout[0] == last] for last in LAST]
    return [
        (root, name)
        for group in named
        for root in (own if group[0][0] == LAST[-1] else roots)
        for name, globs in group
        if any(_any(root, glob) for glob in globs)
    ]


def _kind_of(root: Path, modules: dict[str, ModuleType]) -> str:
    fitting = [name for name, module in modules.items() if fits(root, module)]
    last = [name for name in LAST if name in fitting]
    if len(last) == len(fitting) > 1:
        log.warning("%s has the layouts %s; read as %s. Another: --kind", root, " and ".join(fitting), last[0])
    fitting = [name for name in fitting if name not in LAST] or last[:1]
    if len(fitting) == 1:
        return fitting[0]
    if root.is_file() and root.suffix.casefold() in (".csv", ".json"):
        return "manifest"
    choose = f"Say which with --kind: {', '.join(modules)} (docs/datasets.md draws their layouts)."
    if not root.is_dir():
        raise DataError(f"{root}: there is no such folder.")
    if fitting:
        raise DataError(f"{root} may be {' or '.join(fitting)}. {choose}")
    raise DataError(f"{root} looks like no set that is known. {choose}")


def _any(root: Path, glob: str) -> bool:
    return next(root.glob(glob), None) is not None
