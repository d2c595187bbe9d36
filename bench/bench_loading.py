"""Excerpts a second from a prepared store: against Open-Unmix's own loader of MUSDB18-HQ, against reading the same wavs
by range with soundfile, and against what a training step of iass_small consumes.

Open-Unmix's side needs `pip install --no-deps openunmix` and the extra musdb; it is left out where they are missing.
(Of torchaudio, which openunmix imports and this loader does not use, an empty module is made.)
"""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import random
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import soundfile
import torch
from tests.sets import make_musdb
from training import step

from stemwise.catalogue import descriptions
from stemwise.datasets.musdb import VALIDATION
from stemwise.datasets.musdb18hq import Musdb18HQ
from stemwise.export import build
from stemwise.ffmpeg import put_ffmpeg_on_path
from stemwise.loading.batch import Batch
from stemwise.loading.datamodule import MultitrackDataModule
from stemwise.loading.excerpts import Augmentation, Excerpts
from stemwise.loading.shard import PreparedSong
from stemwise.losses import ActivityCrossEntropy, RelativeError, WeightedTerms
from stemwise.memory import keep_freed_memory

SECONDS, EXCERPT = 60.0, 6.0
SONGS = (*sorted(VALIDATION)[:2], *(f"Artist {number} - Song" for number in range(6)))
CONSUMED = (8, 4.0)  # examples and seconds of a step of the demo


class WavRows:
    """The wavs of one song, a row each, read by range; the rest of the mixture is silent."""

    def __init__(self, paths: list[Path]) -> None:
        self.paths = paths

    def __getitem__(self, at: tuple[int, slice, slice]) -> np.ndarray:
        row, _, samples = at
        if row == len(self.paths):
            return np.zeros((2, samples.stop - samples.start), np.float32)
        with soundfile.SoundFile(self.paths[row]) as file:
            file.seek(samples.start)
            return file.read(samples.stop - samples.start, dtype="float32").T


class WavSong(PreparedSong):
    """The prepared song, but for its audio."""

    def __init__(self, song: PreparedSong, paths: list[Path]) -> None:
        super().__init__(song.folder, song.facts)
        self.audio = WavRows(paths)

    def bare(self) -> "WavSong":
        return self


def module(root: Path, scheme: str, rate: int, channels: int, seconds: float) -> MultitrackDataModule:
    data = MultitrackDataModule(
        Musdb18HQ(root), scheme, None, rate, channels, 1024, seconds, augmentation=Augmentation(remix=1.0)
    )
    data.prepare_data()
    data.setup("fit")
    return data


def from_wavs(data: MultitrackDataModule, root: Path) -> Excerpts:
    songs = [
        WavSong(song, [Musdb18HQ(root).folders[id] / f"{target}.wav" for target in data.targets])
        for id, song in data.prepared("train").items()
    ]
    return Excerpts(songs, data.samples, 44100, 1024, 0, 1024, data.augmentation)


def open_unmix(root: Path) -> Any:
    """Open-Unmix's data set, or None where it is not installed."""
    if not (find_spec("openunmix") and find_spec("musdb")):
        return None
    put_ffmpeg_on_path()
    with tempfile.TemporaryDirectory() as empty:
        if not find_spec("torchaudio"):
            (Path(empty) / "torchaudio.py").touch()
            sys.path.append(empty)
        dataset = import_module("openunmix.data").MUSDBDataset
        with suppress(ValueError):
            sys.path.remove(empty)
    return dataset(root=str(root), is_wav=True, split="train", seq_duration=EXCERPT, random_track_mix=True)


def rate_of(run: Callable[[int], Any], seconds: float = 6.0) -> float:
    run(0)
    began, count = time.perf_counter(), 0
    while (taken := time.perf_counter() - began) < seconds:
        count += 1
        run(count)
    return count / taken


def consumed(batch: Batch) -> float:
    """Examples a second of the fastest of some training steps on two cores."""
    torch.set_num_threads(2)
    model = build(descriptions()["iass_small"])
    terms = {"separation": RelativeError(model.stft), "activity": ActivityCrossEntropy()}
    loss = WeightedTerms(terms, {"separation": 10, "activity": 1}, model.outputs)
    optimizer = torch.optim.Adam(model.parameters())
    seconds = min(step(model, batch, loss, optimizer) for _ in range(12))
    torch.set_num_threads(1)
    return len(batch.mixture) / seconds


def compare(root: Path) -> None:
    data = module(root, "musdb", 44100, 2, EXCERPT)
    excerpts, wavs, theirs = data.excerpts["train"], from_wavs(data, root), open_unmix(root)
    print(f"{EXCERPT:.0f} s, stereo, 44.1 kHz, every stem from a song of its own, one process")
    largest = max(float((excerpts[i].targets - wavs[i].targets).abs().max()) for i in range(20))
    fresh = rate_of(lambda i: excerpts[i])
    keep_freed_memory()  # as the doors and the workers do
    sides: dict[str, Callable[[int], Any]] = {"prepared": lambda i: excerpts[i], "soundfile": lambda i: wavs[i]}
    if theirs is not None:
        random.seed(0)
        sides["Open-Unmix"] = lambda i: theirs[i % len(theirs)]
    else:
        print("Open-Unmix left out: pip install --no-deps openunmix, and the extra musdb")
    found = {name: [rate_of(run, 3.0) for _ in range(3)] for name, run in sides.items()}
    ours = float(np.median(found["prepared"]))
    for name, rates in found.items():
        print(f"  {name:10} {np.median(rates):8.1f} excerpts/s, ratio {ours / np.median(rates):.1f}")
    print(f"  prepared, freed memory given back: {fresh:.1f} excerpts/s, ratio {ours / fresh:.1f}")
    print(f"  largest difference from the wavs {largest:.1e}")
    count, seconds = CONSUMED
    small = module(root, "mms", 16000, 1, seconds).excerpts["train"]
    batch = Batch(*(torch.stack(parts) for parts in zip(*(small[i] for i in range(count)), strict=True)))
    needed = consumed(batch)
    ours = rate_of(lambda i: small[i])
    print(f"{seconds:.0f} s, mono, 16 kHz, six targets: prepared {ours:.0f} excerpts/s in one process")
    print(f"  a training step of iass_small on two cores takes {needed:.0f} excerpts/s, ratio {ours / needed:.1f}")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        os.environ["STEMWISE_HOME"] = f"{folder}/home"
        make_musdb(Path(folder) / "musdb", {"train": SONGS}, SECONDS)
        compare(Path(folder) / "musdb")


if __name__ == "__main__":
    main()
