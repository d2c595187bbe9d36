"""Tempo, metre, key, sections and chords of a song."""

from collections.abc import Sequence

import numpy as np

from stemwise.synthesis.chords import parse_bar
from stemwise.synthesis.score import LEAD_IN, Chord, Form, Section, Swing, beats_of
from stemwise.synthesis.style import Style

# What is left at the end of the file for the last notes to ring.
RING_OUT = 0.8
UNITS = {"intro": 1, "break": 1, "outro": 1}  # any other section is two units long
# For songs in which no course of the style has room.
SHORT_COURSE = ("verse", "chorus")


def draw_form(seconds: float, style: Style, rng: np.random.Generator) -> Form:
    """A form of whole bars that ends 0.8 s before `seconds`, at about the tempo that was drawn."""
    metre = style.draw_metre(rng)
    slow, fast = style.tempo
    wish = float(rng.triangular(slow, 0.5 * (slow + fast), fast))
    beats = beats_of(metre) * max(2, round((seconds - LEAD_IN - RING_OUT) * wish / 60 / beats_of(metre)))
    bars = round(beats / beats_of(metre))
    tempo = beats * 60 / (seconds - LEAD_IN - RING_OUT)
    tonic, minor = int(rng.integers(12)), bool(rng.random() < style.minor)
    sections = draw_sections(bars, style.courses, rng)
    swing = Swing(float(rng.uniform(*style.swing)), style.swing_beats)
    lines = style.progressions["minor" if minor else "major"]
    return Form(tempo, metre, tonic, minor, sections, _chords(sections, lines, tonic, rng), swing)


def draw_sections(bars: int, courses: Sequence[Sequence[str]], rng: np.random.Generator) -> tuple[Section, ...]:
    """Sections that fill `bars`: a course that fits, then what is left over given to some of its sections."""
    unit = 4 if bars >= 56 else 2 if bars >= 16 else 1
    course = _course(bars // unit, courses, rng)
    lengths = [unit * UNITS.get(name, 2) for name in course]
    growing = [i for i, name in enumerate(course) if UNITS.get(name, 2) > 1]
    while bars - sum(lengths) >= unit:
        lengths[int(rng.choice(growing))] += unit
    lengths[-1] += bars - sum(lengths)
    while sum(lengths) > bars or lengths[-1] <= 0:  # a song of a few bars only
        course, lengths = course[:-1], lengths[:-1]
        lengths[-1] = bars - sum(lengths[:-1])
    starts = np.cumsum([0, *lengths[:-1]])
    return tuple(Section(name, int(start), length) for name, start, length in zip(course, starts, lengths, strict=True))


def _course(units: int, courses: Sequence[Sequence[str]], rng: np.random.Generator) -> list[str]:
    """One of the longest courses that fit; a verse and a chorus more, again and again, where there is room for them."""
    cost = {tuple(course): sum(UNITS.get(name, 2) for name in course) for course in [*courses, SHORT_COURSE]}
    fitting = [course for course in cost if cost[course] <= units] or [SHORT_COURSE]
    longest = max(cost[course] for course in fitting)
    near = [course for course in fitting if cost[course] >= longest - 2]
    course = list(near[rng.integers(len(near))])
    at = len(course) - 1 if course[-1] == "outro" else len(course)
    for _ in range((units - longest) // 6):
        course[at:at] = ["verse", "chorus"]
    return course


def _chords(
    sections: Sequence[Section], lines: Sequence[Sequence[str]], tonic: int, rng: np.random.Generator
) -> tuple[tuple[Chord, ...], ...]:
    """Verse, chorus and bridge have a progression each; the others take the verse's or the chorus's."""
    picks = [lines[i] for i in rng.permutation(len(lines))]
    of = {"verse": picks[0], "chorus": picks[1], "bridge": picks[2 % len(picks)]}
    for name in ("intro", "solo", "break", "outro"):
        of[name] = picks[int(rng.integers(2))]
    return tuple(
        parse_bar(of[section.name][bar % len(of[section.name])], tonic)
        for section in sections
        for bar in range(section.bars)
    )
