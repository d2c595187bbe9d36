"""Tables of RESULTS.md, and the places in it that are written anew."""

import math
from collections.abc import Sequence
from pathlib import Path

from stemwise.errors import DataError
from stemwise.files import write_text
from stemwise.report.numbers import number

OPEN, CLOSE = "<!-- study: {} -->", "<!-- end of {} -->"


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def figure(value: float, low: float = math.nan, high: float = math.nan, digits: int = 2) -> str:
    """2.36 [2.08, 2.66]; a dash where there is none."""
    if math.isnan(value):
        return "–"
    text = number(value, digits)
    if not (math.isnan(low) or math.isnan(high)):
        text += f" [{number(low, digits)}, {number(high, digits)}]"
    return text


def put(document: Path, blocks: dict[str, str]) -> None:
    """Write each block between its marks; what stands outside of marks stays. Raises DataError for marks that are not
    there, or not in pairs."""
    text = document.read_text(encoding="utf-8")
    for name, block in blocks.items():
        before, opened, rest = text.partition(OPEN.format(name))
        _, closed, after = rest.partition(CLOSE.format(name))
        if not opened or not closed:
            raise DataError(f"{document}: no place for '{name}'. Write {OPEN.format(name)} and {CLOSE.format(name)}.")
        text = f"{before}{opened}\n{block.strip()}\n{closed}{after}"
    write_text(document, text)
