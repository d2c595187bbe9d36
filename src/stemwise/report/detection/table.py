"""The table of clips that an evaluation writes, as arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from stemwise.errors import DataError
from stemwise.metrics.arrays import Doubles
from stemwise.metrics.detection import LEVELS, Clips, pooled
from stemwise.metrics.detection.clips import ACTIVE, COLUMNS, Places

if TYPE_CHECKING:
    import pandas

IDENTITY = list(COLUMNS[:3])


@dataclass(frozen=True)
class Detections:
    """Clips of 1 s, with the names of their songs (by number) and targets (by column), as they come in the table.

    clips: what is known of each second
    seconds: (clip,) where each begins in its song
    truth: (clip, target) highest activation confidence, NaN where it is not known
    songwide: the same clips, where it is also known that a target plays somewhere in the song and not when
    """

    clips: Clips
    songs: tuple[str, ...]
    targets: tuple[str, ...]
    seconds: Places
    truth: Doubles
    songwide: Clips

    def at(self, length: int | None) -> Clips:
        """Clips of `length` seconds each, or of whole songs (None), as `metrics.detection.pooled` has them."""
        return pooled(self.songwide if length is None else self.clips, length)

    def telling(self) -> str:
        """The shortest of LEVELS at which any target is known to be active, the first of them where none ever is.

        Labels of whole songs say nothing of what plays in a second.
        """
        found = (name for name, length in LEVELS.items() if self.at(length).active.any())
        return next(found, next(iter(LEVELS)))

    def of_song(self, number: int) -> slice:
        """Its clips."""
        ends = np.append(self.clips.starts, len(self.clips.songs))
        return slice(int(ends[number]), int(ends[number + 1]))


def detections_of(table: pandas.DataFrame, active_from: float = ACTIVE) -> Detections:
    """`table` has a line a song × second × target: song, second (whole, start of the clip), target, truth (0 to 1, NaN
    where it is not known), probability; and weak, if there is such a column, True where it is known only that the
    target plays somewhere in the song: then it counts in no second, and in the song.

    Raises DataError for lacking columns, an empty table, lines that appear twice or are missing (every second of a song
    has a line a target), seconds that are not whole, and what `Clips` refuses.
    """
    _check(table)
    songs, targets = (tuple(str(name) for name in dict.fromkeys(table[column])) for column in ("song", "target"))
    numbers = {
        "song": dict(zip(songs, range(len(songs)), strict=True)),
        "target": dict(zip(targets, range(len(targets)), strict=True)),
    }
    places = {column: table[column].astype(str).map(names).to_numpy(np.int64) for column, names in numbers.items()}
    second = table["second"].to_numpy(np.int64)
    order = np.lexsort((places["target"], second, places["song"]))
    _check_whole(table, places, second, order, len(targets))
    truth, probability = (
        table[column].to_numpy(np.float64)[order].reshape(-1, len(targets)) for column in ("truth", "probability")
    )
    first = order[:: len(targets)]
    number = places["song"][first]
    songwide = Clips.of(truth, probability, number, active_from)
    weak = table["weak"].eq(True).to_numpy()[order].reshape(-1, len(targets)) if "weak" in table else None
    truth = truth if weak is None else np.where(weak, np.nan, truth)
    return Detections(Clips.of(truth, probability, number, active_from), songs, targets, second[first], truth, songwide)


def _check(table: pandas.DataFrame) -> None:
    if missing := [name for name in COLUMNS if name not in table]:
        raise DataError(f"The table of clips lacks the columns {', '.join(missing)}. It has {', '.join(table)}.")
    if table.empty:
        raise DataError("The table of clips is empty: no second of any song was scored. Choose another part or set.")
    seconds = table["second"].to_numpy(np.float64)
    if not (seconds == np.floor(seconds)).all():
        wrong = seconds[seconds != np.floor(seconds)]
        raise DataError(f"{len(wrong)} clips begin at no whole second, first {wrong[0]:g}. Score clips of 1 s.")
    for column in ("truth", "probability"):
        if np.isinf(table[column].to_numpy(np.float64)).any():
            raise DataError(f"The column {column} holds infinity. Find the step that made it.")
    lost = table[table["probability"].isna()]
    if len(lost):
        song, second, target = lost.iloc[0][IDENTITY]
        raise DataError(
            f"{len(lost)} of {len(table)} probabilities are NaN, first that of {target} at {second} s of {song}: the "
            "net diverged, or the clip was not heard. Score it again."
        )
    twice = table[table.duplicated(IDENTITY)]
    if len(twice):
        raise DataError(f"{len(twice)} clips appear twice, first {tuple(twice.iloc[0][IDENTITY])}. Drop one of each.")


def _check_whole(
    table: pandas.DataFrame, places: dict[str, Places], second: Places, order: Places, targets: int
) -> None:
    """No line appears twice, so all are there if each song has (last - first + 1) × targets of them."""
    song = places["song"][order]
    starts = np.flatnonzero(np.diff(song, prepend=-1))
    sizes = np.diff(np.append(starts, len(song)))
    ordered = second[order]
    expected = (ordered[starts + sizes - 1] - ordered[starts] + 1) * targets
    if (short := np.flatnonzero(sizes != expected)).size:
        first = short[0]
        name = table["song"].iloc[order[starts[first]]]
        raise DataError(
            f"{name} has {sizes[first]} lines, {expected[first]} were expected: every second with each of {targets} "
            f"targets. {len(short)} songs lack lines; where nothing is known write truth as NaN."
        )
