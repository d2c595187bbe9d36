"""A MIDI file → a score: one part for each General MIDI instrument, with its controllers and bends."""

import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from stemwise.errors import DataError
from stemwise.synthesis.score import Bend, Control, Note, Part, Patch, Score
from stemwise.texts import printable

SUFFIXES = (".mid", ".midi", ".kar")
LARGEST = 5_000_000  # bytes
SHORTEST, LONGEST = 5.0, 900.0  # seconds
MOST_AT_ONCE = 256  # notes; no band holds more, and a renderer would take hours
FEWEST_NOTES = 10
MOST_STEM_SECONDS = 7200.0  # of stems together: 2.5 GB while they are mixed
RING_OUT = 2.0  # seconds behind the last note
# Pan is the producer's, and so are reverb and chorus; the rest is the player's.
PLAYED = (1, 6, 7, 11, 38, 64, 66, 67, 98, 99, 100, 101)
KITS = {24: "drum machine", 25: "drum machine"}


def find_midi(folder: Path) -> list[Path]:
    """MIDI files below `folder`, sorted, each content once. Raises DataError when there is none."""
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    once = {hashlib.sha256(path.read_bytes()).digest(): path for path in reversed(found)}
    if not once:
        raise DataError(
            f"{folder}: no MIDI files in it or below (looked for {', '.join(SUFFIXES)}). Name another folder."
        )
    return sorted(once.values())


def read_score(path: Path, root: Path | None = None) -> Score:
    """The file as a score of one part a program (drums: a kit), in the order in which they enter.

    Tracks of one program are one part. Artist and title come from `Artist - Title.mid` or, in folders below `root`,
    `Artist/Title.mid`; else every file has an artist of its own. The genre is left empty, since nobody knows it.

    Raises DataError, naming the file, for what is no MIDI file, is of type 2,
    cut short, too large, too short or too long, or has too few notes or too many at once.
    """
    song = _parsed(path)
    notes = [note for track in song.instruments for note in track.notes if note.end > note.start]
    _check_notes(path, notes)
    seconds = max(note.end for note in notes) + RING_OUT
    parts: dict[tuple[bool, int], Part] = {}
    for track in sorted(song.instruments, key=lambda track: min((note.start for note in track.notes), default=0.0)):
        part = _part(track, seconds)
        key = (track.is_drum, track.program)
        if part.notes:
            parts[key] = _joined(parts[key], part) if key in parts else part
    _check_size(path, seconds, len(parts))
    artist, title = _names(path, root)
    return Score(title, artist, "", "MIDI", seconds, tuple(parts.values()))


def label_and_kind(program: int, drums: bool) -> tuple[str, str]:
    """MedleyDB's label of a program, or of a kit, and the row of instruments.yaml that it is mixed by."""
    return (KITS.get(program, "drum set"), "drums") if drums else _programs()[program]


@cache
def _programs() -> tuple[tuple[str, str], ...]:
    rows = yaml.safe_load((Path(__file__).parent / "general_midi.yaml").read_text(encoding="utf-8"))
    return tuple((label, kind) for first, last, label, kind in rows for _ in range(first, last + 1))


def _parsed(path: Path) -> Any:
    import warnings

    import pretty_midi

    data = path.read_bytes()
    if len(data) > LARGEST:
        raise DataError(f"{path}: {len(data)} bytes, more than {LARGEST}. Split it, or leave it out.")
    if data[:4] != b"MThd" or len(data) < 14:
        raise DataError(f"{path}: is no MIDI file (it does not begin with MThd). Leave it out.")
    if int.from_bytes(data[8:10], "big") > 1:
        raise DataError(f"{path}: MIDI of type {data[9]} holds several songs. Save them as files of type 0 or 1.")
    if data[12] & 0x80 or not data[12] | data[13]:
        raise DataError(f"{path}: counts in SMPTE frames, not in beats. Save it with ticks a beat.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return pretty_midi.PrettyMIDI(str(path))
    except Exception as fault:  # what garbage makes mido raise has no end
        raise DataError(f"{path}: cannot be read as MIDI ({type(fault).__name__}: {fault}). Leave it out.") from fault


def _check_notes(path: Path, notes: list[Any]) -> None:
    if len(notes) < FEWEST_NOTES:
        raise DataError(f"{path}: {len(notes)} notes, fewer than {FEWEST_NOTES}. Leave it out.")
    seconds = max(note.end for note in notes)
    if not SHORTEST <= seconds <= LONGEST:
        raise DataError(
            f"{path}: {seconds:.0f} s long; songs of {SHORTEST:.0f} to {LONGEST:.0f} s are rendered. Cut it."
        )
    events = sorted([(note.start, 1) for note in notes] + [(note.end, -1) for note in notes])
    sounding = most = 0
    for _, change in events:
        sounding += change
        most = max(most, sounding)
    if most > MOST_AT_ONCE:
        raise DataError(f"{path}: {most} notes sound at once, more than {MOST_AT_ONCE}. Leave it out.")


def _check_size(path: Path, seconds: float, parts: int) -> None:
    if seconds * parts > MOST_STEM_SECONDS:
        raise DataError(
            f"{path}: {parts} stems of {seconds:.0f} s would not fit into the memory of a process (at most "
            f"{MOST_STEM_SECONDS:.0f} s of stems together). Cut it, or leave it out."
        )


def _part(track: Any, seconds: float) -> Part:
    label, kind = label_and_kind(track.program, track.is_drum)
    notes = (Note(n.start, n.end, n.pitch, max(n.velocity, 1)) for n in track.notes if n.end > n.start)
    controls = (Control(c.time, c.number, c.value) for c in track.control_changes if c.number in PLAYED)
    bends = (Bend(bend.time, bend.pitch) for bend in track.pitch_bends)
    return Part(
        kind,
        Patch(label, int(track.program), kit=track.is_drum),
        (),
        tuple(sorted(notes, key=lambda note: (note.start, note.pitch))),
        tuple(_within(controls, seconds)),
        tuple(_within(bends, seconds)),
    )


def _within(events: Iterable[Any], seconds: float) -> Iterator[Any]:
    return (event for event in sorted(events, key=lambda event: event.time) if event.time < seconds)


def _joined(one: Part, other: Part) -> Part:
    """Notes of both; bends and pedals of the first track only, since those of two hands would disturb each other."""
    notes = sorted((*one.notes, *other.notes), key=lambda note: (note.start, note.pitch))
    return Part(one.kind, one.patch, (), tuple(notes), one.controls, one.bends)


def _names(path: Path, root: Path | None) -> tuple[str, str]:
    stem = printable(path.stem)
    artist, dash, title = stem.partition(" - ")
    if dash:
        return artist, title
    return (stem if root is None or path.parent == root else printable(path.parent.name)), stem
