"""Random excerpts of prepared songs, remixed across songs, with the labels riding along."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.random import Generator
from numpy.typing import NDArray
from torch.utils.data import Dataset, Sampler

from stemwise.activity import LABEL_HOP, carry
from stemwise.activity import RATE as LABEL_RATE
from stemwise.audio import fit, resample
from stemwise.errors import DataError
from stemwise.loading.batch import Batch
from stemwise.loading.places import Place, Places
from stemwise.loading.shard import ACTIVE, WHOLE, PreparedSong, announce
from stemwise.loading.tone import recolour

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Augmentation:
    """`remix`: the share of examples whose rows come each from a song of its own. `gain`: the range every row's gain is
    drawn from. `swap`: the share of rows whose channels change places. `tone`: dB up to which a shelf, drawn for every
    row, lifts or lowers what is above its corner, so that an instrument is known by more than the sound it had in a few
    songs. `varispeed`: semitones up to which a place is played faster and higher, or slower and lower, as by a tape:
    other pitches, tempos and sizes of instruments and singers, and nothing above the store's highest frequency made as
    much lower. Labels belong to the songs as stored: gains and tone do not change them, and at another speed they pass
    as much faster."""

    remix: float = 0.0
    gain: tuple[float, float] = (1.0, 1.0)
    swap: float = 0.0
    tone: float = 0.0
    varispeed: float = 0.0

    def __post_init__(self) -> None:
        """Raises DataError for what cannot be drawn."""
        for name in ("remix", "swap"):
            if not _drawable([0, getattr(self, name), 1]):
                raise DataError(f"loading.augmentation.{name}={getattr(self, name)}: give a share from 0 to 1.")
        for name in ("tone", "varispeed"):
            if not _drawable([0, getattr(self, name)]):
                raise DataError(f"loading.augmentation.{name}={getattr(self, name)}: give 0 (none) or more.")
        gain = list(self.gain) if np.ndim(self.gain) == 1 else []
        if len(gain) != 2 or not _drawable([0, *gain]):
            raise DataError(f"loading.augmentation.gain={self.gain}: give the lowest and the highest, as [0.25,1.25].")


def _drawable(values: Sequence[object]) -> bool:
    """Whether these are finite numbers, none less than the one before it."""
    numbers = [each for each in values if isinstance(each, int | float) and not isinstance(each, bool)]
    return len(numbers) == len(values) and bool(np.isfinite(numbers).all()) and numbers == sorted(numbers)


class Excerpts(Dataset[Batch]):
    """`index` alone, with the seed, decides an example: the same for any number of workers and in any order.

    A song that is a little shorter than an excerpt (`store.require_long_enough`) is silent behind its end.

    With `mixture_only` the targets of a batch have no samples, for models that only listen: of 18 targets they would be
    most of what is read, copied and thrown away.
    """

    def __init__(
        self,
        songs: Sequence[PreparedSong],
        samples: int,
        rate: int,
        hop: int,
        seed: int,
        count: int,
        augmentation: Augmentation | None = None,
        balance: float = 0.0,
        mixture_only: bool = False,
    ) -> None:
        self.mixture_only = mixture_only
        self.samples = samples
        self.rate = rate
        self.hop = hop
        self.seed = seed
        self.count = count
        self.augmentation = augmentation or Augmentation()
        self.places = Places(songs, samples, rate, balance)
        self.songs = self.places.songs
        self.rows = len(songs[0].known().known_audio) + 1

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> Batch:
        rng = np.random.default_rng((self.seed, index))
        rows = self.rows
        places = self._places(rng, rows)
        remixed = any(place is not places[-1] for place in places)
        mixture, targets = self._sound(rng, places)
        activity = np.stack([self._activity(*place, row) for row, place in enumerate(places[:-1])])
        audio_known, activity_known = (
            torch.tensor([self._known(of, row, *places) for row in range(rows - 1)])
            for of in (("known_audio",), ("known_audio", "known_activity") if remixed else ("known_activity",))
        )
        weak = torch.tensor([bool(of.song.weak) and of.song.weak[row] for row, of in enumerate(places[:-1])])
        somewhere = weak & torch.from_numpy(activity.max(axis=1) >= ACTIVE)
        activity_known &= ~somewhere | self._whole(places[-1])  # in a remix nothing is known of weak ones anyway
        return Batch(
            mixture=torch.from_numpy(mixture),
            targets=torch.from_numpy(targets),
            activity=torch.from_numpy(activity),
            known_audio=audio_known,
            known_activity=activity_known,
            weak=weak & activity_known,
        )

    def _sound(self, rng: Generator, places: Sequence[Place]) -> tuple[Array, Array]:
        """Mixture (channel, sample) and targets (target, channel, sample) of a place a row."""
        rows = self._heard(rng, places)
        if not self.mixture_only:
            audio = np.stack(list(rows))
            return audio.sum(axis=0), audio[:-1]
        mixture = next(rows)
        for row in rows:
            mixture += row
        return mixture, np.zeros((len(places) - 1, len(mixture), 0), np.float32)

    def _heard(self, rng: Generator, places: Sequence[Place]) -> Iterator[Array]:
        """(channel, sample) of every row as it is mixed."""
        gains = rng.uniform(*self.augmentation.gain, size=len(places)).astype(np.float32)
        swap, tone = self.augmentation.swap, self.augmentation.tone
        swapped = rng.random(len(places)) < swap if swap else np.zeros(len(places), bool)
        for row, (song, start, speed) in enumerate(places):
            announce(song.audio, row, start, start + round(self.samples * speed))
        for row, place in enumerate(places):
            sound = self._audio(*place, row) * gains[row]
            sound = sound[::-1] if swapped[row] else sound
            yield recolour(sound, self.rate, tone, rng) if tone else sound

    def _places(self, rng: Generator, rows: int) -> list[Place]:
        """A place for every row, one for all of them unless this example is remixed."""
        if rng.random() < self.augmentation.remix:
            return [self._place(rng, row) for row in range(rows - 1)] + [self._place(rng)]
        return [self._place(rng)] * rows

    def _place(self, rng: Generator, target: int | None = None) -> Place:
        most = self.augmentation.varispeed
        speed = 2 ** (rng.uniform(-most, most) / 12) if most else 1.0
        return self.places.draw(rng, target, speed)

    def _known(self, of: Sequence[str], row: int, *places: Place) -> bool:
        # The song that gives the rest may hold this target in it, in a file that mixes instruments. Where the target's
        # audio is not known its sound is no row, so that in a remix its label would go with another song's sound.
        return all(getattr(place.song, known)[row] for place in (places[row], places[-1]) for known in of)

    def _whole(self, place: Place) -> bool:
        """Whether the excerpt has the song, but for seconds that hardly matter: else what is weakly known of the song
        is not known of it."""
        return bool(round(self.samples * place.speed) >= WHOLE * place.song.audio.shape[-1])

    def _audio(self, song: PreparedSong, start: int, speed: float, row: int) -> Array:
        if speed == 1:
            return fit(song.audio[row, :, start : start + self.samples], self.samples)
        sound = song.audio[row, :, start : start + round(self.samples * speed)]
        return fit(resample(np.array(sound), speed, 1.0), self.samples)

    def _activity(self, song: PreparedSong, start: int, speed: float, row: int) -> Array:
        frames = np.arange(1 + self.samples // self.hop)
        times = (start + frames * self.hop * speed) / self.rate
        first, last = int(times[0] * LABEL_RATE / LABEL_HOP), int(times[-1] * LABEL_RATE / LABEL_HOP) + 2
        confidence = carry(song.activity[row, first:last], LABEL_HOP, times, first)
        return np.where(times * self.rate > song.audio.shape[-1], np.float32(0), confidence)  # silence behind its end


class ContinuingSampler(Sampler[int]):
    """`count` indices from where the training stands, so that no index comes twice and a resumed run goes on.

    `position` gives the number of examples seen so far, asked at the start of every pass. (Lightning's `set_epoch` is
    of no use here: after a resume it names the epoch after the next.)
    """

    def __init__(self, count: int, position: Callable[[], int]) -> None:
        self.count = count
        self.position = position

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[int]:
        start = self.position()
        return iter(range(start, start + self.count))
