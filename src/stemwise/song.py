"""A song: its stems, what they play, and their audio read lazily and by range."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemwise import audio
from stemwise.audio import Samples
from stemwise.errors import AudioError
from stemwise.files import fingerprint


@dataclass(frozen=True)
class Stem:
    """One stem file and the MedleyDB labels of what it may hold.

    Several labels are several instruments in one file, or one of several where nobody knows which: either way a target
    that has some of them and not all is unknown in the song. `name` says it shorter, where there is a shorter word.
    `words`: what the set itself calls it, where those are no labels and were mapped to them.
    """

    id: str
    instruments: tuple[str, ...]
    path: Path
    name: str = ""
    words: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        return self.name or " + ".join(self.instruments)


@dataclass(frozen=True)
class Annotation:
    """When an instrument plays of which the song has no stem of its own: (start, end) in seconds, both within it.

    Several `instruments`: one of them, or several at once. `weak`: somebody was asked whether any of them is in the
    song at all. With a segment, one plays somewhere in it, not all through it; without, none of them ever plays. Of
    other instruments of the same target it says nothing.
    """

    instruments: tuple[str, ...]
    segments: tuple[tuple[float, float], ...]
    weak: bool = False


@dataclass(frozen=True)
class Song:
    """A multitrack song.

    `bleed`: its stems hold leakage of one another. Not `complete`: there may be more in the mix than in the stems, as
    where somebody has the vocals and the mix of a song, and nobody knows what; so a target without a stem is unknown,
    not silent. What the stems leave of `mix` then belongs to the mixture; without a mix the stems are all of it.
    `annotations`: of instruments in what the stems leave of the mix, or in stems that hold more than them. A song of
    annotations and a mix alone has no stems.
    """

    id: str
    artist: str
    title: str
    rate: int
    samples: int
    channels: int
    stems: tuple[Stem, ...]
    mix: Path | None = None
    bleed: bool = False
    complete: bool = True
    annotations: tuple[Annotation, ...] = ()

    @property
    def seconds(self) -> float:
        return self.samples / self.rate

    def read_stem(self, index: int, start: int = 0, stop: int | None = None) -> Samples:
        """(channel, sample) of samples [start, stop) at the song's rate and channels.

        A stem shorter than the song is silent behind its end; readers decide whether such a song is let in at all.
        Raises AudioError when the file changed its rate or length since the song was read.
        """
        stop = self.samples if stop is None else stop
        stem, have = self.stems[index], self._info(index)
        block, _ = audio.read(stem.path, min(start, have.samples), min(stop, have.samples))
        return audio.fit(audio.as_channels(block, self.channels), stop - start)

    def stem_blocks(self, index: int, size: int) -> Iterator[tuple[NDArray[Any], float]]:
        """`audio.raw_blocks` of a whole stem; what is silent behind its end is left out.

        Raises AudioError as `read_stem` does.
        """
        self._info(index)
        return audio.raw_blocks(self.stems[index].path, size)

    def _info(self, index: int) -> audio.AudioInfo:
        stem = self.stems[index]
        have = audio.info(stem.path)
        if have.rate != self.rate or have.samples > self.samples:
            raise AudioError(
                f"{stem.path}: {have.samples} samples at {have.rate} Hz, but {self.id} has {self.samples} at "
                f"{self.rate} Hz. The file changed since the dataset was read; read it again."
            )
        return have

    def mixture(self, start: int = 0, stop: int | None = None) -> Samples:
        """What networks are trained and scored on, (channel, sample): the sum of the stems, and what an incomplete song
        has beside them."""
        stop = self.samples if stop is None else stop
        if self.remains:
            return self._read_mix(start, stop)
        return self._sum(start, stop)

    @property
    def remains(self) -> bool:
        """Whether the mix is taken to hold more than the stems."""
        return not self.complete and self.mix is not None

    def remainder(self, start: int = 0, stop: int | None = None) -> Samples:
        """(channel, sample): the mixture less the stems, nothing but zeros unless something `remains`.

        Raises AudioError where the mix has another rate or length than the stems.
        """
        stop = self.samples if stop is None else stop
        return self.mixture(start, stop) - self._sum(start, stop)

    def _read_mix(self, start: int, stop: int) -> Samples:
        assert self.mix is not None
        have = audio.info(self.mix)
        if (have.rate, have.samples) != (self.rate, self.samples):
            raise AudioError(
                f"{self.mix}: {have.samples} samples at {have.rate} Hz, but the stems of {self.id} have {self.samples} "
                f"at {self.rate} Hz. A song without all of its stems needs a mix that fits them: export them together."
            )
        return audio.as_channels(audio.read(self.mix, start, stop)[0], self.channels)

    def _sum(self, start: int, stop: int) -> Samples:
        total = np.zeros((self.channels, stop - start), dtype=np.float32)
        for index in range(len(self.stems)):
            total += self.read_stem(index, start, stop)
        return total

    def fingerprint(self, *settings: object) -> str:
        """Changes with any stem file, any label, any annotation or any of the settings."""
        labels = tuple(stem.instruments for stem in self.stems)
        more = (self.annotations,) if self.annotations else ()
        return fingerprint((stem.path for stem in self.stems), self.id, labels, *more, *settings)
