"""Separated songs kept on disk: another gate, or the same question again, separates nothing anew."""

import logging
import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from stemwise.audio import Samples
from stemwise.evaluation.digests import SEPARATION, code_digest, digest, song_digest
from stemwise.evaluation.scores import Estimated
from stemwise.files import beside, new_array
from stemwise.home import data_home
from stemwise.loading.shard import PreparedSong
from stemwise.separator import Separator

log = logging.getLogger(__name__)
STEMS, PROBABILITY = "stems.npy", "probability.npy"
DAY = 86400.0


@dataclass(frozen=True)
class Estimates:
    """Ungated stems and probability of songs, a folder a song under `data/estimates/` of the home folder.

    A folder is named by all that it depends on: `model` (`export.identity`), chunks, shifts, song and code. At most
    `room` bytes are kept: what was used longest ago goes, but nothing that was used since `since` (seconds of the
    epoch), so that a set larger than the room is kept in part.
    """

    model: str
    room: float
    since: float = field(default_factory=time.time)

    def of(self, separator: Separator, song: PreparedSong, mixture: Samples) -> Estimated:
        """Stems mapped from disk, separated first where they are not there; in memory where they cannot be kept."""
        how = (separator.chunk_seconds, separator.device, separator.shifts)
        settings = (self.model, *how, mixture.shape, song_digest(song))
        folder = _home() / f"{song.folder.name}-{digest(*settings, code_digest(*SEPARATION))}"
        shape = (len(separator.model.targets), *mixture.shape)
        return _read(folder, shape) or self._made(separator, mixture, folder, shape)

    def _made(self, separator: Separator, mixture: Samples, folder: Path, shape: tuple[int, ...]) -> Estimated:
        if self._make_room(4.0 * float(np.prod(shape))):
            try:
                _write(separator, mixture, folder, shape)
                if kept := _read(folder, shape):
                    return kept
            except OSError as fault:
                log.warning("%s cannot be kept (%s); free some room, or set estimates_gb=0.", folder, fault)
        return Estimated(*separator.estimate(mixture))

    def _make_room(self, need: float) -> bool:
        """Remove the longest unused until `need` bytes fit; False if they do not."""
        if need > self.room:
            return False
        entries = sorted(_entries())
        free = self.room - sum(size for _, size, _ in entries)
        for used, size, path in entries:
            if free >= need or used >= self.since:
                break
            shutil.rmtree(path, ignore_errors=True)
            free += size
        return free >= need


def _home() -> Path:
    return data_home() / "estimates"


def _entries() -> Iterator[tuple[float, int, Path]]:
    """(when it was used, bytes, path) of every song; what a kill left half written a day ago counts as long unused."""
    for path in _home().iterdir() if _home().is_dir() else ():
        try:
            used = path.stat().st_mtime
            size = sum(file.stat().st_size for file in path.iterdir())
        except OSError:
            continue  # another evaluation removed or renamed it
        half = path.name.startswith(".")
        if not half or used < time.time() - DAY:
            yield (0.0 if half else used), size, path


def _write(separator: Separator, mixture: Samples, folder: Path, shape: tuple[int, ...]) -> None:
    if folder.is_dir():
        shutil.rmtree(folder)  # damaged, or it would have been read
    with beside(folder, keep=True) as part:
        part.mkdir()
        out = new_array(part / STEMS, shape)
        _, probability = separator.estimate(mixture, out)
        np.save(part / PROBABILITY, np.zeros(0, np.float32) if probability is None else probability)


def _read(folder: Path, shape: tuple[int, ...]) -> Estimated | None:
    """What lies in the folder, if it is whole; marks it as used."""
    try:
        stems = np.load(folder / STEMS, mmap_mode="r")
        probability = np.load(folder / PROBABILITY)
        now = time.time_ns()  # not the file system's own clock, which may be milliseconds behind that of `since`
        os.utime(folder, ns=(now, now))
    except (OSError, ValueError, EOFError):
        return None
    return Estimated(np.asarray(stems), probability if probability.size else None) if stems.shape == shape else None
