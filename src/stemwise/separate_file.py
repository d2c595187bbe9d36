"""A song file → one file per stem, its activity and its segments, in memory that does not grow with the song."""

import io
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from stemwise import audio
from stemwise.activity import segments
from stemwise.audio import AudioInfo, Samples
from stemwise.errors import AudioError
from stemwise.files import new_array
from stemwise.separator import Separation, Separator

BLOCK = 1 << 18  # samples read, resampled or written at a time
EVEN = 0.5  # probability from which a target plays whose gate never closes, for it has a threshold of 0


def separate_file(
    source: Path,
    out: Path,
    separator: Separator,
    suffix: str = ".wav",
    progress: Callable[[float], None] | None = None,
) -> list[Path]:
    """Write `<target><suffix>` for every target, activity.csv and segments.csv into `out`; return their paths.

    Rate, length, level and channels are the source's; stems of a model of a lower rate hold nothing above half that
    rate. Files appear under their names only when all of them are whole.
    Raises AudioError for a source that cannot be read, is empty or holds NaN, and for an unknown suffix.
    """
    info = audio.info(source)
    _check_format(suffix, info)
    if info.samples == 0:
        raise AudioError(f"{source}: holds no samples. Check the file in a player.")
    rate = separator.model.sample_rate
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".separating-", dir=out.parent) as folder:
        work = Path(folder)
        length = -(-info.samples * rate // info.rate)
        mixture = new_array(work / "mixture.npy", (info.channels, length))
        _fill(mixture, audio.resampled_blocks(audio.blocks(source, BLOCK), info.rate, rate, info.channels))
        stems = new_array(work / "stems.npy", (len(separator.model.targets), info.channels, length))
        separation = separator.separate(mixture, stems, progress)
        parts = [_write_stem(work, name, stem, info, rate, suffix) for name, stem in _named(separation)]
        parts += [_write_activity(work, separation), _write_segments(work, separation, separator)]
        out.mkdir(exist_ok=True)
        return [part.replace(out / part.name) for part in parts]


def _check_format(suffix: str, info: AudioInfo) -> None:
    """Refuse before the work what the format cannot hold, as an mp3 of 96 kHz or of three channels."""
    subtype = audio.subtype_of(Path(f"x{suffix}"))
    try:
        name = {".wav": "WAV", ".flac": "FLAC", ".mp3": "MP3", ".ogg": "OGG"}[suffix]
        soundfile.SoundFile(io.BytesIO(), "w", info.rate, info.channels, subtype, format=name).close()
    except soundfile.LibsndfileError as fault:
        raise AudioError(
            f"{suffix} cannot hold {info.channels} channels at {info.rate} Hz ({fault}). Choose wav."
        ) from fault


def _fill(out: Samples, blocks: Iterator[Samples]) -> None:
    at = 0
    for block in blocks:
        kept = block[:, : out.shape[1] - at]
        out[:, at : at + kept.shape[1]] = kept
        at += kept.shape[1]


def _named(separation: Separation) -> Iterator[tuple[str, Samples]]:
    for target, stem in zip(separation.targets, separation.stems, strict=True):
        yield target.replace(" ", "_"), stem


def _write_stem(work: Path, name: str, stem: Samples, info: AudioInfo, rate: int, suffix: str) -> Path:
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


def _write_activity(work: Path, separation: Separation) -> Path:
    """A line a frame: time, then probability and gate of every target."""
    path = work / "activity.csv"
    probability = separation.gate if separation.probability is None else separation.probability
    header = ["time", *separation.targets, *(f"{target} gate" for target in separation.targets)]
    table = np.column_stack([separation.times, probability.T, separation.gate.T])
    np.savetxt(path, table, fmt="%.4f", delimiter=",", header=",".join(header), comments="", encoding="utf-8")
    return path


def _write_segments(work: Path, separation: Separation, separator: Separator) -> Path:
    """start_time,end_time,target: runs in which the target plays.

    Under a hard gate it plays where its gate is open; where its gate never closes, and under other gates, where its
    probability says so.
    """
    path = work / "segments.csv"
    lines = ["start_time,end_time,target"]
    for target, row in zip(separation.targets, _plays(separation, separator), strict=True):
        lines += [f"{start:.4f},{end:.4f},{target}" for start, end in segments(row, separation.times)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def _plays(separation: Separation, separator: Separator) -> NDArray[np.float32]:
    gate = separator.gate
    if separation.probability is None:
        return separation.gate
    if gate.kind != "hard":
        return separation.probability
    thresholds = np.broadcast_to(np.asarray(gate.threshold, dtype=np.float64), len(separation.targets))
    told = replace(gate, threshold=[float(each) or EVEN for each in thresholds])
    return told.weights(separation.probability, separation.frame_rate)
