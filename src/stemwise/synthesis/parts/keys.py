"""Piano with two hands, and pads that hold chords."""

import numpy as np

from stemwise.synthesis.parts.player import Bars, Player, above, close_voicing
from stemwise.synthesis.score import Form, Note, Patch

STYLES = ("blocks", "broken", "offbeat", "held")


def write_piano(form: Form, bars: Bars, patch: Patch, rng: np.random.Generator) -> list[Note]:
    player = Player(form, bars, rng)
    of = {name: str(rng.choice(STYLES)) for name in ("verse", "chorus", "bridge")}
    low = int(rng.integers(55, 63))
    for bar in player.playing():
        _left_hand(player, bar)
        _right_hand(player, bar, of.get(form.section_of(bar).name, of["verse"]), close_voicing(form.chords[bar], low))
    return player.notes


def write_pad(form: Form, bars: Bars, patch: Patch, rng: np.random.Generator) -> list[Note]:
    """Held chords in the register of strings or organ, now and then moving at half the bar."""
    player = Player(form, bars, rng, tight=0.015)
    low = int(rng.integers(53, 62))
    moving = bool(rng.random() < 0.4)
    for bar in player.playing():
        tones = close_voicing(form.chords[bar], low)
        for pitch in tones[:-1]:
            player.play(bar, 0, 3.95, pitch, 78)
        for half in (0, 2) if moving else (0,):
            player.play(bar, half, 1.95 if moving else 3.95, tones[-1] + (12 if half else 0), 82)
    return player.notes


def _left_hand(player: Player, bar: int) -> None:
    root = above(36, player.form.chords[bar][0])
    for beat in (0, 2):
        player.play(bar, beat, 1.9, root, 82)
        if beat == 0:
            player.play(bar, beat, 1.9, root + 12, 76)


def _right_hand(player: Player, bar: int, style: str, tones: list[int]) -> None:
    if style == "broken":
        order = [0, 1, 2, 1, len(tones) - 1, 1, 2, 1]
        for i, step in enumerate(order):
            player.play(bar, i / 2, 0.9, tones[step] + (12 if i == 4 else 0), 80 if i % 4 == 0 else 70)
        return
    beats = {"blocks": (0, 1, 2, 3), "offbeat": (0, 1.5, 2.5, 3.5), "held": (0, 2.5)}[style]
    for i, beat in enumerate(beats):
        length = (beats[i + 1] if i + 1 < len(beats) else 4) - beat
        for pitch in tones:
            player.play(bar, beat, 0.9 * length, pitch, 84 if beat == 0 else 74)
