"""The lines of a manifest: a CSV, as Excel and others write it, or a JSON list."""

import csv
import difflib
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from stemwise.errors import DataError
from stemwise.texts import read_json, read_text

NEEDED = ("song", "path", "instrument", "artist")
COLUMNS = (*NEEDED, "split", "title", "complete")
SEPARATORS = (",", ";", "\t")


@dataclass(frozen=True)
class Line:
    """One stem, its cells as text without blanks at their ends; `where` names file and line. `split` and `complete`
    are in small letters."""

    where: str
    number: int
    song: str
    path: str
    instrument: str
    artist: str
    split: str = ""
    title: str = ""
    complete: str = ""


def read_lines(file: Path) -> list[Line]:
    """Raises DataError, naming the line, for a file that is empty or of another form, for a column that is missing, and
    for one that is nearly one of COLUMNS; other columns are for their owner only."""
    lines = list(_json(file) if file.suffix.casefold() == ".json" else _csv(file))
    if not lines:
        raise DataError(f"{file}: has no line but its header. Add a line for each stem.")
    return lines


def _csv(file: Path) -> Iterator[Line]:
    text = read_text(file)
    if not text.strip():
        raise DataError(
            f"{file}: is empty. Begin it with the line {','.join(NEEDED)}; then comes a line for each stem."
        )
    first = text.splitlines()[0]
    skipped = 1 if first.startswith("sep=") else 0  # a line by which Excel tells itself the separator
    text = text.partition("\n")[2] if skipped else text
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text.splitlines() or [""]), strict=True)
    names: list[str] | None = None
    number = skipped + 1
    try:
        for cells in reader:
            where = f"{file}, line {number}"
            if names is None:
                names = _columns([cell.strip().casefold() for cell in cells], where)
            elif any(cell.strip() for cell in cells):
                yield _line(names, cells, where, number)
            number = skipped + reader.line_num + 1
    except csv.Error as fault:
        raise DataError(
            f"{file}, line {number}: not readable as CSV ({fault}). Look for a quotation mark without its other half."
        ) from fault


def _separator(lines: Sequence[str]) -> str:
    """The one that finds most of our columns in the header."""
    return max(
        SEPARATORS, key=lambda each: len({cell.strip(' "').casefold() for cell in lines[0].split(each)} & set(COLUMNS))
    )


def _columns(names: list[str], where: str) -> list[str]:
    for name in names:
        if name and names.count(name) > 1:
            raise DataError(f"{where}: has two columns '{name}'. Remove one.")
    missing = [name for name in NEEDED if name not in names]
    if missing:
        raise DataError(
            f"{where}: has no column {', '.join(missing)}, but {', '.join(filter(None, names)) or 'none'}. Begin the "
            f"file with the names of its columns: {', '.join(NEEDED)} and, if wanted, "
            f"{', '.join(COLUMNS[len(NEEDED) :])}."
        )
    for name in set(names) - set(COLUMNS):
        near = difflib.get_close_matches(name, COLUMNS, n=1, cutoff=0.7)
        if near:
            raise DataError(f"{where}: column '{name}' is not known. If it is '{near[0]}', call it so; else rename it.")
    return names


def _line(names: Sequence[str], cells: Sequence[str], where: str, number: int) -> Line:
    while len(cells) > len(names) and not cells[-1].strip():
        cells = cells[:-1]
    if len(cells) != len(names):
        raise DataError(
            f"{where}: has {len(cells)} cells where the header has {len(names)} columns. A cell that holds the "
            "separator must stand in quotation marks."
        )
    return _filled(dict(zip(names, (cell.strip() for cell in cells), strict=True)), where, number)


def _json(file: Path) -> Iterator[Line]:
    content = read_json(file)
    if not isinstance(content, list):
        raise DataError(f'{file}: must be a list with an entry a stem, [{{"song": ..., "path": ..., ...}}, ...].')
    for number, entry in enumerate(content, start=1):
        where = f"{file}, entry {number}"
        if not isinstance(entry, dict):
            raise DataError(f"{where}: must hold {', '.join(NEEDED)} by name, found {entry!r}.")
        cells = {_column(name): _text(value, name, where) for name, value in entry.items()}
        _columns(list(cells), where)
        yield _filled(cells, where, number)


def _column(name: str) -> str:
    return name.strip().casefold()


def _text(value: Any, name: str, where: str) -> str:
    """A cell as a CSV has it. Raises DataError for what is no text, number, yes or no, or (of instruments) list."""
    if isinstance(value, list) and _column(name) == "instrument" and all(isinstance(each, str) for each in value):
        return ";".join(value)
    if isinstance(value, list | dict) or (isinstance(value, bool) and _column(name) != "complete"):
        raise DataError(f"{where}: '{name}' must be text, found {value!r}. Write it in quotation marks.")
    return "" if value is None else str(value).strip()


def _filled(cells: dict[str, str], where: str, number: int) -> Line:
    for name in ("song", "path", "instrument"):
        if not cells[name]:
            raise DataError(f"{where}: has no {name}. Fill the cell, or remove the line.")
    folded = {name: cells[name].casefold() for name in ("split", "complete") if name in cells}
    return Line(where, number, **{name: cells[name] for name in COLUMNS if name in cells} | folded)
