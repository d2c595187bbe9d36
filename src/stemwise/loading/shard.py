"""The folder of one prepared song: arrays mapped from disk, and what is known of them without opening any."""

import json
import mmap
import zlib
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np
from numpy.lib.format import write_array_header_1_0
from numpy.typing import NDArray

from stemwise.errors import DataError
from stemwise.files import beside, write_json

SHEET = "song.json"
ARRAYS = ("audio.npy", "activity.npy", "known_audio.npy", "known_activity.npy")
LEAST_OPEN, MOST_OPEN = 64, 1024
BLOCK = 1 << 14  # samples that are left out of a file, where it may have holes, if all of them are zero
WHOLE = 0.95  # share of a song from which an excerpt counts as all of it; and of an excerpt that a song must fill
ACTIVE = 0.5  # confidence from which a label counts as active

Kind = TypeVar("Kind", bound=np.generic)


def _open_at_a_time() -> int:
    """A third of the files that the system lets a process have open, within bounds: some systems allow 256."""
    try:
        import resource
    except ImportError:  # not on Windows
        return LEAST_OPEN
    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return MOST_OPEN if allowed < 0 else min(max(allowed // 3, LEAST_OPEN), MOST_OPEN)


OPEN = _open_at_a_time()  # arrays that a process has mapped at a time; each holds a file open


class Facts(NamedTuple):
    """What choosing songs and places needs of each: `plays` has the active frames of each target, of `frames`. `weak`:
    whether it is known of the target only if it plays in the song; empty for none. It is active in all frames then, or
    in none."""

    samples: int
    frames: int
    plays: tuple[int, ...]
    known_audio: tuple[bool, ...]
    known_activity: tuple[bool, ...]
    weak: tuple[bool, ...] = ()


class _Array(Generic[Kind]):
    """An array of the shard, opened when it is asked for, by every process for itself."""

    def __init__(self, name: str, mapped: bool) -> None:
        self.name = name
        self.mapped = mapped

    def __get__(self, song: "PreparedSong", owner: type) -> NDArray[Kind]:
        return (_mapped if self.mapped else _loaded)(f"{song.here()}/{self.name}")


class PreparedSong:
    """One song of a store; crosses to a worker as a path.

    `origin`: a URL that fsspec knows, from which the shard is copied into `folder` when it is first needed.
    """

    facts: Facts | None = None
    origin = ""
    weak: tuple[bool, ...] = ()

    audio = _Array[np.float32]("audio.npy", mapped=True)
    """(target + 1, channel, sample); the last row is the rest of the mixture."""
    activity = _Array[np.float32]("activity.npy", mapped=True)
    """Confidence (target, frame) on the frames of LABELS."""
    known_audio = _Array[np.bool_]("known_audio.npy", mapped=False)
    """(target,) False where the target's audio cannot be known for this song."""
    known_activity = _Array[np.bool_]("known_activity.npy", mapped=False)
    """(target,) False where nobody can know when the target plays."""

    def __init__(self, folder: str | Path, facts: Facts | None = None, origin: str = "") -> None:
        self._folder = str(folder)
        if facts:
            self.facts = facts
            self.weak = facts.weak
        if origin:
            self.origin = origin

    @property
    def folder(self) -> Path:
        return Path(self._folder)

    def here(self) -> str:
        """The folder, filled from the origin if there is one and this machine has not got it."""
        if self.origin and not self.folder.is_dir():
            fetch(self.origin, self.folder)
        return self._folder

    def known(self) -> Facts:
        """From the index where it came with the song, else from the arrays."""
        if self.facts:
            return self.facts
        facts = facts_of(self.audio.shape[-1], self.activity, self.known_audio, self.known_activity)
        return facts._replace(weak=self.weak)

    def bare(self) -> "PreparedSong":
        """Without the facts, but for what is weak: a worker among ten thousand songs keeps little more than a path of
        each."""
        if not self.facts:
            return self
        song = PreparedSong(self._folder, None, self.origin)
        song.weak = self.weak
        return song

    def holds(self, target: int) -> bool:
        """Whether the target's audio is known and ever active in this song."""
        known = self.known()
        return known.known_audio[target] and known.plays[target] > 0


def announce(rows: NDArray[Any], row: int, start: int = 0, stop: int | None = None) -> None:
    """Have the system read what is about to be used of a row (…, sample) of a mapped array in one go.

    Where memory does not hold the store, a page at a time takes two to four times as long, by bench_cold_store.py. Does
    nothing for arrays that are not mapped, and where the system cannot be told.
    """
    mapped = rows.base
    if not isinstance(mapped, np.memmap) or not hasattr(mmap, "MADV_WILLNEED"):
        return
    channels = int(np.prod(rows.shape[1:-1], dtype=int))
    ahead = mapped.offset % mmap.ALLOCATIONGRANULARITY  # the map begins on a page, the array behind its header
    for channel in range(row * channels, (row + 1) * channels):
        first, last = (
            ahead + rows.itemsize * (channel * rows.shape[-1] + place)
            for place in (start, rows.shape[-1] if stop is None else min(stop, rows.shape[-1]))
        )
        page = first - first % mmap.PAGESIZE
        mapped._mmap.madvise(mmap.MADV_WILLNEED, page, last - page)  # type: ignore[attr-defined]


def facts_of(
    samples: int, activity: NDArray[Any], known_audio: NDArray[np.bool_], known_activity: NDArray[np.bool_]
) -> Facts:
    plays = tuple((activity >= ACTIVE).sum(axis=1).tolist())
    return Facts(samples, activity.shape[1], plays, tuple(known_audio.tolist()), tuple(known_activity.tolist()))


def write_rows(path: Path, shape: tuple[int, int, int], rows: Iterable[NDArray[np.float32]]) -> None:
    """An .npy of float32 (row, channel, sample), a row at a time. Silence takes no room where files may have holes.

    A disk that runs full raises OSError, where an array mapped for writing would kill the process.
    """
    with path.open("wb") as file:
        write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
        for row in rows:
            flat = np.ascontiguousarray(row, dtype="<f4").reshape(-1)
            for start in range(0, flat.size, BLOCK):
                block = flat[start : start + BLOCK]
                if block.any():
                    file.write(block.data)
                else:
                    file.seek(block.nbytes, 1)
        file.truncate()


def write_sheet(folder: Path, about: Mapping[str, Any], weak: Sequence[bool] = ()) -> None:
    """What lies in the folder: facts, sizes and checksums of the arrays, and `about`. Written last."""
    audio = np.load(folder / "audio.npy", mmap_mode="r")
    facts = facts_of(audio.shape[-1], *(np.load(folder / name) for name in ARRAYS[1:]))
    facts = facts._replace(weak=tuple(map(bool, weak)) if any(weak) else ())
    files = {name: [(folder / name).stat().st_size, _checksum(folder / name)] for name in ARRAYS}
    write_json(folder / SHEET, {**about, **facts._asdict(), "files": files})


def read_sheet(folder: Path) -> dict[str, Any]:
    """Raises OSError or ValueError."""
    sheet: dict[str, Any] = json.loads((folder / SHEET).read_text(encoding="utf-8"))
    return sheet


def facts_in(sheet: Mapping[str, Any]) -> Facts:
    plays, audio, activity = (tuple(sheet[name]) for name in ("plays", "known_audio", "known_activity"))
    return Facts(sheet["samples"], sheet["frames"], plays, audio, activity, tuple(sheet.get("weak", ())))


def damage(folder: Path, thorough: bool = False) -> str:
    """What is wrong with a shard, nothing when all is well. Only `thorough` reads every byte; else sizes must do."""
    try:
        files = read_sheet(folder)["files"]
        for name in ARRAYS:
            size, checksum = files[name]
            have = (folder / name).stat().st_size
            if have != size:
                return f"{name} has {have} bytes of {size}"
            if thorough and _checksum(folder / name) != checksum:
                return f"{name} holds other bytes than were written"
    except FileNotFoundError as fault:
        return f"{Path(fault.filename).name} is missing"
    except (OSError, ValueError, KeyError, TypeError) as fault:
        return f"{SHEET} cannot be read ({fault!r})"
    return ""


def fetch(origin: str, folder: Path) -> None:
    """Copy a shard from a URL, whole or not at all. Raises DataError where it is not there or not whole."""
    system, root = file_system(origin)
    try:
        with beside(folder, keep=True) as part:
            part.mkdir()
            for name in (*ARRAYS, SHEET):
                system.get_file(f"{root}/{name}", str(part / name))
            if wrong := damage(part, thorough=True):
                raise DataError(f"{origin}: {wrong}. Copy the store there anew.")
    except FileNotFoundError as fault:
        raise DataError(
            f"{origin}: no prepared song, or not all of it ({fault}). Copy the store there anew."
        ) from fault


def file_system(url: str) -> tuple[Any, str]:
    """fsspec's file system of a URL, and the path in it. Raises DataError for a kind that it does not know or that
    needs a package more."""
    from fsspec.core import url_to_fs

    try:
        system, path = url_to_fs(url)
    except (ImportError, ValueError) as fault:
        raise DataError(f"{url} cannot be read ({fault}). Install what it needs, or correct the URL.") from fault
    return system, path


def forget() -> None:
    """Close what is mapped, after a shard was written anew under its old name."""
    _mapped.cache_clear()
    _loaded.cache_clear()


def _checksum(path: Path) -> str:
    value = 0
    with path.open("rb") as file:
        while block := file.read(1 << 20):
            value = zlib.crc32(block, value)
    return f"{value:08x}"


@lru_cache(maxsize=OPEN)
def _mapped(path: str) -> NDArray[Any]:
    return _opened(path, "r")


@lru_cache(maxsize=4096)
def _loaded(path: str) -> NDArray[Any]:
    return _opened(path, None)


def _opened(path: str, mode: Any) -> NDArray[Any]:
    try:
        return np.asarray(np.load(path, mmap_mode=mode))
    except (OSError, ValueError, EOFError) as fault:
        raise DataError(
            f"{path}: the prepared song cannot be read ({fault}). `stemwise prepare DATA --verify` makes anew what is "
            "damaged."
        ) from fault
