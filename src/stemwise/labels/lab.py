"""Activity as text: MedleyDB's two .lab files, written and read."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from stemwise.errors import DataError
from stemwise.files import write_text

Array = NDArray[np.float64]

HEADERS = (["start_time", "end_time"], ["start", "end"])


@dataclass(frozen=True)
class Segment:
    """Start and end in seconds of a stretch in which something plays; the end is the time of its last active frame."""

    start: float
    end: float
    label: str


def write_confidence(path: Path, times: Array, names: Sequence[str], confidence: Array) -> None:
    """`time,S01,S02,…`, a line a frame, 4 decimals; `confidence` (name, frame)."""
    rows = [",".join(["time", *names])]
    rows += [",".join(f"{value:.4f}" for value in column) for column in np.vstack([times, confidence]).T]
    write_text(path, "\n".join(rows) + "\n")


def read_confidence(path: Path) -> tuple[Array, list[str], Array]:
    """Times (frame,), names, confidence (name, frame). Raises DataError with the line that cannot be read."""
    header, *lines = _lines(path)
    names = header.split(",")
    if names[0] != "time":  # a song without stems has no other column
        raise DataError(f"{path}: begins with '{header[:60]}', not with 'time,S01,…'. Is it an ACTIVATION_CONF file?")
    rows = [_numbers(path, number, line, len(names)) for number, line in enumerate(lines, start=2)]
    table = np.array(rows, dtype=np.float64).reshape(-1, len(names))
    return table[:, 0], names[1:], table[:, 1:].T


def write_segments(path: Path, segments: Sequence[Segment]) -> None:
    """`start_time,end_time,instrument_label`, a line a segment, in the order given."""
    lines = ["start_time,end_time,instrument_label"]
    lines += [f"{segment.start:.4f},{segment.end:.4f},{segment.label}" for segment in segments]
    write_text(path, "\n".join(lines) + "\n")


def read_segments(path: Path) -> list[Segment]:
    """Raises DataError with the line that cannot be read."""
    header, *lines = _lines(path)
    if header != "start_time,end_time,instrument_label":
        raise DataError(f"{path}: begins with '{header[:60]}', not with 'start_time,…'. Is it a SOURCEID file?")
    out = []
    for number, line in enumerate(lines, start=2):
        cells = line.split(",", 2)
        start, end = _numbers(path, number, ",".join(cells[:2]), 2)
        out.append(Segment(start, end, cells[2] if len(cells) > 2 else ""))
    return out


def read_spans(path: Path) -> list[Segment]:
    """Segments of a SOURCEID file, or of lines of start, end and perhaps a label with commas, tabs or blanks between,
    under a header or none, as Audacity and others write them. Raises DataError with the line that cannot be read, for
    one that ends before it starts or starts before 0 too."""
    lines = _lines(path)
    headed = not _is_number(_cells(lines[0])[0])
    if headed and [cell.casefold() for cell in _cells(lines[0])[:2]] not in HEADERS:
        raise DataError(f"{path}: begins with '{lines[0][:60]}', not with start,end or a line of numbers. Correct it.")
    out = []
    for number, line in list(enumerate(lines, start=1))[headed:]:
        cells = _cells(line)
        start, end = _numbers(path, number, ",".join(cells[:2]), 2)
        if not 0 <= start <= end:
            raise DataError(f"{path}, line {number}: from {start:g} s to {end:g} s is no time of a song. Correct it.")
        out.append(Segment(start, end, cells[2] if len(cells) > 2 else ""))
    return out


def _cells(line: str) -> list[str]:
    between = next((each for each in ("\t", ",") if each in line), None)
    return [cell.strip() for cell in line.strip().split(between, 2)]


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _lines(path: Path) -> list[str]:
    try:
        lines = [line for line in path.read_text(encoding="utf-8-sig").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as fault:
        raise DataError(f"{path}: cannot be read ({fault}).") from fault
    if not lines:
        raise DataError(f"{path}: is empty. Write it anew with `stemwise label`.")
    return lines


def _numbers(path: Path, number: int, line: str, count: int) -> list[float]:
    cells = line.split(",")
    try:
        values = [float(cell) for cell in cells]
    except ValueError:
        values = []
    if len(values) != count or not np.isfinite(values).all():
        raise DataError(f"{path}, line {number}: '{line[:60]}' is not {count} numbers. Mend it or write it anew.")
    return values
