"""The activity of a whole song: measured once, cached, and written for others.

The seams: `confidence` (stems, cached) → `knowledge` (targets, and which are known) → `write` (a song's files) → `lab`,
`jams_file` (their formats).
"""

from stemwise.labels.confidence import measure, song_confidence
from stemwise.labels.knowledge import (
    target_confidence,
    unknown_activity,
    unknown_targets,
    weak_targets,
    whole_song_targets,
)
from stemwise.labels.lab import Segment, read_confidence, read_segments, read_spans
from stemwise.labels.write import Labelled, Options, write_labels

__all__ = [
    "Labelled",
    "Options",
    "Segment",
    "measure",
    "read_confidence",
    "read_segments",
    "read_spans",
    "song_confidence",
    "target_confidence",
    "unknown_activity",
    "unknown_targets",
    "weak_targets",
    "whole_song_targets",
    "write_labels",
]
