"""Formats for prepared songs: random excerpts a second, room, time to write and memory, against reading plain arrays.

zarr and webdataset are measured where they are installed (`pip install zarr webdataset`); nothing of ours needs them.
A line for excerpts whose rows all come from one place, and one for rows that come each from a song of its own.
"""

import io
import json
import os
import shutil
import sys
import tarfile
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemwise.memory import keep_freed_memory

Array = NDArray[Any]
Read = Callable[[int, int, int, int], Array]  # song, row, start, samples → (channel, sample)


@dataclass(frozen=True)
class Shape:
    """What is stored and what is asked for; `rate` in Hz."""

    songs: int
    seconds: int
    rows: int
    channels: int
    rate: int
    excerpt: float

    @property
    def samples(self) -> int:
        return self.seconds * self.rate

    @property
    def asked(self) -> int:
        return round(self.excerpt * self.rate)


SHAPES = {
    "7 rows, mono, 16 kHz, 4 s": Shape(12, 180, 7, 1, 16000, 4.0),
    "5 rows, stereo, 44.1 kHz, 6 s": Shape(5, 180, 5, 2, 44100, 6.0),
}
SCALE = 32767.0


def music(shape: Shape, number: int) -> Array:
    """(row, channel, sample): notes that die away, noise as loud as a 16-bit recording's, and every row silent for a
    third of the song, as stems are."""
    rng = np.random.default_rng(number)
    out = 1e-4 * rng.standard_normal((shape.rows, shape.channels, shape.samples), dtype=np.float32)
    second = np.arange(shape.rate) / shape.rate
    for row in out:
        for start in range(0, shape.samples, shape.rate):
            pitches = 110 * 2 ** (rng.integers(0, 36, 3) / 12)
            row[:, start : start + shape.rate] += (
                0.1 * sum(np.sin(2 * np.pi * p * second) for p in pitches) * np.exp(-3 * second)
            )
        first = rng.integers(shape.samples - shape.samples // 3)
        row[:, first : first + shape.samples // 3] = 0
    return out


def stored(audio: Array, dtype: str) -> Array:
    return np.round(audio * SCALE).astype(np.int16) if dtype == "int16" else audio.astype(dtype)


def restored(audio: Array) -> Array:
    if audio.dtype == np.int16:
        return np.multiply(audio, np.float32(1 / SCALE), dtype=np.float32)
    return audio.astype(np.float32, copy=False)


class Plain:
    """One .npy a song, mapped."""

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype

    def write(self, folder: Path, number: int, audio: Array) -> None:
        np.save(folder / f"{number}.npy", stored(audio, self.dtype))

    def reader(self, folder: Path, songs: int) -> Read:
        arrays = [np.load(folder / f"{number}.npy", mmap_mode="r") for number in range(songs)]
        return lambda song, row, start, samples: arrays[song][row, :, start : start + samples]


class Zarr:
    """One zarr (format 3) array a song."""

    def __init__(self, dtype: str, rows: int | None, seconds: float, codec: str) -> None:
        self.dtype, self.rows, self.seconds, self.codec = dtype, rows, seconds, codec

    def write(self, folder: Path, number: int, audio: Array) -> None:
        zarr = import_module("zarr")
        chunks = (self.rows or len(audio), audio.shape[1], round(self.seconds * audio.shape[2] / 180))
        packed = [zarr.codecs.BloscCodec(cname=self.codec, clevel=3, shuffle="bitshuffle")] if self.codec else None
        array = zarr.create_array(
            folder / f"{number}.zarr", shape=audio.shape, chunks=chunks, dtype=self.dtype, compressors=packed
        )
        array[...] = stored(audio, self.dtype)

    def reader(self, folder: Path, songs: int) -> Read:
        zarr = import_module("zarr")
        arrays = [zarr.open_array(folder / f"{number}.zarr", mode="r") for number in range(songs)]
        return lambda song, row, start, samples: np.asarray(arrays[song][row, :, start : start + samples])


class Tars:
    """Songs cut into excerpts beforehand, in tar files that webdataset reads from front to end and shuffles: no other
    excerpts than these, and rows of other songs only from what the buffer holds."""

    def __init__(self, dtype: str) -> None:
        self.dtype = dtype

    def write(self, folder: Path, number: int, audio: Array, asked: int) -> None:
        with tarfile.open(folder / f"{number:05d}.tar", "w") as tar:
            for count, start in enumerate(range(0, audio.shape[2] - asked + 1, asked)):
                file = io.BytesIO()
                np.save(file, stored(audio[..., start : start + asked], self.dtype))
                entry = tarfile.TarInfo(f"{number:05d}_{count:05d}.npy")
                entry.size = file.tell()
                file.seek(0)
                tar.addfile(entry, file)

    def excerpts(self, folder: Path, songs: int) -> Iterator[Array]:
        webdataset = import_module("webdataset")
        urls = [str(folder / f"{number:05d}.tar") for number in range(songs)]
        found = webdataset.WebDataset(urls, shardshuffle=False, empty_check=False).repeat().shuffle(100)
        return (restored(np.load(io.BytesIO(sample["npy"]))) for sample in found)


FORMATS: dict[str, Any] = {
    "plain float32": Plain("float32"),
    "plain float16": Plain("float16"),
    "plain int16": Plain("int16"),
    "zarr float32, a row × 4 s": Zarr("float32", 1, 4, ""),
    "zarr float32, all rows × 1 s": Zarr("float32", None, 1, ""),
    "zarr float32, a row × 4 s, lz4": Zarr("float32", 1, 4, "lz4"),
    "zarr int16, a row × 4 s, lz4": Zarr("int16", 1, 4, "lz4"),
    "webdataset float32": Tars("float32"),
    "webdataset int16": Tars("int16"),
}


def installed(name: str) -> bool:
    package = name.split(maxsplit=1)[0]
    return package == "plain" or find_spec(package) is not None


def anonymous() -> float:
    """MB of this process that are not pages of files, which the system may drop; 0 where it does not say."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.is_file() else []
    return next((int(line.split()[1]) / 1000 for line in lines if line.startswith("RssAnon")), 0.0)


def write(name: str, shape: Shape, folder: Path, songs: list[Array]) -> float:
    """Seconds that it takes."""
    seconds = 0.0
    for number, audio in enumerate(songs):
        began = time.perf_counter()
        if isinstance(FORMATS[name], Tars):
            FORMATS[name].write(folder, number, audio, shape.asked)
        else:
            FORMATS[name].write(folder, number, audio)
        seconds += time.perf_counter() - began
    return seconds


def read(name: str, shape: Shape, folder: Path, seconds: float = 2.0) -> dict[str, float]:
    """Excerpts a second in this process, with rows of one place and of many, and the memory that it took."""
    keep_freed_memory()  # as the doors do; a fresh page for every block would cost more than any format
    before, made = anonymous(), FORMATS[name]
    found = {}
    if isinstance(made, Tars):
        excerpts = made.excerpts(folder, shape.songs)
        found["one place"] = _rate(lambda: next(excerpts), seconds)
    else:
        reader, rng = made.reader(folder, shape.songs), np.random.default_rng(0)
        for kind in ("one place", "many"):
            found[kind] = _rate(lambda kind=kind: _excerpt(reader, rng, shape, kind), seconds)
    return {**found, "MB": anonymous() - before}


def _excerpt(read_row: Read, rng: np.random.Generator, shape: Shape, kind: str) -> Array:
    songs, starts = rng.integers(shape.songs, size=shape.rows), rng.integers(shape.samples - shape.asked, size=99)
    places = [(songs[row], starts[row]) if kind == "many" else (songs[0], starts[0]) for row in range(shape.rows)]
    return restored(np.stack([read_row(song, row, start, shape.asked) for row, (song, start) in enumerate(places)]))


def _rate(run: Callable[[], Array], seconds: float) -> float:
    run()
    began, count, total = time.perf_counter(), 0, 0.0
    while (taken := time.perf_counter() - began) < seconds:
        total += float(run()[..., -1].sum())  # so that it is read
        count += 1
    return count / taken


def size(folder: Path) -> float:
    """MB that the files take on the disk."""
    return sum(path.stat().st_blocks * 512 for path in folder.rglob("*") if path.is_file()) / 1e6


def measure(name: str, shape: Shape, songs: list[Array]) -> dict[str, float]:
    """In a process of its own for the reading, so that its memory is its own."""
    folder = Path(tempfile.mkdtemp())
    try:
        seconds = write(name, shape, folder, songs)
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            found = pool.submit(read, name, shape, folder).result()
        return {**found, "disk": size(folder), "write": seconds}
    finally:
        shutil.rmtree(folder)


def main() -> None:
    os.environ["OMP_NUM_THREADS"] = "1"
    results: dict[str, Any] = {}
    for title, shape in SHAPES.items():
        print(f"{title}; {shape.songs} songs of {shape.seconds} s")
        songs = [music(shape, number) for number in range(shape.songs)]
        for name in FORMATS:
            if not installed(name):
                print(f"  {name:32} left out: {name.split(maxsplit=1)[0]} is not installed")
                continue
            found = results.setdefault(title, {})[name] = measure(name, shape, songs)
            first = results[title]["plain float32"]
            many = (
                f"{found['many']:6.0f} /s ({found['many'] / first['many']:4.2f} ×)" if "many" in found else "       –"
            )
            print(
                f"  {name:32} one place {found['one place']:6.0f} /s "
                f"({found['one place'] / first['one place']:4.2f} ×), "
                f"many {many:18}, disk {found['disk']:5.0f} MB, written in {found['write']:5.1f} s, "
                f"memory {found['MB']:4.0f} MB",
                flush=True,
            )
    if "--json" in sys.argv:
        print(json.dumps(results))


if __name__ == "__main__":
    main()
