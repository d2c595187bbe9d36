"""Many songs into one folder, in parallel, and continued where a run was stopped."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from pathlib import Path

from stemwise.errors import DataError, StemwiseError
from stemwise.synthesis import midi, tree
from stemwise.synthesis.presets import find_preset
from stemwise.synthesis.song import Job

Tick = Callable[[int], object]

# Starting processes costs more than it saves below this many seconds of music.
WORTH_PROCESSES = 120.0


def synthesize(
    root: Path,
    preset: str = "tiny",
    seed: int = 0,
    processes: int | None = None,
    progress: Callable[[int, int], None] | None = None,
    songs: int | None = None,
) -> list[str]:
    """Write the songs of a preset to `root` as a MedleyDB tree and return their ids.

    `root` then holds Audio/<ID>/ (stems, mix, metadata, MIDI), manifest.json and, once all is there, splits.json. Songs
    already there are kept, missing ones are made; the bytes depend neither on interruptions nor on `processes`.
    `processes`: None for one a core (and for little music just this one); where it is more than one, a script must call
    this under `if __name__ == "__main__"`. `progress(done, all)` is called after each song.
    `songs`: another number of songs in the shares of the preset. Only one run at a time may write to a folder.

    Raises DataError for an unknown preset, a bad number, or a folder that holds other songs; MissingExtra without the
    extra `synth`.
    """
    chosen = find_preset(preset)
    chosen = chosen if songs is None else chosen.with_songs(songs)
    if seed < 0 or (processes is not None and processes < 1):
        raise DataError(f"seed={seed}, processes={processes}: give a seed of 0 or more and processes of 1 or more.")
    midi.check_installed()
    jobs = [Job(chosen, seed, number) for number in range(chosen.songs)]
    audio = tree.open_tree(root, jobs)
    missing = [job for job in jobs if not (audio / job.name).is_dir()]
    _make(missing, audio, processes, lambda made: progress and progress(len(jobs) - len(missing) + made, len(jobs)))
    tree.close_tree(root, jobs)
    return [job.name for job in jobs]


def _make(jobs: list[Job], audio: Path, processes: int | None, tick: Tick) -> None:
    count = _processes(processes, jobs)
    if count == 1:
        _in_turn(jobs, audio, tick)
    else:
        _in_parallel(jobs, audio, count, tick)


def _processes(wanted: int | None, jobs: list[Job]) -> int:
    if wanted is None:
        if sum(job.preset.seconds for job in jobs) < WORTH_PROCESSES:
            return 1
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
        wanted = cores or 1
    return max(1, min(wanted, len(jobs)))


def _in_turn(jobs: list[Job], audio: Path, tick: Tick) -> None:
    for made, job in enumerate(jobs, start=1):
        job.make(audio)
        tick(made)


def _in_parallel(jobs: list[Job], audio: Path, count: int, tick: Tick) -> None:
    """An exception here or in a worker stops the other workers before their next stem; half a song is removed."""
    context = get_context("spawn")
    stop = context.Event()
    with ProcessPoolExecutor(count, context, _start_worker, (stop,)) as pool:
        futures = [pool.submit(_work, job, audio) for job in jobs]
        try:
            for made, future in enumerate(as_completed(futures), start=1):
                future.result()
                tick(made)
        except BaseException:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise


class _Stopped(StemwiseError):
    """The caller no longer wants the song."""


_stop: Event | None = None


def _start_worker(stop: Event) -> None:
    global _stop  # noqa: PLW0603  (a pool has no other place for what its workers share)
    _stop = stop
    # Ctrl-C reaches every process of the terminal; the caller answers it for all.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _work(job: Job, audio: Path) -> None:
    job.make(audio, _check)


def _check() -> None:
    if _stop is not None and _stop.is_set():
        raise _Stopped("the run was stopped")
