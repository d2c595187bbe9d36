"""Excerpts from a store that memory does not hold: rows read a page at a time, against rows that are announced first.

python bench/bench_cold_store.py [FOLDER] writes 2 GB of prepared songs into a temporary folder there, has the system
forget them before each side, and reads 300 excerpts of 1 s of 19 rows, each from a song of its own. Needs Linux.
"""

import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from stemwise.loading import shard

RATE, SECONDS, ROWS, SONGS = 16000, 110, 19, 15
EXCERPTS, TIMES = 300, 3


def write(folder: Path) -> list[Path]:
    rng = np.random.default_rng(0)
    paths = []
    for number in range(SONGS):
        path = folder / f"{number}.npy"
        np.save(path, rng.standard_normal((ROWS, 1, SECONDS * RATE)).astype(np.float32))
        paths.append(path)
    return paths


def forget(paths: list[Path]) -> None:
    """Have the system drop what it holds of the files."""
    for path in paths:
        with path.open("rb") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def read(paths: list[Path], announced: bool, seed: int) -> float:
    """Seconds an excerpt."""
    rng = np.random.default_rng(seed)
    songs = [np.asarray(np.load(path, mmap_mode="r")) for path in paths]
    began = time.perf_counter()
    for _ in range(EXCERPTS):
        numbers, starts = rng.integers(SONGS, size=ROWS), rng.integers((SECONDS - 1) * RATE, size=ROWS)
        rows = [(songs[number], row, start) for row, (number, start) in enumerate(zip(numbers, starts, strict=True))]
        if announced:
            for song, row, start in rows:
                shard.announce(song, row, int(start), int(start) + RATE)
        sum(song[row, :, start : start + RATE] * np.float32(0.5) for song, row, start in rows)
    return (time.perf_counter() - began) / EXCERPTS


def main() -> None:
    with tempfile.TemporaryDirectory(dir=sys.argv[1] if sys.argv[1:] else None) as folder:
        paths = write(Path(folder))
        ratios = []
        for seed in range(TIMES):
            spent = []
            for announced in (False, True):
                forget(paths)
                spent.append(read(paths, announced, seed))
            ratios.append(spent[0] / spent[1])
            print(f"cold: {1000 * spent[0]:.1f} ms an excerpt, announced {1000 * spent[1]:.1f} ms")
        warm = [min(read(paths, announced, 0) for _ in range(TIMES)) for announced in (False, True)]
        print(f"warm: {1000 * warm[0]:.2f} ms, announced {1000 * warm[1]:.2f} ms")
    print(f"ratio, cold: {statistics.median(ratios):.1f} (of {TIMES} runs, {min(ratios):.1f} to {max(ratios):.1f})")


if __name__ == "__main__":
    main()
