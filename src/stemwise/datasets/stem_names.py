"""What files of somebody's own stems are called: their table first, then what a name says by itself."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from stemwise.datasets.musdb import stem_labels
from stemwise.errors import DataError
from stemwise.naming import LEFT_OUT, NOTHING_SAID, SIDES, SUFFIXES, Guess, guess, words_of
from stemwise.taxonomy import ANYTHING, FOLDER, instrument_labels, known_label, targets
from stemwise.texts import nfc, read_yaml

MIX, IGNORE = LEFT_OUT
REST = "*"  # whatever the other stems of the song do not hold, as `other` of MUSDB
CALLED_REST = ("other", "others", "rest", "residual")


@dataclass(frozen=True)
class Meaning:
    """Labels of a stem, or one of MIX, IGNORE and REST alone; whether the table says so; the name in plain words."""

    labels: tuple[str, ...]
    given: bool
    words: str


class StemNames:
    """`table`: name of a file without its suffix → label or labels, `mix`, `ignore` or `*`; or the path of a YAML file
    that says so. Large and small letters are one, as are blanks and signs, and numbers in front; a name with a number
    or side behind it is the name without, unless it stands in the table too.

    Raises DataError for another form and for unknown labels.
    """

    def __init__(self, table: Mapping[Any, Any] | str | Path | None) -> None:
        self.where = str(table) if isinstance(table, str | Path) else "data.stems"
        given = read_yaml(Path(table)) if isinstance(table, str | Path) else table or {}
        if not isinstance(given, Mapping):
            raise DataError(f"{self.where}: must name a label for each name, as `vox: male singer`, found {given!r}.")
        self.exact: dict[str, tuple[str, ...]] = {}
        self.worded: dict[str, set[tuple[str, ...]]] = {}
        for name, value in given.items():
            labels, bare = self._labels(str(name), value), _bare(str(name))
            if self.exact.setdefault(bare, labels) != labels:
                raise DataError(f"{self.where}: '{name}' stands there twice, with different labels. Remove one.")
            self.worded.setdefault(_words(bare), set()).add(labels)
        self.open: dict[str, tuple[str, ...]] = {}
        """Names met that leave open which of these labels they are."""

    def of(self, path: Path) -> Meaning:
        """Raises DataError for a name that says nothing, or that says it is no instrument, with the cure."""
        bare = _bare(path.stem)
        words, short = _words(bare), _without_numbers(_words(bare))
        for found in (self.exact.get(bare), self._by_words(words), self._by_words(short)):
            if found:
                return Meaning(found, True, words)
        label = labels_by_words().get(words) or labels_by_words().get(short)
        if label or short in CALLED_REST:
            return Meaning((label or REST,), False, words)
        guessed = guess(path.name)
        if not guessed.labels or guessed.labels == (IGNORE,):
            raise DataError(self._ask(path, words, guessed))
        if len(guessed.labels) > 1:
            self.open[words] = guessed.labels
        return Meaning(guessed.labels, False, words)

    def _by_words(self, words: str) -> tuple[str, ...] | None:
        found = self.worded.get(words, set())
        return next(iter(found)) if len(found) == 1 else None

    def _labels(self, name: str, value: Any) -> tuple[str, ...]:
        several = isinstance(value, Sequence) and not isinstance(value, str)
        given = list(value) if several else [value]
        if not given:
            raise DataError(f"{self.where}, '{name}': has no label. Write one, or ignore.")
        if given[0] in (MIX, IGNORE, REST) and len(given) == 1:
            return (given[0],)
        return tuple(dict.fromkeys(known_label(label, f"{self.where}, '{name}'") for label in given))

    def _ask(self, path: Path, words: str, guessed: Guess) -> str:
        near = difflib.get_close_matches(words, sorted(instrument_labels()), n=1, cutoff=0.6)
        hint = f"Did you mean '{near[0]}'? " if near and guessed.ask == NOTHING_SAID else ""
        what = "its name says that it is no instrument's" if guessed.label == IGNORE else "its name says no instrument"
        return (
            f"{path}: {what}. {hint}Say what it is, in stems.yaml at the top of the tree or as data.stems="
            f"{{{words}: LABEL}}: a label of {FOLDER / 'medleydb.yaml'}, own:{words} where the list lacks it, "
            "'*' for all that the song's other stems are not, mix, or ignore to leave such files out."
        )


def labels_of(meanings: Sequence[Meaning]) -> list[tuple[str, ...]]:
    """The labels of each stem of one song, with what a rest may hold spelled out.

    Where there is a rest, `drums`, `bass` and `vocals` are all that MUSDB calls so, unless the table says what they
    are; and what shares a target of a common scheme with another stem is not in the rest.
    """
    rest = any(meaning.labels == (REST,) for meaning in meanings)
    four = stem_labels() if rest else {}
    found = [m.labels if m.given or m.labels == (REST,) else four.get(m.words, m.labels) for m in meanings]
    taken = frozenset(label for labels in found for label in labels)
    groups = [group for scheme in ("mms", "musdb") for group in targets(scheme).labels if "*" not in group]
    taken = taken.union(*(group for group in groups if group & taken))
    left = tuple(sorted(instrument_labels() - ANYTHING - taken))
    return [left if labels == (REST,) else labels for labels in found]


@cache
def labels_by_words() -> dict[str, str]:
    return {_words(label.replace("/", " ").casefold()): label for label in instrument_labels()}


def _bare(name: str) -> str:
    plain = nfc(name).strip().casefold()
    return next((plain.removesuffix(end) for end in SUFFIXES if plain.endswith(end)), plain)


def _words(bare: str) -> str:
    return " ".join(words_of(f"{bare}.wav"))


def _without_numbers(words: str) -> str:
    kept = [word for word in words.split() if not word.isdigit() and word not in SIDES]
    return " ".join(kept) or words
