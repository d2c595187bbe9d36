"""Seeded random numbers → a song in notes."""

from collections.abc import Callable

import numpy as np

from stemwise.synthesis import arrange, instruments
from stemwise.synthesis.form import draw_form
from stemwise.synthesis.parts.bass import write_bass
from stemwise.synthesis.parts.drums import write_drums
from stemwise.synthesis.parts.guitar import write_acoustic, write_electric
from stemwise.synthesis.parts.keys import write_pad, write_piano
from stemwise.synthesis.parts.melody import write_lead, write_voice
from stemwise.synthesis.parts.player import Bars
from stemwise.synthesis.score import Form, Note, Part, Patch, Score

Writer = Callable[[Form, Bars, Patch, np.random.Generator], list[Note]]

WRITERS: dict[str, Writer] = {
    "drums": write_drums,
    "bass": write_bass,
    "vocals": write_voice,
    "electric guitar": write_electric,
    "acoustic guitar": write_acoustic,
    "piano": write_piano,
    "electric piano": write_piano,
    "strings": write_pad,
    "organ": write_pad,
    "synthesizer": write_pad,
    "trumpet": write_lead,
    "flute": write_lead,
    "saxophone": write_lead,
}
FIRST_WORDS = ("Amber", "Broken", "Distant", "Golden", "Hollow", "Late", "Paper", "Quiet", "Silver", "Slow")
SECOND_WORDS = ("Bridge", "Garden", "Harbour", "Letter", "Mile", "Rain", "River", "Signal", "Street", "Tide")


def compose(seconds: float, test: bool, rng: np.random.Generator) -> Score:
    """A song of `seconds`; `test` draws from the patches that are kept for the test songs."""
    form = draw_form(seconds, rng)
    band = instruments.draw_band(test, rng)
    plays = [arrange.draw_plays(form, player.kind, player.share, rng) for player, _ in band]
    plays = arrange.fill_silence(plays)
    parts = [
        Part(player.kind, patch, tuple(bars), tuple(WRITERS[player.kind](form, bars, patch, rng)))
        for (player, patch), bars in zip(band, plays, strict=True)
    ]
    title = f"{rng.choice(FIRST_WORDS)} {rng.choice(SECOND_WORDS)}"
    return Score(title, _genre(parts), seconds, form, tuple(part for part in parts if part.notes))


def _genre(parts: list[Part]) -> str:
    labels = {part.patch.label for part in parts}
    if "distorted electric guitar" in labels:
        return "Rock"
    return "Jazz" if "double bass" in labels else "Pop"
