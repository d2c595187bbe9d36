"""The activity of a whole song: computed once, cached under the home folder; of its stems, or of targets."""

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
    in_pieces,
)
from stemwise.files import beside
from stemwise.home import data_home
from stemwise.song import Song
from stemwise.taxonomy import NOBODY_KNOWS, Targets

VERSION = 2  # raise it when the numbers change, so that no stale cache is read


def song_confidence(song: Song, rule: Rule = LABELS, cache: Path | None = None) -> NDArray[np.float64]:
    """Confidence (stem, frame) of the whole song, read from the cache where neither stem files nor rule have changed.

    `cache` is a folder; `data/activity` of the home folder if None. A cached file that cannot be read is made anew.
    """
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


def target_confidence(song: Song, confidence: NDArray[np.float64], targets: Targets) -> NDArray[np.float64]:
    """Confidence (stem, frame) → (target, frame): a target is as active as its most active stem; 0 without one."""
    out = np.zeros((len(targets.names), confidence.shape[1]))
    for row, stem in zip(confidence, song.stems, strict=True):
        for index in targets.of_labels(stem.instruments):
            if index is not None:
                out[index] = np.maximum(out[index], row)
    return out


def unknown_targets(song: Song, targets: Targets) -> NDArray[np.bool_]:
    """(target,) True where neither audio nor activity can be known: where a file of the song may hold the target and
    something else, or where the target has no file and may be in another: in a song with a stem that nobody labelled,
    whose stems are not complete or leak into each other."""
    unknown = np.zeros(len(targets.names), dtype=bool)
    lacking = set(range(len(targets.names)))
    for stem in song.stems:
        held = targets.of_labels(stem.instruments)
        lacking -= held
        if len(held) > 1:
            unknown[[index for index in held if index is not None]] = True
    unlabelled = any(NOBODY_KNOWS in stem.instruments for stem in song.stems)
    if unlabelled or song.bleed or not song.complete:
        unknown[list(lacking)] = True
    return unknown
