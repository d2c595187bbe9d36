"""A detector × songs → what it said of every second of every target, beside what was so."""

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stemwise.activity import LABEL_HOP, RATE
from stemwise.detector import Detector
from stemwise.loading.shard import PreparedSong

CLIPS = "detections.parquet"
COLUMNS = ("song", "second", "target", "truth", "probability")

Report = Callable[[str], None]


def detect_songs(detector: Detector, songs: Mapping[str, PreparedSong], report: Report = print) -> pd.DataFrame:
    """A line for each song × window × target: `second` at which the window begins, `truth`, the highest confidence in
    it (NaN where nobody knows when the target plays), `probability`.

    Whole windows only; of a song shorter than one its one window, with silence behind it.
    """
    tables = []
    for number, (name, song) in enumerate(songs.items(), start=1):
        tables.append(_of_song(detector, name, song))
        report(f"listened to {number} of {len(songs)}: {name}")
    return pd.concat(tables, ignore_index=True)


def _of_song(detector: Detector, name: str, song: PreparedSong) -> pd.DataFrame:
    model = detector.model
    rows = song.audio
    mixture = np.array(rows[0])
    for row in rows[1:]:
        mixture += row
    whole = max(rows.shape[2] // model.window, 1)
    found = detector.detect(mixture).probability[:, :whole]
    truth = window_maxima(song.activity, model.window_seconds, whole)
    truth[~np.asarray(song.known_activity)] = np.nan
    return lines(name, model.targets, truth, found, model.window_seconds)


def lines(
    name: str,
    targets: Iterable[str],
    truth: NDArray[np.floating],
    probability: NDArray[np.floating],
    window_seconds: float = 1.0,
) -> pd.DataFrame:
    """(target, window) of both → a line each, second by second."""
    targets, windows = list(targets), truth.shape[1]
    return pd.DataFrame(
        {
            "song": name,
            "second": np.repeat(np.arange(windows) * window_seconds, len(targets)),
            "target": targets * windows,
            "truth": truth.T.reshape(-1).astype(np.float32),
            "probability": probability.T.reshape(-1).astype(np.float32),
        }
    )


def window_maxima(confidence: NDArray[np.floating], window_seconds: float, windows: int) -> NDArray[np.float32]:
    """Confidence (target, frame) at the label frames of a song → its highest (target, window) in each window.

    Frame t stands at t · 1024 / 44100 s and belongs to the window that begins at or before it. Windows that no frame
    reaches have 0.
    """
    times = np.arange(confidence.shape[1]) * LABEL_HOP / RATE
    of_frame = np.floor(times / window_seconds + 1e-9).astype(int)
    out = np.zeros((len(confidence), windows), np.float32)
    inside = of_frame < windows
    np.maximum.at(out.T, of_frame[inside], confidence.T[inside])
    return out
