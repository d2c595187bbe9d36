"""Roman numerals → chords in a key: `I`, `vi7`, `bVII`, `V7`, `ii7b5`; lower case is minor."""

import re

from stemwise.errors import DataError
from stemwise.synthesis.score import KEYS, MAJOR, Chord

NUMERALS = ("I", "II", "III", "IV", "V", "VI", "VII")
# Semitones above the root: (of a major numeral, of a minor one).
QUALITIES: dict[str, tuple[tuple[int, ...], tuple[int, ...]]] = {
    "": ((0, 4, 7), (0, 3, 7)),
    "5": ((0, 7), (0, 7)),
    "6": ((0, 4, 7, 9), (0, 3, 7, 9)),
    "7": ((0, 4, 7, 10), (0, 3, 7, 10)),
    "9": ((0, 4, 7, 10, 2), (0, 3, 7, 10, 2)),
    "maj7": ((0, 4, 7, 11), (0, 3, 7, 11)),
    "maj9": ((0, 4, 7, 11, 2), (0, 3, 7, 11, 2)),
    "add9": ((0, 4, 7, 2), (0, 3, 7, 2)),
    "sus2": ((0, 2, 7), (0, 2, 7)),
    "sus4": ((0, 5, 7), (0, 5, 7)),
    "7b5": ((0, 4, 6, 10), (0, 3, 6, 10)),
    "7b9": ((0, 4, 7, 10, 1), (0, 3, 7, 10, 1)),
    "dim": ((0, 3, 6), (0, 3, 6)),
    "dim7": ((0, 3, 6, 9), (0, 3, 6, 9)),
    "aug": ((0, 4, 8), (0, 4, 8)),
}
SYMBOL = re.compile(r"(b|#)?([IViv]+)(.*)")


def parse_chord(symbol: str, tonic: int) -> Chord:
    """The chord of a numeral in the key of pitch class `tonic`; degrees count in the major scale, in minor keys too.

    Raises DataError for what is no such symbol.
    """
    match = SYMBOL.fullmatch(symbol)
    if not match or match[2].upper() not in NUMERALS or match[3] not in QUALITIES:
        raise DataError(f"chord '{symbol}': expected a numeral as I, bVII or vi and one of {', '.join(QUALITIES)}.")
    accidental, numeral, quality = match.groups()
    root = tonic + MAJOR[NUMERALS.index(numeral.upper())] + {"b": -1, "#": 1, None: 0}[accidental]
    minor = numeral.islower()
    tones = tuple((root + step) % 12 for step in QUALITIES[quality][minor])
    return Chord(f"{KEYS[root % 12]}{'m' if minor and quality not in ('dim', 'dim7') else ''}{quality}", tones)


def parse_bar(bar: str, tonic: int) -> tuple[Chord, ...]:
    """The chords of a bar, separated by commas, that share it evenly."""
    return tuple(parse_chord(symbol, tonic) for symbol in bar.split(","))
