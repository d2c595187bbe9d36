"""Bass lines from the letters of a rhythm, and riffs in the same letters for whoever plays them."""

from stemwise.synthesis.parts.grid import Stroke, strokes
from stemwise.synthesis.parts.player import Player, above, nearest
from stemwise.synthesis.score import Chord

LOWEST = 28  # E1, the open string
DEGREES = {"1": 0, "3": 1, "5": 2, "7": 3}


def play_bass(player: Player) -> None:
    play_line(player, "bass", LOWEST, 98, ())


def play_riff(player: Player) -> None:
    """A riff in the middle of the instrument's range; driven guitars add the fifth."""
    low = above(player.chair.range[0] - 12, player.form.tonic)
    play_line(player, "riff", low, 94, (7,) if player.chair.patch.driven else ())


def play_line(player: Player, role: str, low: int, velocity: float, stacked: tuple[int, ...]) -> None:
    """The letters of the role's rhythm as pitches from `low` up; `stacked`: semitones of more notes on top of each."""
    grids = player.by_section(lambda: player.pick(player.style.grids(player.form.metre, role)))
    for bar in player.playing():
        for stroke in strokes(grids(bar), player.form.beats, bar):
            pitch = pitch_of(player, bar, stroke, low)
            accent = 1.08 if stroke.beat == 0 else 1.0
            for interval in (0, *stacked):
                player.play(bar, stroke.beat, 0.94 * stroke.beats, pitch + interval, velocity * accent)


def pitch_of(player: Player, bar: int, stroke: Stroke, low: int) -> int:
    chord = player.form.chord(bar, stroke.beat)
    root = above(low, chord.tones[0])
    if stroke.letter == "8":
        return root + 12
    if stroke.letter == "a":
        return _approach(player, bar, stroke, root)
    return above(root, tone(player, chord, stroke.letter))


def tone(player: Player, chord: Chord, letter: str) -> int:
    """The pitch class of a letter; a chord without the seventh lends the scale's."""
    index = DEGREES.get(letter, 0)
    if index < len(chord.tones):
        return chord.tones[index]
    return nearest(chord.tones[0] + 12 - 2, player.form.scale) % 12


def _approach(player: Player, bar: int, stroke: Stroke, root: int) -> int:
    """A semitone or a tone beside the root that comes next."""
    end = stroke.beat + stroke.beats
    last = end >= player.form.beats
    following = player.form.chord(bar + 1) if last else player.form.chord(bar, end)
    goal = nearest(root, (following.tones[0],))
    return max(LOWEST, goal + int(player.pick((-1, 1, 2, -2))))
