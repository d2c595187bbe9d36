"""How much of a song each instrument plays, by the project's own activity, next to what real music does."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import yaml

from stemwise.labels import song_confidence
from stemwise.song import Song
from stemwise.taxonomy import families


@dataclass(frozen=True)
class Group:
    """Instruments that count together, and the lowest and highest share of time that real music gives them."""

    name: str
    labels: frozenset[str]
    real: tuple[float, float]

    def beside(self, share: float) -> float:
        """How far a share lies outside the real range; 0 within."""
        return max(self.real[0] - share, share - self.real[1], 0.0)


@dataclass(frozen=True)
class Busyness:
    """Shares of time, 0 to 1, one a song in which the instrument or group occurs; stems a song; and how
    many groups sound at once in the mean over its time."""

    groups: dict[str, list[float]]
    labels: dict[str, list[float]]
    stems: list[int]
    at_once: list[float]


@cache
def real_groups() -> tuple[Group, ...]:
    rows = yaml.safe_load((Path(__file__).parent / "real.yaml").read_text(encoding="utf-8"))
    return tuple(Group(name, _labels(row["labels"]), tuple(row["real"])) for name, row in rows.items())


def measure_busyness(songs: Sequence[Song], progress: Callable[[int], object] | None = None) -> Busyness:
    """A group is active where any of its stems is. `progress(done)` is called after each song."""
    found = Busyness(defaultdict(list), defaultdict(list), [], [])
    for done, song in enumerate(songs, start=1):
        active = song_confidence(song) >= 0.5
        sounding = np.zeros(active.shape[1])
        for group in real_groups():
            rows = [row for row, stem in zip(active, song.stems, strict=True) if group.labels & set(stem.instruments)]
            if rows:
                together = np.any(rows, axis=0)
                found.groups[group.name].append(float(together.mean()))
                sounding += together
        for label in {label for stem in song.stems for label in stem.instruments}:
            rows = [row for row, stem in zip(active, song.stems, strict=True) if label in stem.instruments]
            found.labels[label].append(float(np.any(rows, axis=0).mean()))
        found.stems.append(len(song.stems))
        found.at_once.append(float(sounding.mean()))
        if progress:
            progress(done)
    return found


def _labels(names: Sequence[str]) -> frozenset[str]:
    out: set[str] = set()
    for name in names:
        out |= set(families()[name.removesuffix(" *")]) if name.endswith(" *") else {name}
    return frozenset(out)
