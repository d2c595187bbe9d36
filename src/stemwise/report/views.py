"""Songs as the page shows them: lanes over the whole song, players for its liveliest excerpt."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stemwise.audio import Samples
from stemwise.evaluation.estimates import Estimates
from stemwise.evaluation.runner import estimate_song, song_reference
from stemwise.evaluation.scores import ACTIVE, gated
from stemwise.external import External
from stemwise.loading.shard import PreparedSong
from stemwise.report.content import Page, SongView
from stemwise.separator import Separator

CLIP_SECONDS = 10.0


def make_page(
    separator: Separator,
    songs: Mapping[str, PreparedSong],
    scores: pd.DataFrame,
    facts: dict[str, str],
    curves: pd.DataFrame,
    estimates: Estimates | None = None,
    iterations: int = 0,
    external: External | None = None,
) -> Page:
    views = [view_song(separator, name, song, estimates, iterations, external) for name, song in songs.items()]
    return Page(f"Stemwise: {facts['name']}", facts, scores, curves, views)


def view_song(
    separator: Separator,
    name: str,
    song: PreparedSong,
    estimates: Estimates | None = None,
    iterations: int = 0,
    external: External | None = None,
) -> SongView:
    """Separate one song, unless it is among `estimates`, Wiener-filter it if asked to, and cut the clips."""
    truth = song_reference(separator, name, song)
    estimated = estimate_song(separator, song, truth, estimates, iterations, external)
    closed = gated(separator, truth, estimated, separator.gate.kind)
    rate, frame_rate = truth.rate, separator.model.frame_rate
    start = liveliest(truth.confidence >= ACTIVE, round(CLIP_SECONDS * frame_rate)) / frame_rate
    clip = slice(round(start * rate), round((start + CLIP_SECONDS) * rate))
    stems = {"reference": truth.stems, "estimate": estimated.stems, "gated": closed.stems}
    targets = separator.model.targets
    return SongView(
        id=name,
        title=name.replace("_", " "),
        rate=rate,
        targets=targets,
        times=np.arange(truth.confidence.shape[1]) / frame_rate,
        truth=truth.confidence,
        probability=closed.weights if estimated.probability is None else estimated.probability,
        gate=closed.weights,
        thresholds=np.broadcast_to(np.asarray(separator.gate.threshold, dtype=np.float64), len(targets)),
        excerpt_start=start,
        clips={target: _clips(stems, index, clip) for index, target in enumerate(targets)},
        mixture=truth.mixture[:, clip],
    )


def liveliest(active: NDArray[np.bool_], frames: int) -> int:
    """First frame of the window in which targets (target, frame) divide their time best into playing and rest."""
    frames = min(frames, active.shape[1])
    sums = np.cumsum(np.pad(active, [(0, 0), (1, 0)]), axis=1)
    share = (sums[:, frames:] - sums[:, :-frames]) / frames
    return int(np.minimum(share, 1 - share).sum(axis=0).argmax())


def _clips(stems: Mapping[str, Samples], index: int, clip: slice) -> dict[str, Samples]:
    return {kind: audio[index][:, clip] for kind, audio in stems.items()}
