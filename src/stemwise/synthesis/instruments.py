"""Which instruments occur in a song, and with which patches."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from stemwise.synthesis.score import Patch

FEWEST, MOST = 6, 9


@dataclass(frozen=True)
class Sound:
    """One label of an instrument; no programs means a voice; no unseen programs means that all are used everywhere."""

    label: str
    weight: float
    programs: tuple[int, ...] = ()
    unseen: tuple[int, ...] = ()
    amp: bool = False

    def draw(self, test: bool, rng: np.random.Generator) -> Patch:
        choices = self.unseen if test and self.unseen else self.programs
        return Patch(self.label, int(rng.choice(choices)) if choices else None, self.amp)


@dataclass(frozen=True)
class Instrument:
    """A row of instruments.yaml, whose head explains the fields."""

    kind: str
    share: float
    level: float
    send: float
    spread: float
    sounds: tuple[Sound, ...]
    chance: float = 0.0

    def draw(self, test: bool, rng: np.random.Generator) -> Patch:
        weights = np.array([sound.weight for sound in self.sounds])
        return self.sounds[rng.choice(len(self.sounds), p=weights / weights.sum())].draw(test, rng)


@cache
def instruments() -> dict[str, Instrument]:
    """Every instrument by kind: the six targets in the order of scheme 'mms' or not, then the others."""
    groups = yaml.safe_load((Path(__file__).parent / "instruments.yaml").read_text(encoding="utf-8"))
    return {kind: _instrument(kind, row) for group in groups.values() for kind, row in group.items()}


def draw_band(test: bool, rng: np.random.Generator) -> list[tuple[Instrument, Patch]]:
    """6 to 9 players: each target by its chance, mostly one or two others, now and then a second electric guitar."""
    table = list(instruments().values())
    kinds = [one for one in table if rng.random() < one.chance]
    others = [one for one in table if not one.chance]
    wanted = max(FEWEST - len(kinds), int(rng.choice([0, 1, 2], p=[0.15, 0.45, 0.4])))
    kinds += [others[i] for i in rng.permutation(len(others))[:wanted]]
    guitar = instruments()["electric guitar"]
    if guitar in kinds and len(kinds) < MOST and rng.random() < 0.35:
        kinds.append(guitar)
    return [(one, one.draw(test, rng)) for one in kinds]


def _instrument(kind: str, row: dict[str, Any]) -> Instrument:
    numbers = {key: value for key, value in row.items() if key != "patches"}
    return Instrument(kind=kind, sounds=tuple(_sound(patch) for patch in row["patches"]), **numbers)


def _sound(patch: dict[str, Any]) -> Sound:
    programs, unseen = (tuple(patch.get(key, ())) for key in ("programs", "unseen"))
    return Sound(patch["label"], patch["weight"], programs, unseen, patch.get("amp", False))
