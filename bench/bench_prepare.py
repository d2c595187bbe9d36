"""`stemwise prepare` with two processes against one: music a second, from flac at 44.1 kHz to six targets at 16 kHz.

Besides, as a yardstick of what the machine gives two processes at this moment: only decoding and resampling the stems,
which needs no agreement between them.
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soundfile
import soxr

from stemwise.loading.filling import Store
from stemwise.loading.store import Recipe
from stemwise.parallel import each
from stemwise.song import Song, Stem
from stemwise.taxonomy import targets

RATE, SECONDS, SONGS = 44100, 180, 16
LABELS = (
    "female singer",
    "electric bass",
    "drum set",
    "piano",
    "clean electric guitar",
    "acoustic guitar",
    "violin",
    "flute",
)


def music(rng: np.random.Generator) -> np.ndarray:
    """(sample, 2): notes that die away, with rests and a little noise."""
    second = np.arange(RATE) / RATE
    out = 1e-3 * rng.standard_normal((SECONDS * RATE, 2))
    for start in range(0, SECONDS * RATE, RATE):
        pitches = 110 * 2 ** (rng.integers(0, 36, 3) / 12)
        note = 0.1 * sum(np.sin(2 * np.pi * p * second) for p in pitches) * np.exp(-3 * second)
        out[start : start + RATE] += note[:, None]
    first = rng.integers(SECONDS * RATE // 2)
    out[first : first + SECONDS * RATE // 3] = 0
    return out


def make_songs(folder: Path) -> list[Song]:
    paths = [folder / f"{label}.flac" for label in LABELS]
    for number, path in enumerate(paths):
        soundfile.write(path, music(np.random.default_rng(number)), RATE, subtype="PCM_16")
    stems = tuple(Stem(label, (label,), path) for label, path in zip(LABELS, paths, strict=True))
    return [Song(f"Song{number}", "", "", RATE, SECONDS * RATE, 2, stems) for number in range(SONGS)]


def prepare(songs: list[Song], processes: int) -> float:
    """Music a second, with the start of the processes; nothing is there before."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["STEMWISE_HOME"] = folder
        began = time.perf_counter()
        Store(Path(folder) / "store", Recipe(targets("mms"), 16000, 1)).fill(songs, processes=processes)
        return SONGS * SECONDS / (time.perf_counter() - began)


def decode(song: Song) -> float:
    return sum(float(soxr.resample(soundfile.read(stem.path)[0].mean(axis=1), RATE, 16000)[0]) for stem in song.stems)


def yardstick(songs: list[Song], processes: int) -> float:
    """Music a second."""
    began = time.perf_counter()
    list(each(decode, {song.id: song for song in songs}, processes))
    return SONGS * SECONDS / (time.perf_counter() - began)


def ratio(name: str, unit: str, run: Callable[[int], float], rounds: int) -> None:
    found = {1: list[float](), 2: list[float]()}
    for _ in range(rounds):
        for processes, rates in found.items():
            rates.append(run(processes))
    one, two = (float(np.median(rates)) for rates in found.values())
    print(f"{name}: one process {one:.2f}{unit}, two {two:.2f}{unit}, ratio {two / one:.2f}")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        songs = make_songs(Path(folder))
        prepare(songs[:1], 1)
        ratio(
            f"prepare, {SONGS} songs of {SECONDS} s, {len(LABELS)} stems",
            " s of music/s",
            lambda n: prepare(songs, n),
            2,
        )
        ratio("decoding and resampling alone", " s of music/s", lambda n: yardstick(songs, n), 2)


if __name__ == "__main__":
    main()
