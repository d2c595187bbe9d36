"""The folder around the songs: what set it holds, and its split."""

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from stemwise import __version__
from stemwise.errors import DataError
from stemwise.files import locked, write_json
from stemwise.synthesis.presets import SPLITS
from stemwise.synthesis.song import Job, Options
from stemwise.synthesis.soundfonts import load_fonts

# Raise this whenever the same seed gives other bytes, so that a folder never holds songs of two recipes.
RECIPE = 5
LOCK = ".synthesize.lock"


@contextmanager
def alone(root: Path, wanted: Mapping[str, Any]) -> Iterator[None]:
    """While this lasts nobody else writes to `root`: what another run has half made would look like what a killed one
    left.

    `wanted` is the `identity` of the set. Raises DataError when another run is at work in `root`, and as `open_tree`,
    which looks again, since the other may just have ended; in a folder of anything else no lock is left.
    """
    _refuse_others(root, root / "Audio", wanted)
    with locked(root / LOCK, f"{root}: another run is making songs in it. Let it end, or choose another folder."):
        yield


def open_tree(root: Path, jobs: Sequence[Job], wanted: Mapping[str, Any]) -> Path:
    """Return the folder of the songs, with the manifest written and what a killed run left half-made removed.

    `wanted` is the `identity` of the set. Raises DataError when `root` holds songs of anything else.
    """
    audio = root / "Audio"
    _refuse_others(root, audio, wanted)
    for left in audio.glob(".*.part"):
        shutil.rmtree(left, ignore_errors=True)
    if not (root / "manifest.json").is_file():
        songs = {job.name: job.describe() for job in jobs}
        write_json(root / "manifest.json", {**wanted, "songs": songs})
    audio.mkdir(exist_ok=True)
    return audio


def close_tree(root: Path, jobs: Sequence[Job]) -> None:
    """Write splits.json, which says that every song is there."""
    write_json(root / "splits.json", {part: [job.name for job in jobs if job.split == part] for part in SPLITS})


def identity(source: Mapping[str, Any], seed: int, number_of_songs: int, options: Options) -> dict[str, Any]:
    """What must be equal for two runs to write the same songs. `source`: what the songs come from."""
    return {
        **source,
        "seed": seed,
        "number_of_songs": number_of_songs,
        "stemwise": __version__,
        "recipe": RECIPE,
        "fonts": [f"{font.name} {font.digest}" for font in load_fonts(options.fonts)],
        "format": options.format,
        "voices": "words" if options.words else "vowels",
    }


def _refuse_others(root: Path, audio: Path, wanted: Mapping[str, Any]) -> None:
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
