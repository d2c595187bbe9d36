"""One song made ready for training: summed to targets, resampled, with its activity, as arrays mapped from disk."""

import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stemwise import audio
from stemwise.activity import LABELS
from stemwise.audio import Samples
from stemwise.errors import DataError
from stemwise.files import beside, fingerprint
from stemwise.labels import song_confidence, target_confidence, unknown_activity, unknown_targets, whole_song_targets
from stemwise.loading.shard import (
    WHOLE,
    PreparedSong,
    damage,
    facts_in,
    forget,
    read_sheet,
    write_rows,
    write_sheet,
)
from stemwise.song import Song
from stemwise.taxonomy import Targets

VERSION = 4  # raise it when the arrays change, so that no stale store is read
WINDOWS = (1.0, 0.5, 0.25, 0.2)  # seconds of a detector's window that make whole seconds


@dataclass(frozen=True)
class Recipe:
    """What a prepared song depends on besides its files; `rate` in Hz."""

    targets: Targets
    rate: int
    channels: int

    @property
    def groups(self) -> list[list[str]]:
        """The labels of each target, and those of targets that were not chosen."""
        return [sorted(group) for group in (*self.targets.labels, self.targets.elsewhere)]

    @property
    def words(self) -> str:
        return f"{', '.join(self.targets.names)} at {self.rate} Hz with {self.channels} channels"


def prepare(song: Song, recipe: Recipe, store: Path) -> PreparedSong:
    """The prepared song from `store`, made first where it is missing or its files or the recipe changed."""
    folder = store / shard_name(song, recipe)
    if not folder.is_dir() or damage(folder):
        make(song, recipe, folder)
    return PreparedSong(folder, facts_in(read_sheet(folder)))


def shard_name(song: Song, recipe: Recipe) -> str:
    """The id, and a fingerprint of all that the arrays depend on, so that a shard never changes under its readers."""
    mix = fingerprint([song.mix]) if song.mix and song.remains else ""
    settings = (recipe.targets.names, recipe.groups, recipe.rate, recipe.channels)
    weak = ("weak 2",) if any(each.weak for each in song.annotations) else ()  # sheets of these changed since VERSION
    return f"{song.id}-{song.fingerprint(*settings, song.bleed, song.complete, mix, VERSION, *weak)}"


def make(song: Song, recipe: Recipe, folder: Path) -> None:
    """Write the shard, whole or not at all, in the place of a damaged one."""
    if folder.is_dir():
        shutil.rmtree(folder)
        forget()
    with beside(folder, keep=True) as part:
        part.mkdir()
        _write(song, recipe, part)
        about = {"id": song.id, "artist": song.artist, "title": song.title}
        write_sheet(part, about, whole_song_targets(song, recipe.targets).tolist())


def _write(song: Song, recipe: Recipe, folder: Path) -> None:
    confidence = target_confidence(song, song_confidence(song, LABELS), recipe.targets)
    np.save(folder / "activity.npy", confidence.astype(np.float32))
    np.save(folder / "known_audio.npy", ~unknown_targets(song, recipe.targets))
    np.save(folder / "known_activity.npy", ~unknown_activity(song, recipe.targets))
    shape = (len(recipe.targets.names) + 1, recipe.channels, -(-song.samples * recipe.rate // song.rate))
    write_rows(folder / "audio.npy", shape, _rows(song, recipe, shape[1:]))


def _rows(song: Song, recipe: Recipe, shape: tuple[int, int]) -> Iterator[Samples]:
    """(channel, sample) of every row in turn, so that no more than one is held."""
    stems = stem_rows(song, recipe.targets)
    rest = len(recipe.targets.names)
    for number in range(rest + 1):
        out = np.zeros(shape, dtype=np.float32)
        for index, row in stems:
            if row == number:
                out += _as_recipe(song.read_stem(index), song.rate, recipe)
        if number == rest and song.remains:
            out += _as_recipe(song.remainder(), song.rate, recipe)
        yield out


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


def require_whole_where_weak(songs: Sequence[PreparedSong], samples: int, rate: int) -> None:
    """Raise DataError where excerpts of `samples` at `rate` are so short that what somebody heard in a whole song says
    nothing of any: they would learn what is absent, and never what is there."""
    weak = [facts.samples for song in songs if any((facts := song.known()).weak)]
    if weak and not any(samples >= WHOLE * length for length in weak):
        raise DataError(
            f"the labels of {len(weak)} songs are of all they last, {min(weak) / rate:.2f} s or more, and say nothing "
            f"of an excerpt of {samples / rate:g} s. {_what_fits(min(weak) / rate)} A loss that learns from such "
            "labels is loss=detection_clips."
        )


def _what_fits(seconds: float) -> str:
    """Excerpts that have a song whole, and are whole windows of a detector."""
    least, most = WHOLE * seconds, seconds / WHOLE
    for window in WINDOWS:
        length = window * round(seconds / window)
        if least <= length <= most:
            break
    else:
        return f"Set loading.excerpt_seconds to {least:.2f} to {most:.2f}."
    shorter = f"; for a detector choose model.window_seconds={window:g}, and model.net.frames with it"
    windows = "" if window == WINDOWS[0] else shorter
    return f"Set loading.excerpt_seconds={length:g} ({least:.2f} to {most:.2f} would do){windows}."


def require_long_enough(songs: Sequence[PreparedSong], samples: int, rate: int) -> None:
    """Raise DataError for the first song that is shorter than an excerpt by more than silence may fill."""
    for song in songs:
        if song.known().samples < WHOLE * samples:
            raise DataError(
                f"{song.folder.name}: {song.known().samples / rate:.2f} s are shorter than an excerpt of "
                f"{samples / rate:.2f} s. Lower loading.excerpt_seconds or leave the song out with data.skip."
            )
