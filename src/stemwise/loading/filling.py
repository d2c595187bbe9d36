"""A store: one folder of prepared songs, of one set and by one recipe; filled in parallel, continued, mended."""

import hashlib
import logging
import shutil
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from stemwise.datasets.base import Dataset, Splits
from stemwise.errors import DataError, StemwiseError
from stemwise.loading.index import Index, read_index
from stemwise.loading.shard import PreparedSong, damage, facts_in, read_sheet
from stemwise.loading.store import VERSION, Recipe, make, shard_name
from stemwise.parallel import cores, each
from stemwise.song import Song
from stemwise.texts import skipping

log = logging.getLogger(__name__)

WORTH_PROCESSES = 240.0  # seconds of music below which starting processes costs more than it saves
LOCK = ".lock"
LONGEST_TREE = 100  # bytes of the set's name in that of its store

Progress = Callable[[float], object]


@dataclass
class Filled:
    """`made`: ids prepared now. `noticed`: a sentence for each thing that was not as it should be. `stale`: folders
    that no song needs any longer."""

    songs: dict[str, PreparedSong]
    made: list[str] = field(default_factory=list)
    noticed: list[str] = field(default_factory=list)
    stale: list[Path] = field(default_factory=list)


class Store:
    """`tree` is the name of the set, for readers of the store; `source` a digest of where the set is; `left_out` the
    ids of its songs that it was told to skip."""

    def __init__(
        self, folder: Path, recipe: Recipe, tree: str = "", source: str = "", left_out: Collection[str] = ()
    ) -> None:
        self.folder = folder
        self.recipe = recipe
        self.tree = tree
        self.source = source
        self.left_out = left_out

    @classmethod
    def of(cls, dataset: Dataset, recipe: Recipe, home: Path) -> "Store":
        """The store of a set, a folder below `home` that says what it is."""
        whole = Path(dataset.where)
        named = [whole] if whole.exists() else map(Path, dataset.where.split(" and "))
        places = [place.resolve() for place in named]
        tree, where = "_and_".join(place.name for place in places), " and ".join(map(str, places))
        tree = tree.encode("utf-8", "replace")[:LONGEST_TREE].decode("utf-8", "ignore")
        folder = home / f"{tree}_{_words(recipe)}_{_digest(where, recipe)}"
        return cls(folder, recipe, tree, _digest(where), getattr(dataset, "skip", ()))

    def fill(
        self,
        songs: Sequence[Song],
        splits: Splits | None = None,
        processes: int | None = None,
        progress: Progress | None = None,
        verify: bool = False,
    ) -> Filled:
        """Make what lacks, is stale or damaged, and return all of `songs`; `verify` reads every byte of the others.

        `processes`: None for one a core; where it is more than one, a script must call this under
        `if __name__ == "__main__"`. `progress` is told the share that is done. A run that was stopped goes on; another
        process that fills the store is waited for.

        Raises DataError naming all songs that cannot be prepared, when the others are done, and for a store of another
        set or recipe.
        """
        shards = {song.id: self.folder / shard_name(song, self.recipe) for song in songs}
        index = read_index(self.folder)
        if index and not verify and _lists(index, songs, shards, splits) and not any(map(damage, shards.values())):
            return Filled(self._opened(shards), stale=self._stale(shards))
        with self._alone():
            return self._fill(songs, shards, splits, processes, progress, verify)

    def _fill(
        self,
        songs: Sequence[Song],
        shards: Mapping[str, Path],
        splits: Splits | None,
        processes: int | None,
        progress: Progress | None,
        verify: bool,
    ) -> Filled:
        index = read_index(self.folder)
        self._require_same(index, shards)
        found = Filled({})
        if index and index.version != VERSION:
            found.noticed.append(f"{self.folder} is of format {index.version}; this release makes its songs anew.")
        found.noticed += self._sweep()
        found.stale = self._stale(shards)
        if again := sorted({_id(folder) for folder in found.stale} - {id for id in shards if shards[id].is_dir()}):
            found.noticed.append(
                f"files, labels or settings changed since they were prepared: {', '.join(again)}. Made anew."
            )
        asked = [song for song in songs if verify or damage(shards[song.id])]
        asked.sort(key=lambda song: -song.seconds)  # so that no process is left alone with the longest
        faults = self._work(asked, shards, processes, progress, verify, found)
        ready = {id: folder for id, folder in shards.items() if id not in faults}
        found.songs = self._opened(ready)
        self._write_index([song for song in songs if song.id in ready], ready, splits, index)
        if faults:
            raise DataError(
                f"{len(faults)} of {len(songs)} songs could not be prepared:\n  "
                + "\n  ".join(f"{id}: {fault}" for id, fault in faults.items())
                + f"\nMend them, or leave them out: {skipping(faults)} (stemwise prepare: --skip ID)"
            )
        return found

    def _require_same(self, index: Index | None, asked: Collection[str]) -> None:
        """Raise DataError for a store of another set or recipe: its songs would be taken for songs of this one."""
        moved = index is not None and index.source and self.source and index.source != self.source
        # A set that moved has all its songs.
        if index and moved and (strange := sorted({*index.songs} - {*asked, *self.left_out})):
            raise DataError(
                f"{self.folder} was filled from another folder called {index.tree}: {len(strange)} of its songs are "
                f"not in this one, first {strange[0]}. Choose another folder, or remove this one."
            )
        if index and (index.recipe, index.tree) != (self.recipe, self.tree):
            raise DataError(
                f"{self.folder} is the store of {index.tree}: {index.recipe.words}; it cannot take {self.tree}: "
                f"{self.recipe.words}, too. Choose another folder, or remove this one."
            )

    def _work(
        self,
        asked: Sequence[Song],
        shards: Mapping[str, Path],
        processes: int | None,
        progress: Progress | None,
        verify: bool,
        found: Filled,
    ) -> dict[str, str]:
        """What went wrong, by id; what was made or noticed is noted in `found`."""
        work = partial(_settle, recipe=self.recipe, store=self.folder, verify=verify)
        seconds = {song.id: song.seconds for song in asked}
        count = (cores() if sum(seconds.values()) > WORTH_PROCESSES else 1) if processes is None else processes
        done, faults = 0.0, dict[str, str]()
        for id, (state, detail) in each(work, {song.id: song for song in asked}, count):
            done += seconds[id]
            if state == "fault":
                faults[id] = detail
            elif state == "made":
                found.made.append(id)
                found.noticed += [f"{shards[id].name} was damaged ({detail}). Made anew."] if detail else []
            if progress:
                progress(done / sum(seconds.values()))
        found.made.sort()
        return faults

    def _opened(self, shards: Mapping[str, Path]) -> dict[str, PreparedSong]:
        return {id: PreparedSong(folder, facts_in(read_sheet(folder))) for id, folder in shards.items()}

    def _write_index(
        self, songs: Sequence[Song], shards: Mapping[str, Path], splits: Splits | None, before: Index | None
    ) -> None:
        entries: dict[str, Any] = dict(before.songs) if before and before.version == VERSION else {}
        entries = {id: entry for id, entry in entries.items() if (self.folder / entry["shard"]).is_dir()}
        entries |= {
            song.id: {"shard": shards[song.id].name, **read_sheet(shards[song.id]), **_names(song)} for song in songs
        }
        splits = splits or (before.splits if before else None)
        index = Index(self.recipe, self.tree, splits, entries, source=self.source)
        if not before or before.as_json() != index.as_json():
            index.write(self.folder)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(self.folder / LOCK)
        try:
            lock.acquire(timeout=0)
        except Timeout:
            log.info("waiting for another process that fills %s", self.folder)
            lock.acquire()
        try:
            yield
        finally:
            lock.release()

    def _sweep(self) -> list[str]:
        """Remove what a killed run left half-made."""
        left = [*self.folder.glob(".*.part"), *self.folder.glob(".*.part.*")]
        for path in left:
            shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
        return [f"{len(left)} half-written songs of a run that was killed: removed."] if left else []

    def _stale(self, shards: Mapping[str, Path]) -> list[Path]:
        """Folders of these songs that were made of other files or labels, or by another release."""
        wanted = {folder.name for folder in shards.values()}
        folders = [path for path in sorted(self.folder.iterdir()) if path.is_dir() and not path.name.startswith(".")]
        return [path for path in folders if path.name not in wanted and _id(path) in shards]


def _settle(song: Song, recipe: Recipe, store: Path, verify: bool) -> tuple[str, str]:
    """("kept", ""), ("made", what was wrong before) or ("fault", why it cannot be made)."""
    folder = store / shard_name(song, recipe)
    wrong = damage(folder, verify) if folder.is_dir() else ""
    if folder.is_dir() and not wrong:
        return "kept", ""
    try:
        make(song, recipe, folder)
    except StemwiseError as fault:
        return "fault", str(fault)
    return "made", wrong


def _lists(index: Index, songs: Sequence[Song], shards: Mapping[str, Path], splits: Splits | None) -> bool:
    wanted = {song.id: {"shard": shards[song.id].name, **_names(song)} for song in songs}
    alike = index.version == VERSION and splits in (None, index.splits)
    return alike and all(entry.items() <= index.songs.get(id, {}).items() for id, entry in wanted.items())


def _names(song: Song) -> dict[str, str]:
    """What the arrays do not depend on, so that a shard may be older than its correction."""
    return {"artist": song.artist, "title": song.title}


def _id(folder: Path) -> str:
    return folder.name.rpartition("-")[0]


def _words(recipe: Recipe) -> str:
    names = [name.replace(" ", "-") for name in recipe.targets.names]
    what = "+".join(names) if len(names) <= 2 else f"{len(names)}-targets"
    channels = {1: "mono", 2: "stereo"}.get(recipe.channels, f"{recipe.channels}-channels")
    return f"{what}_{recipe.rate}_{channels}"


def _digest(where: str, recipe: Recipe | None = None) -> str:
    parts = (where, *((recipe.targets.names, recipe.groups, recipe.rate, recipe.channels) if recipe else ()))
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:8]
