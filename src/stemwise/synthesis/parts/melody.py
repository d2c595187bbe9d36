"""Melodies: a motif of two bars a section, fitted to the chords; for singers and lead instruments."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from stemwise.synthesis.parts.player import Bars, Player, nearest
from stemwise.synthesis.score import Form, Note, Patch

RANGES = {"male singer": (48, 67), "female singer": (57, 76), "trumpet": (60, 79), "flute": (67, 88),
          "alto saxophone": (56, 76), "tenor saxophone": (50, 70)}  # fmt: skip


@dataclass(frozen=True)
class Motif:
    """Onsets and lengths in beats over two bars, and how many semitones each note lies above the middle."""

    onsets: tuple[float, ...]
    lengths: tuple[float, ...]
    contour: tuple[float, ...]


def write_voice(form: Form, bars: Bars, patch: Patch, rng: np.random.Generator) -> list[Note]:
    player = Player(form, bars, rng, tight=0.012)
    lead_bars(player, *RANGES[patch.label], busy=0.75, velocity=96)
    return single_line(player.notes)


def write_lead(form: Form, bars: Bars, patch: Patch, rng: np.random.Generator) -> list[Note]:
    player = Player(form, bars, rng, tight=0.012)
    lead_bars(player, *RANGES[patch.label], busy=0.6, velocity=94)
    return single_line(player.notes)


def lead_bars(player: Player, low: int, high: int, busy: float, velocity: float) -> None:
    """A line between `low` and `high` in all bars the player plays; each kind of section has its motif."""
    motifs = {name: draw_motif(player.rng, busy, high - low) for name in ("verse", "chorus", "bridge")}
    for bar in player.playing():
        section = player.form.section_of(bar)
        motif = motifs.get(section.name, motifs["verse"])
        lift = 2 if section.name == "chorus" else 0
        second = (bar - section.first_bar) % 2
        for onset, length, height in zip(motif.onsets, motif.lengths, motif.contour, strict=True):
            if second == int(onset >= 4):
                beat = onset - 4 * second
                classes = player.form.chords[bar] if beat in (0, 2) else player.form.scale
                pitch = nearest(float(np.clip((low + high) / 2 + height + lift, low + 1, high - 1)), classes)
                player.play(bar, beat, length, pitch, velocity)


def draw_motif(rng: np.random.Generator, busy: float, width: int) -> Motif:
    """Notes of a half to two beats with a breath at the end of the second bar."""
    onsets: list[float] = []
    at = float(rng.choice([0, 0, 0.5, 1]))
    while at < 7:
        onsets.append(at)
        at += float(rng.choice([0.5, 1, 1.5, 2], p=[0.55 * busy, 0.3, 0.1, 0.6 - 0.55 * busy]))
    ends = [*onsets[1:], min(onsets[-1] + 2, 7.5)]
    lengths = tuple(0.96 * (end - onset) for onset, end in zip(onsets, ends, strict=True))
    steps = rng.choice([-3, -2, -1, 0, 1, 2, 3], size=len(onsets)) * 1.4
    steps[0] = rng.uniform(-0.2, 0.2) * width
    contour = np.cumsum(steps)
    limit = 0.4 * width
    folded = limit - np.abs((contour + limit) % (4 * limit) - 2 * limit)
    return Motif(tuple(onsets), lengths, tuple(float(height) for height in folded))


def single_line(notes: list[Note]) -> list[Note]:
    """One note at a time: each ends, at the latest, where the next begins."""
    notes = sorted(notes, key=lambda note: note.start)
    ends = [min(one.end, after.start) for one, after in pairwise(notes)]
    ends += [note.end for note in notes[-1:]]
    line = [Note(one.start, end, one.pitch, one.velocity) for one, end in zip(notes, ends, strict=True)]
    return [note for note in line if note.end - note.start > 0.04]
