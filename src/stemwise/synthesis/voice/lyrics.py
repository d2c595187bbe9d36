"""Lines of words with a given number of syllables, and how a syllable is said."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import yaml

KINDS = ("nouns", "verbs", "adjectives", "small")


def draw_line(count: int, rng: np.random.Generator) -> list[str]:
    """`count` syllables of one line; a hyphen behind a syllable says that its word goes on: "wa-", "ter"."""
    table = _table()
    pattern = table["patterns"][int(rng.integers(len(table["patterns"])))]
    line: list[str] = []
    turn = 0
    while len(line) < count:
        words = [word for word in table[pattern[turn % len(pattern)]] if word.count("-") < count - len(line)]
        line += syllables(words[int(rng.integers(len(words)))])
        turn += 1
    return line


def syllables(word: str) -> list[str]:
    """'wa-ter' → ['wa-', 'ter']."""
    parts = word.split("-")
    return [f"{part}-" for part in parts[:-1]] + parts[-1:]


def text_of(syllable: str) -> str:
    """What espeak-ng is given to say a syllable: phonemes in brackets for a part of a word, else the word itself."""
    sound = _table()["sounds"].get(syllable)
    return f"[['{sound}]]" if sound else syllable


def vowels() -> tuple[str, ...]:
    """Texts for notes without a syllable."""
    return tuple(f"[['{sound}]]" for sound in _table()["vowels"])


@cache
def lexicon() -> tuple[str, ...]:
    """Every text that can be sung, sorted."""
    words = [word for kind in KINDS for word in _table()[kind]]
    return tuple(sorted({text_of(part) for word in words for part in syllables(word)} | set(vowels())))


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "lyrics.yaml").read_text(encoding="utf-8"))
    return table
