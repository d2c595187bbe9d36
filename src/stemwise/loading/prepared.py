"""A store as a set to train on, without the files it was made of: on another machine, or in object storage."""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from stemwise.datasets.base import Splits, read_splits, splits_by_artist, to_skip
from stemwise.errors import DataError
from stemwise.home import data_home
from stemwise.loading.index import NAME, Index, is_url, read_index
from stemwise.loading.shard import PreparedSong, facts_in
from stemwise.loading.store import VERSION, Recipe
from stemwise.song import Song


class PreparedStore:
    """Reader of a store that `stemwise prepare` or a training filled.

    `root`: its folder, or its URL (whatever fsspec reads, as s3://bucket/store); shards of a URL are copied into
    `data/store/` of the home folder when they are first needed. Splits are those of `splits_file`, else those of the
    set that was prepared, else by the hash of the artist. `skip`: ids of songs to leave out.
    """

    def __init__(self, root: str | Path, splits_file: str | Path | None = None, skip: Sequence[str] = ()) -> None:
        self.where = str(root).rstrip("/")
        self.splits_file = Path(splits_file) if splits_file else None
        self.skip = to_skip(skip)

    @cached_property
    def index(self) -> Index:
        """Raises DataError where there is none, or one of another release, or without songs."""
        index = read_index(self.where)
        if index is None:
            raise DataError(f"{self.where}: no prepared store (looked for {NAME}). Make one with `stemwise prepare`.")
        if index.version != VERSION:
            raise DataError(
                f"{self.where}: a store of format {index.version}, where this release reads {VERSION}. Prepare the "
                "songs anew with `stemwise prepare`."
            )
        if not index.songs.keys() - self.skip:
            raise DataError(f"{self.where}: holds no songs. Fill it with `stemwise prepare`.")
        return index

    def songs(self) -> list[Song]:
        """All songs by id; their stems are not at hand, so that they have none."""
        recipe = self.index.recipe
        return [
            Song(id, entry["artist"], entry["title"], recipe.rate, entry["samples"], recipe.channels, ())
            for id, entry in sorted(self.index.songs.items())
            if id not in self.skip
        ]

    def splits(self) -> Splits:
        songs = self.songs()
        if self.splits_file:
            return read_splits(self.splits_file, songs, self.skip | self.index.songs.keys() - {s.id for s in songs})
        if self.index.splits is None:
            return splits_by_artist(songs)
        have = {song.id for song in songs}
        return {part: [id for id in ids if id in have] for part, ids in self.index.splits.items()}

    def validate(self) -> list[str]:
        return []

    def prepared(self, songs: Sequence[Song], recipe: Recipe) -> dict[str, PreparedSong]:
        """Raises DataError where the store was made by another recipe."""
        have = self.index.recipe
        if have != recipe:
            raise DataError(
                f"{self.where} has {have.words}, but {recipe.words} are wanted. Choose the scheme, the "
                "targets and the model that it was made for, or prepare another store."
            )
        shards = {song.id: self.index.songs[song.id] for song in songs}
        remote = is_url(self.where)
        folder = self._copies if remote else Path(self.where)
        return {
            id: PreparedSong(
                folder / entry["shard"], facts_in(entry), f"{self.where}/{entry['shard']}" if remote else ""
            )
            for id, entry in shards.items()
        }

    @property
    def _copies(self) -> Path:
        """Where copies of a URL's shards lie, so that two stores of one name do not meet."""
        digest = hashlib.sha256(self.where.encode()).hexdigest()[:8]
        return data_home() / "store" / f"{self.where.rpartition('/')[2]}_{digest}"
