"""Score a separator on songs: several at a time, going on where an evaluation was interrupted."""

import pickle
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import torch

from stemwise.evaluation.digests import EXTERNAL, SCORING, code_digest, digest, song_digest
from stemwise.evaluation.estimates import Estimates
from stemwise.evaluation.gate_grid import GateGrid, score_grid
from stemwise.evaluation.reference import Reference, reference
from stemwise.evaluation.scores import Estimated, score_bounds, score_model
from stemwise.evaluation.table import kept_lines
from stemwise.external import External, by_blocks
from stemwise.home import data_home
from stemwise.loading.shard import PreparedSong
from stemwise.memory import keep_freed_memory
from stemwise.parallel import cores, each
from stemwise.separator import Separator
from stemwise.wiener import wiener

Lines = list[dict[str, Any]]
Report = Callable[[str], None]


class Kept(NamedTuple):
    """What an evaluation keeps: separated songs, and the scores of songs that are finished, in the folder `parts`."""

    estimates: Estimates
    parts: Path


@dataclass(frozen=True)
class _Scoring(ABC):
    """What is done with every song; crosses to worker processes."""

    separator: Separator
    name: str
    kept: Kept | None
    wiener: int
    external: External | None

    @abstractmethod
    def settings(self) -> tuple[object, ...]: ...

    @abstractmethod
    def score(self, song: PreparedSong, truth: Reference, estimated: Estimated) -> Lines: ...

    def lines(self, name: str, song: PreparedSong) -> Lines:
        """Those kept in an earlier attempt, if all that they depend on is as it was."""
        if self.kept is None:
            return self._made(name, song)
        return kept_lines(self.part(name, song), lambda: self._made(name, song))

    def part(self, name: str, song: PreparedSong) -> Path:
        assert self.kept is not None
        separator = self.separator
        about: tuple[object, ...] = (
            self.kept.estimates.model,
            separator.gate,
            separator.chunk_seconds,
            separator.device,
            separator.shifts,
            self.name,
            name,
        )
        if self.external:
            about += (*self.external.key(name), code_digest(*EXTERNAL))
        key = digest(
            *about, type(self).__name__, self.wiener, *self.settings(), song_digest(song), code_digest(*SCORING)
        )
        return self.kept.parts / f"{song.folder.name}-{key}.parquet"

    def _made(self, name: str, song: PreparedSong) -> Lines:
        truth = song_reference(self.separator, name, song)
        estimates = self.kept and self.kept.estimates
        return self.score(
            song, truth, estimate_song(self.separator, song, truth, estimates, self.wiener, self.external)
        )


@dataclass(frozen=True)
class _Gates(_Scoring):
    gates: tuple[str, ...]
    with_bss_eval: bool

    def settings(self) -> tuple[object, ...]:
        return self.gates, self.with_bss_eval

    def score(self, song: PreparedSong, truth: Reference, estimated: Estimated) -> Lines:
        source = self.external.source if self.external else ""
        own = score_model(self.separator, truth, estimated, self.gates, self.name, self.with_bss_eval, source)
        return self._bounds(song, truth) + own

    def _bounds(self, song: PreparedSong, truth: Reference) -> Lines:
        """Kept for other runs on the same songs: they depend on no more of the model than its frames."""
        if self.kept is None:
            return score_bounds(self.separator, truth, self.with_bss_eval)
        stft = self.separator.stft
        about = (truth.name, self.separator.model.targets, truth.rate, stft.n_fft, stft.hop, self.with_bss_eval)
        path = data_home() / "bounds" / f"{song.folder.name}-{digest(*about, song_digest(song), code_digest(*SCORING))}"
        return kept_lines(
            path.with_name(f"{path.name}.parquet"), lambda: score_bounds(self.separator, truth, self.with_bss_eval)
        )


@dataclass(frozen=True)
class _Grid(_Scoring):
    grid: GateGrid

    def settings(self) -> tuple[object, ...]:
        return self.grid.settings(self.separator.gate), tuple(self.grid.kinds)

    def score(self, song: PreparedSong, truth: Reference, estimated: Estimated) -> Lines:
        return score_grid(self.separator, truth, estimated, self.grid, self.name)


def evaluate(
    separator: Separator,
    songs: Mapping[str, PreparedSong],
    gates: Sequence[str],
    name: str = "model",
    report: Report = print,
    with_bss_eval: bool = False,
    processes: int = 1,
    kept: Kept | None = None,
    iterations: int = 0,
    external: External | None = None,
) -> pd.DataFrame:
    """A line for each song × target × system × gate, as `score_song` makes them, in the order of the songs.

    With `iterations` the stems are Wiener-filtered before they are gated. Gates go by `external` activity, if there is
    one: hard and soft ones are called by it in the column `gate`.

    One song a process is in memory at a time. With more than one, a script must call this under
    `if __name__ == "__main__"`; each has its share of the cores.
    """
    work = _Gates(separator, name, kept, iterations, external, tuple(gates), with_bss_eval)
    return _scored(work, songs, report, processes)


def evaluate_grid(
    separator: Separator,
    songs: Mapping[str, PreparedSong],
    grid: GateGrid,
    name: str = "model",
    report: Report = print,
    processes: int = 1,
    kept: Kept | None = None,
    iterations: int = 0,
    external: External | None = None,
) -> pd.DataFrame:
    """A line for each song × target × setting of the grid, as `score_grid` makes them; else as `evaluate`."""
    return _scored(_Grid(separator, name, kept, iterations, external, grid), songs, report, processes)


def song_reference(separator: Separator, name: str, song: PreparedSong) -> Reference:
    return reference(name, song, separator.model.sample_rate, separator.hop)


def estimate_song(
    separator: Separator,
    song: PreparedSong,
    truth: Reference,
    estimates: Estimates | None,
    iterations: int = 0,
    external: External | None = None,
) -> Estimated:
    """The ungated stems of a song, kept ones if there are any, after so many iterations of Wiener filtering; with the
    activity that `external` hears in the place of the model's own."""
    mixture = truth.mixture
    found = estimates.of(separator, song, mixture) if estimates else Estimated(*separator.estimate(mixture))
    found = replace(found, stems=wiener(found.stems, mixture, separator.stft, iterations))
    if external is None:
        return found
    times = np.arange(truth.confidence.shape[1]) / separator.model.frame_rate
    heard = external.hear(truth.name, by_blocks(mixture), truth.rate, times, found.probability)
    return replace(found, probability=heard.probability, judged=heard.judged)


def _scored(work: _Scoring, songs: Mapping[str, PreparedSong], report: Report, processes: int) -> pd.DataFrame:
    done: dict[str, Lines] = {}
    if work.kept:
        left = {name: song for name, song in songs.items() if not work.part(name, song).is_file()}
        done = {name: work.lines(name, song) for name, song in songs.items() if name not in left}
        if done:
            report(f"{len(done)} of {len(songs)} songs were scored before")
    else:
        left = dict(songs)
    began, before = time.monotonic(), len(done)
    for name, lines in _each(work, left, processes):
        done[name] = lines
        spent = time.monotonic() - began
        ahead = len(songs) - len(done)
        rest = f", about {_duration(spent * ahead / (len(done) - before))} left" if ahead else ""
        report(f"scored {len(done)} of {len(songs)}: {name}{rest}")
    return pd.DataFrame([line for name in songs for line in done[name]])


def _duration(seconds: float) -> str:
    return (
        f"{seconds:.0f} s"
        if seconds < 90
        else f"{seconds / 60:.0f} min"
        if seconds < 5400
        else f"{seconds / 3600:.1f} h"
    )


def _each(work: _Scoring, songs: Mapping[str, PreparedSong], processes: int) -> Iterator[tuple[str, Lines]]:
    processes = min(processes, len(songs))
    if processes <= 1:
        for name, song in songs.items():
            yield name, work.lines(name, song)
        return
    with tempfile.TemporaryDirectory() as folder:
        # By a file, so that each process reads the model once, and not through /dev/shm, which can be small.
        path = Path(folder) / "scoring.pickle"
        path.write_bytes(pickle.dumps(work))
        threads = max(cores() // processes, 1)
        yield from each(
            _in_worker, {name: (path, threads, name, song.bare()) for name, song in songs.items()}, processes
        )


def _in_worker(task: tuple[Path, int, str, PreparedSong]) -> Lines:
    path, threads, name, song = task
    return _received(path, threads).lines(name, song)


@lru_cache(maxsize=1)
def _received(path: Path, threads: int) -> _Scoring:
    torch.set_num_threads(threads)
    keep_freed_memory()
    work: _Scoring = pickle.loads(path.read_bytes())
    return work
