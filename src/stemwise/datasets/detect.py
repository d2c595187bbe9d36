"""Which set a tree is, by its layout, for commands that are given nothing but a place."""

import importlib
import inspect
import pkgutil
from pathlib import Path
from types import ModuleType
from typing import Any

import stemwise.datasets
from stemwise.datasets.folders import SongFolders
from stemwise.errors import DataError

LAST = "folder"  # fits whatever has audio files in folders, so it is asked when no other layout fits


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


def open_tree(root: Path, kind: str | None = None, **settings: Any) -> SongFolders:
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
    for name in settings:
        if name not in takes:
            raise DataError(f"{root}: data of the kind {kind} has no setting '{name}', but {', '.join(takes)}.")
    first, *others = takes.values()
    lacking = [other.name for other in others if other.default is other.empty and other.name not in settings]
    if lacking:
        raise DataError(
            f"{root}: data of the kind {kind} needs {', '.join(lacking)} too. Train on it with data={kind}."
        )
    opened: SongFolders = reader(**{first.name: root}, **settings)
    return opened


def _kind_of(root: Path, modules: dict[str, ModuleType]) -> str:
    fitting = [name for name, module in modules.items() if any(_any(root, glob) for glob in module.LOOKS_LIKE)]
    fitting = [name for name in fitting if name != LAST] or fitting
    if len(fitting) == 1:
        return fitting[0]
    choose = f"Say which with --kind: {', '.join(modules)} (docs/datasets.md draws their layouts)."
    if not root.is_dir():
        raise DataError(f"{root}: there is no such folder.")
    if fitting:
        raise DataError(f"{root} may be {' or '.join(fitting)}. {choose}")
    raise DataError(f"{root} looks like no set that is known. {choose}")


def _any(root: Path, glob: str) -> bool:
    return next(root.glob(glob), None) is not None
