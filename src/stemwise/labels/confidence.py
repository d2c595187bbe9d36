"""The activity of a song's stems: computed once for the whole song, cached under the home folder."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stemwise.activity import (
    BLOCK_SAMPLES,
    LABELS,
    RATE,
    Rule,
    activation_confidence,
    confidence_of_envelopes,
    envelope_of_blocks,
    frame_count,
    in_pieces,
)
from stemwise.files import beside
from stemwise.home import data_home
from stemwise.song import Song

VERSION = 2  # raise it when the numbers change, so that no stale cache is read


def song_confidence(song: Song, rule: Rule = LABELS, cache: Path | None = None) -> NDArray[np.float64]:
    """Confidence (stem, frame) of the whole song, read from the cache where neither stem files nor rule have changed.

    `cache` is a folder; `data/activity` of the home folder if None. A cached file that cannot be read is made anew.
    """
    if not song.stems:
        return measure(song, rule)  # as long as its mix, of which the fingerprint knows nothing
    folder = cache or data_home() / "activity"
    path = folder / f"{song.id}-{song.fingerprint(rule, VERSION)}.npy"
    cached = _read(path, len(song.stems))
    if cached is not None:
        return cached
    confidence = measure(song, rule)
    with beside(path) as part:
        np.save(part, confidence)
    return confidence


def measure(song: Song, rule: Rule) -> NDArray[np.float64]:
    """Confidence (stem, frame) of the whole song from its files, block by block where rate and hop allow."""
    if not song.stems:
        return np.zeros((0, frame_count(-(-song.samples * RATE // song.rate), rule)))
    if song.rate != RATE or not in_pieces(rule.hop):
        return activation_confidence((song.read_stem(i) for i in range(len(song.stems))), song.rate, rule)
    stems = range(len(song.stems))
    envelopes = [envelope_of_blocks(song.stem_blocks(i, BLOCK_SAMPLES), rule, song.samples) for i in stems]
    return confidence_of_envelopes(np.stack(envelopes), rule)


def _read(path: Path, stems: int) -> NDArray[np.float64] | None:
    """The cached array, None where there is none or a damaged one."""
    try:
        cached = np.load(path)
    except (OSError, ValueError, EOFError):
        return None
    usable = cached.ndim == 2 and len(cached) == stems and np.isfinite(cached).all()
    return np.asarray(cached, dtype=np.float64) if usable else None
