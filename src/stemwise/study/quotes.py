"""Prose that quotes a figure with its interval must quote a table: tables are written anew, prose is not."""

import re
from collections.abc import Iterable, Iterator

NUMBER = r"[−-]?\d+(?:\.\d+)?"
INTERVAL = rf"\[\s*({NUMBER}),\s+({NUMBER})\]"
QUOTE = re.compile(rf"({NUMBER})[^\d\[\]|]{{0,90}}?{INTERVAL}")
BLOCK = re.compile(r"<!-- study: (.*?) -->.*?<!-- end of \1 -->", re.DOTALL)
SECTION = re.compile(r"^(?=#)", re.MULTILINE)
Figures = tuple[float, float, float]


def unfounded(document: str, *others: str) -> list[str]:
    """A sentence for each `figure [low, high]` in the prose of RESULTS.md that is in none of its written blocks, nor in
    another document.

    Prose is what stands outside of blocks, in sections that have one. It may round further than the tables do, and turn
    a difference round; a figure without an interval is not looked at.
    """
    blocks = [found.group() for found in BLOCK.finditer(document)]
    known = {figures for text in (*blocks, *others) for _, figures, _ in _quotes(text)}
    known |= {(-value, -high, -low) for value, low, high in known}
    said = []
    for line, section in _sections(document):
        if not BLOCK.search(section):
            continue
        prose = BLOCK.sub(lambda found: "\n" * found.group().count("\n"), section)
        for at, _, words in _quotes(prose):
            if not any(_rounds_to(figures, words) for figures in known):
                said.append(f"line {line + prose.count(chr(10), 0, at)}: {words[0]} [{words[1]}, {words[2]}]")
    return said


def _sections(document: str) -> Iterator[tuple[int, str]]:
    line = 1
    for section in SECTION.split(document):
        yield line, section
        line += section.count("\n")


def _quotes(text: str) -> Iterator[tuple[int, Figures, list[str]]]:
    for found in QUOTE.finditer(text):
        words = [*found.groups()]
        value, low, high = map(_value, words)
        yield found.start(), (value, low, high), words


def _rounds_to(figures: Figures, words: Iterable[str]) -> bool:
    """Whether a table's figures, rounded as far as the words are, are these."""
    return all(
        abs(figure - _value(word)) <= 0.5 * 10.0 ** -len(word.partition(".")[2]) + 1e-9
        for figure, word in zip(figures, words, strict=True)
    )


def _value(word: str) -> float:
    return float(word.replace("−", "-"))
