"""Which session made which song of a tree, so that what did not change is kept and no song stays under an old name."""

import json
import shutil
from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from stemwise.errors import DataError
from stemwise.files import write_json

STATE = "converted.json"
RETIRED = "/"  # before an id, in place of a session: no folder's name holds it


@dataclass
class State:
    """`entries`: session → id of its song and digest of what made it. No two entries have one id: who writes a song
    takes it over. Songs that a session left are retired, and go once no other session is to have their id."""

    tree: Path
    entries: dict[str, dict[str, str]] = field(default_factory=dict)

    @classmethod
    def read(cls, tree: Path) -> "State":
        """Raises DataError for a file that is no JSON."""
        path = tree / STATE
        if not path.is_file():
            return cls(tree)
        try:
            entries = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as fault:
            raise DataError(
                f"{path}: is not JSON ({fault}). Remove it, and all sessions are converted anew."
            ) from fault
        times = Counter(entry["id"] for entry in entries.values())
        state = cls(tree, {name: entry for name, entry in entries.items() if times[entry["id"]] == 1})
        for id in times:  # which two sessions claim, as versions before this one could leave them: neither has it
            state._retire(id)
        return state

    def strangers(self) -> list[str]:
        """Songs in the tree that no session made; their names are taken."""
        ours = self._ids()
        return [path.name for path in (self.tree / "Audio").iterdir() if path.name not in ours]

    def has(self, session: str, id: str, digest: str) -> bool:
        return self.entries.get(session) == {"id": id, "digest": digest} and (self.tree / "Audio" / id).is_dir()

    def doubt(self, sessions: Container[str], ids: Container[str]) -> None:
        """Vouch for no song that these sessions are to leave or to write: a run that ends in between notes nothing."""
        for name, entry in self.entries.items():
            if name in sessions or entry["id"] in ids:
                entry["digest"] = ""
        self._write()

    def made(self, session: str, id: str, digest: str, wanted: Iterable[str]) -> None:
        """Note that a session has written a song; `wanted` are the ids that sessions of this run have."""
        before = self.entries.get(session, {}).get("id", id)
        self.entries = {name: entry for name, entry in self.entries.items() if entry["id"] != id}
        self.entries[session] = {"id": id, "digest": digest}
        if before != id:
            self._retire(before)
        self.clear(wanted)

    def leave_out(self, session: str) -> str | None:
        """Retire the song of a session of which nothing is used any more; its id, if there is one."""
        entry = self.entries.pop(session, None)
        if entry is None:
            return None
        self._retire(entry["id"])
        return entry["id"]

    def clear(self, wanted: Iterable[str] = ()) -> None:
        """Remove retired songs, but for those whose id a session is to have: another process may be writing it."""
        for id in {entry["id"] for name, entry in self.entries.items() if name.startswith(RETIRED)} - set(wanted):
            shutil.rmtree(self.tree / "Audio" / id, ignore_errors=True)
            for path in (self.tree / "Annotations").glob(f"{id}_*.lab"):
                path.unlink()
            del self.entries[RETIRED + id]
        self._write()

    def _write(self) -> None:
        write_json(self.tree / STATE, dict(sorted(self.entries.items())))

    def _retire(self, id: str) -> None:
        if id not in self._ids():
            self.entries[RETIRED + id] = {"id": id, "digest": ""}

    def _ids(self) -> set[str]:
        return {entry["id"] for entry in self.entries.values()}
