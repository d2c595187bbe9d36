"""Kick, snare, hi-hat or ride, fills and crashes, on sixteenths."""

import numpy as np

from stemwise.synthesis.parts.player import Bars, Player
from stemwise.synthesis.score import Form, Note, Patch

KICK, SNARE, STICK, CLOSED, OPEN, CRASH, RIDE = 36, 38, 37, 42, 46, 49, 51
TOMS = (50, 48, 47, 43, 41)

KICKS = ((0, 8), (0, 6, 8), (0, 8, 10), (0, 3, 8, 11), (0, 4, 8, 12), (0, 7, 10), (0, 6, 10, 14))
SNARES = ((4, 12), (4, 12), (4, 12, 15), (8,), (4, 7, 12))


def write_drums(form: Form, bars: Bars, patch: Patch, rng: np.random.Generator) -> list[Note]:
    player = Player(form, bars, rng, tight=0.004)
    grooves = {name: _groove(name, rng) for name in ("intro", "verse", "chorus", "bridge", "outro")}
    for bar in player.playing():
        section = form.section_of(bar)
        last = bar == section.first_bar + section.bars - 1
        fill = last and section.bars > 1 and rng.random() < 0.7
        _bar(player, bar, grooves[section.name], until=12 if fill else 16)
        if fill:
            _fill(player, bar)
        if bar == section.first_bar and section.name in ("chorus", "bridge") and not player.last_before_rest(bar):
            player.play(bar, 0, 2, CRASH, 105)
    return player.notes


Groove = tuple[tuple[int, ...], tuple[int, ...], int, int, int]


def _groove(section: str, rng: np.random.Generator) -> Groove:
    """Kick steps, snare steps, what the snare is, what keeps time and in steps of how many sixteenths."""
    kick = KICKS[rng.integers(len(KICKS))]
    snare = SNARES[rng.integers(len(SNARES))]
    chances = [0.4, 0.45, 0.15] if section == "chorus" else [0.85, 0.15, 0.0]
    timekeeper = int(rng.choice([CLOSED, RIDE, OPEN], p=chances))
    backbeat = STICK if section in ("verse", "intro") and rng.random() < 0.25 else SNARE
    return kick, snare, backbeat, timekeeper, int(rng.choice([2, 2, 2, 1, 4]))


def _bar(player: Player, bar: int, groove: Groove, until: int) -> None:
    kick, snare, backbeat, timekeeper, every = groove
    for step in range(until):
        if step in kick:
            player.play(bar, step / 4, 0.25, KICK, 108)
        if step in snare:
            player.play(bar, step / 4, 0.25, backbeat, 106 if step % 8 == 4 else 70)
        if step % every == 0:
            player.play(bar, step / 4, 0.25, timekeeper, 84 if step % 4 == 0 else 66)


def _fill(player: Player, bar: int) -> None:
    for i, step in enumerate(range(12, 16)):
        drum = SNARE if player.rng.random() < 0.35 else TOMS[min(i + int(player.rng.integers(2)), len(TOMS) - 1)]
        player.play(bar, step / 4, 0.25, drum, 92 + 5 * i)
