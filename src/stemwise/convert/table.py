"""The table of files that a person corrects: proposed from names, written and read as CSV."""

import csv
import io
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path

from stemwise import audio
from stemwise.errors import AudioError, DataError, StemwiseError
from stemwise.files import write_text
from stemwise.naming import LEFT_OUT, SUFFIXES, Guess, guess, words_of
from stemwise.taxonomy import check_label
from stemwise.texts import count, read_text


@dataclass(frozen=True)
class Row:
    """One file of a session. `label`: of MedleyDB, or one of LEFT_OUT. Files of a session with one `stem` are summed.

    `side`: L or R, for a mono file that is half of a pair. `gain`: dB before the sum. `note`: for the reader only.
    """

    session: str
    file: str
    label: str
    stem: str
    side: str = ""
    gain: float = 0.0
    artist: str = ""
    title: str = ""
    note: str = ""

    @property
    def used(self) -> bool:
        return self.label not in LEFT_OUT


COLUMNS = tuple(field.name for field in fields(Row))


def find_files(folder: Path) -> dict[str, list[str]]:
    """Session → its audio files, relative to the session. A session is a folder below `folder`, with all that lies
    deeper; or `folder` itself, named '.', when audio lies right in it. Raises DataError when there is none."""
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder. Give one that holds a folder for each session.")
    files = (path for path in folder.rglob("*") if path.suffix.casefold() in SUFFIXES and path.is_file())
    inside = (path.relative_to(folder) for path in files)
    found = sorted(path for path in inside if not any(part.startswith(".") for part in path.parts))
    if not found:
        raise DataError(f"{folder}: holds no audio ({', '.join(SUFFIXES)}). Give a folder of multitrack sessions.")
    if any(len(path.parts) == 1 for path in found):
        return {".": [path.as_posix() for path in found]}
    sessions: dict[str, list[str]] = {}
    for path in found:
        sessions.setdefault(path.parts[0], []).append(path.relative_to(path.parts[0]).as_posix())
    return sessions


def propose(folder: Path) -> list[Row]:
    """A row for each file, from its name alone; notes say what the file is and what its name leaves open."""
    rows = []
    for session, files in find_files(folder).items():
        artist, title = name_of(folder.resolve().name if session == "." else session)
        guesses = _paired({file: guess(file) for file in files})
        for file, found in guesses.items():
            note = "; ".join(filter(None, (found.ask, _facts(folder / session / file))))
            row = Row(session, file, found.label, found.stem, found.side, 0.0, artist, title, note)
            rows.append(row)
    return rows


def name_of(session: str) -> tuple[str, str]:
    """Artist and title of 'Artist - Title' or 'Artist_Title'; one name alone is both."""
    for between in (" - ", "_"):
        artist, found, title = session.partition(between)
        if found and artist.strip() and title.strip(" _"):
            return artist.strip(), title.replace("_", " ").strip()
    return session, session


def write_table(path: Path, rows: Iterable[Row]) -> None:
    content = io.StringIO()
    writer = csv.DictWriter(content, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: getattr(row, name) for name in COLUMNS} for row in rows)
    write_text(path, content.getvalue())


def read_table(path: Path, folder: Path) -> list[Row]:
    """The rows of a corrected table. Raises DataError with every line that cannot be used, and where table and folder
    do not name the same files."""
    content = read_text(path)
    first = content.partition("\n")[0]
    between = max((",", ";", "\t"), key=first.count)  # where a comma stands in numbers, Excel writes the others
    reader = csv.DictReader(io.StringIO(content, newline=""), delimiter=between)
    missing = [name for name in COLUMNS[:4] if name not in (reader.fieldnames or ())]
    if missing:
        raise DataError(
            f"{path}: has no column {', '.join(missing)} in its first line ({first.strip()[:80]}). Restore the names "
            f"{', '.join(COLUMNS)}; or move the file away to have one proposed anew, without what was corrected."
        )
    faults: list[str] = []
    rows = [_row(line, f"line {number}", faults) for number, line in enumerate(reader, start=2)]
    _same_files(rows, find_files(folder), faults)
    if faults:
        raise DataError(
            f"{path}: {len(faults)} things to mend:\n  " + "\n  ".join(faults) + "\nCorrect it and run this again."
        )
    return rows


def _row(line: dict[str, str | None], where: str, faults: list[str]) -> Row:
    cells = {name: (line.get(name) or "").strip() for name in COLUMNS}
    what = f"{where} ({cells['session']}/{cells['file']})"
    gain = 0.0
    try:
        gain = float(cells["gain"].replace(",", ".") or 0)
    except ValueError:
        gain = math.nan
    if not math.isfinite(gain):
        faults.append(f"{what}: gain '{cells['gain']}' is no number of dB.")
    if cells["side"] not in ("", "L", "R"):
        faults.append(f"{what}: side '{cells['side']}' is neither L, R nor empty.")
    if not cells["label"]:
        faults.append(f"{what}: has no label. Name the instrument, or write 'other instrument', 'Unlabeled', 'ignore'.")
    elif cells["label"] not in LEFT_OUT:
        try:
            check_label(cells["label"], what)
        except StemwiseError as fault:
            faults.append(str(fault))
    return Row(**{**cells, "stem": cells["stem"] or cells["file"], "gain": gain})  # type: ignore[arg-type]


def _same_files(rows: Sequence[Row], found: dict[str, list[str]], faults: list[str]) -> None:
    there = {(session, file) for session, files in found.items() for file in files}
    named = Counter((row.session, row.file) for row in rows)
    for key, times in named.items():
        if times > 1:
            faults.append(f"{'/'.join(key)}: stands in the table {times} times.")
        if key not in there:
            faults.append(f"{'/'.join(key)}: is not in the folder.")
    faults += [f"{'/'.join(key)}: is not in the table." for key in sorted(there - set(named))]


def _paired(guesses: dict[str, Guess]) -> dict[str, Guess]:
    """A side counts only where the other side is there too; alone it may be anything."""
    sides: dict[tuple[str, str], set[str]] = {}
    for file, found in guesses.items():
        sides.setdefault(_pair(file, found), set()).add(found.side)
    whole = {key for key, have in sides.items() if {"L", "R"} <= have}
    return {file: found if _pair(file, found) in whole else replace(found, side="") for file, found in guesses.items()}


def _pair(file: str, found: Guess) -> tuple[str, str]:
    words = words_of(file)
    return str(Path(file).parent), " ".join(words[:-1] if found.side else words)


def _facts(path: Path) -> str:
    try:
        have = audio.info(path)
    except AudioError as fault:
        return f"cannot be used: {fault}"
    return f"{have.seconds:.1f} s, {have.rate} Hz, {count(have.channels, 'channel')}"
