"""How many songs, how long, and which of them are for training, validation and test."""

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import yaml

from stemwise.errors import DataError

SPLITS = ("train", "valid", "test")
SHORTEST, LONGEST = 8, 900  # seconds of a song


@dataclass(frozen=True)
class Preset:
    name: str
    seconds: float
    train: int
    valid: int
    test: int

    @property
    def songs(self) -> int:
        return self.train + self.valid + self.test

    def split_of(self, number: int) -> str:
        """The part of the split that song `number` (from 0) belongs to: first train, then valid, then test."""
        if number < self.train:
            return "train"
        return "valid" if number < self.train + self.valid else "test"

    def place(self, number: int) -> int:
        """How many songs of its part come before song `number`."""
        return number - {"train": 0, "valid": self.train, "test": self.train + self.valid}[self.split_of(number)]

    def with_songs(self, songs: int) -> "Preset":
        """The same shares for another number of songs; from three songs on, no part is empty."""
        if songs < 1:
            raise DataError(f"{songs} songs cannot be made. Give songs=1 or more, or leave it out for {self.songs}.")
        train, valid, test = _apportion(songs, (self.train, self.valid, self.test))
        return replace(self, train=train, valid=valid, test=test)

    def with_seconds(self, seconds: float) -> "Preset":
        """Songs of another length."""
        if not SHORTEST <= seconds <= LONGEST:
            raise DataError(f"songs of {seconds:g} s cannot be made. Give {SHORTEST} to {LONGEST} seconds.")
        return replace(self, seconds=seconds)

    def called(self, name: str) -> "Preset":
        """With ids that begin with `name`, which must be of a to z and 0 to 9: what follows are a number and _Song. Not
        of large letters too, since two names would give the same ids."""
        if not (name.isascii() and name.isalnum() and name == name.lower()):
            raise DataError(f"a set called '{name}' cannot be made. Give a to z and 0 to 9 alone, as in 'second'.")
        return replace(self, name=name)


@cache
def presets() -> dict[str, Preset]:
    rows = yaml.safe_load((Path(__file__).parent / "presets.yaml").read_text(encoding="utf-8"))
    return {name: Preset(name=name, **row) for name, row in rows.items()}


def find_preset(name: str) -> Preset:
    """Raises DataError with the choices for an unknown name."""
    if name not in presets():
        raise DataError(f"no preset '{name}'. Choose one of {', '.join(presets())}.")
    return presets()[name]


def _apportion(songs: int, shares: tuple[int, int, int]) -> list[int]:
    """Whole numbers that sum to `songs` in the proportions of `shares`, by largest remainder."""
    exact = [songs * share / sum(shares) for share in shares]
    counts = [int(value) for value in exact]
    by_remainder = sorted(range(3), key=lambda i: counts[i] - exact[i])
    for i in by_remainder[: songs - sum(counts)]:
        counts[i] += 1
    for i in range(3):
        if songs >= 3 and counts[i] == 0:
            counts[counts.index(max(counts))] -= 1
            counts[i] = 1
    return counts
