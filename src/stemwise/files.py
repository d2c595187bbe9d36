"""Files that are there whole or not at all, and fingerprints of files."""

import hashlib
import json
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def beside(target: Path) -> Iterator[Path]:
    """Yield a path next to `target` to write to (a file or a folder); rename it to `target` when the block ends well.

    When the block raises, KeyboardInterrupt included, what was written is removed and `target` stays as it was.
    The suffix is kept, since audio and array writers choose their format by it.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.stem}.{os.getpid()}.part{target.suffix}")
    try:
        yield part
        if part.is_dir() and target.is_dir():
            shutil.rmtree(target)
        part.replace(target)
    finally:
        if part.is_dir():
            shutil.rmtree(part, ignore_errors=True)
        else:
            part.unlink(missing_ok=True)


def write_text(target: Path, text: str) -> None:
    with beside(target) as part:
        part.write_text(text, encoding="utf-8")


def write_json(target: Path, content: Any) -> None:
    """Refuses NaN and infinity, which JSON does not have."""
    write_text(target, json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def fingerprint(paths: Iterable[Path], *settings: object) -> str:
    """16 hex digits that change with the name, size or time of any file, or with any setting."""
    parts = [repr(settings)]
    for path in paths:
        stat = path.stat()
        parts.append(f"{path.resolve()}|{stat.st_size}|{stat.st_mtime_ns}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]
