"""Memory of a loading worker, with 100 and with 10,000 songs in the store (hard links to the arrays of one)."""

import json
import os

os.environ["OMP_NUM_THREADS"] = "1"

import tempfile
from pathlib import Path

import numpy as np
import psutil
import soundfile
from torch.utils.data import DataLoader

from stemwise.loading.datamodule import MultitrackDataModule
from stemwise.loading.excerpts import Augmentation
from stemwise.loading.filling import Store
from stemwise.loading.prepared import PreparedStore
from stemwise.loading.store import Recipe, shard_name
from stemwise.song import Song, Stem
from stemwise.taxonomy import targets

RATE, SECONDS, EXCERPTS = 16000, 30, 2000
COUNTS = (100, 10_000)


def make_store(folder: Path, songs: int) -> None:
    """One song prepared, its folder linked under as many names, and an index of all."""
    rng = np.random.default_rng(0)
    stems = []
    for number, label in enumerate(("female singer", "electric bass", "drum set", "piano", "violin")):
        path = folder.parent / f"{number}.wav"
        soundfile.write(path, 0.1 * rng.standard_normal(SECONDS * RATE), RATE)
        stems.append(Stem(str(number), (label,), path))
    song = Song("Song0", "Artist", "Title", RATE, SECONDS * RATE, 1, tuple(stems))
    recipe = Recipe(targets("mms"), RATE, 1)
    Store(folder, recipe, "synthetic").fill([song], {"train": ["Song0"], "valid": [], "test": []}, 1)
    name = shard_name(song, recipe)
    index = json.loads((folder / "store.json").read_text())
    for number in range(1, songs):
        (other := folder / name.replace("Song0", f"Song{number}")).mkdir()
        for file in (folder / name).iterdir():
            os.link(file, other / file.name)
        index["songs"][f"Song{number}"] = {**index["songs"]["Song0"], "id": f"Song{number}", "shard": other.name}
    ids = list(index["songs"])
    index["splits"] = {"train": ids[:-1], "valid": ids[-1:], "test": []}
    (folder / "store.json").write_text(json.dumps(index))


def measure(folder: Path) -> dict[str, float]:
    """Of a spawned worker that has drawn every row of so many excerpts from a song of its own."""
    data = MultitrackDataModule(
        PreparedStore(folder), "mms", None, RATE, 1, 1024, 4.0, augmentation=Augmentation(remix=1.0), excerpts=EXCERPTS
    )
    data.setup("fit")
    loader = DataLoader(data.excerpts["train"], 8, num_workers=1, multiprocessing_context="spawn")
    batches = iter(loader)
    for _ in range(len(loader) - 2):
        next(batches)
    worker = psutil.Process(batches._workers[0].pid)
    return {"MB": worker.memory_info().rss / 1e6, "own MB": _anonymous(worker.pid), "open files": worker.num_fds()}


def _anonymous(pid: int) -> float:
    """MB that are not pages of files, where the system tells (Linux); those of files may be dropped at any time."""
    path = Path(f"/proc/{pid}/status")
    lines = path.read_text().splitlines() if path.is_file() else []
    return next((int(line.split()[1]) * 1024 / 1e6 for line in lines if line.startswith("RssAnon")), float("nan"))


def main() -> None:
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        os.environ["STEMWISE_HOME"] = f"{folder}/home"
        for count in COUNTS:
            (Path(folder) / str(count)).mkdir()
            make_store(Path(folder) / str(count) / "store", count)
            found[count] = measure(Path(folder) / str(count) / "store")
            print(f"{count:6} songs: " + ", ".join(f"{name} {value:.1f}" for name, value in found[count].items()))
    few, many = (found[count] for count in COUNTS)
    each = (many["own MB"] - few["own MB"]) * 1e6 / (COUNTS[1] - COUNTS[0])
    print(f"ratio of the worker's own memory {many['own MB'] / few['own MB']:.3f}, {each:.0f} bytes a song")


if __name__ == "__main__":
    main()
