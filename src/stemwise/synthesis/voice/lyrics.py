"""Lines of words with a given number of syllables."""

from functools import cache
from pathlib import Path

import numpy as np
import yaml


def draw_line(count: int, rng: np.random.Generator) -> list[str]:
    """`count` syllables of one line; a hyphen behind a syllable says that its word goes on: "wa-", "ter"."""
    table = _table()
    pattern = table["patterns"][int(rng.integers(len(table["patterns"])))]
    line: list[str] = []
    turn = 0
    while len(line) < count:
        words = [word for word in table[pattern[turn % len(pattern)]] if word.count("-") < count - len(line)]
        parts = words[int(rng.integers(len(words)))].split("-")
        line += [f"{part}-" for part in parts[:-1]] + parts[-1:]
        turn += 1
    return line


@cache
def _table() -> dict[str, list[str]]:
    path = Path(__file__).parent / "lyrics.yaml"
    table: dict[str, list[str]] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return table
