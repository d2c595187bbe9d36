"""Where excerpts are cut: anywhere, or balanced over targets and their rests."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from stemwise.activity import LABEL_HOP
from stemwise.activity import RATE as LABEL_RATE
from stemwise.errors import DataError
from stemwise.loading.shard import ACTIVE, PreparedSong, announce


class Place(NamedTuple):
    """A song, the first sample of an excerpt in it, and how many times as fast as recorded it is played."""

    song: PreparedSong
    start: int
    speed: float = 1.0


class Places:
    """Excerpts of `samples` at `rate` Hz in `songs`. Those of a shorter song begin with it and end behind it.

    `balance` is the share of draws that look for a target: in half of them it plays at some moment of the excerpt, in
    half it rests. The others fall evenly on all the music there is, so that a rare instrument comes up as rarely as it
    does in the songs, and one that rests for a few seconds a song is hardly ever seen at rest.

    Raises DataError for a balance outside 0 to 1.
    """

    def __init__(self, songs: Sequence[PreparedSong], samples: int, rate: int, balance: float = 0.0) -> None:
        if not 0 <= balance <= 1:
            raise DataError(f"loading.balance={balance} is a share of the examples: give a number from 0 to 1.")
        self.songs = [song.bare() for song in songs]
        self.samples = samples
        self.rate = rate
        self.balance = balance
        self.lengths = np.array([song.known().samples for song in songs])
        self.weights = self.lengths / self.lengths.sum()
        self.frames = _frames(songs) if balance else None

    def draw(self, rng: Generator, target: int | None = None, speed: float = 1.0) -> Place:
        """A place for `target`, or for a target drawn evenly from those that are known somewhere, at `speed` or as near
        to it as the song is long."""
        if self.frames is not None and rng.random() < self.balance:
            found = self._balanced(rng, self.frames, target, speed)
            if found:
                return found
        number = rng.choice(len(self.songs), p=self.weights)
        speed, samples = self._extent(number, speed)
        return Place(self.songs[number], int(rng.integers(self._last(number, samples) + 1)), speed)

    def _balanced(self, rng: Generator, frames: NDArray[np.int64], target: int | None, speed: float) -> Place | None:
        """None where the target never plays, or never rests, in any song that tells."""
        plays = int(rng.random() < 0.5)
        if target is None:
            possible = np.flatnonzero(frames[:, plays].sum(axis=1))
            target = int(rng.choice(possible)) if len(possible) else None
        if target is None or not frames[target, plays].any():
            return None
        counts = frames[target, plays]
        number = rng.choice(len(self.songs), p=counts / counts.sum())
        song = self.songs[number]
        speed, samples = self._extent(number, speed)
        announce(song.activity, target)
        moment = rng.choice(np.flatnonzero((song.activity[target] >= ACTIVE) == plays))
        start = round(float(moment) * LABEL_HOP * self.rate / LABEL_RATE) - int(rng.integers(samples))
        return Place(song, int(np.clip(start, 0, self._last(number, samples))), speed)

    def _extent(self, number: int, speed: float) -> tuple[float, int]:
        """The speed that a song's length allows, and how many of its samples an excerpt then takes."""
        speed = min(speed, max(float(self.lengths[number]) / self.samples, 1.0))
        return speed, round(self.samples * speed)

    def _last(self, number: int, samples: int) -> int:
        """The last sample of a song at which an excerpt may begin."""
        return max(int(self.lengths[number]) - samples, 0)


def _frames(songs: Sequence[PreparedSong]) -> NDArray[np.int64]:
    """Frames (target, at rest or playing, song) of the labels; 0 where nobody knows when a target plays."""
    counts = []
    for known in (song.known() for song in songs):
        plays = np.array(known.plays)
        counts.append(np.stack([known.frames - plays, plays], axis=1) * np.array(known.known_activity)[:, None])
    return np.stack(counts, axis=2)
