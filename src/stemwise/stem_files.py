"""Stems, their activity and their segments as files: what separating and gating write alike."""

import csv
import io
import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from stemwise import audio
from stemwise.activity import segments
from stemwise.audio import AudioInfo, Samples
from stemwise.errors import AudioError
from stemwise.gate import Gate
from stemwise.texts import printable

LARGEST_WAV = (1 << 32) - (1 << 16)  # bytes of samples
BLOCK = 1 << 18  # samples read, resampled or written at a time
EVEN = 0.5  # probability from which a target plays whose gate never closes, for it has a threshold of 0


def check_format(suffix: str, info: AudioInfo) -> None:
    """Refuse before the work what the format cannot hold, as an mp3 of 96 kHz or of three channels."""
    subtype = audio.subtype_of(Path(f"x{suffix}"))
    try:
        name = {".wav": "WAV", ".flac": "FLAC", ".mp3": "MP3", ".ogg": "OGG"}[suffix]
        soundfile.SoundFile(io.BytesIO(), "w", info.rate, info.channels, subtype, format=name).close()
    except soundfile.LibsndfileError as fault:
        raise AudioError(
            f"{suffix} cannot hold {info.channels} channels at {info.rate} Hz ({fault}). Choose wav."
        ) from fault


def file_names(targets: Sequence[str]) -> list[str]:
    """A name for a file of each target, with `_` for what no file may be called; no two alike on any disk."""
    names: list[str] = []
    for target in targets:
        plain = re.sub(r"^\.|[^\w.,&()+-]", "_", target) or "_"
        tries = itertools.chain([plain], (f"{plain}_{number}" for number in itertools.count(2)))
        names.append(next(name for name in tries if name.casefold() not in map(str.casefold, names)))
    return names


def check_out(out: Path, sources: Iterable[Path], names: Iterable[str]) -> None:
    """Raise AudioError, before the work, where files of these names in `out` would replace a source, and where `out` is
    no folder."""
    if out.exists() and not out.is_dir():
        raise AudioError(f"{out}: is a file, where a folder of stems is to be. Name another --out.")
    there = [path for path in (out / name for name in names) if path.exists()]
    if lost := [source for source in sources if any(path.samefile(source) for path in there)]:
        raise AudioError(f"{lost[0]}: is itself where a stem is to be, and would be lost. Name another --out.")


def fill(out: Samples, blocks: Iterator[Samples]) -> None:
    """Copy blocks into (channel, sample) one behind the other; what does not fit is left out."""
    at = 0
    for block in blocks:
        kept = block[:, : out.shape[1] - at]
        out[:, at : at + kept.shape[1]] = kept
        at += kept.shape[1]


def write_stem(path: Path, stem: Samples, info: AudioInfo, rate: int) -> Path:
    """A stem (channel, sample) at `rate` as a file of the rate, length and channels of `info`. A wav of more than
    4 GiB becomes an RF64, which is called .wav as well."""
    subtype = audio.subtype_of(path)
    long = path.suffix == ".wav" and 4 * info.samples * info.channels > LARGEST_WAV
    pieces = (stem[:, i : i + BLOCK] for i in range(0, stem.shape[1], BLOCK))
    left, peak = info.samples, 0.0
    with (
        audio.writing(path, info.samples),
        audio.created(path, info.rate, info.channels, subtype, "RF64" if long else None) as file,
    ):
        for block in audio.resampled_blocks(pieces, rate, info.rate, info.channels):
            kept = block[:, :left]
            file.write(kept.T)
            left -= kept.shape[1]
            peak = max(peak, float(np.abs(kept).max(initial=0.0)))
        file.write(np.zeros((left, info.channels), np.float32))
    audio.warn_of_clipping(Path(path.name), peak, subtype)
    return path


@dataclass(frozen=True)
class Playing:
    """probability (target, frame), None where nobody says it, and gate (target, frame); frame t at t / frame_rate s."""

    targets: Sequence[str]
    probability: NDArray[np.float32] | None
    gate: NDArray[np.float32]
    frame_rate: float

    @property
    def times(self) -> NDArray[np.float64]:
        return np.arange(self.gate.shape[1]) / self.frame_rate


def write_activity(work: Path, playing: Playing) -> Path:
    """activity.csv: a line a frame, its time, then probability and gate of every target; the gate alone where nobody
    says the probability."""
    path = work / "activity.csv"
    said = playing.probability
    names = [*(() if said is None else playing.targets), *(f"{target} gate" for target in playing.targets)]
    table = np.column_stack([playing.times, *(() if said is None else (said.T,)), playing.gate.T])
    np.savetxt(path, table, fmt="%.4f", delimiter=",", header=_line(["time", *names]), comments="", encoding="utf-8")
    return path


def write_segments(work: Path, playing: Playing, gate: Gate) -> Path:
    """segments.csv: start_time,end_time,target of runs in which the target plays; none where nobody says when.

    Under a hard gate it plays where its gate is open; where its gate never closes, and under other gates, where its
    probability says so.
    """
    path = work / "segments.csv"
    lines = ["start_time,end_time,target"]
    for target, row in zip(playing.targets, _plays(playing, gate), strict=True):
        lines += [_line([f"{start:.4f}", f"{end:.4f}", target]) for start, end in segments(row, playing.times)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _line(cells: Sequence[str]) -> str:
    """Of a CSV: names of files hold commas, and bytes that are no UTF-8."""
    line = io.StringIO()
    csv.writer(line, lineterminator="").writerow(map(printable, cells))
    return line.getvalue()


def _plays(playing: Playing, gate: Gate) -> NDArray[np.float32]:
    if playing.probability is None:
        return np.zeros_like(playing.gate)
    if gate.kind != "hard":
        return playing.probability
    thresholds = np.broadcast_to(np.asarray(gate.threshold, dtype=np.float64), len(playing.targets))
    told = replace(gate, threshold=[float(each) or EVEN for each in thresholds])
    return told.weights(playing.probability, playing.frame_rate)
