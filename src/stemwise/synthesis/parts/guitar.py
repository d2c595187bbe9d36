"""Strummed and picked guitars: six-string voicings, and power chords for driven ones."""

from stemwise.synthesis.parts.grid import Stroke, strokes
from stemwise.synthesis.parts.player import Player, above
from stemwise.synthesis.score import Chord

STRINGS = (40, 45, 50, 55, 59, 64)
OPEN_E = 40


def play_strum(player: Player) -> None:
    grids = player.by_section(lambda: player.pick(player.style.grids(player.form.metre, "strum")))
    across = player.rng.uniform(0.006, 0.014)
    for bar in player.playing():
        for stroke in strokes(grids(bar), player.form.beats, bar):
            _strum(player, bar, stroke, across)


def play_pick(player: Player) -> None:
    """Arpeggios over the strings that ring on; driven guitars play power chords instead."""
    if player.chair.patch.driven and "power" in player.style.rhythms[player.form.metre]:
        play_power(player)
        return
    grids = player.by_section(lambda: player.pick(player.style.grids(player.form.metre, "pick")))
    for bar in player.playing():
        for stroke in strokes(grids(bar), player.form.beats, bar):
            tones = voicing(player.form.chord(bar, stroke.beat))
            pitch = tones[min(int(stroke.letter), len(tones) - 1)]
            player.play(bar, stroke.beat, min(1.4, player.form.beats - stroke.beat), pitch, 86 * stroke.loudness)


def play_power(player: Player) -> None:
    """Root, fifth and octave; on a clean guitar the whole chord."""
    grids = player.by_section(lambda: player.pick(player.style.grids(player.form.metre, "power")))
    for bar in player.playing():
        for stroke in strokes(grids(bar), player.form.beats, bar):
            chord = player.form.chord(bar, stroke.beat)
            root = above(OPEN_E, chord.tones[0])
            tones = [root, root + 7, root + 12] if player.chair.patch.driven else voicing(chord)
            length = 0.45 * stroke.beats if stroke.letter == "x" and stroke.beats <= 0.5 else 0.94 * stroke.beats
            for pitch in tones:
                player.play(bar, stroke.beat, max(length, 0.12), pitch, 92 * stroke.loudness)


def voicing(chord: Chord) -> list[int]:
    """One pitch a string, the nearest chord tone at or above each open string, from the root up."""
    pitches = [min(above(string, tone) for tone in chord.tones) for string in STRINGS]
    first = next((i for i, pitch in enumerate(pitches) if pitch % 12 == chord.tones[0]), 0)
    return pitches[first:] if first <= 2 else pitches


def _strum(player: Player, bar: int, stroke: Stroke, across: float) -> None:
    tones = voicing(player.form.chord(bar, stroke.beat))
    order = {"d": tones, "u": tones[:1:-1], "m": tones[1:4]}[stroke.letter]
    length = 0.06 if stroke.letter == "m" else 0.95 * stroke.beats
    loud = {"d": 92, "u": 78, "m": 58}[stroke.letter]
    for i, pitch in enumerate(order):
        player.play(bar, stroke.beat, length, pitch, loud, late=i * across)
