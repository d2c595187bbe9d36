"""Chords on keys, pads that hold and swell, arpeggios and stabs."""

from stemwise.synthesis.parts.grid import strokes
from stemwise.synthesis.parts.player import Player, above, close_voicing
from stemwise.synthesis.score import Control

PEDAL = 64
TWO_HANDED = ("piano", "electric piano")


def play_comp(player: Player) -> None:
    """The right hand plays the chords of a rhythm or breaks them, the left hand of a pianist its roots."""
    grids = player.by_section(lambda: player.pick(player.style.grids(player.form.metre, "comp")))
    broken = player.by_section(lambda: player.rng.random() < 0.25)
    low = int(player.rng.integers(54, 62))
    pedal = player.chair.seat.kind in TWO_HANDED and player.style.tight > 0.007 and player.rng.random() < 0.5
    for bar in player.playing():
        if player.chair.seat.kind in TWO_HANDED:
            _left_hand(player, bar)
        if pedal:
            _press(player, bar)
        if broken(bar):
            _broken(player, bar, low)
            continue
        for stroke in strokes(grids(bar), player.form.beats, bar):
            for pitch in close_voicing(player.form.chord(bar, stroke.beat).tones, low):
                player.play(bar, stroke.beat, 0.9 * max(stroke.beats, 0.5), pitch, 80 * stroke.loudness)


def play_pad(player: Player) -> None:
    """Held chords, the top voice now and then moving at half the bar; expression swells over four bars."""
    low = int(player.rng.integers(53, 62))
    moving = bool(player.rng.random() < 0.4)
    for bar in player.playing():
        if bar % 4 == 0 or not player.bars[bar - 1]:
            player.swell(bar, 4 - bar % 4, 70, 115)
        here = player.form.chords[bar]
        span = player.form.beats / len(here)
        for i, chord in enumerate(here):
            tones = close_voicing(chord.tones, low)
            for pitch in tones[:-1]:
                player.play(bar, i * span, 0.98 * span, pitch, 80)
            halves = (0.0, span / 2) if moving and len(here) == 1 else (0.0,)
            for half in halves:
                player.play(bar, i * span + half, 0.98 * span / len(halves), tones[-1] + (12 if half else 0), 84)


def play_arpeggio(player: Player) -> None:
    grids = player.by_section(lambda: player.pick(player.style.grids(player.form.metre, "arpeggio")))
    low = int(player.rng.integers(54, 67))
    for bar in player.playing():
        for stroke in strokes(grids(bar), player.form.beats, bar):
            tones = close_voicing(player.form.chord(bar, stroke.beat).tones, low)
            octave, step = divmod(int(stroke.letter), len(tones))
            player.play(bar, stroke.beat, 0.9 * stroke.beats, tones[step] + 12 * octave, 84)


def play_stabs(player: Player) -> None:
    """Short chords of a section of winds, on top the melody note of the instrument's range."""
    grids = player.by_section(lambda: player.pick(player.style.grids(player.form.metre, "stabs")))
    low, high = player.chair.range
    for bar in player.playing():
        for stroke in strokes(grids(bar), player.form.beats, bar):
            tones = close_voicing(player.form.chord(bar, stroke.beat).tones, (low + high) // 2 - 4)
            for pitch in tones if player.chair.seat.kind == "brass" else tones[-1:]:
                player.play(bar, stroke.beat, 0.8 * max(stroke.beats, 0.5), pitch, 96 * stroke.loudness)


def play_effects(player: Player) -> None:
    """Long sounds that grow towards the next section, and single ones at its start."""
    low = above(48, player.form.tonic)
    for bar in player.playing():
        section = player.form.section_of(bar)
        if bar == section.first_bar or player.rng.random() < 0.5 or not player.bars[bar - 1]:
            player.swell(bar, 1, 50, 120)
            for interval in (0, 7, 12):
                player.play(bar, 0, 0.98 * player.form.beats, low + interval, 88)


def _left_hand(player: Player, bar: int) -> None:
    here = player.form.chords[bar]
    span = player.form.beats / len(here)
    for i, chord in enumerate(here):
        root = above(36, chord.tones[0])
        player.play(bar, i * span, 0.95 * span, root, 82)
        player.play(bar, i * span, 0.95 * span, root + 12, 74)


def _broken(player: Player, bar: int, low: int) -> None:
    steps = round(player.form.beats * 2)
    for i in range(steps):
        tones = close_voicing(player.form.chord(bar, i / 2).tones, low)
        order = [*range(len(tones)), *range(len(tones) - 2, 0, -1)]
        player.play(bar, i / 2, 0.9, tones[order[i % len(order)]], 80 if i % 4 == 0 else 70)


def _press(player: Player, bar: int) -> None:
    """The pedal down on the bar and up before its end, so that a rest is a rest."""
    start = player.form.time(bar) + 0.02
    player.controls += [Control(start, PEDAL, 127), Control(player.form.time(bar + 1) - 0.08, PEDAL, 0)]
