"""The AUC of each instrument, of compared detectors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from stemwise.metrics.arrays import Doubles
from stemwise.metrics.detection import Clips, over_seeds, target_figures
from stemwise.report.tables import Cell

if TYPE_CHECKING:
    import pandas


def instruments(
    drawn: Mapping[str, Doubles], pairs: Sequence[tuple[str, str]], clips: Clips, targets: Sequence[str]
) -> tuple[pandas.DataFrame, pandas.DataFrame]:
    """Of `drawn`, by system the AUC (seed, draw, target) of `clips`, two tables:

    a line for each target × system: target, system, auc (mean over seeds), low, high (95 % bootstrap interval over
        songs), seeds, spread (standard deviation over seeds), songs_active
    a line for each target × pair: target, system, against, difference, low, high

    Intervals as of `metrics.detection.target_figures`. There are no tests: of 18 instruments in some songs each, so
    many would leave no finding after their correction.
    """
    import pandas

    means = {name: over_seeds(list(figures)) for name, figures in drawn.items()}
    songs = [int(count) for count in (clips.per_song(clips.active) > 0).sum(axis=0)]
    mine: list[dict[str, Cell]] = []
    for name, figures in drawn.items():
        spreads = figures[:, 0].std(axis=0, ddof=1) if len(figures) > 1 else np.full(len(targets), np.nan)
        for place, figure in enumerate(target_figures(means[name], clips)):
            mine.append({
                "target": targets[place], "system": name, "auc": figure.value, "low": figure.low, "high": figure.high,
                "seeds": len(figures), "spread": float(spreads[place]), "songs_active": songs[place],
            })  # fmt: skip
    apart: list[dict[str, Cell]] = [
        {"target": target, "system": one, "against": other,
         "difference": figure.value, "low": figure.low, "high": figure.high}
        for one, other in pairs
        for target, figure in zip(targets, target_figures(means[one] - means[other], clips), strict=True)
    ]  # fmt: skip
    return pandas.DataFrame(mine), pandas.DataFrame(apart)
