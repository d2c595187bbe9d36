"""What was said of every second of songs: a detector, or the activity of a separator, beside what was so."""

from collections.abc import Callable, Iterable, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stemwise.activity import LABEL_HOP, RATE
from stemwise.detector import Detector
from stemwise.errors import ModelError
from stemwise.evaluation.estimates import Estimates
from stemwise.evaluation.runner import estimate_song, song_reference
from stemwise.loading.shard import ACTIVE, PreparedSong
from stemwise.metrics.detection.clips import COLUMNS
from stemwise.model import SeparatorModel
from stemwise.model.mel import MelModel
from stemwise.separator import Separator

LABEL_RATE = RATE / LABEL_HOP  # frames of labels a second

Report = Callable[[str], None]


def detect_songs(detector: Detector, songs: Mapping[str, PreparedSong], report: Report = print) -> pd.DataFrame:
    """A line for each song × second × target: `second` (whole, where it begins), `truth`, the highest confidence in it
    (NaN where nobody knows when the target plays), `probability`, the highest of its windows; and `weak`, where some
    are known only to play somewhere in the song, True for those.

    Whole seconds only; of a song shorter than one its one second, with silence behind it. Raises ModelError as
    `check_windows` does.
    """
    check_windows(detector.model)
    tables = []
    for number, (name, song) in enumerate(songs.items(), start=1):
        found = detector.detect(_mixture(song))
        tables.append(_seconds(name, song, detector.model, found.probability))
        report(f"listened to {number} of {len(songs)}: {name}")
    return pd.concat(tables, ignore_index=True)


def separator_clips(
    separator: Separator, songs: Mapping[str, PreparedSong], estimates: Estimates | None = None, report: Report = print
) -> pd.DataFrame:
    """The same table of a separator's activity: `probability` is the highest of the frames in a second.

    Songs that are not among `estimates` are separated. Raises ModelError for a model without activity.
    """
    tables = []
    for number, (name, song) in enumerate(songs.items(), start=1):
        estimated = estimate_song(separator, song, song_reference(separator, name, song), estimates)
        if estimated.probability is None:
            raise ModelError("this model separates and says nothing of activity, so its seconds cannot be scored.")
        tables.append(_seconds(name, song, separator.model, estimated.probability))
        report(f"seconds of {number} of {len(songs)}: {name}")
    return pd.concat(tables, ignore_index=True)


def check_windows(model: MelModel) -> None:
    """Raise ModelError for windows of which no whole number makes a second: scores are of seconds."""
    if model.sample_rate % model.window:
        seconds = model.window / model.sample_rate
        raise ModelError(
            f"windows of {seconds:g} s: detectors are scored by seconds, so a whole number of windows must make one. "
            "Set model.window_seconds to 1.0, 0.5, 0.25 or 0.2, and model.net.frames with it."
        )


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
        },
        columns=list(COLUMNS),
    )


def window_maxima(
    values: NDArray[np.floating], window_seconds: float, windows: int, frame_rate: float = LABEL_RATE
) -> NDArray[np.float32]:
    """Values (target, frame) at `frame_rate` Hz, else at the frames of labels → the highest in each window, (target,
    window).

    Frame t stands at t / frame_rate s and belongs to the window that begins at or before it. Windows that no frame
    reaches have 0.
    """
    times = np.arange(values.shape[1]) / frame_rate
    of_frame = np.floor(times / window_seconds + 1e-9).astype(int)
    out = np.zeros((len(values), windows), np.float32)
    inside = of_frame < windows
    np.maximum.at(out.T, of_frame[inside], values.T[inside])
    return out


def _seconds(
    name: str, song: PreparedSong, model: SeparatorModel | MelModel, probability: NDArray[np.float32]
) -> pd.DataFrame:
    whole = max(song.audio.shape[2] // model.sample_rate, 1)
    truth = window_maxima(song.activity, 1.0, whole)
    somewhere = np.array(song.weak, dtype=bool) & (truth.max(axis=1) >= ACTIVE) if any(song.weak) else None
    truth[~np.asarray(song.known_activity)] = np.nan
    found = lines(name, model.targets, truth, window_maxima(probability, 1.0, whole, model.frame_rate))
    return found if somewhere is None else found.assign(weak=np.tile(somewhere, whole))


def _mixture(song: PreparedSong) -> NDArray[np.float32]:
    """(channel, sample), a row at a time: all of them together may be large."""
    rows = song.audio
    mixture = np.array(rows[0])
    for row in rows[1:]:
        mixture += row
    return mixture
