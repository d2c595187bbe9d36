"""The voices that words are sung with."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import yaml

GROUP = 3  # singers of a group: one a voice of its chords

# Between these lies the flat pitch in Hz that espeak-ng gives a voice; outside them WORLD would look for octaves of it.
MALE, FEMALE = (65.0, 130.0), (125.0, 300.0)


@dataclass(frozen=True)
class Voice:
    """A voice of espeak-ng by its name: language, plus variant."""

    name: str
    female: bool

    @property
    def pitch_range(self) -> tuple[float, float]:
        return FEMALE if self.female else MALE


def draw_voices(label: str, test: bool, rng: np.random.Generator) -> tuple[str, ...]:
    """One voice for a singer, GROUP of both sexes for vocalists; test songs have voices of their own."""
    rows = _table()["unseen" if test else "seen"]
    choices = rows.get(label) or [name for names in rows.values() for name in names]
    count = 1 if label in rows else GROUP
    return tuple(str(name) for name in rng.choice(choices, count, replace=False))


def find_voice(name: str) -> Voice:
    female = any(name in rows["female singer"] for rows in _table().values())
    return Voice(name, female)


@cache
def _table() -> dict[str, dict[str, list[str]]]:
    path = Path(__file__).parent / "voices.yaml"
    table: dict[str, dict[str, list[str]]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return table
