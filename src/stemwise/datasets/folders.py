"""What readers of trees with a folder a song have in common: songs, findings, and what stems must agree on."""

import difflib
import logging
import os
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from stemwise import audio
from stemwise.datasets.base import Splits, read_splits, splits_by_artist, to_skip
from stemwise.errors import DataError, MissingExtra, StemwiseError
from stemwise.song import Annotation, Song, Stem
from stemwise.texts import nfc, skipping

log = logging.getLogger(__name__)

RATES = (4000, 768000)  # Hz; a file outside these has a broken header

ALTERED = "is not the file that was published: its checksum is another"
RESTORE = "Download it anew, unless the change was meant."

LONGEST = 200  # bytes of an id, to which names of files that are made of it add some


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
        self.skip = to_skip(skip)
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
                + f"\nMend them, or leave them out: {skipping(findings)} "
                "(stemwise label: --skip ID)"
            )
        return songs

    def song(self, id: str) -> Song:
        """One song, without reading the others. Raises DataError when it is not there or cannot be used."""
        if id not in self.folders:
            near = difflib.get_close_matches(id, list(self.folders), n=1, cutoff=0.3)
            raise DataError(f"{self.where}: has no song '{id}'{f', but {near[0]}' if near else ''}.")
        return self._usable(id)

    def validate(self) -> list[str]:
        changed = [f"{path}: {ALTERED}. {RESTORE}" for path in self.altered()]
        return [*self.unusable().values(), *changed]

    def altered(self) -> dict[Path, str]:
        """File → its song's id ("" for one of the whole set), where it is not what the set's published checksums say;
        reads every file of a set that has such, and is empty for others."""
        return {}

    def unusable(self) -> dict[str, str]:
        """Id of each song that cannot be used → why, with file and cure. Raises DataError for a tree without songs."""
        return self._read[1]

    def without_unusable(self) -> Self:
        """This reader, but for the songs that cannot be used; nothing is read again."""
        songs, findings = self._read
        left = copy(self)
        left.skip = self.skip | findings.keys()
        vars(left)["folders"] = {id: folder for id, folder in self.folders.items() if id not in findings}
        vars(left)["_read"] = (songs, {})
        return left

    @cached_property
    def folders(self) -> dict[str, Path]:
        """Song id → its folder, by id, without those to skip. Raises DataError when there is none."""
        there = self._find()
        found = {id: folder for id, folder in sorted(there.items()) if id not in self.skip}
        if not found:
            raise DataError(self._nothing())
        if unknown := sorted(self.skip - there.keys()):
            log.warning("%s: data.skip leaves out %s, but has no such song.", self.where, ", ".join(unknown))
        return found

    @cached_property
    def _read(self) -> tuple[list[Song], dict[str, str]]:
        """The songs, and a finding for each id that cannot be used."""
        songs, findings = [], {}
        for id in self.folders:
            try:
                song = self._usable(id)
            except MissingExtra:
                raise  # no song could be read: said once, not for each
            except StemwiseError as fault:
                findings[id] = str(fault)
            else:
                songs += [song] if self.bleed or not song.bleed else []
        return songs, findings

    def _usable(self, id: str) -> Song:
        """The song. Raises DataError with the way to leave it out; also for what the file system refuses, as a name too
        long."""
        try:
            if len(id.encode("utf-8", "replace")) > LONGEST:
                raise DataError(f"{self.folders[id]}: the song's name has {len(id)} letters, too many. Rename it.")
            return self._song(id, self.folders[id])
        except MissingExtra:
            raise
        except (StemwiseError, OSError) as fault:
            said = str(fault) if isinstance(fault, StemwiseError) else f"{self.folders[id]}: {fault}. Mend it."
            leave = "" if "data.skip=" in said else f" Or leave the song out: data.skip=[{id}]."
            # A name that is no Unicode could not be printed.
            raise DataError((said + leave).encode("utf-8", "backslashreplace").decode()) from fault

    def _splits_at(self, root: Path) -> Splits:
        """Those of `splits_file`; else of `splits.json` in `root`; else by the hash of the artist."""
        path = self.splits_file or root / "splits.json"
        if self.splits_file or os.path.lexists(path):
            return self._splits_of(path)
        return splits_by_artist(self._to_split())

    def _to_split(self) -> list[Song]:
        """The songs, each with the artist who must be in one part only."""
        return self.songs()

    def _splits_of(self, path: Path) -> Splits:
        """The splits of a file, which may name songs that this reader was told to leave out."""
        songs = self._to_split()
        artists = {song.id: song.artist for song in self.songs()}
        return read_splits(path, songs, self.skip | self.folders.keys() - artists.keys(), artists)


def by_id(places: Iterable[Path], id_of: Callable[[Path], str]) -> dict[str, Path]:
    """Song id → its place. Raises DataError for a name without an id, and for two of one id."""
    found: dict[str, Path] = {}
    for place in places:
        id = id_of(place)
        if not id or id in found:
            what = f"has the id of {found[id]}, {id}" if id else "has no letter or digit in its name"
            raise DataError(f"{place} {what}. Rename it to another <Artist - Title>.")
        found[id] = place
    return found


def subfolders(folder: Path) -> list[Path]:
    """Folders in `folder` by name, without hidden ones; none where it is missing.

    Links that lead nowhere are among them, since they may have led to a song. Raises DataError for a folder that cannot
    be listed.
    """
    if not folder.is_dir():
        return []
    return [path for path in listed(folder) if path.is_dir() or (path.is_symlink() and not path.exists())]


def listed(folder: Path) -> list[Path]:
    """What lies in `folder`, by name, without what is hidden. Raises DataError when it cannot be listed."""
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith("."))
    except OSError as fault:
        raise DataError(f"{folder}: cannot be listed ({fault}). Check that it is a folder you may read.") from fault


def check_text(where: object, meta: Mapping[str, Any], *keys: str) -> None:
    """Raise DataError where metadata has something else than text, a number or nothing."""
    for key in keys:
        if isinstance(meta.get(key), list | dict | bool):
            raise DataError(f"{where}: `{key}` must be text, found {meta[key]!r}. Write a name, in quotes.")


def inside(folder: Path, *parts: Any) -> Path:
    """`folder` joined with parts from metadata; DataError for what would leave the folder or is no text.

    Names are found in either form of their accents. Links are let be: whoever set a link in the tree meant it, while a
    name in somebody's metadata may mean harm.
    """
    if not all(isinstance(part, str) for part in parts):
        raise DataError(f"{folder}: file names must be text, found {parts!r}. Correct the metadata.")
    base = Path(os.path.normpath(folder.absolute()))
    wanted = Path(os.path.normpath(base.joinpath(*parts)))
    if not wanted.is_relative_to(base) or "\0" in str(wanted):
        raise DataError(f"{folder}: '{Path(*parts)}' points outside this folder. Correct the metadata.")
    path = folder
    for part in wanted.relative_to(base).parts:
        path = _present(path / part)
    return path


def _present(path: Path) -> Path:
    if path.exists() or not path.parent.is_dir() or path.name.isascii():
        return path
    return next((other for other in listed(path.parent) if nfc(other.name) == nfc(path.name)), path)


def check_alike(song: str, stems: Sequence[Stem], infos: Sequence[audio.AudioInfo], pad_short_stems: bool) -> None:
    """Raise DataError unless all stems have one rate, one length (or may be padded), samples, and 1 or 2 channels."""
    first = infos[0]
    for stem, info in zip(stems, infos, strict=True):
        if info.rate != first.rate:
            raise DataError(
                f"{song}: {stem.path} has {info.rate} Hz, {stems[0].path.name} has {first.rate} Hz. "
                "Resample one of them."
            )
        if not RATES[0] <= info.rate <= RATES[1]:
            raise DataError(
                f"{song}: {stem.path} has {info.rate} Hz, outside {RATES[0]} to {RATES[1]} Hz; its header is broken. "
                "Export it anew."
            )
        if info.samples == 0:
            raise DataError(f"{song}: {stem.path} holds no samples. Restore it, or skip the song.")
        if info.channels > 2:
            raise DataError(
                f"{song}: {stem.path} has {info.channels} channels; stems must be mono or stereo. Mix it down."
            )
        if info.samples != first.samples and not pad_short_stems:
            raise DataError(
                f"{song}: {stem.path} has {info.samples} samples, {stems[0].path.name} has {first.samples}. "
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
    complete: bool = True,
    annotations: Sequence[Annotation] = (),
) -> Song:
    """A song of these stems, as long and as wide as the largest; of its mix, where it is not complete and has no stems.
    One that is not complete is as wide as its mix, too.

    Raises DataError as `check_alike` does, for a file that is several stems, for a mix that is no file, and AudioError
    for an incomplete song whose mix does not fit its stems.
    """
    if twice := [path for path, times in Counter(stem.path for stem in stems).items() if times > 1]:
        raise DataError(f"{id}: {twice[0]} is several stems of the metadata. A file is one stem; correct the metadata.")
    for path in (stem.path for stem in stems):
        if str(path).encode("utf-8", "replace") != os.fsencode(path):
            raise DataError(f"{id}: the name of {path} is not in UTF-8. Rename the file or its folder.")
    measured = stems or ([Stem("mix", (), mix)] if mix and not complete else [])
    if not measured:
        raise DataError(f"{id}: has no stems. Add some, or leave the song out with data.skip=[{id}].")
    infos = [audio.info(stem.path) for stem in measured]
    check_alike(id, measured, infos, pad_short_stems)
    if mix and os.path.lexists(mix) and not mix.is_file():
        raise DataError(f"{id}: {mix} should be the mix, but is no file. Restore it, or take it away.")
    found = mix if mix and mix.is_file() else None
    rate, stated = infos[0].rate, tuple(annotations)
    samples, channels = max(info.samples for info in infos), max(info.channels for info in infos)
    if found and not complete:  # it holds more than the stems, perhaps on both sides
        channels = max(channels, _width(id, found))
    song = Song(id, artist, title, rate, samples, channels, tuple(stems), found, bleed, complete, stated)
    if song.remains:
        song.mixture(0, 1)
    return song


def _width(id: str, mix: Path) -> int:
    channels = audio.info(mix).channels
    if channels > 2:
        raise DataError(f"{id}: {mix} has {channels} channels; the mix must be mono or stereo. Mix it down.")
    return channels
