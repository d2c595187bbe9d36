"""The folder around the songs: what set it holds, and its split."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stemwise import __version__
from stemwise.errors import DataError
from stemwise.files import write_json
from stemwise.synthesis.midi import SOUNDFONT
from stemwise.synthesis.presets import SPLITS
from stemwise.synthesis.song import Job

# Raise this whenever the same seed gives other bytes, so that a folder never holds songs of two recipes.
RECIPE = 1


def open_tree(root: Path, jobs: Sequence[Job]) -> Path:
    """Return the folder of the songs, with the manifest written and what a killed run left half-made removed.

    Raises DataError when `root` holds songs of anything else.
    """
    audio = root / "Audio"
    _refuse_others(root, audio, identity(jobs))
    for left in audio.glob(".*.part"):
        shutil.rmtree(left, ignore_errors=True)
    if not (root / "manifest.json").is_file():
        songs = {job.name: job.describe() for job in jobs}
        write_json(root / "manifest.json", {**identity(jobs), "songs": songs})
    audio.mkdir(exist_ok=True)
    return audio


def close_tree(root: Path, jobs: Sequence[Job]) -> None:
    """Write splits.json, which says that every song is there."""
    write_json(root / "splits.json", {part: [job.name for job in jobs if job.split == part] for part in SPLITS})


def identity(jobs: Sequence[Job]) -> dict[str, Any]:
    """What must be equal for two runs to write the same songs."""
    first = jobs[0]
    return {
        "preset": first.preset.name,
        "seed": first.seed,
        "number_of_songs": len(jobs),
        "seconds": first.preset.seconds,
        "stemwise": __version__,
        "recipe": RECIPE,
        "soundfont": SOUNDFONT,
    }


def _refuse_others(root: Path, audio: Path, wanted: dict[str, Any]) -> None:
    manifest = root / "manifest.json"
    if not manifest.is_file():
        if audio.is_dir() and any(not child.name.startswith(".") for child in audio.iterdir()):
            raise DataError(f"{root}: holds Audio without manifest.json, so not songs of ours. Choose an empty folder.")
        return
    try:
        have = json.loads(manifest.read_text(encoding="utf-8"))
    except ValueError as fault:
        raise DataError(f"{manifest}: is not JSON ({fault}). Remove the folder, or choose another.") from fault
    other = [f"{key}={have.get(key)!r} (wanted {value!r})" for key, value in wanted.items() if have.get(key) != value]
    if other:
        raise DataError(f"{root}: holds songs made with {', '.join(other)}. Choose another folder, or remove this one.")
