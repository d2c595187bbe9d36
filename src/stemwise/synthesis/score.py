"""What is played, before it sounds: notes, sections, parts."""

from collections.abc import Sequence
from dataclasses import dataclass, field

MAJOR = (0, 2, 4, 5, 7, 9, 11)
MINOR = (0, 2, 3, 5, 7, 8, 10)
KEYS = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")

# Every song begins this many seconds into its file, so that a note played early is still whole.
LEAD_IN = 0.06


@dataclass(frozen=True)
class Note:
    """Start and end in seconds, pitch and velocity as in MIDI."""

    start: float
    end: float
    pitch: int
    velocity: int


@dataclass(frozen=True)
class Section:
    name: str
    first_bar: int
    bars: int


@dataclass(frozen=True)
class Form:
    """What all players share: tempo (beats a minute, four to a bar), key, sections and one chord a bar.

    A chord is a tuple of pitch classes, its root first.
    """

    tempo: float
    tonic: int
    minor: bool
    sections: tuple[Section, ...]
    chords: tuple[tuple[int, ...], ...]

    @property
    def bars(self) -> int:
        return len(self.chords)

    @property
    def bar_seconds(self) -> float:
        return 240.0 / self.tempo

    @property
    def scale(self) -> tuple[int, ...]:
        return tuple((self.tonic + step) % 12 for step in (MINOR if self.minor else MAJOR))

    @property
    def key(self) -> str:
        return f"{KEYS[self.tonic]} {'minor' if self.minor else 'major'}"

    def time(self, bar: int, beat: float = 0.0) -> float:
        """Seconds from the start of the file to a beat (from 0) of a bar (from 0)."""
        return LEAD_IN + (bar + beat / 4) * self.bar_seconds

    def section_of(self, bar: int) -> Section:
        return next(section for section in reversed(self.sections) if section.first_bar <= bar)


@dataclass(frozen=True)
class Patch:
    """A MedleyDB label and how it sounds: a General MIDI program, or None for a voice; `amp` for a driven amplifier."""

    label: str
    program: int | None
    amp: bool = False


@dataclass(frozen=True)
class Part:
    """One stem: the kind of instrument, its sound, its notes, and in which bars it plays at all."""

    kind: str
    patch: Patch
    plays: Sequence[bool] = field(repr=False)
    notes: tuple[Note, ...] = field(repr=False)


@dataclass(frozen=True)
class Score:
    """A composed song of `seconds`; `title` is two words."""

    title: str
    genre: str
    seconds: float
    form: Form
    parts: tuple[Part, ...]
