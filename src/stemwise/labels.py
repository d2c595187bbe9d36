"""The activity of a whole song: computed once, cached under the home folder, written as MedleyDB's .lab files."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stemwise.activity import (
    BLOCK_SAMPLES,
    LABEL_HOP,
    PUBLISHED_HOP,
    RATE,
    activation_confidence,
    confidence_of_envelopes,
    envelope_of_blocks,
    frame_times,
    in_pieces,
    segments,
)
from stemwise.files import beside, write_text
from stemwise.home import data_home
from stemwise.song import Song
from stemwise.taxonomy import Targets

VERSION = 1  # raise it when the numbers change, so that no stale cache is read


def song_confidence(song: Song, hop: int = LABEL_HOP, cache: Path | None = None) -> NDArray[np.float64]:
    """Confidence (stem, frame) of the whole song, read from the cache where the stem files have not changed since.

    `cache` is a folder; `data/activity` of the home folder if None.
    """
    folder = cache or data_home() / "activity"
    path = folder / f"{song.id}-{song.fingerprint(hop, VERSION)}.npy"
    if path.is_file():
        return np.asarray(np.load(path))
    confidence = measure(song, hop)
    with beside(path) as part:
        np.save(part, confidence)
    return confidence


def measure(song: Song, hop: int) -> NDArray[np.float64]:
    """Confidence (stem, frame) of the whole song from its files, block by block where rate and hop allow."""
    if song.rate != RATE or not in_pieces(hop):
        return activation_confidence((song.read_stem(i) for i in range(len(song.stems))), song.rate, hop)
    stems = range(len(song.stems))
    envelopes = [envelope_of_blocks(song.stem_blocks(i, BLOCK_SAMPLES), hop, song.samples) for i in stems]
    return confidence_of_envelopes(np.stack(envelopes), hop)


def target_confidence(song: Song, confidence: NDArray[np.float64], targets: Targets) -> NDArray[np.float64]:
    """Confidence (stem, frame) → (target, frame): a target is as active as its most active stem; 0 without one."""
    out = np.zeros((len(targets.names), confidence.shape[1]))
    for row, stem in zip(confidence, song.stems, strict=True):
        for index in targets.of_labels(stem.instruments):
            if index is not None:
                out[index] = np.maximum(out[index], row)
    return out


def unknown_targets(song: Song, targets: Targets) -> NDArray[np.bool_]:
    """(target,) True where one file of the song mixes the target with something else, so its audio cannot be known."""
    unknown = np.zeros(len(targets.names), dtype=bool)
    for stem in song.stems:
        held = targets.of_labels(stem.instruments)
        if len(held) > 1:
            unknown[[index for index in held if index is not None]] = True
    return unknown


def write_labels(song: Song, folder: Path) -> tuple[Path, Path]:
    """Write `<ID>_ACTIVATION_CONF.lab` and `<ID>_SOURCEID.lab` by the published rule; return their paths."""
    confidence = song_confidence(song, PUBLISHED_HOP)
    times = frame_times(confidence.shape[1], PUBLISHED_HOP)
    activation, source = (folder / f"{song.id}_{kind}.lab" for kind in ("ACTIVATION_CONF", "SOURCEID"))
    rows = [",".join(["time", *(stem.id for stem in song.stems)])]
    rows += [
        ",".join(f"{value:.4f}" for value in (time, *column)) for time, column in zip(times, confidence.T, strict=True)
    ]
    write_text(activation, "\n".join(rows) + "\n")
    lines = ["start_time,end_time,instrument_label"]
    for stem, row in zip(song.stems, confidence, strict=True):
        lines += [f"{start:.4f},{end:.4f},{stem.label}" for start, end in segments(row, times)]
    write_text(source, "\n".join(lines) + "\n")
    return activation, source
