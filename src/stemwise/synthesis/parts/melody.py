"""Melodies: a motif of two bars a section, fitted to the chords; solos, answers, countermelodies."""

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from stemwise.synthesis.parts.player import Player, nearest
from stemwise.synthesis.score import Bend, Note

BENDING = ("electric guitar", "saxophone", "harmonica", "synthesizer")
STROKES = {"answers": 0.7, "counter": 0.35, "lead": 0.65, "solo": 0.85}  # how busy


@dataclass(frozen=True)
class Motif:
    """Onsets and lengths in beats over two bars, and how many semitones each note lies above the middle."""

    onsets: tuple[float, ...]
    lengths: tuple[float, ...]
    contour: tuple[float, ...]


def play_lead(player: Player) -> None:
    _melody(player, player.playing(), STROKES["lead"])


def play_counter(player: Player) -> None:
    """A slow line against the melody."""
    _melody(player, player.playing(), STROKES["counter"])


def play_answers(player: Player) -> None:
    """Short licks in the second of every two bars, where singers breathe."""
    bars = [bar for bar in player.playing() if bar % 2 or player.rng.random() < 0.4]
    _melody(player, bars, STROKES["answers"])


def play_solo(player: Player) -> None:
    """The sections that the player leads; another motif every four bars."""
    bars = [bar for bar, plays in enumerate(player.bars) if plays and player.solo(bar)]
    for start in range(0, len(bars), 4):
        _melody(player, bars[start : start + 4], STROKES["solo"], velocity=102)


def _melody(player: Player, bars: Iterable[int], busy: float, velocity: float = 92) -> None:
    low, high = player.chair.range
    motifs = player.by_section(lambda: draw_motif(player.rng, busy, high - low, player.form.beats))
    first = len(player.notes)
    for bar in bars:
        for beat, length, pitch in melody_bar(player, motifs(bar), bar, low, high):
            player.play(bar, beat, length, pitch, velocity)
    player.notes[first:] = single_line(player.notes[first:])
    if player.chair.seat.kind in BENDING:
        _scoop(player, player.notes[first:])


def melody_bar(player: Player, motif: Motif, bar: int, low: int, high: int) -> list[tuple[float, float, int]]:
    """(beat, beats, pitch) of the motif in one bar: chord tones on strong beats, else the scale."""
    section, form = player.form.section_of(bar), player.form
    second = (bar - section.first_bar) % 2
    lift = 2 if section.name == "chorus" else 0
    out = []
    for onset, length, height in zip(motif.onsets, motif.lengths, motif.contour, strict=True):
        beat = onset - form.beats * second
        if 0 <= beat < form.beats:
            classes = form.chord(bar, beat).tones if beat in (0, 2) else form.scale
            wish = float(np.clip((low + high) / 2 + height + lift, low + 1, high - 1))
            out.append((beat, length, nearest(wish, classes)))
    return out


def draw_motif(rng: np.random.Generator, busy: float, width: int, beats: float) -> Motif:
    """Notes of a half to two beats over two bars, with a breath at the end of the second."""
    end = 2 * beats
    onsets: list[float] = []
    at = float(rng.choice([0, 0, 0.5, 1]))
    while at < end - 1:
        onsets.append(at)
        at += float(rng.choice([0.5, 1, 1.5, 2], p=[0.55 * busy, 0.3, 0.1, 0.6 - 0.55 * busy]))
    ends = [*onsets[1:], min(onsets[-1] + 2, end - 0.5)]
    lengths = tuple(0.96 * (stop - onset) for onset, stop in zip(onsets, ends, strict=True))
    steps = rng.choice([-3, -2, -1, 0, 1, 2, 3], size=len(onsets)) * 1.4
    steps[0] = rng.uniform(-0.2, 0.2) * width
    contour = np.cumsum(steps)
    limit = 0.4 * width
    folded = limit - np.abs((contour + limit) % (4 * limit) - 2 * limit)
    return Motif(tuple(onsets), lengths, tuple(float(height) for height in folded))


def single_line(notes: Iterable[Note]) -> list[Note]:
    """One note at a time: each ends, at the latest, where the next begins."""
    notes = sorted(notes, key=lambda note: note.start)
    ends = [min(one.end, after.start) for one, after in pairwise(notes)]
    ends += [note.end for note in notes[-1:]]
    line = [Note(one.start, end, one.pitch, one.velocity, one.syllable) for one, end in zip(notes, ends, strict=True)]
    return [note for note in line if note.end - note.start > 0.04]


def _scoop(player: Player, notes: Iterable[Note]) -> None:
    """Some long notes are reached from a semitone below."""
    for note in notes:
        if note.end - note.start > 0.3 and player.rng.random() < 0.4:
            rise = player.rng.uniform(0.06, 0.14)
            player.bends += [Bend(note.start + rise * i / 8, -4096 + 512 * i) for i in range(9)]
