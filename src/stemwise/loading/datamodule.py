"""Any multitrack dataset as batches of excerpts with frame-level activity."""

import logging
import math
import time
import warnings
from collections.abc import Callable, Iterator, Sequence

import pytorch_lightning as pl
import torch
from torch.utils.data import DataLoader

from stemwise.datasets.base import Dataset, hash_place
from stemwise.errors import DataError
from stemwise.home import data_home
from stemwise.loading.batch import Batch
from stemwise.loading.excerpts import Augmentation, ContinuingSampler, Excerpts
from stemwise.loading.filling import Store
from stemwise.loading.prepared import PreparedStore
from stemwise.loading.shard import PreparedSong
from stemwise.loading.store import Recipe, require_long_enough, require_whole_where_weak
from stemwise.memory import keep_freed_memory
from stemwise.song import Song
from stemwise.taxonomy import require_own
from stemwise.taxonomy import targets as read_targets

log = logging.getLogger(__name__)
SAY_EVERY = 10.0  # seconds


class MultitrackDataModule(pl.LightningDataModule):
    """Wraps a dataset reader, or a store that is there already.

    `scheme` and `targets` choose the targets (`stemwise.taxonomy`); `sample_rate`, `channels` and `hop` (samples) are
    those of the model, so that labels stand on its frames. An epoch has `excerpts` training and `valid_excerpts`
    validation examples of `excerpt_seconds`. With `require_targets` a song is trained on only if one of the targets
    plays in it, as IASS does. `balance` is the share of training examples drawn evenly over targets and over playing
    and resting (`Places`). `prepare_data` computes activity by envelope tracking and fills the store, both under
    the home folder, `prepare_processes` songs at a time (None: one a core, or one where there is little to do).
    `hours` trains on no more than so many hours of songs, drawn by the hash of their ids, so that fewer hours are
    always a part of more. `mixture_only` leaves out the targets' audio, for models that only listen.
    """

    def __init__(
        self,
        dataset: Dataset | PreparedStore,
        scheme: str,
        targets: Sequence[str] | None,
        sample_rate: int,
        channels: int,
        hop: int,
        excerpt_seconds: float = 6.0,
        batch_size: int = 8,
        excerpts: int = 1024,
        valid_excerpts: int = 64,
        seed: int = 0,
        workers: int = 0,
        prepare_processes: int | None = None,
        require_targets: bool = False,
        augmentation: Augmentation | None = None,
        balance: float = 0.0,
        hours: float | None = None,
        mixture_only: bool = False,
    ) -> None:
        super().__init__()
        if not 0 < batch_size <= excerpts:
            raise DataError(
                f"loading.excerpts={excerpts} an epoch do not fill one batch of loading.batch_size={batch_size}."
            )
        for name, value, least in (("valid_excerpts", valid_excerpts, 1), ("workers", workers, 0)):
            if value < least:
                raise DataError(f"loading.{name}={value}: give {least} or more.")
        for name, number in (("excerpt_seconds", excerpt_seconds), ("hours", hours)):
            if number is not None and not 0 < number < math.inf:
                raise DataError(f"loading.{name}={number}: give a number above 0.")
        self.dataset = dataset
        self.recipe = Recipe(read_targets(scheme, targets), sample_rate, channels)
        self.hop = hop
        self.samples = round(excerpt_seconds * sample_rate)
        self.batch_size = batch_size
        self.counts = {"train": excerpts, "valid": valid_excerpts}
        self.seed = seed
        self.workers = workers
        self.require_targets = require_targets
        self.augmentation = augmentation
        self.balance = balance
        self.hours = hours
        self.mixture_only = mixture_only
        self.prepare_processes = prepare_processes
        self.excerpts: dict[str, Excerpts] = {}
        self.weak: dict[str, int] = {}  # songs of a part with labels that are of the whole song
        self.never_heard: tuple[str, ...] = ()  # targets that play in none of the training songs, once set up

    @property
    def targets(self) -> tuple[str, ...]:
        return self.recipe.targets.names

    def songs(self, part: str) -> list[Song]:
        """The songs of "train", "valid" or "test". Raises DataError when the part is empty."""
        wanted = set(self.dataset.splits()[part])
        songs = [song for song in self.dataset.songs() if song.id in wanted]
        if not songs:
            raise DataError(
                f"no songs in the part '{part}' of {self.dataset.where}. With few artists a split by artist can leave "
                "a part empty: name a file of splits with data.splits_file=..., or split songs of your own, all by one "
                "artist, with data.split_by=song (docs/datasets.md)."
            )
        return songs if self.hours is None or part != "train" else up_to(self.hours, songs)

    def prepared(self, part: str) -> dict[str, PreparedSong]:
        """Song id → prepared song of a part, made where the store lacks it."""
        return self.prepare_songs(self.songs(part))

    def prepare_songs(self, songs: Sequence[Song]) -> dict[str, PreparedSong]:
        """Song id → prepared song, made where the store lacks it; says how far it is, since this can take long."""
        if isinstance(self.dataset, PreparedStore):
            return self.dataset.prepared(songs, self.recipe)
        store = Store.of(self.dataset, self.recipe, data_home() / "store")
        say = every(SAY_EVERY, lambda share: log.info("prepared %.0f %% of the songs in %s", 100 * share, store.folder))
        filled = store.fill(songs, self.dataset.splits(), self.prepare_processes, say)
        for sentence in filled.noticed:
            log.warning(sentence)
        return filled.songs

    def prepare_data(self) -> None:
        self._require_own()
        self.prepare_songs([song for part in self.counts for song in self.songs(part)])

    def _require_own(self) -> None:
        """Raise DataError for a target of a user's own label that no stem has; a store has no stems any more."""
        if isinstance(self.dataset, PreparedStore):
            return
        songs = self.dataset.songs()
        told = {label for song in songs for stem in song.stems for label in stem.instruments}
        told |= {label for song in songs for annotation in song.annotations for label in annotation.instruments}
        require_own(self.recipe.targets, told)

    def setup(self, stage: str | None = None) -> None:
        if stage not in (None, "fit", "validate") or self.counts.keys() <= self.excerpts.keys():
            return
        for part, count in self.counts.items():
            songs = self._with_knowledge(list(self.prepared(part).values()), part)
            songs = self._with_targets(songs, part) if self.require_targets else songs
            if part == "train":
                self.never_heard = self._never_heard(songs)
                self._say_never_heard(len(songs), stage)
            require_long_enough(songs, self.samples, self.recipe.rate)
            require_whole_where_weak(songs, self.samples, self.recipe.rate)
            augmentation = self.augmentation if part == "train" else None
            seed = self.seed if part == "train" else 0  # every run is validated on the same excerpts
            balance = self.balance if part == "train" else 0.0
            self.weak[part] = sum(any(song.known().weak) for song in songs)
            self.excerpts[part] = Excerpts(
                songs, self.samples, self.recipe.rate, self.hop, seed, count, augmentation, balance, self.mixture_only
            )

    def _with_knowledge(self, songs: list[PreparedSong], part: str) -> list[PreparedSong]:
        """Without those that teach nothing, and would make a remix with their rest teach nothing."""
        known = ((song, song.known()) for song in songs)
        kept = [song for song, facts in known if any(facts.known_audio) or any(facts.known_activity)]
        if not kept:
            raise DataError(
                f"in none of the {len(songs)} songs of '{part}' is anything known of {', '.join(self.targets)}: a stem "
                "of each may hold any instrument, or several targets. Label stems more precisely, or choose a scheme "
                "that fits them (docs/datasets.md)."
            )
        if len(kept) < len(songs):
            log.info("left out %d of %d songs of '%s' that know no target", len(songs) - len(kept), len(songs), part)
        return kept

    def _with_targets(self, songs: list[PreparedSong], part: str) -> list[PreparedSong]:
        kept = [song for song in songs if any(song.holds(i) for i in range(len(self.targets)))]
        if kept:
            return kept
        what = f"{', '.join(self.targets)} plays in none of the {len(songs)} songs of '{part}'"
        if part == "train":
            raise DataError(
                f"{what}. Choose other targets, as in targets=[piano], or set loading.require_targets=false."
            )
        warnings.warn(f"{what}: the validation loss is one of silence.", stacklevel=2)
        return songs

    def _never_heard(self, songs: Sequence[PreparedSong]) -> tuple[str, ...]:
        """Targets that play in none of the songs in which their activity, or to be separated their audio, is known."""
        heard: set[int] = set()
        for facts in (song.known() for song in songs):
            known = facts.known_activity if self.mixture_only else facts.known_audio
            heard |= {index for index, frames in enumerate(facts.plays) if frames and known[index]}
        return tuple(name for index, name in enumerate(self.targets) if index not in heard)

    def _say_never_heard(self, songs: int, stage: str | None) -> None:
        if self.never_heard and stage != "validate":
            log.warning(
                "%s never known to play in the %d training songs, so that the model will know nothing of them but "
                "rests. Choose songs that have them, or other targets=[...].",
                f"{', '.join(self.never_heard)} {'are' if len(self.never_heard) > 1 else 'is'}",
                songs,
            )

    def train_dataloader(self) -> DataLoader[Batch]:
        return self._loader("train", ContinuingSampler(self.counts["train"], self._examples_seen))

    def val_dataloader(self) -> DataLoader[Batch]:
        return self._loader("valid", None)

    def _examples_seen(self) -> int:
        if self.trainer is None:
            return 0
        batches = self.trainer.global_step * self.trainer.accumulate_grad_batches
        return batches * self.batch_size * self.trainer.world_size

    def _loader(self, part: str, sampler: ContinuingSampler | None) -> DataLoader[Batch]:
        return _Loader(
            self.excerpts[part],
            batch_size=self.batch_size,
            sampler=sampler,
            num_workers=self.workers,
            persistent_workers=self.workers > 0,
            pin_memory=torch.cuda.is_available(),
            drop_last=part == "train",
            worker_init_fn=_keep_freed_memory,
        )


class _Loader(DataLoader[Batch]):
    """Each pass draws one of PyTorch's random numbers, as passes without workers do, and only the first of workers that
    stay. Or dropout would go by the number of workers, and a resumed training, whose first pass is a later one, would
    end with other weights."""

    def __iter__(self) -> Iterator[Batch]:  # type: ignore[override]
        if self.persistent_workers and self._iterator is not None:
            torch.empty((), dtype=torch.int64).random_()
        return super().__iter__()


def up_to(hours: float, songs: Sequence[Song]) -> list[Song]:
    """The first songs, in the order of their ids' hashes, that come to so many hours, in their own order; all where
    there are no more. Raises DataError where not even one comes to it, within half of its length."""
    seconds, chosen = 0.0, set[str]()
    for song in sorted(songs, key=lambda song: hash_place(song.id)):
        if seconds + song.seconds / 2 > 3600 * hours:
            break
        seconds += song.seconds
        chosen.add(song.id)
    if not chosen:
        raise DataError(f"loading.hours={hours} is less than half of a song. Give more.")
    return [song for song in songs if song.id in chosen]


def _keep_freed_memory(_: int) -> None:
    """A worker's blocks are large, and clearing the pages of each anew takes longer than reading them."""
    keep_freed_memory()


def every(seconds: float, say: Callable[[float], object]) -> Callable[[float], object]:
    """`say`, but at most once in so many seconds, and not when it is called first."""
    last = time.monotonic()

    def tell(share: float) -> None:
        nonlocal last
        if time.monotonic() - last > seconds:
            last = time.monotonic()
            say(share)

    return tell
