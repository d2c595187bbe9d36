"""Who rests when: whole stretches of bars, so that silence is long enough to be learnt."""

import math

import numpy as np

from stemwise.synthesis.score import Form

# Bars are joined to blocks of at least this many seconds, short or long by chance: what is left after the ring of the
# note before is a silence of 3 s or of 5 s. Long blocks would halve a short song.
SHORT, LONG = 3.9, 5.9
LONG_FROM = 30.0  # seconds of music

# How much sooner a part rests in a section than elsewhere; a section not named counts 1.
RESTS = {
    "drums": {"intro": 4.0, "bridge": 2.0, "outro": 2.0, "chorus": 0.4},
    "bass": {"intro": 4.0, "bridge": 2.0, "outro": 1.5, "chorus": 0.4},
    "vocals": {"intro": 12.0, "bridge": 4.0, "outro": 8.0, "chorus": 0.3},
    "electric guitar": {"intro": 2.0, "verse": 1.5, "bridge": 0.7, "chorus": 0.5},
    "acoustic guitar": {"chorus": 0.8, "bridge": 2.0},
}


def draw_plays(form: Form, kind: str, share: float, rng: np.random.Generator) -> list[bool]:
    """For each bar whether the part plays; rests at least one block and plays at least one where there are two."""
    long = rng.random() < 0.5 and form.bars * form.bar_seconds >= LONG_FROM
    size = math.ceil((LONG if long else SHORT) / form.bar_seconds)
    blocks = _blocks(form, size)
    wanted = (1 - np.clip(rng.normal(share, 0.06), 0.3, 0.95)) * form.bars
    plays = np.ones(form.bars, dtype=bool)
    for first in _order(form, blocks, size, kind, rng):
        # A run of two blocks gives rests of 8 s and more; a third of the rests stay single.
        for start, stop in blocks[first : first + (2 if rng.random() < 0.65 else 1)]:
            missing = wanted - (~plays).sum()
            still = plays.copy()
            still[start:stop] = False
            if still.any() and (plays.all() or missing > (stop - start) / 2):
                plays = still
    return [bool(play) for play in plays]


def fill_silence(plays: list[list[bool]]) -> list[list[bool]]:
    """Where fewer than two of the parts play in a bar, the later parts come in: rests together, but not of everyone."""
    for bar in range(len(plays[0])):
        for part in reversed(plays):
            if sum(other[bar] for other in plays) >= 2:
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


def _order(form: Form, blocks: list[tuple[int, int]], size: int, kind: str, rng: np.random.Generator) -> list[int]:
    """Blocks in a random order, those in which the part likes to rest sooner; too short ones last."""
    liking = RESTS.get(kind, {})
    weights = np.array([liking.get(form.section_of(start).name, 1.0) for start, _ in blocks])
    keys = rng.exponential(size=len(blocks)) / weights
    keys += [0.0 if stop - start >= size else 1e3 for start, stop in blocks]
    return [int(i) for i in np.argsort(keys)]
