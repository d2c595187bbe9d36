"""Who rests when: whole stretches of bars, so that silence is long enough to be learnt."""

import math
from functools import cache
from pathlib import Path

import numpy as np
import yaml

from stemwise.synthesis.instruments import Chair
from stemwise.synthesis.score import Form

# Bars are joined to blocks of at least this many seconds, short or long by chance: what is left after the ring of the
# note before is a silence of 3 s or of 5 s. Long blocks would halve a short song.
SHORT, LONG = 3.9, 5.9
LONG_FROM = 30.0  # seconds of music
SPREAD = 0.09  # standard deviation of a part's share around what its kind says
IN_A_BREAK = (0.2, 0.4, 0.3, 0.1)  # chances that one, two, three or four parts play on
TAILS = 0.03  # of the song that decay and room of a part add to the bars in which it plays

Plays = list[bool]


def draw_arrangement(
    form: Form, chairs: list[Chair], soloists: dict[int, int], rng: np.random.Generator
) -> list[Plays]:
    """For each player and bar whether it plays. `soloists`: first bar of a solo section → index of its player."""
    empty = _breaks(form, chairs, rng)
    plays = [_draw_plays(form, chair, empty[i], rng) for i, chair in enumerate(chairs)]
    for section in form.sections:
        if section.first_bar in soloists:
            span = slice(section.first_bar, section.first_bar + section.bars)
            plays[soloists[section.first_bar]][span] = [True] * section.bars
    return _fill_silence(form, plays)


def _breaks(form: Form, chairs: list[Chair], rng: np.random.Generator) -> list[set[int]]:
    """For each player the bars of the breaks that it sits out."""
    out: list[set[int]] = [set() for _ in chairs]
    for section in form.sections:
        if section.name == "break":
            staying = 1 + rng.choice(len(IN_A_BREAK), p=IN_A_BREAK)
            for i in rng.permutation(len(chairs))[staying:]:
                out[i].update(range(section.first_bar, section.first_bar + section.bars))
    return out


def _draw_plays(form: Form, chair: Chair, empty: set[int], rng: np.random.Generator) -> Plays:
    """Rests at least one block and plays at least one where there are two."""
    long = rng.random() < 0.5 and form.bars * form.bar_seconds >= LONG_FROM
    size = math.ceil((LONG if long else SHORT) / form.bar_seconds)
    blocks = _blocks(form, size)
    wanted = (1 - np.clip(rng.normal(chair.share - TAILS, SPREAD), 0.2, 0.97)) * form.bars
    plays = np.array([bar not in empty for bar in range(form.bars)])
    for first in _order(form, blocks, size, chair.seat.plays, rng):
        # A run of two blocks gives rests of 8 s and more; a third of the rests stay single.
        for start, stop in blocks[first : first + (2 if rng.random() < 0.65 else 1)]:
            missing = wanted - (~plays).sum()
            still = plays.copy()
            still[start:stop] = False
            if still.any() and (plays.all() or missing > (stop - start) / 2):
                plays = still
    return [bool(play) for play in plays]


def _fill_silence(form: Form, plays: list[Plays]) -> list[Plays]:
    """Where fewer than two parts play in a bar, later ones come in: rests together, but not of everyone. In a break one
    may play alone."""
    for bar in range(len(plays[0])):
        least = 1 if form.section_of(bar).name == "break" else 2
        for part in reversed(plays):
            if sum(other[bar] for other in plays) >= least:
                break
            part[bar] = True
    return plays


def _blocks(form: Form, size: int) -> list[tuple[int, int]]:
    """[first, last + 1) of stretches of `size` bars or more, within a section where that is long enough."""
    if form.bars < 3 * size:
        return _split(0, form.bars, 2)
    pieces = [
        piece
        for section in form.sections
        for piece in _split(section.first_bar, section.bars, max(1, section.bars // size))
    ]
    blocks: list[tuple[int, int]] = []
    start = 0
    for _, end in pieces:
        if end - start >= size:
            blocks.append((start, end))
            start = end
    return [*blocks[:-1], (blocks[-1][0], form.bars)]


def _split(first: int, bars: int, count: int) -> list[tuple[int, int]]:
    pieces = np.array_split(np.arange(first, first + bars), count)
    return [(int(piece[0]), int(piece[-1]) + 1) for piece in pieces]


def _order(form: Form, blocks: list[tuple[int, int]], size: int, plays: str, rng: np.random.Generator) -> list[int]:
    """Blocks in a random order, those in which the part likes to rest sooner; too short ones last."""
    liking = _likings().get(plays, {})
    weights = np.array([liking.get(form.section_of(start).name, 1.0) for start, _ in blocks])
    keys = rng.exponential(size=len(blocks)) / weights
    keys += [0.0 if stop - start >= size else 1e3 for start, stop in blocks]
    return [int(i) for i in np.argsort(keys)]


@cache
def _likings() -> dict[str, dict[str, float]]:
    path = Path(__file__).parent / "arrange.yaml"
    table: dict[str, dict[str, float]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return table
