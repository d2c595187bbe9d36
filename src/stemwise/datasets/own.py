"""What readers of somebody's own songs have in common: ids made of names, and songs of one artist only."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from stemwise.datasets.folders import SongFolders, nfc
from stemwise.datasets.musdb18hq import song_id
from stemwise.errors import DataError
from stemwise.song import Song

SPLIT_BY = ("artist", "song")


class OwnSongs(SongFolders):
    """`split_by`: "artist" keeps each artist in one part. "song" lets an artist be in several, for whoever has songs of
    one band only; scores then say how well songs of that band are separated. The other settings are those of
    `SongFolders`.
    """

    def __init__(
        self, where: str, split_by: str, splits_file: str | Path | None, skip: Sequence[str], pad_short_stems: bool
    ) -> None:
        super().__init__(where, splits_file, skip, pad_short_stems)
        if split_by not in SPLIT_BY:
            raise DataError(f"data.split_by={split_by}: choose {' or '.join(SPLIT_BY)}.")
        self.split_by = split_by

    def _to_split(self) -> list[Song]:
        return [song if self.split_by == "artist" else replace(song, artist=song.id) for song in self.songs()]


def id_of(name: str) -> str:
    """A song's id: its name, where no file system or command line minds it; else as MUSDB18-HQ's are made of names.
    Empty where the name has neither letter nor digit."""
    name = nfc(name)
    return name if re.fullmatch(r"\w[\w.-]*", name) else song_id(name)
