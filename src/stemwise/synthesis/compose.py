"""Seeded random numbers → a song in notes."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from stemwise.synthesis.arrange import draw_arrangement
from stemwise.synthesis.form import draw_form
from stemwise.synthesis.instruments import Chair, draw_band
from stemwise.synthesis.parts.bass import play_bass, play_riff
from stemwise.synthesis.parts.drums import play_drums, play_percussion
from stemwise.synthesis.parts.guitar import play_pick, play_power, play_strum
from stemwise.synthesis.parts.keys import play_arpeggio, play_comp, play_effects, play_pad, play_stabs
from stemwise.synthesis.parts.melody import play_answers, play_counter, play_lead, play_solo
from stemwise.synthesis.parts.player import Player
from stemwise.synthesis.parts.voices import play_harmony, play_voice
from stemwise.synthesis.score import Form, Note, Part, Score
from stemwise.synthesis.style import Style

ROLES: Mapping[str, Callable[[Player], None]] = {
    "drums": play_drums,
    "percussion": play_percussion,
    "bass": play_bass,
    "riff": play_riff,
    "strum": play_strum,
    "pick": play_pick,
    "power": play_power,
    "comp": play_comp,
    "pad": play_pad,
    "arpeggio": play_arpeggio,
    "stabs": play_stabs,
    "effects": play_effects,
    "lead": play_lead,
    "counter": play_counter,
    "answers": play_answers,
    "voice": play_voice,
}
# What a role turns to where the style has no rhythm for it in the song's metre.
INSTEAD = {"riff": "counter", "stabs": "answers", "arpeggio": "pad", "power": "strum", "pick": "strum"}
FIRST_WORDS = ("Amber", "Broken", "Distant", "Golden", "Hollow", "Late", "Paper", "Quiet", "Silver", "Slow")
SECOND_WORDS = ("Bridge", "Garden", "Harbour", "Letter", "Mile", "Rain", "River", "Signal", "Street", "Tide")


def compose(seconds: float, style: Style, artist: str, test: bool, rng: np.random.Generator) -> Score:
    """A song of `seconds`; `test` draws from the patches that are kept for the test songs."""
    form = draw_form(seconds, style, rng)
    chairs = draw_band(style, test, rng)
    soloists = _soloists(form, chairs, rng)
    plays = draw_arrangement(form, chairs, soloists, rng)
    parts: dict[str, Part] = {}
    for i, (chair, bars) in enumerate(zip(chairs, plays, strict=True)):
        solos = frozenset(bar for bar, player in soloists.items() if player == i)
        player = Player(form, style, chair, bars, rng, solos)
        doubled = parts.get(chair.seat.doubles)
        _perform(player, list(doubled.notes) if doubled else [])
        parts[chair.seat.name] = _part(player)
    title = f"{rng.choice(FIRST_WORDS)} {rng.choice(SECOND_WORDS)}"
    return Score(title, artist, style.genre, style.name, seconds, tuple(p for p in parts.values() if p.notes), form)


def _perform(player: Player, doubled: Sequence[Note]) -> None:
    role = player.chair.seat.plays
    if role == "harmony":
        play_harmony(player, list(doubled))
        return
    if role in INSTEAD and role not in player.style.rhythms[player.form.metre]:
        role = INSTEAD[role]
    ROLES[role](player)
    if player.solos:
        play_solo(player)


def _soloists(form: Form, chairs: Sequence[Chair], rng: np.random.Generator) -> dict[int, int]:
    """First bar of a solo section → index of the player who leads it."""
    weights = np.array([chair.seat.solo for chair in chairs])
    sections = [section.first_bar for section in form.sections if section.name == "solo"]
    if not weights.any():
        return {}
    return {bar: int(rng.choice(len(chairs), p=weights / weights.sum())) for bar in sections}


def _part(player: Player) -> Part:
    patch = player.chair.patch
    return Part(
        player.chair.seat.kind,
        replace(patch, program=0) if player.chair.seat.kind == "percussion" else patch,  # a key of the first kit
        tuple(player.bars),
        tuple(sorted(player.notes, key=lambda note: (note.start, note.pitch))),
        tuple(sorted(player.controls, key=lambda control: control.time)),
        tuple(sorted(player.bends, key=lambda bend: bend.time)),
    )
