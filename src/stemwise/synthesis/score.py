"""What is played, before it sounds: notes, bends, sections, parts."""

from collections.abc import Sequence
from dataclasses import dataclass, field

MAJOR = (0, 2, 4, 5, 7, 9, 11)
MINOR = (0, 2, 3, 5, 7, 8, 10)
KEYS = ("C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B")

# Every song begins this many seconds into its file, so that a note played early is still whole.
LEAD_IN = 0.06


@dataclass(frozen=True)
class Note:
    """Start and end in seconds, pitch and velocity as in MIDI; the syllable that is sung on it.

    A hyphen behind a syllable says that its word goes on with the next note: "wa-", "ter".
    """

    start: float
    end: float
    pitch: int
    velocity: int
    syllable: str = ""


@dataclass(frozen=True)
class Control:
    """A MIDI controller set to a value, 0 to 127, at a time in seconds."""

    time: float
    number: int
    value: int


@dataclass(frozen=True)
class Bend:
    """The pitch wheel at a time in seconds: −8192 to 8191, two semitones either way."""

    time: float
    value: int


@dataclass(frozen=True)
class Chord:
    """A chord by its name in the song's key, as `Am7`, and its pitch classes with the root first."""

    name: str
    tones: tuple[int, ...]


@dataclass(frozen=True)
class Section:
    name: str
    first_bar: int
    bars: int


@dataclass(frozen=True)
class Swing:
    """The share of a pair of notes that its first takes, 0.5 straight to 0.67 triplets, for pairs of `beats` each."""

    share: float = 0.5
    beats: float = 1.0

    def warp(self, beat: float) -> float:
        pair, place = divmod(beat / self.beats, 1.0)
        late = 2 * self.share * place if place < 0.5 else self.share + 2 * (1 - self.share) * (place - 0.5)
        return (pair + late) * self.beats


@dataclass(frozen=True)
class Form:
    """What all players share. A beat is a quarter note, so a bar of 6/8 has three; tempo counts beats a minute.

    `chords`: for each bar the chords that share it evenly.
    """

    tempo: float
    metre: str
    tonic: int
    minor: bool
    sections: tuple[Section, ...]
    chords: tuple[tuple[Chord, ...], ...]
    swing: Swing = field(default_factory=Swing)

    @property
    def bars(self) -> int:
        return len(self.chords)

    @property
    def beats(self) -> float:
        return beats_of(self.metre)

    @property
    def bar_seconds(self) -> float:
        return self.beats * 60.0 / self.tempo

    @property
    def scale(self) -> tuple[int, ...]:
        return tuple((self.tonic + step) % 12 for step in (MINOR if self.minor else MAJOR))

    @property
    def key(self) -> str:
        return f"{KEYS[self.tonic]} {'minor' if self.minor else 'major'}"

    def time(self, bar: int, beat: float = 0.0) -> float:
        """Seconds from the start of the file to a beat (from 0) of a bar (from 0), swung."""
        return LEAD_IN + bar * self.bar_seconds + self.swing.warp(beat) * 60.0 / self.tempo

    def chord(self, bar: int, beat: float = 0.0) -> Chord:
        here = self.chords[bar % self.bars]
        return here[min(int(beat / self.beats * len(here)), len(here) - 1)]

    def section_of(self, bar: int) -> Section:
        return next(section for section in reversed(self.sections) if section.first_bar <= bar)


def beats_of(metre: str) -> float:
    """Quarter notes in a bar of '4/4', '6/8', …"""
    count, unit = metre.split("/")
    return 4 * int(count) / int(unit)


@dataclass(frozen=True)
class Patch:
    """A MedleyDB label and how it sounds: a General MIDI program (for drums a kit), or None for a voice.

    `amp`: through an amplifier, driven by a number of dB between the two; `process`: through an effect; `kit`: its
    notes are keys of a drum kit. `voices`: names of voices.yaml, one a singer. `size`: semitones by which the
    instrument is larger than the font's.
    """

    label: str
    program: int | None
    amp: tuple[float, float] | None = None
    process: bool = False
    kit: bool = False
    voices: tuple[str, ...] = ()
    size: int = 0

    @property
    def driven(self) -> bool:
        """Whether its amplifier distorts, so that full chords would be noise."""
        return self.amp is not None and self.amp[0] > 0


@dataclass(frozen=True)
class Part:
    """One stem: the kind of instrument, its sound, its notes, and in which bars it plays at all (empty: unknown).

    Notes, controls and bends are sorted by time.
    """

    kind: str
    patch: Patch
    plays: Sequence[bool] = field(repr=False)
    notes: tuple[Note, ...] = field(repr=False)
    controls: tuple[Control, ...] = field(default=(), repr=False)
    bends: tuple[Bend, ...] = field(default=(), repr=False)


@dataclass(frozen=True)
class Score:
    """A song of `seconds`; composed ones have a form."""

    title: str
    artist: str
    genre: str
    style: str
    seconds: float
    parts: tuple[Part, ...]
    form: Form | None = None
