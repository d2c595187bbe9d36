"""Files that are there whole or not at all, and fingerprints of files."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap
from numpy.typing import NDArray

from stemwise.errors import DataError

LONGEST = 200  # bytes of a name that is given more for the time of writing


@contextmanager
def beside(target: Path, keep: bool = False) -> Iterator[Path]:
    """Yield a path next to `target` to write to (a file or a folder); rename it to `target` when the block ends well.

    When the block raises, KeyboardInterrupt included, what was written is removed and `target` stays as it was.
    The suffix is kept, since audio and array writers choose their format by it. With `keep` a folder that another
    process put there meanwhile stays, since somebody may be reading it.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    short = os.fsencode(target.stem)[:LONGEST].decode("utf-8", "ignore")
    part = target.with_name(f".{short}.{os.getpid()}.part{target.suffix}")
    try:
        yield part
        if part.is_dir() and target.is_dir():
            if keep:
                return
            shutil.rmtree(target)
        try:
            part.replace(target)
        except OSError:
            if not (keep and target.is_dir()):  # put there since we looked
                raise
    finally:
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink(missing_ok=True)


@contextmanager
def locked(path: Path, otherwise: str) -> Iterator[None]:
    """Hold the lock that is the file `path`, in a folder that is made if need be.

    Raises DataError, which says `otherwise`, where another process holds it.
    """
    from filelock import FileLock, Timeout  # not for those who only write a file

    path.parent.mkdir(parents=True, exist_ok=True)
    held = FileLock(path, timeout=0)
    try:
        held.acquire()
    except Timeout as fault:
        raise DataError(otherwise) from fault
    try:
        yield
    finally:
        held.release()


def new_array(path: Path, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """A float32 .npy of zeros mapped from disk, its room on the disk taken at once.

    A mapped file that outgrows the disk would kill the process without a word; this raises OSError instead.
    """
    array = open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
    if hasattr(os, "posix_fallocate"):
        with path.open("rb+") as file:
            os.posix_fallocate(file.fileno(), 0, max(path.stat().st_size, 1))
    return np.asarray(array)


def write_text(target: Path, text: str) -> None:
    with beside(target) as part:
        part.write_text(text, encoding="utf-8")


def write_json(target: Path, content: Any) -> None:
    """Refuses NaN and infinity, which JSON does not have."""
    write_text(target, json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def merge_json(target: Path, content: dict[str, Any]) -> None:
    """Write `content` over the keys it has, keeping the others that `target` holds."""
    kept = json.loads(target.read_text(encoding="utf-8")) if target.is_file() else {}
    write_json(target, {**kept, **content})


def fingerprint(paths: Iterable[Path], *settings: object) -> str:
    """16 hex digits that change with the name, size or time of any file, or with any setting."""
    parts = [repr(settings)]
    for path in paths:
        stat = path.stat()
        parts.append(f"{path.resolve()}|{stat.st_size}|{stat.st_mtime_ns}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
