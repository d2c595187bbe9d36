"""What can sit in a band, and with which sounds; read from instruments.yaml."""

from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from stemwise.synthesis.score import Patch
from stemwise.synthesis.style import Seat, Style
from stemwise.synthesis.voice.voices import draw_voices

FEWEST, MOST = 8, 10
KITS = ("drums", "percussion")  # kinds whose notes are keys of a drum kit


@dataclass(frozen=True)
class Sound:
    """One label of an instrument; no programs means a voice; no unseen programs means that all are used everywhere.

    `range`: the pitches between which its melodies lie.
    """

    label: str
    weight: float
    programs: tuple[int, ...] = ()
    unseen: tuple[int, ...] = ()
    amp: tuple[float, float] | None = None
    process: bool = False
    range: tuple[int, int] = (55, 79)

    def draw(self, test: bool, rng: np.random.Generator) -> Patch:
        choices = self.unseen if test and self.unseen else self.programs
        if not choices:
            return Patch(self.label, None, voices=draw_voices(self.label, test, rng))
        return Patch(self.label, int(rng.choice(choices)), self.amp, self.process)


@dataclass(frozen=True)
class Instrument:
    """A row of instruments.yaml, whose head explains the fields."""

    kind: str
    share: float
    level: float
    send: float
    spread: float
    low: float
    squeeze: float
    dark: tuple[float, float] | None
    sounds: tuple[Sound, ...]
    size: int = 2

    def range_of(self, label: str) -> tuple[int, int]:
        return next(sound.range for sound in self.sounds if sound.label == label)


@dataclass(frozen=True)
class Chair:
    """A seat that is taken: who sits there, with which sound, and for which part of the song."""

    seat: Seat
    instrument: Instrument
    patch: Patch
    share: float

    @property
    def range(self) -> tuple[int, int]:
        return self.instrument.range_of(self.patch.label)


@cache
def instruments() -> dict[str, Instrument]:
    rows = yaml.safe_load((Path(__file__).parent / "instruments.yaml").read_text(encoding="utf-8"))
    return {kind: _instrument(kind, row) for kind, row in rows.items()}


def draw_band(style: Style, test: bool, rng: np.random.Generator) -> list[Chair]:
    """8 to 10 players in the order of the style's seats; who would double a seat that stays empty is not there."""
    seats = _taken(style, rng.random() < style.sung, rng)
    chairs: list[Chair] = []
    for seat in seats:
        instrument = instruments()[seat.kind]
        patch = replace(_sound(instrument, seat, rng).draw(test, rng), kit=seat.kind in KITS)
        chairs.append(Chair(seat, instrument, patch, seat.share or instrument.share))
    return chairs


def _taken(style: Style, sung: bool, rng: np.random.Generator) -> list[Seat]:
    """Each seat is taken by its chance; the nearest to being taken fill up, the nearest to staying empty leave."""
    open_seats = [seat for seat in style.band if sung or "vocals" not in (seat.name, seat.doubles)]
    luck = {seat.name: float(rng.random()) / seat.chance if seat.chance < 1 else 0.0 for seat in open_seats}
    ranked = sorted(open_seats, key=lambda seat: luck[seat.name])
    count = int(np.clip(sum(chance < 1 for chance in luck.values()), FEWEST, MOST))
    names = {seat.name for seat in ranked[:count]}
    for seat in ranked[:count]:
        if seat.doubles and seat.doubles not in names:
            names.remove(seat.name)
    return [seat for seat in style.band if seat.name in names]


def _sound(instrument: Instrument, seat: Seat, rng: np.random.Generator) -> Sound:
    weights = np.array(
        [seat.labels.get(sound.label, 0.0) if seat.labels else sound.weight for sound in instrument.sounds]
    )
    return instrument.sounds[rng.choice(len(weights), p=weights / weights.sum())]


def _instrument(kind: str, row: dict[str, Any]) -> Instrument:
    numbers = {key: value for key, value in row.items() if key not in ("patches", "dark")}
    dark = tuple(row["dark"]) if "dark" in row else None
    return Instrument(kind=kind, dark=dark, sounds=tuple(_read_sound(patch) for patch in row["patches"]), **numbers)


def _read_sound(patch: dict[str, Any]) -> Sound:
    lists: dict[str, Any] = {key: tuple(patch[key]) for key in ("programs", "unseen", "range", "amp") if key in patch}
    fields: dict[str, Any] = {**patch, **lists}
    return Sound(**fields)
