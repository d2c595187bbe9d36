"""A folder of sessions and its corrected table → a MedleyDB tree; what has not changed since is kept."""

import shutil
import warnings
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from stemwise.convert.session import Converted, Session, convert_session
from stemwise.convert.state import State
from stemwise.convert.table import Row
from stemwise.errors import DataError, StemwiseError
from stemwise.files import fingerprint
from stemwise.parallel import each
from stemwise.song_folder import FORMATS, song_id


def convert(
    folder: Path,
    rows: Sequence[Row],
    tree: Path,
    rate: int = 44100,
    format: str = "flac",
    processes: int = 1,
    progress: Callable[[int, int], object] | None = None,
) -> tuple[list[Converted], dict[str, str]]:
    """Convert every session of `folder` into `tree`; return what was written anew, and why others could not be, by
    session. Sessions whose files, rows and options are as they were are kept; the song of one of which nothing is used
    any more is removed, with a warning.

    Only one run at a time may write to a tree. Raises DataError for a bad format or rate, and when `tree` lies in
    `folder`.
    """
    _check(folder, tree, rate, format)
    (tree / "Audio").mkdir(parents=True, exist_ok=True)
    _sweep(tree)
    state = State.read(tree)
    sessions = sessions_of(folder, rows, taken={name.casefold() for name in state.strangers()})
    wanted = {session.id for session in sessions.values()}
    _leave_out(state, sorted({row.session for row in rows} - set(sessions)))
    digests = {name: _digest(session, rate, format) for name, session in sessions.items()}
    todo = {name: each for name, each in sessions.items() if not state.has(name, each.id, digests[name])}
    state.doubt(todo, {session.id for session in todo.values()})
    done, faults = [], {}
    work = partial(_try, tree=tree, rate=rate, format=format)
    for count, (name, outcome) in enumerate(each(work, todo, processes), start=1):
        if isinstance(outcome, Converted):
            done.append(outcome)
            state.made(name, sessions[name].id, digests[name], wanted)
        else:
            faults[name] = outcome
        if progress:
            progress(count, len(todo))
    state.clear()
    return sorted(done, key=lambda each: each.id), dict(sorted(faults.items()))


def _leave_out(state: State, sessions: Iterable[str]) -> None:
    for session in sessions:
        if id := state.leave_out(session):
            warnings.warn(f"{id} is removed: nothing of its session {session} is used any more.", stacklevel=3)


def sessions_of(folder: Path, rows: Sequence[Row], taken: set[str]) -> dict[str, Session]:
    """Session name → what is converted; sessions of which nothing is used are left out."""
    grouped: dict[str, list[Row]] = {}
    for row in rows:
        if row.used:
            grouped.setdefault(row.session, []).append(row)
    sessions = {}
    for name, members in sorted(grouped.items()):
        plain = Session("", folder, tuple(members))
        artist, title = plain.facts.artist or name, plain.facts.title or name
        sessions[name] = replace(plain, id=song_id(artist, title, taken))
    return sessions


def _try(session: Session, tree: Path, rate: int, format: str) -> Converted | str:
    """The song, or why there is none: one bad session must not keep the others from being converted."""
    try:
        return convert_session(session, tree, rate, format)
    except StemwiseError as fault:
        return str(fault)


def _check(folder: Path, tree: Path, rate: int, format: str) -> None:
    if format not in FORMATS or not 8000 <= rate <= 192000:
        raise DataError(f"format '{format}', {rate} Hz: choose {' or '.join(FORMATS)}, and 8000 to 192000 Hz.")
    if tree.resolve().is_relative_to(folder.resolve()):
        raise DataError(
            f"{tree}: lies in {folder}, which would be read as a session next time. Choose --out elsewhere."
        )


def _digest(session: Session, rate: int, format: str) -> str:
    """Changes with any file that is used, what the table says of it, and the options; notes do not count."""
    rows = [replace(row, note="") for row in session.rows]
    return fingerprint((path for row in rows if (path := session.path(row)).exists()), rows, rate, format)


def _sweep(tree: Path) -> None:
    """Remove what a killed run left half-made."""
    for left in [*tree.glob(".sums-*"), *(tree / "Audio").glob(".*.part")]:
        shutil.rmtree(left, ignore_errors=True)
