"""A training batch of a detector, against the step that learns from it: 64 clips of a second, iad_cnn, two cores.

python bench/bench_detector_step.py writes 40 prepared songs of 100 s with 18 targets, of which seven play in each, into
a temporary folder, and loads from them as experiment=iad_cnn does: half of the clips remixed, half balanced.
"""

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np
import torch

from stemwise.activity import LABEL_HOP
from stemwise.catalogue import descriptions
from stemwise.export import build
from stemwise.loading.batch import Batch
from stemwise.loading.excerpts import Augmentation, Excerpts
from stemwise.loading.shard import PreparedSong, facts_of, write_rows

RATE, SECONDS, TARGETS, PLAY, SONGS = 16000, 100, 18, 7, 40
BATCH, TIMES = 64, 15


def prepared(folder: Path, number: int) -> PreparedSong:
    """Noise in spells of ten seconds."""
    rng = np.random.default_rng(number)
    frames = 1 + SECONDS * 44100 // LABEL_HOP
    plays = np.zeros((TARGETS + 1, SECONDS // 10), bool)
    plays[rng.choice(TARGETS, PLAY, replace=False)] = rng.random((PLAY, SECONDS // 10)) < 0.6
    path = folder / str(number)
    path.mkdir()
    rows = (np.repeat(row, 10 * RATE) * 0.1 * rng.standard_normal(SECONDS * RATE, np.float32) for row in plays)
    write_rows(path / "audio.npy", (TARGETS + 1, 1, SECONDS * RATE), (row[None] for row in rows))
    spell = np.minimum(np.arange(frames) * LABEL_HOP // 441000, SECONDS // 10 - 1)
    activity = plays[:-1, spell].astype(np.float32)
    known = np.ones(TARGETS, bool)
    for name, array in {"activity": activity, "known_audio": known, "known_activity": known}.items():
        np.save(path / f"{name}.npy", array)
    return PreparedSong(path, facts_of(SECONDS * RATE, activity, known, known))


def main() -> None:
    torch.set_num_threads(2)
    with tempfile.TemporaryDirectory() as folder:
        songs = [prepared(Path(folder), number) for number in range(SONGS)]
        excerpts = Excerpts(
            songs, RATE, RATE, 320, 0, BATCH * TIMES, Augmentation(0.5, (0.25, 1.25)), 0.5, mixture_only=True
        )
        loading, learning = measure(excerpts)
    print(f"loading {1000 * loading:.0f} ms a batch, a step {1000 * learning:.0f} ms")
    print(f"ratio, step / loading: {learning / loading:.2f}")


def measure(excerpts: Excerpts) -> tuple[float, float]:
    """Seconds of a batch and of a step, medians of turns that alternate."""
    model = build(descriptions()["iad_cnn"]).train()
    optimizer = torch.optim.Adam(model.parameters())
    spent: tuple[list[float], list[float]] = ([], [])
    for turn in range(TIMES):
        began = time.perf_counter()
        examples = [excerpts[index] for index in range(turn * BATCH, (turn + 1) * BATCH)]
        batch = Batch(*map(torch.stack, zip(*examples, strict=True)))
        spent[0].append(time.perf_counter() - began)
        began = time.perf_counter()
        logits = model.estimate(batch.mixture).activity
        truth = (batch.activity.amax(dim=2, keepdim=True) >= 0.5).float()
        optimizer.zero_grad()
        torch.nn.functional.binary_cross_entropy_with_logits(logits, truth).backward()
        optimizer.step()
        spent[1].append(time.perf_counter() - began)
    return statistics.median(spent[0]), statistics.median(spent[1])


if __name__ == "__main__":
    main()
