"""From clips to longer clips and whole songs: what is highest in them."""

from __future__ import annotations

import numpy as np

from stemwise.errors import DataError
from stemwise.metrics.detection.clips import Bools, Clips, Places

# Of clips of 1 s; None is the whole song.
LEVELS: dict[str, int | None] = {"1 s": 1, "5 s": 5, "10 s": 10, "song": None}


def pooled(clips: Clips, length: int | None) -> Clips:
    """Clips of `length` clips each, or of a whole song (None): their highest probability, and active where any is.

    A song's last clips that do not fill a group are left out, as BSS Eval leaves out its last window, so that every
    group had the same time to be active in; a song shorter than a group is one group. A group is known where all of
    its clips are: to keep those that are active anyway would drop resting groups only, and precision would look better
    than it is. Raises DataError for a length below 1.
    """
    if length is not None and length < 1:
        raise DataError(f"Groups of {length} clips: give 1 or more, or None for whole songs.")
    kept, first = _groups(clips, length)
    if not len(first):
        return clips
    known = np.logical_and.reduceat(clips.known[kept], first, axis=0)
    active = np.logical_or.reduceat(clips.active[kept], first, axis=0) & known
    probability = np.maximum.reduceat(clips.probability[kept], first, axis=0)
    return Clips(active, known, probability, clips.songs[kept][first])


def _groups(clips: Clips, length: int | None) -> tuple[Bools, Places]:
    """(clip,) whether a clip is in a group; (group,) where each begins among those that are."""
    starts = clips.starts
    sizes = np.diff(np.append(starts, len(clips.songs)))[clips.songs]
    place = np.arange(len(clips.songs)) - starts[clips.songs]
    size = sizes if length is None else np.minimum(sizes, length)
    kept = place < sizes // np.maximum(size, 1) * size
    return kept, np.flatnonzero((place % np.maximum(size, 1) == 0)[kept]).astype(np.int64)
