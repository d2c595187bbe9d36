"""Strummed and picked guitars: six-string voicings, power chords, and a lead in the bridge."""

from collections.abc import Sequence

import numpy as np

from stemwise.synthesis.parts.melody import lead_bars
from stemwise.synthesis.parts.player import Bars, Player, above
from stemwise.synthesis.score import Form, Note, Patch

STRINGS = (40, 45, 50, 55, 59, 64)
# (beat, beats, down stroke)
STRUMS = (
    ((0, 1, True), (1, 0.5, True), (1.5, 0.5, False), (2.5, 0.5, False), (3, 0.5, True), (3.5, 0.5, False)),
    ((0, 1.5, True), (1.5, 0.5, False), (2, 1, True), (3, 0.5, True), (3.5, 0.5, False)),
    ((0, 1, True), (1, 1, True), (2, 1, True), (3, 0.5, True), (3.5, 0.5, False)),
    tuple((i / 2, 0.5, i % 2 == 0) for i in range(8)),
)
PICKS = ((0, 3, 4, 5, 4, 3, 4, 3), (0, 2, 3, 4, 5, 4, 3, 2), (0, 3, 2, 4, 0, 3, 2, 5))
EIGHTHS = (0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5)
CHUGS = (EIGHTHS, (0, 0.5, 1.5, 2, 2.5, 3.5), (0, 1.5, 2, 3), (0, 2), (0, 0.75, 1.5, 2, 2.75, 3.5))


def write_acoustic(form: Form, bars: Bars, patch: Patch, rng: np.random.Generator) -> list[Note]:
    return _comping(form, bars, rng, picked=0.4)


def write_electric(form: Form, bars: Bars, patch: Patch, rng: np.random.Generator) -> list[Note]:
    """Power chords when driven, strums or picking when clean; a lead line in the bridge."""
    lead = [plays and form.section_of(bar).name == "bridge" for bar, plays in enumerate(bars)]
    rest = [plays and not solo for plays, solo in zip(bars, lead, strict=True)]
    notes = _power_chords(form, rest, rng) if patch.amp else _comping(form, rest, rng, picked=0.6)
    player = Player(form, lead, rng)
    lead_bars(player, 57, 81, busy=0.8, velocity=100)
    return sorted(notes + player.notes, key=lambda note: note.start)


def voicing(chord: Sequence[int]) -> list[int]:
    """One pitch a string, the nearest chord tone at or above each open string, from the root up."""
    pitches = [min(above(string, tone) for tone in chord) for string in STRINGS]
    first = next((i for i, pitch in enumerate(pitches) if pitch % 12 == chord[0]), 0)
    return pitches[first:] if first <= 2 else pitches


def _comping(form: Form, bars: Bars, rng: np.random.Generator, picked: float) -> list[Note]:
    player = Player(form, bars, rng)
    names = ("verse", "chorus", "bridge")
    picks = {name: PICKS[rng.integers(len(PICKS))] if rng.random() < picked else None for name in names}
    strums = {name: STRUMS[rng.integers(len(STRUMS))] for name in names}
    for bar in player.playing():
        section = form.section_of(bar).name
        name = section if section in names else "verse"
        tones = voicing(form.chords[bar])
        pattern = picks[name]
        if pattern is None:
            _strum(player, bar, strums[name], tones)
        else:
            _pick(player, bar, pattern, tones)
    return player.notes


def _strum(player: Player, bar: int, strokes: Sequence[tuple[float, float, bool]], tones: list[int]) -> None:
    across = player.rng.uniform(0.006, 0.014)
    for beat, beats, down in strokes:
        order = tones if down else tones[:1:-1]
        for i, pitch in enumerate(order):
            player.play(bar, beat, 0.95 * beats, pitch, 92 if down else 76, late=i * across)


def _pick(player: Player, bar: int, pattern: Sequence[int], tones: list[int]) -> None:
    for i, string in enumerate(pattern):
        player.play(bar, i / 2, 1.4, tones[min(string, len(tones) - 1)], 90 if i % 4 == 0 else 78)


def _power_chords(form: Form, bars: Bars, rng: np.random.Generator) -> list[Note]:
    player = Player(form, bars, rng)
    of = {name: CHUGS[rng.integers(len(CHUGS))] for name in ("verse", "chorus", "bridge")}
    for bar in player.playing():
        beats = of.get(form.section_of(bar).name, of["verse"])
        root = above(40, form.chords[bar][0])
        for i, beat in enumerate(beats):
            length = (beats[i + 1] if i + 1 < len(beats) else 4) - beat
            for interval in (0, 7, 12):
                player.play(bar, beat, 0.92 * length, root + interval, 100 if beat == 0 else 90)
    return player.notes
