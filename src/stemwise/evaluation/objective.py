"""What one training is worth on the validation songs, as figures that a sweep may compare and a search improve."""

from collections.abc import Iterable
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from stemwise import metrics
from stemwise.evaluation.reference import Reference
from stemwise.evaluation.scores import ACTIVE, Estimated, Row, frame_powers, gated
from stemwise.metrics.arrays import mean
from stemwise.metrics.silence import LEAST_REST
from stemwise.separator import Separator

Direction = Literal["minimize", "maximize"]

# uSDR is that of the net without a gate: below 0 dB a gate that closes would raise it without merit.
SONG_FIGURES: dict[str, Direction] = {
    "val/usdr": "maximize",
    "val/auc": "maximize",
    "val/silence_energy": "minimize",
    "val/lost_energy": "minimize",
}
OF_ACTIVITY = ("val/auc", "val/silence_energy", "val/lost_energy")  # say nothing, or nothing new, without activity

# Of detectors, over seconds of validation songs, or the shortest clips in which anything is known to play.
OF_DETECTORS: dict[str, Direction] = {
    "val/auc": "maximize",
    "val/lrap": "maximize",
    "val/average_precision": "maximize",
    "val/f1": "maximize",
}


def direction(objective: str) -> Direction:
    """Losses are minimised; figures of songs have their own."""
    return (SONG_FIGURES | OF_DETECTORS).get(objective, "minimize")


def song_figures(separator: Separator, songs: Iterable[Reference]) -> dict[str, float]:
    """SONG_FIGURES on whole songs: uSDR (dB) and silence energy (dB) as the tables define them, energy that the gate
    takes away (%) and the area under the ROC curve of the activity.

    uSDR is without a gate, silence and lost energy are under the separator's own. Each is the mean over targets of a
    target's mean over the songs that count: for uSDR and lost energy those with the target, for silence those with at
    least 5 s of its rests. Only targets that are known count. A figure without such a song is left out.

    `songs` may be a generator; one song is in memory at a time.
    """
    tables: dict[str, list[NDArray[np.float64]]] = {name: [] for name in SONG_FIGURES}
    for song in songs:
        for name, row in _of_song(separator, song).items():
            tables[name].append(row)
    means = {name: float(mean(mean(np.stack(rows)))) for name, rows in tables.items() if rows}
    return {name: value for name, value in means.items() if not np.isnan(value)}


def _of_song(separator: Separator, song: Reference) -> dict[str, NDArray[np.float64]]:
    """(target,) of each figure, NaN where the song does not count."""
    estimated = Estimated(*separator.estimate(song.mixture))
    found = {name: np.full(len(song.stems), np.nan) for name in SONG_FIGURES}
    row = None if estimated.probability is None else gated(separator, song, estimated, separator.gate.kind)
    for index in np.flatnonzero(song.known).tolist():
        figures = _ratio(song, estimated, index) | ({} if row is None else _rests(song, row, index))
        if estimated.probability is not None:
            truth = song.confidence[index] >= ACTIVE
            figures["val/auc"] = metrics.activity_scores(truth, estimated.probability[index], ACTIVE).auc
        if row is not None and song.present[index]:
            figures["val/lost_energy"] = metrics.lost_energy(
                frame_powers(separator, song.stems[index]), row.weights[index]
            )
        for name, value in figures.items():
            found[name][index] = value
    return found


def _ratio(song: Reference, estimated: Estimated, index: int) -> dict[str, float]:
    there = song.present[index]
    return {"val/usdr": metrics.usdr(song.stems[index], estimated.stems[index])} if there else {}


def _rests(song: Reference, row: Row, index: int) -> dict[str, float]:
    silence = metrics.silence_energy(row.stems[index], song.stems[index], song.mixture, song.rate)
    return {"val/silence_energy": silence.energy_db} if silence.seconds >= LEAST_REST else {}
