"""What readers of trees with a folder a song have in common: songs, findings, and what stems must agree on."""

import difflib
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path

from stemwise import audio
from stemwise.datasets.base import Splits, read_splits
from stemwise.errors import DataError, MissingExtra, StemwiseError
from stemwise.song import Song, Stem


class SongFolders(ABC):
    """A reader's common part; `where` names the folder or folders it reads, which it does once, when first asked.

    `splits_file`: a JSON file of song ids a part. `skip`: ids of songs to leave out. `pad_short_stems`: let in songs
    whose stems differ in length, the shorter ones silent behind their end; without it they raise. `bleed`: whether
    songs marked as having bleed between stems are let in; their stems are never quite silent.
    """

    def __init__(
        self, where: str, splits_file: str | Path | None, skip: Sequence[str], pad_short_stems: bool, bleed: bool = True
    ) -> None:
        self.where = where
        self.splits_file = Path(splits_file) if splits_file else None
        self.skip = frozenset(skip)
        self.pad_short_stems = pad_short_stems
        self.bleed = bleed

    @abstractmethod
    def _find(self) -> dict[str, Path]:
        """Song id → its folder; nothing where there is none."""

    @abstractmethod
    def _song(self, id: str, folder: Path) -> Song:
        """One song. Raises StemwiseError, naming file and cure, when it cannot be used."""

    @abstractmethod
    def _nothing(self) -> str:
        """What to say of a place without songs: where, what was looked for, how to get it."""

    @abstractmethod
    def splits(self) -> Splits:
        """As in `Dataset`."""

    def songs(self) -> list[Song]:
        """All songs by id. Raises DataError for a tree without songs, and for songs that cannot be used, naming all."""
        songs, findings = self._read
        if findings:
            raise DataError(
                f"{len(findings)} of {len(findings) + len(songs)} songs cannot be used:\n  "
                + "\n  ".join(findings.values())
                + f"\nMend them, or leave them out: data.skip=[{','.join(findings)}] "
                "(stemwise label: --skip ID)"
            )
        return songs

    def song(self, id: str) -> Song:
        """One song, without reading the others. Raises DataError when it is not there or cannot be used."""
        if id not in self.folders:
            near = difflib.get_close_matches(id, list(self.folders), n=1, cutoff=0.3)
            raise DataError(f"{self.where}: has no song '{id}'{f', but {near[0]}' if near else ''}.")
        return self._song(id, self.folders[id])

    def validate(self) -> list[str]:
        return list(self._read[1].values())

    @cached_property
    def folders(self) -> dict[str, Path]:
        """Song id → its folder, by id, without those to skip. Raises DataError when there is none."""
        found = {id: folder for id, folder in sorted(self._find().items()) if id not in self.skip}
        if not found:
            raise DataError(self._nothing())
        return found

    @cached_property
    def _read(self) -> tuple[list[Song], dict[str, str]]:
        """The songs, and a finding for each id that cannot be used."""
        songs, findings = [], {}
        for id, folder in self.folders.items():
            try:
                song = self._song(id, folder)
            except MissingExtra:
                raise  # no song could be read: said once, not for each
            except StemwiseError as fault:
                findings[id] = str(fault)
            else:
                songs += [song] if self.bleed or not song.bleed else []
        return songs, findings

    def _splits_of(self, path: Path) -> Splits:
        """The splits of a file, which may name songs that this reader was told to leave out."""
        songs = self.songs()
        return read_splits(path, songs, self.skip | self.folders.keys() - {song.id for song in songs})


def subfolders(folder: Path) -> list[Path]:
    """Folders in `folder` by name, without hidden ones; none where it is missing."""
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if path.is_dir() and not path.name.startswith("."))


def check_alike(song: str, stems: Sequence[Stem], infos: Sequence[audio.AudioInfo], pad_short_stems: bool) -> None:
    """Raise DataError unless all stems have one rate, one length (or may be padded), samples, and 1 or 2 channels."""
    first = infos[0]
    for stem, info in zip(stems, infos, strict=True):
        if info.rate != first.rate:
            raise DataError(
                f"{song}: {stem.path.name} has {info.rate} Hz, {stems[0].path.name} has {first.rate} Hz. "
                "Resample one of them."
            )
        if info.samples == 0:
            raise DataError(f"{song}: {stem.path.name} holds no samples. Restore it, or skip the song.")
        if info.channels > 2:
            raise DataError(f"{song}: {stem.path.name} has {info.channels} channels; stems must be mono or stereo.")
        if info.samples != first.samples and not pad_short_stems:
            raise DataError(
                f"{song}: {stem.path.name} has {info.samples} samples, {stems[0].path.name} has {first.samples}. "
                "Restore the file, or accept silence behind the shorter ends with data.pad_short_stems=true."
            )


def make_song(
    id: str,
    artist: str,
    title: str,
    stems: Sequence[Stem],
    mix: Path | None,
    pad_short_stems: bool,
    bleed: bool = False,
) -> Song:
    """A song of these stems, as long and as wide as the largest. Raises DataError as `check_alike` does."""
    infos = [audio.info(stem.path) for stem in stems]
    check_alike(id, stems, infos, pad_short_stems)
    samples, channels = max(info.samples for info in infos), max(info.channels for info in infos)
    found = mix if mix and mix.is_file() else None
    return Song(id, artist, title, infos[0].rate, samples, channels, tuple(stems), found, bleed)
