"""Drum sets with fills and crashes, and hand percussion."""

from collections.abc import Mapping

from stemwise.synthesis.parts.grid import strokes
from stemwise.synthesis.parts.player import Player

KEYS = {"kick": 36, "snare": 38, "stick": 37, "clap": 39, "hat": 42, "open": 46, "crash": 49, "ride": 51, "tom": 45}
VELOCITY = {
    "kick": 106,
    "snare": 100,
    "stick": 88,
    "clap": 96,
    "hat": 78,
    "open": 82,
    "crash": 100,
    "ride": 80,
    "tom": 96,
}
CRASH, SNARE = 49, 38
TOMS = (50, 48, 47, 45, 43, 41)
# How likely a section's last bar ends in a fill, and any other fourth bar.
FILL, SMALL_FILL = 0.75, 0.2


def play_drums(player: Player) -> None:
    """A groove a kind of section, thinner in intro and verse now and then, fills at the end of sections."""
    grooves = player.by_section(lambda: player.pick(player.style.grids(player.form.metre, "drums")))
    thin = player.rng.random() < 0.3
    for bar in player.playing():
        section = player.form.section_of(bar)
        ends = player.last_of_section(bar) and section.bars > 1
        fill = player.rng.random() < (FILL if ends else SMALL_FILL if bar % 4 == 3 else 0.0)
        groove = grooves(bar)
        if thin and section.name in ("intro", "break"):
            groove = {drum: line for drum, line in groove.items() if drum not in ("snare", "clap")}
        _bar(player, bar, groove, player.form.beats - (1 + ends if fill else 0))
        if fill:
            _fill(player, bar, 1 + ends)
        if (
            bar == section.first_bar
            and section.name in ("chorus", "solo", "bridge")
            and not player.last_before_rest(bar)
        ):
            player.play(bar, 0, 2, CRASH, 104)


def play_percussion(player: Player) -> None:
    """One instrument on a steady pattern; the patch's program is its key on a drum kit."""
    grids = player.by_section(lambda: player.pick(player.style.grids(player.form.metre, "percussion")))
    key = player.chair.patch.program or 0
    for bar in player.playing():
        for stroke in strokes(grids(bar), player.form.beats, bar):
            player.play(bar, stroke.beat, stroke.beats, key, 84 * stroke.loudness)


def _bar(player: Player, bar: int, groove: Mapping[str, str], until: float) -> None:
    for drum, line in groove.items():
        for stroke in strokes(line, player.form.beats, bar):
            if stroke.beat < until:
                player.play(bar, stroke.beat, 0.25, KEYS[drum], VELOCITY[drum] * stroke.loudness)


def _fill(player: Player, bar: int, beats: int) -> None:
    """Snare and toms downwards over the last beats, louder and louder."""
    start = player.form.beats - beats
    step = float(player.pick((0.25, 0.25, 0.5)))
    count = round(beats / step)
    for i in range(count):
        if player.rng.random() < 0.12:
            continue
        tom = TOMS[min(i * len(TOMS) // count, len(TOMS) - 1)]
        drum = SNARE if player.rng.random() < 0.35 else tom
        player.play(bar, start + i * step, step, drum, 84 + 22 * i / count)
