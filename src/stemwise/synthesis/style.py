"""Styles: what a rock song is and what a jazz song is, read from the files of `styles/`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from stemwise.errors import DataError
from stemwise.synthesis.chords import parse_bar
from stemwise.synthesis.score import beats_of

FOLDER = Path(__file__).parent / "styles"
STEPS_PER_BEAT = 4
SECTIONS = ("intro", "verse", "chorus", "bridge", "solo", "break", "outro")

Grid = Mapping[str, str]


@dataclass(frozen=True)
class Seat:
    """One place in a band. `plays`: the role that is played there; `labels`: which sounds of the kind, by weight
    (empty: all, by their own weights); `solo`: how likely it takes the solo; `doubles`: the seat that it follows;
    `share`: part of the song in which it plays, where that is not what the kind says."""

    name: str
    kind: str
    plays: str
    chance: float
    labels: Mapping[str, float]
    solo: float = 0.0
    doubles: str = ""
    share: float | None = None


@dataclass(frozen=True)
class Style:
    """A file of `styles/`, which `styles/README.md` explains line by line."""

    name: str
    genre: str
    tempo: tuple[float, float]
    metres: Mapping[str, float]
    minor: float
    swing: tuple[float, float]
    swing_beats: float
    tight: float
    sung: float
    room: tuple[float, float]
    courses: tuple[tuple[str, ...], ...]
    progressions: Mapping[str, tuple[tuple[str, ...], ...]]
    band: tuple[Seat, ...]
    rhythms: Mapping[str, Mapping[str, Any]]

    def grids(self, metre: str, role: str) -> Sequence[Any]:
        """The rhythms of a role in a metre."""
        return tuple(self.rhythms[metre][role])

    def draw_metre(self, rng: np.random.Generator) -> str:
        return draw(self.metres, rng)


def draw(weights: Mapping[str, float], rng: np.random.Generator) -> str:
    """A key by its weight."""
    shares = np.array(list(weights.values()), dtype=np.float64)
    return list(weights)[rng.choice(len(shares), p=shares / shares.sum())]


@cache
def styles() -> dict[str, Style]:
    """All styles by name. Raises DataError for a file that cannot be played."""
    return {path.stem: read_style(path) for path in sorted(FOLDER.glob("*.yaml"))}


def find_styles(names: Sequence[str]) -> tuple[str, ...]:
    """`names`, or all styles if there are none. Raises DataError for an unknown one."""
    for name in names:
        if name not in styles():
            raise DataError(f"no style '{name}'. Choose from {', '.join(styles())}.")
    return tuple(dict.fromkeys(names)) or tuple(styles())


def read_style(path: Path) -> Style:
    """Raises DataError, naming the file and what is wrong."""
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
        style = _style(path.stem, raw)
        _check(style)
    except (yaml.YAMLError, KeyError, TypeError, ValueError, AttributeError) as fault:
        raise DataError(f"style {path}: {type(fault).__name__}: {fault}. Compare it with another style.") from fault
    return style


def _style(name: str, raw: dict[str, Any]) -> Style:
    seats = tuple(_seat(seat, row) for seat, row in raw.pop("band").items())
    courses = tuple(tuple(course.split()) for course in raw.pop("courses"))
    progressions = {
        mode: tuple(tuple(line.split()) for line in lines) for mode, lines in raw.pop("progressions").items()
    }
    swing = raw.pop("swing")
    return Style(
        name=name,
        tempo=tuple(raw.pop("tempo")),
        room=tuple(raw.pop("room")),
        swing=tuple(swing["share"]),
        swing_beats=float(swing["beats"]),
        courses=courses,
        progressions=progressions,
        band=seats,
        **raw,
    )


def _seat(name: str, row: dict[str, Any]) -> Seat:
    return Seat(name=name, **{"kind": name, "labels": {}, **row})


def _check(style: Style) -> None:
    """Everything a player will ask for is there and has the length of a bar."""
    for course in style.courses:
        for name in course:
            if name not in SECTIONS:
                raise ValueError(f"course with section '{name}', which is none of {', '.join(SECTIONS)}")
    for lines in style.progressions.values():
        if len(lines) < 2:
            raise ValueError("fewer than two progressions in a mode: verse and chorus need one each")
        for line in lines:
            for bar in line:
                parse_bar(bar, 0)
    for metre in style.metres:
        steps = round(beats_of(metre) * STEPS_PER_BEAT)
        for role, grids in style.rhythms[metre].items():
            for grid in grids:
                _check_grid(f"{metre} {role}", grid, steps)


def _check_grid(where: str, grid: Any, steps: int) -> None:
    for line in grid.values() if isinstance(grid, dict) else [grid]:
        have = len(line.replace(" ", ""))
        if have not in (steps, 2 * steps):
            raise ValueError(f"rhythm '{line}' of {where} has {have} sixteenths, a bar {steps}")
