"""Any reader's songs as a dataset of mirdata: tracks, multitracks, an index with checksums, `validate()`, `cite()`.

dataset = as_mirdata(MedleyDB("/data/MedleyDB"))
dataset.validate()
dataset.mtracks["AClassicEducation_NightOwl"].get_mix()
"""

import hashlib
import json
import os
import sys
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from stemwise.audio import Samples
from stemwise.datasets.folders import SongFolders
from stemwise.errors import MissingExtra
from stemwise.files import fingerprint, write_json
from stemwise.home import data_home
from stemwise.song import Song

VERSION = "1.0"  # of the index's form

Entry = list[str | None]  # path and md5, as mirdata has them


def as_mirdata(reader: SongFolders, renew: bool = False) -> Any:
    """A `mirdata.core.Dataset` of the reader's songs: a song is a multitrack, a stem a track.

    The index with the files' checksums is made once, under `data/mirdata` of the home folder, and kept: `validate()`
    finds what changed since. Songs that were added are added to it; `renew` makes it anew, where a change was meant.
    Raises MissingExtra without mirdata, DataError for a tree without songs or with new ones that cannot be used.
    """
    dataset_class = _dataset_class()
    return dataset_class(reader, _index(reader, renew))


def _index(reader: SongFolders, renew: bool) -> Path:
    """The file of the reader's index, with all songs that are there."""
    home, kind = data_root(reader), type(reader).__name__
    # Not keyed by the files' fingerprint: one that changed would get an index of its own, and nothing would be found.
    key = fingerprint((), VERSION, kind, reader.where, os.path.realpath(home), sorted(reader.skip), reader.bleed)
    path = data_home() / "mirdata" / f"{kind.lower()}_index_{key}.json"
    index: dict[str, Any] = {"version": VERSION, "tracks": {}, "multitracks": {}, "of": {}}
    if path.is_file() and not renew:
        index = json.loads(path.read_text(encoding="utf-8"))
    new = [id for id in reader.folders if id not in index["multitracks"]]
    try:
        for id in new:
            song = reader.song(id)
            if reader.bleed or not song.bleed:
                _enter(index, song, reader.folders[id], home)
    finally:  # whoever stops this goes on where it stood
        if new and index["multitracks"]:
            write_json(path, index)
    return path


def _enter(index: dict[str, Any], song: Song, place: Path, home: Path) -> None:
    tracks = {f"{song.id}-{stem.id}": {"audio": _checked(stem.path, home)} for stem in song.stems}
    index["of"] |= {track: [song.id, stem.id] for track, stem in zip(tracks, song.stems, strict=True)}
    entry: dict[str, Any] = {"tracks": list(tracks), "mix": _checked(song.mix, home)}
    if place.is_file():  # the stems were decoded from it
        entry["container"] = _checked(place, home)
    index["tracks"] |= tracks
    index["multitracks"][song.id] = entry


def _checked(path: Path | None, home: Path) -> Entry:
    """The path below the data's folder (a whole one elsewhere) and the md5."""
    if path is None:
        return [None, None]
    whole = path.absolute()
    with whole.open("rb") as file:
        digest = hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    return [(whole.relative_to(home) if whole.is_relative_to(home) else whole).as_posix(), digest]


def data_root(reader: SongFolders) -> Path:
    """The folder below which all of the reader's songs lie."""
    root = getattr(reader, "root", None)
    return Path(root or os.path.commonpath([place.absolute() for place in reader.folders.values()])).absolute()


def _core() -> Any:
    """mirdata's classes, imported when first asked for."""
    try:
        from mirdata import core
    except ImportError as fault:
        raise MissingExtra("mirdata", "mirdata", "A dataset in mirdata's form") from fault
    return core


@cache
def _track_class() -> Any:
    class Track(_core().Track):  # type: ignore[misc]
        """A stem.

        Attributes:
            audio_path (str): path of its file
            mtrack_id (str): id of its song

        """

        def __init__(self, track_id: str, data_home: str, dataset_name: str, index: Any, metadata: Any) -> None:
            super().__init__(track_id, data_home, dataset_name, index, metadata)
            self.mtrack_id, self.stem_id = index["of"][track_id]
            self.audio_path = self.get_path("audio")

        @property
        def _place(self) -> tuple[Song, int]:
            song = self._track_metadata["song"](self.mtrack_id)
            return song, [stem.id for stem in song.stems].index(self.stem_id)

        @property
        def instruments(self) -> tuple[str, ...]:
            """tuple: labels of MedleyDB's taxonomy, each of which it may hold"""
            song, index = self._place
            return song.stems[index].instruments

        @property
        def audio(self) -> tuple[Samples, int]:
            """(np.ndarray, int): (channel, sample), as long as the song, and the rate in Hz"""
            song, index = self._place
            return song.read_stem(index), song.rate

    return Track


@cache
def _multitrack_class() -> Any:
    class MultiTrack(_core().MultiTrack):  # type: ignore[misc]
        """A song. `get_mix()` is mirdata's: the mean of the stems; `audio` is their sum.

        Attributes:
            mix_path (str or None): path of the published mix
            tracks (dict): {track_id: Track}

        """

        def __init__(self, *given: Any) -> None:
            super().__init__(*given)
            self.mix_path = self.get_path("mix")

        @property
        def track_audio_property(self) -> str:
            return "audio"

        @property
        def _song(self) -> Song:
            return self._multitrack_metadata["song"](self.mtrack_id)  # type: ignore[no-any-return]

        @property
        def artist(self) -> str:
            """str: the artist, by whom the songs are split"""
            return self._song.artist

        @property
        def title(self) -> str:
            """str: the title"""
            return self._song.title

        @property
        def split(self) -> str | None:
            """str: train, valid or test; None for a song that is in none"""
            return self._multitrack_metadata["parts"]().get(self.mtrack_id)  # type: ignore[no-any-return]

        @property
        def audio(self) -> tuple[Samples, int]:
            """(np.ndarray, int): the mixture that networks learn from, (channel, sample), and the rate in Hz"""
            return self._song.mixture(), self._song.rate

    return MultiTrack


@cache
def _dataset_class() -> Any:
    class Dataset(_core().Dataset):  # type: ignore[misc]
        """A dataset that a reader of stemwise reads."""

        def __init__(self, reader: SongFolders, index: Path) -> None:
            said = sys.modules[type(reader).__module__]
            super().__init__(
                data_home=str(data_root(reader)),
                version=VERSION,
                name=type(reader).__name__.lower(),
                track_class=_track_class(),
                multitrack_class=_multitrack_class(),
                bibtex=said.CITATION,
                indexes={VERSION: _core().Index(str(index))},
                download_info=said.HOW_TO_GET,
                license_info=said.LICENCE,
            )
            self.reader = reader
            self.readme = said.HOW_TO_GET

        @cached_property
        def _metadata(self) -> dict[str, Any]:
            """For all tracks: what reads a song, and the part of each."""

            def parts() -> dict[str, str]:
                return {id: part for part, ids in self.reader.splits().items() for id in ids}

            return {"song": cache(self.reader.song), "parts": cache(parts)}

        @cached_property
        def mtracks(self) -> dict[str, Any]:
            """dict: {mtrack_id: MultiTrack}"""
            return self.load_multitracks()  # type: ignore[no-any-return]

    return Dataset
