"""A folder of sessions and its corrected table → a MedleyDB tree; what has not changed since is kept."""

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from stemwise.convert.session import Converted, Session, convert_session
from stemwise.convert.table import Row
from stemwise.errors import DataError, StemwiseError
from stemwise.files import fingerprint, write_json
from stemwise.parallel import each
from stemwise.song_folder import FORMATS, song_id

STATE = "converted.json"


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
    session. Sessions whose files, rows and options are as they were are kept.

    Only one run at a time may write to a tree. Raises DataError for a bad format or rate, and when `tree` lies in
    `folder`.
    """
    _check(folder, tree, rate, format)
    (tree / "Audio").mkdir(parents=True, exist_ok=True)
    _sweep(tree)
    state = _read_state(tree)
    sessions = sessions_of(folder, rows, taken={name.casefold() for name in _strangers(tree, state)})
    digests = {name: _digest(session, rate, format) for name, session in sessions.items()}
    todo = {
        name: session
        for name, session in sessions.items()
        if state.get(name) != {"id": session.id, "digest": digests[name]} or not (tree / "Audio" / session.id).is_dir()
    }
    done, faults = [], {}
    work = partial(_try, tree=tree, rate=rate, format=format)
    for count, (name, outcome) in enumerate(each(work, todo, processes), start=1):
        if isinstance(outcome, Converted):
            done.append(outcome)
            _forget(tree, state, name, sessions[name].id)
            state[name] = {"id": sessions[name].id, "digest": digests[name]}
            write_json(tree / STATE, dict(sorted(state.items())))
        else:
            faults[name] = outcome
        if progress:
            progress(count, len(todo))
    return sorted(done, key=lambda each: each.id), dict(sorted(faults.items()))


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


def _strangers(tree: Path, state: dict[str, Any]) -> list[str]:
    """Songs in the tree that no session of the state made; their names are taken."""
    ours = {entry["id"] for entry in state.values()}
    return [path.name for path in (tree / "Audio").iterdir() if path.name not in ours]


def _forget(tree: Path, state: dict[str, Any], name: str, id: str) -> None:
    """Remove the song that this session made under another id."""
    before = state.get(name, {}).get("id", id)
    if before != id and before not in {entry["id"] for key, entry in state.items() if key != name}:
        shutil.rmtree(tree / "Audio" / before, ignore_errors=True)
        for path in (tree / "Annotations").glob(f"{before}_*.lab"):
            path.unlink()


def _read_state(tree: Path) -> dict[str, Any]:
    path = tree / STATE
    if not path.is_file():
        return {}
    try:
        state: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as fault:
        raise DataError(f"{path}: is not JSON ({fault}). Remove it, and every session is converted anew.") from fault
    return state
