"""A song → its label files."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stemwise.activity import PUBLISHED, RATE, Rule, frame_times, segments
from stemwise.errors import DataError
from stemwise.labels.confidence import song_confidence
from stemwise.labels.jams_file import write_jams
from stemwise.labels.knowledge import target_confidence, unknown_activity, weak_targets
from stemwise.labels.lab import Segment, write_confidence, write_segments
from stemwise.song import Song
from stemwise.taxonomy import Targets

FORMATS = ("lab", "jams")


@dataclass(frozen=True)
class Options:
    """What is written: `rule` and `threshold` of the activity, of stems or (where given) of `targets`; `formats`.

    Raises DataError for a threshold outside 0 to 1 and for an unknown format.
    """

    rule: Rule = PUBLISHED
    threshold: float = 0.5
    targets: Targets | None = None
    formats: Sequence[str] = ("lab",)

    def __post_init__(self) -> None:
        if not 0 < self.threshold < 1:
            raise DataError(f"threshold is {self.threshold:g}; a confidence lies between 0 and 1.")
        if not self.formats or set(self.formats) - set(FORMATS):
            raise DataError(f"formats {', '.join(self.formats) or '(none)'}: choose from {', '.join(FORMATS)}.")


@dataclass(frozen=True)
class Labelled:
    """What was written, and the share of time in which each source (name, label) is active."""

    paths: tuple[Path, ...]
    active: tuple[tuple[str, str, float], ...]


def write_labels(song: Song, folder: Path, options: Options | None = None) -> Labelled:
    """Write `<ID>_ACTIVATION_CONF.lab` and `<ID>_SOURCEID.lab`, or `<ID>.jams`, or all; by the published rule if
    nothing else is said.

    Targets that a file of the song mixes with something else are left out, since nobody knows when they play; so are
    those that weak annotations find, which say not when. Raises MissingExtra for JAMS without its extra.
    """
    options = options or Options()
    names, labels, confidence = _sources(song, options)
    times = frame_times(confidence.shape[1], options.rule.hop)
    found = [
        [Segment(start, end, label) for start, end in segments(row, times, options.threshold)]
        for label, row in zip(labels, confidence, strict=True)
    ]
    paths = []
    if "lab" in options.formats:
        paths += [folder / f"{song.id}_{kind}.lab" for kind in ("ACTIVATION_CONF", "SOURCEID")]
        write_confidence(paths[0], times, names, confidence)
        write_segments(paths[1], [segment for source in found for segment in source])
    if "jams" in options.formats:
        paths.append(folder / f"{song.id}.jams")
        sources = list(zip(names, found, strict=True))
        write_jams(paths[-1], song.title, song.artist, song.seconds, sources, _in_words(options))
    shares = np.mean(confidence >= options.threshold, axis=1) if len(names) else np.zeros(0)
    return Labelled(tuple(paths), tuple(zip(names, labels, shares.tolist(), strict=True)))


def _sources(song: Song, options: Options) -> tuple[list[str], list[str], NDArray[np.float64]]:
    """Names and labels of what is labelled, and its confidence (source, frame)."""
    confidence = song_confidence(song, options.rule)
    if options.targets is None:
        return [stem.id for stem in song.stems], [stem.label for stem in song.stems], confidence
    known = np.flatnonzero(~unknown_activity(song, options.targets) & ~weak_targets(song, options.targets))
    names = [options.targets.names[index] for index in known]
    return names, names, target_confidence(song, confidence, options.targets, options.rule)[known]


def _in_words(options: Options) -> str:
    rule = options.rule
    return (
        f"envelope tracking as MedleyDB's: hop {rule.hop / RATE:.6f} s, low-pass {rule.cutoff:.4f} Hz, "
        f"confidence >= {options.threshold:g}"
    )
