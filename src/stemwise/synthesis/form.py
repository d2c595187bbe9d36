"""Tempo, key, sections and chords of a song."""

import math

import numpy as np

from stemwise.synthesis.score import LEAD_IN, Form, Section

# What is left at the end of the file for the last notes to ring.
RING_OUT = 0.8
SLOWEST, FASTEST = 70, 150
# One of these, again and again, until what is left is the outro. Each section is two units long, the intro one.
COURSES = (
    ("verse", "chorus", "verse", "chorus", "bridge", "chorus"),
    ("verse", "chorus", "bridge", "verse", "chorus"),
    ("verse", "verse", "chorus", "bridge", "chorus"),
)

# Roots as steps of the scale, one a bar.
PROGRESSIONS = {
    False: ((0, 4, 5, 3), (5, 3, 0, 4), (0, 5, 3, 4), (0, 3, 4, 3), (1, 4, 0, 5), (0, 2, 3, 4), (3, 0, 4, 5)),
    True: ((0, 5, 2, 6), (0, 3, 5, 4), (0, 6, 5, 6), (0, 3, 6, 2), (5, 6, 0, 0), (0, 2, 6, 3)),
}


def draw_form(seconds: float, rng: np.random.Generator) -> Form:
    """A form that ends at least 0.8 s before `seconds`; tempo 70 to 150 beats a minute."""
    tempo, bars = _fitting_tempo(seconds - LEAD_IN - RING_OUT, float(rng.triangular(SLOWEST, 110, FASTEST)))
    tonic, minor = int(rng.integers(12)), bool(rng.random() < 0.45)
    sections = _sections(bars, COURSES[rng.integers(len(COURSES))])
    return Form(tempo, tonic, minor, sections, _chords(sections, tonic, minor, rng))


def _fitting_tempo(seconds: float, wish: float) -> tuple[float, int]:
    """The tempo near `wish` at which whole bars fill `seconds`, and the number of bars."""
    fewest, most = math.ceil(seconds * SLOWEST / 240), math.floor(seconds * FASTEST / 240)
    bars = max(fewest, min(round(seconds * wish / 240), most))
    return bars * 240 / seconds, bars


def _sections(bars: int, course: tuple[str, ...]) -> tuple[Section, ...]:
    unit = 4 if bars >= 56 else 2 if bars >= 12 else 1
    sections = [Section("intro", 0, min(unit, bars))]
    at, turn = unit, 0
    while bars - at >= 3 * unit:
        sections.append(Section(course[turn % len(course)], at, 2 * unit))
        at, turn = at + 2 * unit, turn + 1
    return (*sections, Section("outro", at, bars - at))


def _chords(
    sections: tuple[Section, ...], tonic: int, minor: bool, rng: np.random.Generator
) -> tuple[tuple[int, ...], ...]:
    """Verse, chorus and bridge have a progression each; intro and outro take the verse's."""
    table = PROGRESSIONS[minor]
    picks = rng.permutation(len(table))[:3]
    of = dict(zip(("verse", "chorus", "bridge"), picks, strict=True))
    sevenths = bool(rng.random() < 0.3)
    scale = Form(120, tonic, minor, (), ()).scale
    chords = []
    for section in sections:
        roots = table[of.get(section.name, of["verse"])]
        chords += [_chord(scale, roots[bar % len(roots)], minor, sevenths) for bar in range(section.bars)]
    return tuple(chords)


def _chord(scale: tuple[int, ...], step: int, minor: bool, seventh: bool) -> tuple[int, ...]:
    tones = [scale[(step + third) % 7] for third in ((0, 2, 4, 6) if seventh else (0, 2, 4))]
    if minor and step == 4:
        tones[1] = (tones[0] + 4) % 12  # the dominant of a minor key is a major chord
    return tuple(tones)
