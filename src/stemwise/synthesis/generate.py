"""Many songs into one folder, in parallel, and continued where a run was stopped."""

import signal
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

from stemwise.errors import DataError, MissingExtra, StemwiseError
from stemwise.parallel import cores, end_with_caller
from stemwise.song_folder import FORMATS
from stemwise.synthesis import midi, tree
from stemwise.synthesis.presets import find_preset
from stemwise.synthesis.song import Job, Options
from stemwise.synthesis.soundfonts import load_fonts
from stemwise.synthesis.sources import composed_jobs, contents, midi_jobs
from stemwise.synthesis.style import find_styles
from stemwise.synthesis.voice import speech

VOICES = ("auto", "words", "vowels")

Progress = Callable[[int, int], object]
Tick = Callable[[int], object]

# Starting processes costs more than it saves below this many seconds of music.
WORTH_PROCESSES = 60.0


def synthesize(
    root: Path,
    preset: str = "tiny",
    seed: int = 0,
    processes: int | None = None,
    progress: Progress | None = None,
    songs: int | None = None,
    seconds: float | None = None,
    only: Sequence[str] = (),
    fonts: Sequence[Path] = (),
    format: str = "flac",
    voices: str = "auto",
    name: str = "",
) -> list[str]:
    """Compose the songs of a preset, write them to `root` as a MedleyDB tree and return their ids.

    `root` then holds Audio/<ID>/ (stems, mix, metadata, MIDI), manifest.json and, once all is there, splits.json. Songs
    already there are kept, missing ones are made; the bytes depend neither on interruptions nor on `processes`.
    `processes`: None for one a core (and for little music just this one); where it is more than one, a script must call
    this under `if __name__ == "__main__"`. `progress(done, all)` is called after each song.
    `songs`, `seconds`: another number, in the shares of the preset, or another length of each. `only`: names of styles;
    all if empty. `fonts`: sf2 files, of which each song draws one (the last of several only test songs); the one of
    pretty_midi if empty. `voices`: "words" or "vowels" are sung; "auto": words where the extra `sing` is installed.
    `name`: what the ids begin with, in place of the preset, so that sets can be learned from beside each other.

    Raises DataError for an unknown preset or style, a bad number, font or name, a folder that holds other songs or in
    which another run is at work;
    MissingExtra without the extra `synth`, for words without the extra `sing`.
    """
    chosen = find_preset(preset)
    chosen = chosen if songs is None else chosen.with_songs(songs)
    chosen = chosen if seconds is None else chosen.with_seconds(seconds)
    source = {"preset": chosen.name, "seconds": chosen.seconds, "styles": list(find_styles(only)), "name": name or None}
    chosen = chosen.called(name) if name else chosen
    options = check_options(seed, processes, fonts, format, voices)
    jobs = composed_jobs(chosen, seed, options, only)
    return make_songs(root, jobs, tree.identity(source, seed, len(jobs), options), processes, progress)


def synthesize_midi(
    root: Path,
    folder: Path,
    seed: int = 0,
    processes: int | None = None,
    progress: Progress | None = None,
    songs: int | None = None,
    fonts: Sequence[Path] = (),
    format: str = "flac",
) -> tuple[list[str], list[str]]:
    """Render the MIDI files below `folder` as `synthesize` renders what it composes: one stem a General MIDI program.

    Returns the ids, and a sentence for each file that was left out. `songs`: the first so many usable files. Raises
    what `synthesize` raises, and DataError for a folder without a usable file.
    """
    options = check_options(seed, processes, fonts, format)
    if songs is not None and songs < 1:
        raise DataError(f"{songs} songs cannot be made. Give 1 or more, or leave it out for all.")
    jobs, refused = midi_jobs(folder.resolve(), seed, options, songs)
    identity = tree.identity({"midi": contents(jobs)}, seed, len(jobs), options)
    return make_songs(root, jobs, identity, processes, progress), refused


def check_options(
    seed: int, processes: int | None, fonts: Sequence[Path], format: str, voices: str = "vowels"
) -> Options:
    """Raises DataError and MissingExtra as `synthesize` says."""
    if seed < 0 or (processes is not None and processes < 1):
        raise DataError(f"seed={seed}, processes={processes}: give a seed of 0 or more and processes of 1 or more.")
    if format not in FORMATS:
        raise DataError(f"format '{format}': songs are written as {' or '.join(FORMATS)}.")
    if voices not in VOICES:
        raise DataError(f"voices '{voices}': choose {' or '.join(VOICES)}.")
    midi.check_installed()
    load_fonts(fonts)
    return Options(tuple(path.resolve() for path in fonts), format, _words(voices))


def _words(voices: str) -> bool:
    """Whether words are sung; raises MissingExtra when they must be and cannot."""
    if voices != "vowels":
        try:
            speech.check_installed()
        except MissingExtra:
            if voices == "words":
                raise
            return False
    return voices != "vowels"


def make_songs(
    root: Path, jobs: list[Job], identity: Mapping[str, Any], processes: int | None, progress: Progress | None
) -> list[str]:
    """Make the jobs that `root` does not hold yet; return the ids of all."""
    with tree.alone(root, identity):
        audio = tree.open_tree(root, jobs, identity)
        missing = [job for job in jobs if not (audio / job.name).is_dir()]
        done = len(jobs) - len(missing)
        _make(missing, audio, processes, lambda made: progress and progress(done + made, len(jobs)))
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
        if sum(job.source.seconds for job in jobs) < WORTH_PROCESSES:
            return 1
        wanted = cores()
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
    end_with_caller()
    # Ctrl-C reaches every process of the terminal; the caller answers it for all.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _work(job: Job, audio: Path) -> None:
    job.make(audio, _check)


def _check() -> None:
    if _stop is not None and _stop.is_set():
        raise _Stopped("the run was stopped")
