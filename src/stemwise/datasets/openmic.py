"""OpenMIC-2018: clips of 10 s and what listeners heard in them, `audio/000/000046_3840.ogg`, by mirdata's loader."""

import math
import os
from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from stemwise import audio
from stemwise.datasets.base import Splits, splits_by_artist
from stemwise.datasets.folders import SongFolders, check_alike, inside
from stemwise.errors import DataError, MissingExtra
from stemwise.song import Annotation, Song, Stem
from stemwise.taxonomy import targets

NAME = "OpenMIC-2018"
LICENCE = "CC BY 4.0; each clip by the licence of its recording, Creative Commons or public domain"
CITATION = (
    "E. Humphrey, S. Durand, B. McFee: OpenMIC-2018: An Open Data-set for Multiple Instrument Recognition. ISMIR 2018."
)
HOW_TO_GET = (
    "Download openmic-2018-v1.0.0.tgz from Zenodo (record 1432913) and unpack it; the root is the folder that holds "
    "audio/ and openmic-2018-aggregated-labels.csv."
)
HOW_TO_GET_THE_INDEX = "python -c \"import mirdata; mirdata.initialize('openmic2018').download(['index'])\""
LABELS = "openmic-2018-aggregated-labels.csv"
LOOKS_LIKE = (LABELS,)
INDEX = "openmic2018_index_1.0.json"  # as mirdata calls it
TRAIN, TEST = "split01_train", "split01_test"
VALID = 0.15  # share of the artists of train


class OpenMic(SongFolders):
    """Reader of the unpacked set, needs the extra mirdata.

    A song is a clip, without stems, in which it is known that an instrument plays somewhere (a relevance of at least
    `present`), that it never does (one below `absent`), or, of most, nothing. Files and checksums are those of
    mirdata's index, or of a file of that name in the tree. Splits are those of `splits_file`, else the published ones,
    with some artists of the training for validation.

    Raises DataError for bounds that are not 0 ≤ absent ≤ present ≤ 1.
    """

    def __init__(
        self,
        root: str | Path,
        splits_file: str | Path | None = None,
        skip: Sequence[str] = (),
        present: float = 0.5,
        absent: float = 0.5,
    ) -> None:
        super().__init__(str(root), splits_file, skip, pad_short_stems=False)
        if not 0 <= absent <= present <= 1:
            raise DataError(f"data.absent={absent} and data.present={present}: give 0 <= absent <= present <= 1.")
        self.root = Path(root)
        self.present = present
        self.absent = absent

    def splits(self) -> Splits:
        if self.splits_file:
            return self._splits_of(self.splits_file)
        published = {split: [song for song in self.songs() if self._tracks[song.id].split == split]
                     for split in (TRAIN, TEST)}  # fmt: skip
        if not any(published.values()):
            raise DataError(
                f"{self.root}: no clip is named in partitions/{TRAIN}.csv or partitions/{TEST}.csv. Restore them, or "
                "name a file of splits with data.splits_file=..."
            )
        learned = splits_by_artist(published[TRAIN], valid=VALID, test=0.0)
        return {**learned, "test": [song.id for song in published[TEST]]}

    def altered(self) -> dict[Path, str]:
        _, wrong = self._dataset.validate(verbose=False)
        of_tracks = {Path(path): id for id, paths in wrong.get("tracks", {}).items() for path in paths}
        of_the_set = {Path(path): "" for paths in wrong.get("metadata", {}).values() for path in paths}
        return of_the_set | {path: id for path, id in of_tracks.items() if id not in self.skip}

    @cached_property
    def _dataset(self) -> Any:
        """mirdata's. Raises MissingExtra without mirdata, DataError without its index."""
        try:
            from mirdata.datasets import openmic2018
        except ImportError as fault:
            raise MissingExtra("mirdata", "mirdata", NAME) from fault
        dataset = openmic2018.Dataset(str(self.root))
        if (self.root / INDEX).is_file():
            dataset.index_path = str(self.root / INDEX)
        if not Path(dataset.index_path).is_file():
            raise DataError(
                f"{NAME}: no index of its files (looked for {self.root / INDEX} and {dataset.index_path}). Get it once "
                f"with: {HOW_TO_GET_THE_INDEX}"
            )
        return dataset

    @cached_property
    def _tracks(self) -> dict[str, Any]:
        """Id → mirdata's track. Raises DataError where index, metadata or labels cannot be read."""
        dataset = self._dataset
        try:
            tracks: dict[str, Any] = dataset.load_tracks()
            for track in tracks.values():
                track.instruments  # noqa: B018 - reads all there is to be read, once for all tracks
                break
        except (OSError, ValueError, KeyError, IndexError, TypeError, AttributeError) as fault:
            raise DataError(
                f"{self.root}: mirdata cannot read the set ({fault!r}). Unpack it anew, or restore {INDEX}, "
                f"openmic-2018-metadata.csv, {LABELS} and partitions/."
            ) from fault
        return tracks

    def _find(self) -> dict[str, Path]:
        if not (self.root / LABELS).is_file():
            return {}
        return {
            id: inside(self.root, os.path.relpath(track.audio_path, self.root))
            for id, track in self._tracks.items()
            if track.audio_path
        }

    def _nothing(self) -> str:
        return f"{NAME}: no clips under {self.root} (looked for {LABELS} and audio/000/000046_3840.ogg). {HOW_TO_GET}"

    def _song(self, id: str, folder: Path) -> Song:
        track = self._tracks[id]
        if track.artist is None:
            raise DataError(f"{id}: openmic-2018-metadata.csv has no line for it. Restore that file.")
        artist, title = (_text(value) or id for value in (track.artist, track.title))
        found = audio.info(folder)  # once: there are 20,000 of them
        check_alike(id, [Stem("mix", (), folder)], [found], False)
        heard = self._heard(track.instruments, found.seconds)
        return Song(
            id, artist, title, found.rate, found.samples, found.channels, (), folder, complete=False, annotations=heard
        )

    def _heard(self, relevance: dict[str, float], seconds: float) -> tuple[Annotation, ...]:
        """What is known of a clip, from the share of listeners who heard each class, weighted by how far they are
        trusted."""
        found = []
        for name, labels in zip(*_classes(), strict=True):
            share = relevance.get(name)
            if share is not None and share >= self.present:
                found.append(Annotation(labels, ((0.0, seconds),), weak=True))
            elif share is not None and share < self.absent:
                found.append(Annotation(labels, (), weak=True))
        return tuple(found)


@cache
def _classes() -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """The set's classes, and the labels of each."""
    scheme = targets("openmic")
    return scheme.names, [tuple(sorted(labels)) for labels in scheme.labels]


def _text(value: Any) -> str:
    """pandas has NaN where a cell is empty, and a number where a name is one."""
    return "" if isinstance(value, float) and math.isnan(value) else str(value).strip()
