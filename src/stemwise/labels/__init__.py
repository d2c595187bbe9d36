"""The activity of a whole song: measured once, cached, and written for others.

The seams: `confidence` (stems or targets, cached) → `write` (a song's files) → `lab`, `jams_file` (their formats).
"""

from stemwise.labels.confidence import measure, song_confidence, target_confidence, unknown_targets
from stemwise.labels.lab import Segment, read_confidence, read_segments
from stemwise.labels.write import Labelled, Options, write_labels

__all__ = [
    "Labelled",
    "Options",
    "Segment",
    "measure",
    "read_confidence",
    "read_segments",
    "song_confidence",
    "target_confidence",
    "unknown_targets",
    "write_labels",
]
