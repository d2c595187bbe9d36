"""The songs of a set as jobs: composed ones by preset and style, or those of a folder of MIDI files."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stemwise.errors import DataError
from stemwise.song_folder import song_id
from stemwise.synthesis.compose import compose
from stemwise.synthesis.midi_files import find_midi, read_score
from stemwise.synthesis.presets import Preset
from stemwise.synthesis.score import Score
from stemwise.synthesis.song import Job, Options
from stemwise.synthesis.style import find_styles, styles
from stemwise.texts import spelling

PARTS = {"test": 0.15, "valid": 0.1}  # shares of the artists of a MIDI folder
MIDI_ROOM = (0.3, 0.9)


@dataclass(frozen=True)
class Composed:
    """A song of `seconds` in a style."""

    seconds: float
    style: str
    artist: str

    @property
    def room(self) -> tuple[float, float]:
        return styles()[self.style].room

    def score(self, test: bool, rng: np.random.Generator) -> Score:
        return compose(self.seconds, styles()[self.style], self.artist, test, rng)


def composed_jobs(preset: Preset, seed: int, options: Options, only: Sequence[str] = ()) -> list[Job]:
    """The songs of a preset, in all styles or in `only` these. In each part of the split the styles take turns, in an
    order that depends on the seed. Raises DataError for an unknown style."""
    names = find_styles(only)
    order = np.random.default_rng([seed, len(names)]).permutation(len(names))
    jobs = []
    for number in range(preset.songs):
        split = preset.split_of(number)
        style = names[order[preset.place(number) % len(names)]]
        # The artist stands before the underscore of an id, as in MedleyDB; every song has its own.
        artist = f"{preset.name.capitalize()}{number + 1:04d}"
        jobs.append(Job(number, seed, f"{artist}_Song", split, Composed(preset.seconds, style, artist), options))
    return jobs


@dataclass(frozen=True)
class MidiFile:
    """A song of a folder of MIDI files."""

    path: Path
    root: Path
    seconds: float

    @property
    def room(self) -> tuple[float, float]:
        return MIDI_ROOM

    def score(self, test: bool, rng: np.random.Generator) -> Score:
        return read_score(self.path, self.root)


def midi_jobs(folder: Path, seed: int, options: Options, songs: int | None = None) -> tuple[list[Job], list[str]]:
    """The usable files of a folder (the first `songs` of them), and why the others were left out.

    Artists are dealt out to train, valid and test in the shares of PARTS, in the order of a hash of their names. Raises
    DataError when no file can be used.
    """
    scores: dict[Path, Score] = {}
    refused: list[str] = []
    for path in find_midi(folder):
        if songs is not None and len(scores) >= songs:
            break
        try:
            scores[path] = read_score(path, folder)
        except DataError as fault:
            refused.append(str(fault))
    if not scores:
        raise DataError(f"{folder}: none of {len(refused)} MIDI files can be used. The first: {refused[0]}")
    splits = _deal({score.artist for score in scores.values()})
    names: set[str] = set()
    jobs = []
    for number, (path, score) in enumerate(scores.items()):
        name = song_id(score.artist, score.title, names)
        source = MidiFile(path, folder, score.seconds)
        jobs.append(Job(number, seed, name, splits[spelling(score.artist)], source, options))
    return jobs, refused


def contents(jobs: Sequence[Job]) -> str:
    """The first 12 digits of a SHA-256 over the MIDI files of the jobs, which says when one has changed."""
    sources = [job.source for job in jobs]
    files = (source.path.read_bytes() for source in sources if isinstance(source, MidiFile))
    return hashlib.sha256(b"".join(hashlib.sha256(data).digest() for data in files)).hexdigest()[:12]


def _deal(artists: set[str]) -> dict[str, str]:
    """Spelling of an artist → part; from three artists on no part is empty. Folders `AC DC` and `ACDC` are one."""
    named = {spelling(name): name for name in sorted(artists, reverse=True)}
    order = sorted(named, key=lambda plain: hashlib.sha256(named[plain].encode()).digest())
    test, valid = (max(round(len(order) * share), len(order) > 2) for share in (PARTS["test"], PARTS["valid"]))
    parts = ["test"] * test + ["valid"] * valid + ["train"] * (len(order) - test - valid)
    return dict(zip(order, parts, strict=True))
