"""What readers of somebody's own songs have in common: ids made of names, and songs of one artist only."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from stemwise.datasets.base import PARTS, Splits, check_parts, splits_by_artist
from stemwise.datasets.folders import SongFolders
from stemwise.datasets.musdb import song_id
from stemwise.errors import DataError
from stemwise.song import Song
from stemwise.texts import nfc

SPLIT_BY = ("artist", "song")
PART_OF = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("valid", "validation", "val", "dev"), "valid"),
    **dict.fromkeys(("test", "testing"), "test"),
}


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

    def _splits_in(self, parts: Mapping[str, str]) -> Splits:
        """Of song ids and their parts; without any to validate on, some artists of train are that. Raises DataError for
        an artist in two parts."""
        songs, splits = self._to_split(), Splits({part: [] for part in PARTS})
        for song in songs:
            splits[parts[song.id]].append(song.id)
        if splits["train"] and not splits["valid"]:
            of_train = splits_by_artist([song for song in songs if song.id in splits["train"]], test=0.0)
            splits |= {part: of_train[part] for part in ("train", "valid")}
        check_parts(splits, songs, f"{self.where} (data.split_by=song lets an artist be in several parts)")
        return splits


def id_of(name: str) -> str:
    """A song's id: its name, where no file system or command line minds it; else as MUSDB18-HQ's are made of names.
    Empty where the name has neither letter nor digit."""
    name = nfc(name)
    return name if re.fullmatch(r"\w[\w.-]*", name) else song_id(name)
