"""Bass lines: roots in eighths or halves, root and fifth, octaves, walking quarters."""

import numpy as np

from stemwise.synthesis.parts.player import Bars, Player, above, nearest
from stemwise.synthesis.score import Form, Note, Patch

LOWEST = 28  # E1, the open string
STYLES = ("eighths", "pulse", "fifths", "octaves", "walking")
# (beat, beats, step of the chord: 0 root, 2 fifth, 12 octave)
PATTERNS: dict[str, tuple[tuple[float, float, int], ...]] = {
    "eighths": tuple((i / 2, 0.46, 0) for i in range(8)),
    "pulse": ((0, 1.4, 0), (1.5, 0.5, 0), (2, 1.9, 0)),
    "fifths": ((0, 1.4, 0), (1.5, 0.45, 0), (2, 1.0, 2), (3, 0.95, 0)),
    "octaves": ((0, 0.9, 0), (1, 0.45, 12), (1.5, 0.45, 0), (2, 0.9, 0), (3, 0.45, 12), (3.5, 0.45, 2)),
}


def write_bass(form: Form, bars: Bars, patch: Patch, rng: np.random.Generator) -> list[Note]:
    player = Player(form, bars, rng)
    double = patch.label == "double bass"
    of = {name: str(rng.choice(STYLES)) for name in ("verse", "chorus", "bridge")}
    for bar in player.playing():
        style = "walking" if double else of.get(form.section_of(bar).name, of["verse"])
        if style == "walking":
            _walk(player, bar)
        else:
            _pattern(player, bar, PATTERNS[style])
    return player.notes


def _pattern(player: Player, bar: int, pattern: tuple[tuple[float, float, int], ...]) -> None:
    chord = player.form.chords[bar]
    root = above(LOWEST, chord[0])
    pitches = {0: root, 2: above(root, chord[2]), 12: root + 12}
    for beat, beats, step in pattern:
        player.play(bar, beat, beats, pitches[step], 100 if beat == 0 else 88)


def _walk(player: Player, bar: int) -> None:
    """Four quarters: the root, two steps of chord or scale, and one that leads to the next root."""
    form = player.form
    chord = form.chords[bar]
    root = above(LOWEST, chord[0])
    goal = above(LOWEST, form.chords[(bar + 1) % form.bars][0])
    middle = [nearest(root + (goal - root) * share + player.rng.uniform(-3, 5), form.scale) for share in (0.33, 0.66)]
    line = [root, *middle, goal + int(player.rng.choice([-1, 1, 2]))]
    for beat, pitch in enumerate(line):
        player.play(bar, beat, 0.95, max(LOWEST, pitch), 98 if beat == 0 else 88)
