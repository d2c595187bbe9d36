"""Songs made ready for training: summed to targets, resampled, with their activity, as arrays mapped from disk."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stemwise import audio
from stemwise.activity import LABELS
from stemwise.audio import Samples
from stemwise.errors import DataError
from stemwise.files import beside, fingerprint, new_array
from stemwise.labels import song_confidence, target_confidence, unknown_activity, unknown_targets
from stemwise.song import Song
from stemwise.taxonomy import Targets

VERSION = 2  # raise it when the arrays change, so that no stale store is read


@dataclass(frozen=True)
class Recipe:
    """What a prepared song depends on besides its files; `rate` in Hz."""

    targets: Targets
    rate: int
    channels: int


class PreparedSong:
    """One song of the store. Arrays are mapped when first touched, so an object crosses to a worker as a path."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @cached_property
    def audio(self) -> NDArray[np.float32]:
        """(target + 1, channel, sample); the last row is the rest of the mixture."""
        return np.asarray(np.load(self.folder / "audio.npy", mmap_mode="r"))

    @cached_property
    def activity(self) -> NDArray[np.float32]:
        """Confidence (target, frame) on the frames of LABELS."""
        return np.asarray(np.load(self.folder / "activity.npy"))

    @cached_property
    def known_audio(self) -> NDArray[np.bool_]:
        """(target,) False where the target's audio cannot be known for this song."""
        return np.asarray(np.load(self.folder / "known_audio.npy"))

    @cached_property
    def known_activity(self) -> NDArray[np.bool_]:
        """(target,) False where nobody can know when the target plays."""
        return np.asarray(np.load(self.folder / "known_activity.npy"))

    def holds(self, target: int) -> bool:
        """Whether the target's audio is known and ever active in this song."""
        return bool(self.known_audio[target] and (self.activity[target] >= 0.5).any())

    def __getstate__(self) -> dict[str, Path]:
        return {"folder": self.folder}


def prepare(song: Song, recipe: Recipe, store: Path) -> PreparedSong:
    """The prepared song from `store`, made first where it is missing or its files or the recipe changed."""
    groups = [sorted(group) for group in (*recipe.targets.labels, recipe.targets.elsewhere)]
    mix = fingerprint([song.mix]) if song.mix and song.remains else ""
    settings = (recipe.targets.names, groups, recipe.rate, recipe.channels, song.bleed, song.complete, mix, VERSION)
    folder = store / f"{song.id}-{song.fingerprint(*settings)}"
    if not folder.is_dir():
        with beside(folder, keep=True) as part:
            part.mkdir()
            _write(song, recipe, part)
    return PreparedSong(folder)


def _write(song: Song, recipe: Recipe, folder: Path) -> None:
    confidence = target_confidence(song, song_confidence(song, LABELS), recipe.targets)
    np.save(folder / "activity.npy", confidence.astype(np.float32))
    np.save(folder / "known_audio.npy", ~unknown_targets(song, recipe.targets))
    np.save(folder / "known_activity.npy", ~unknown_activity(song, recipe.targets))
    shape = (len(recipe.targets.names) + 1, recipe.channels, -(-song.samples * recipe.rate // song.rate))
    out = new_array(folder / "audio.npy", shape)
    for index, row in stem_rows(song, recipe.targets):
        out[row] += _as_recipe(song.read_stem(index), song.rate, recipe)
    if song.remains:
        out[-1] += _as_recipe(song.remainder(), song.rate, recipe)


def _as_recipe(samples: Samples, rate: int, recipe: Recipe) -> Samples:
    return audio.resample(audio.as_channels(samples, recipe.channels), rate, recipe.rate)


def stem_rows(song: Song, targets: Targets) -> list[tuple[int, int]]:
    """(stem, row) pairs: the target each stem belongs to; the last row for the rest and for stems that mix targets."""
    rest = len(targets.names)
    rows = []
    for index, stem in enumerate(song.stems):
        held = targets.of_labels(stem.instruments)
        only = next(iter(held)) if len(held) == 1 else None
        rows.append((index, rest if only is None else only))
    return rows


def require_long_enough(songs: list[PreparedSong], samples: int, rate: int) -> None:
    """Raise DataError for the first song shorter than an excerpt."""
    for song in songs:
        if song.audio.shape[-1] < samples:
            raise DataError(
                f"{song.folder.name}: {song.audio.shape[-1] / rate:.2f} s are shorter than an excerpt of "
                f"{samples / rate:.2f} s. Lower loading.excerpt_seconds or leave the song out with data.skip."
            )
