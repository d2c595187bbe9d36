"""One evaluation with one hard gate, against the grid of 100 hard gates and the others, on the same songs and network.

Six targets, mono, 16 kHz, `iass_small` with random weights: quick to separate with, so that the ratio is a hard one.
Beside it: gating and scoring each setting (extrapolated from a few), and another gate when separated songs are kept.
Seconds are those of one thread on the processor, so that what else the machine does counts for little.
"""

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import yaml

from stemwise.evaluation.estimates import Estimates
from stemwise.evaluation.gate_grid import GateGrid
from stemwise.evaluation.runner import Kept, evaluate, evaluate_grid, song_reference
from stemwise.evaluation.scores import Estimated, score_model
from stemwise.gate import Gate
from stemwise.loading.shard import PreparedSong, write_rows, write_sheet
from stemwise.model import SpectralModel
from stemwise.nets.separation.iass_small import IassSmall
from stemwise.separator import Separator
from stemwise.spectral import Stft

RATE, LABEL_RATE, TARGETS = 16000, 44100 / 1024, ("vocals", "guitar", "acoustic", "piano", "bass", "drums")
SECONDS, ROUNDS, SETTINGS = (40, 100), 2, 100
GRID = Path(__file__).resolve().parents[1] / "conf" / "gate" / "grid.yaml"


def make_song(folder: Path, seconds: int, seed: int) -> PreparedSong:
    """Noise of a colour and a level of its own for each target, on and off every few seconds."""
    rng = np.random.default_rng(seed)
    folder.mkdir()
    frames = 1 + int(seconds * LABEL_RATE)
    blocks = rng.random((len(TARGETS), seconds // 3 + 1)) > 0.4
    at = (np.arange(frames) / LABEL_RATE / 3).astype(int)
    np.save(folder / "activity.npy", blocks[:, at].astype(np.float32))
    for name in ("known_audio", "known_activity"):
        np.save(folder / f"{name}.npy", np.ones(len(TARGETS), np.bool_))
    on = np.vstack([blocks, np.ones_like(blocks[:1])])[:, (np.arange(seconds * RATE) / RATE / 3).astype(int)]
    noise = 0.1 * rng.standard_normal((len(TARGETS) + 1, seconds * RATE))
    audio = (np.diff(noise, prepend=0.0) * on)[:, None].astype(np.float32)
    write_rows(folder / "audio.npy", audio.shape, list(audio))
    write_sheet(folder, {})
    return PreparedSong(folder)


def make_separator(songs: dict[str, PreparedSong]) -> tuple[Separator, GateGrid]:
    """Thresholds stand where the probabilities of a net that learned nothing lie, so that gates open and close."""
    torch.manual_seed(0)
    model = SpectralModel(IassSmall(len(TARGETS), 1025, RATE), Stft(2048, 1024), TARGETS, RATE)
    separator = Separator(model)
    song = next(iter(songs.values()))
    _, probability = separator.estimate(np.array(song.audio.sum(axis=0)))
    assert probability is not None
    settings = yaml.safe_load(GRID.read_text(encoding="utf-8"))
    thresholds = np.quantile(probability, settings["thresholds"]).tolist()
    grid = GateGrid(thresholds, settings["median_seconds"], settings["kinds"])
    assert len(grid.settings(Gate())) >= SETTINGS
    return Separator(model, Gate("hard", np.median(probability, axis=1).tolist())), grid


def timed(work: Callable[[], object]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


def one_by_one(separator: Separator, songs: dict[str, PreparedSong], settings: int = 2) -> float:
    """Seconds that gating and scoring 100 settings would take, without separating anew."""
    spent = 0.0
    for name, song in songs.items():
        truth = song_reference(separator, name, song)
        made = Estimated(*separator.estimate(truth.mixture))
        spent += timed(lambda: [score_model(separator, truth, made, ["hard"]) for _ in range(settings)])  # noqa: B023
    return spent * SETTINGS / settings


def quiet(_: str) -> None:
    return None


def main() -> None:
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["STEMWISE_HOME"] = f"{folder}/home"
        songs = {f"song{i}": make_song(Path(folder) / f"song{i}", length, i) for i, length in enumerate(SECONDS)}
        separator, grid = make_separator(songs)
        sides: list[list[float]] = []
        for _ in range(ROUNDS):
            one = timed(lambda: evaluate(separator, songs, ["hard"], report=quiet))
            many = timed(lambda: evaluate_grid(separator, songs, grid, report=quiet))
            sides.append([one, many, many / one])
        one, many, ratio = np.median(sides, axis=0)
        kept = Kept(Estimates("bench", 1e10), Path(folder) / "parts")
        evaluate(separator, songs, ["hard"], report=quiet, kept=kept)
        other = Separator(separator.model, Gate("hard", separator.gate.threshold, 1.0))
        again = timed(lambda: evaluate(other, songs, ["hard"], report=quiet, kept=kept))
        naive = one_by_one(separator, songs)
    print(f"{len(songs)} songs of {', '.join(map(str, SECONDS))} s, {ROUNDS} rounds")
    print(f"one evaluation {one:.2f} s, grid of {len(grid.settings(Gate()))} {many:.2f} s, ratio {ratio:.2f}")
    print(f"each of {SETTINGS} gated and scored {naive:.1f} s more: {(one + naive) / many:.0f} × the grid")
    print(f"another gate, songs kept {again:.2f} s: ratio {one / again:.2f}")


if __name__ == "__main__":
    main()
