"""Stems, their activity and their segments as files: what separating and gating write alike."""

import io
from collections.abc import Iterator, Sequence
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


def fill(out: Samples, blocks: Iterator[Samples]) -> None:
    """Copy blocks into (channel, sample) one behind the other; what does not fit is left out."""
    at = 0
    for block in blocks:
        kept = block[:, : out.shape[1] - at]
        out[:, at : at + kept.shape[1]] = kept
        at += kept.shape[1]


def write_stem(work: Path, name: str, stem: Samples, info: AudioInfo, rate: int, suffix: str) -> Path:
    """A stem (channel, sample) at `rate` as a file of the rate, length and channels of `info`."""
    path = work / f"{name}{suffix}"
    subtype = audio.subtype_of(path)
    pieces = (stem[:, i : i + BLOCK] for i in range(0, stem.shape[1], BLOCK))
    left, peak = info.samples, 0.0
    with (
        audio.writing(path, info.samples),
        soundfile.SoundFile(path, "w", info.rate, info.channels, subtype=subtype) as file,
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
    """activity.csv: a line a frame, its time, then probability and gate of every target."""
    path = work / "activity.csv"
    probability = playing.gate if playing.probability is None else playing.probability
    header = ["time", *playing.targets, *(f"{target} gate" for target in playing.targets)]
    table = np.column_stack([playing.times, probability.T, playing.gate.T])
    np.savetxt(path, table, fmt="%.4f", delimiter=",", header=",".join(header), comments="", encoding="utf-8")
    return path


def write_segments(work: Path, playing: Playing, gate: Gate) -> Path:
    """segments.csv: start_time,end_time,target of runs in which the target plays.

    Under a hard gate it plays where its gate is open; where its gate never closes, and under other gates, where its
    probability says so.
    """
    path = work / "segments.csv"
    lines = ["start_time,end_time,target"]
    for target, row in zip(playing.targets, _plays(playing, gate), strict=True):
        lines += [f"{start:.4f},{end:.4f},{target}" for start, end in segments(row, playing.times)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _plays(playing: Playing, gate: Gate) -> NDArray[np.float32]:
    if playing.probability is None:
        return playing.gate
    if gate.kind != "hard":
        return playing.probability
    thresholds = np.broadcast_to(np.asarray(gate.threshold, dtype=np.float64), len(playing.targets))
    told = replace(gate, threshold=[float(each) or EVEN for each in thresholds])
    return told.weights(playing.probability, playing.frame_rate)
