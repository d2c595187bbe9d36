"""The songs of a set as jobs: composed ones by preset and style, or those of a folder of MIDI files."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stemwise.synthesis.compose import compose
from stemwise.synthesis.presets import Preset
from stemwise.synthesis.score import Score
from stemwise.synthesis.song import Job, Options
from stemwise.synthesis.style import find_styles, styles


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
