"""Audio files ↔ float32 arrays of shape (channel, sample)."""

import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from stemwise.containers import mp3_says_length, ogg_fault
from stemwise.errors import AudioError
from stemwise.files import beside
from stemwise.texts import printable

Samples = NDArray[np.float32]
Float = TypeVar("Float", np.float32, np.float64)

# A wav of floats keeps every level; the others hold integers and clip beyond ±1.
SUBTYPES = {".wav": "FLOAT", ".flac": "PCM_24", ".mp3": "MPEG_LAYER_III", ".ogg": "VORBIS"}

BITS = {"PCM_S8": 8, "PCM_U8": 8, "PCM_16": 16, "PCM_24": 24, "PCM_32": 32}  # of files of integers
MP3 = ("MP3", "MPEG")  # what libsndfile calls it
UNKNOWN = 1 << 62  # samples; what libsndfile says where the header does not, as of a flac that came through a pipe
# What libsndfile logs where a header promises more bytes than the file has; it reads on without a word.
PROMISED = re.compile(r"^ *(?:data|SSND) : (\d+) \(should be (\d+)\)", re.MULTILINE)
UNSAID = 0x7F000000  # bytes; who writes into a pipe promises at least so many, not knowing the length
SLOPPY = 256  # bytes; some writers count their header
LOUDEST = 1e6  # 120 dB above full scale; a file that holds more is damaged, and squares of it may be infinite
BLOCK = 1 << 18  # samples decoded or encoded at a time
OVERSTATED = 1.0  # seconds; what a whole mp3 lacks of what its header says is less


@dataclass(frozen=True)
class AudioInfo:
    rate: int
    samples: int
    channels: int

    @property
    def seconds(self) -> float:
        return self.samples / self.rate


def info(path: Path) -> AudioInfo:
    """Rate, length and channels. An mp3 is decoded for it, since its header may overstate the length by half a second,
    and so is a file that does not say its length.

    Raises AudioError when the file is missing, in a format libsndfile cannot read, or shorter than its header says.
    """
    with opened(path) as file:
        for promised, found in (map(int, sizes) for sizes in PROMISED.findall(file.extra_info)):
            if promised - found > SLOPPY and promised < UNSAID:
                raise _too_short(path, file.frames, file.frames * promised // max(found, 1))
        if file.format == "OGG" and (fault := ogg_fault(path)):
            raise AudioError(f"{path}: {fault}")
        if file.format in ("WAV", "WAVEX") and path.stat().st_size > 1 << 32:
            raise AudioError(f"{path}: more than 4 GiB, which no wav can say. Export it as flac, RF64 or in parts.")
        counted = file.format in MP3 or file.frames >= UNKNOWN
        samples = _count(path, path.stat().st_mtime_ns) if counted else file.frames
        return AudioInfo(file.samplerate, samples, file.channels)


def depth(path: Path) -> int:
    """Bits of the integers that a file holds; 0 where it holds floats or is lossy. Raises AudioError as `info` does."""
    with opened(path) as file:
        return BITS.get(file.subtype, 0)


def read(path: Path, start: int = 0, stop: int | None = None) -> tuple[Samples, int]:
    """Samples [start, stop) as (channel, sample), and the rate in Hz. An mp3 is decoded from its beginning.

    Raises AudioError for what `info` refuses, for a file that ends before its header says, and what `finite` does.
    """
    wanted = (info(path).samples if stop is None else stop) - start
    with opened(path) as file:
        try:
            _go_to(file, start)
            audio = file.read(wanted, dtype="float32", always_2d=True).T
        except soundfile.LibsndfileError as fault:
            raise AudioError(f"{path}: cannot be decoded ({fault}). Export it anew as wav or flac.") from fault
        rate = file.samplerate
    if audio.shape[1] != wanted:
        raise _too_short(path, start + audio.shape[1], start + wanted)
    return finite(np.ascontiguousarray(audio), str(path)), rate


def blocks(path: Path, size: int) -> Iterator[Samples]:
    """The whole file as (channel, sample) of up to `size` samples each, decoded once from front to end.

    Raises AudioError as `read` does.
    """
    with opened(path) as file:
        at = 0
        while len(block := next_block(file, size, path, np.float32)):
            yield finite(np.ascontiguousarray(block.T), str(path), at)
            at += len(block)


def raw_blocks(path: Path, size: int, checked: bool = True) -> Iterator[tuple[NDArray[np.int16] | Samples, float]]:
    """The whole file as (sample, channel) of `size` samples each (the last may be shorter), and its full scale.

    Files of 16 bit are handed out as the integers they hold, others as float32: whoever only measures need not convert.
    Each block is overwritten by the next. Raises AudioError as `read` does; NaN and infinity only if `checked`.
    """
    samples, found = info(path).samples, 0
    with opened(path) as file:
        whole = file.subtype == "PCM_16"
        buffer = np.empty((size, file.channels), dtype=np.int16 if whole else np.float32)
        try:
            while len(block := file.read(size, dtype=buffer.dtype.name, always_2d=True, out=buffer)):
                found += len(block)
                yield (block, 32768.0) if whole else (finite(block.T, str(path)).T if checked else block, 1.0)
        except soundfile.LibsndfileError as fault:
            raise AudioError(f"{path}: cannot be decoded ({fault}). Export it anew as wav or flac.") from fault
    if found != samples:
        raise _too_short(path, found, samples)


def write(path: Path, audio: Samples, rate: int, subtype: str | None = None) -> None:
    """Write (channel, sample) as wav (32-bit float), flac (24 bit), mp3 or ogg, by the suffix, whole or not at all.

    `subtype` names another libsndfile encoding. Integer encodings clip beyond ±1 and warn with the peak.
    Raises AudioError for an unknown suffix, NaN and infinity.
    """
    subtype = subtype or subtype_of(path)
    finite(audio, str(path))
    warn_of_clipping(path, float(np.abs(audio).max(initial=0.0)), subtype)
    channels, samples = audio.shape
    with beside(path) as part, writing(part, samples), created(part, rate, channels, subtype) as file:
        for start in range(0, samples, BLOCK):  # of a minute at once libsndfile's vorbis dies
            file.write(audio[:, start : start + BLOCK].T)


@contextmanager
def writing(path: Path, samples: int) -> Iterator[None]:
    """Around whatever writes `samples` to `path`: raises AudioError when that failed, also where nobody was told.

    libsndfile hands on what went wrong in a write, but not in the last one, when the file is closed.
    """
    try:
        yield
        with soundfile.SoundFile(_told(path)) as file:
            if file.format not in MP3 and samples:
                file.seek(samples - 1)
                whole = len(file.read(1)) == 1
            else:
                whole = file.frames >= samples
    except soundfile.LibsndfileError as fault:
        raise AudioError(f"{path.name} could not be written ({fault}). Is the disk full?") from fault
    if not whole:
        raise AudioError(f"{path.name} was cut short while it was written. Is the disk full?")


def subtype_of(path: Path) -> str:
    try:
        return SUBTYPES[path.suffix.lower()]
    except KeyError:
        raise AudioError(f"{path}: cannot write '{path.suffix}'. Choose one of {', '.join(SUBTYPES)}.") from None


def warn_of_clipping(path: Path, peak: float, subtype: str) -> None:
    if peak > 1 and subtype not in ("FLOAT", "DOUBLE"):
        warnings.warn(f"{path}: peak {peak:.2f} was clipped to 1; wav keeps it.", stacklevel=3)


def resample(audio: Samples, rate: float, to: float) -> Samples:
    """(channel, sample) at `rate` → (channel, ceil(sample · to / rate)) at `to`, both in Hz."""
    if rate == to:
        return audio
    length = int(-(-audio.shape[-1] * to // rate))
    out = soxr.resample(audio.T, rate, to, quality="HQ").T
    return fit(np.ascontiguousarray(out, dtype=np.float32), length)


def resampled_blocks(blocks: Iterator[Samples], rate: int, to: int, channels: int) -> Iterator[Samples]:
    """Blocks (channel, sample) at another rate, as if they had been resampled in one piece."""
    if rate == to:
        yield from blocks
        return
    stream = soxr.ResampleStream(rate, to, channels, dtype="float32", quality="HQ")
    came = went = 0
    for block in blocks:
        out = stream.resample_chunk(np.ascontiguousarray(block.T)).reshape(-1, channels).T
        came, went = came + block.shape[1], went + out.shape[1]
        yield out
    out = stream.resample_chunk(np.zeros((0, channels), np.float32), last=True).reshape(-1, channels).T
    # Of so few samples that they make half of one the stream gives none, and `resample` one.
    yield out if went + out.shape[1] or not came else np.zeros((channels, 1), np.float32)


def fit(audio: Samples, length: int) -> Samples:
    """Cut or zero-pad the last axis to `length` samples."""
    missing = length - audio.shape[-1]
    if missing <= 0:
        return audio[..., :length]
    return np.pad(audio, [(0, 0)] * (audio.ndim - 1) + [(0, missing)])


def as_channels(audio: Samples, channels: int) -> Samples:
    """Mono by the mean of the channels; mono to several by repetition; anything else raises AudioError."""
    have = audio.shape[0]
    if have == channels:
        return audio
    if channels == 1:
        return np.asarray(audio.mean(axis=0, keepdims=True, dtype=np.float32))
    if have == 1:
        return np.repeat(audio, channels, axis=0)
    raise AudioError(f"{have} channels cannot become {channels}: give mono, or {channels} channels.")


def finite(audio: NDArray[Float], name: str, at: int = 0) -> NDArray[Float]:
    """The samples, (channel, sample), of which the first is number `at`. Raises AudioError for NaN, infinity and what
    no sound is as loud as."""
    if audio.size and not (audio.max() <= LOUDEST and audio.min() >= -LOUDEST):
        first = int(np.argmin(sound(audio).all(axis=0)))
        what = "NaN or infinity" if not np.isfinite(audio[:, first]).all() else f"beyond ±{LOUDEST:g}"
        raise AudioError(f"{name}: {what}, first at sample {at + first}. Export the file again without it.")
    return audio


def sound(audio: NDArray[Float]) -> NDArray[np.bool_]:
    """Which samples may be of a sound."""
    return np.asarray(np.abs(audio) <= LOUDEST)


class _Forward(soundfile.SoundFile):  # type: ignore[misc]  # soundfile has no types
    """A file that is read from front to end.

    soundfile seeks to where it is after every read, and in an mp3 of variable bit rate libsndfile seeks by a table of a
    hundred entries and lands somewhere else.
    """

    def seekable(self) -> bool:
        return False


def next_block(file: soundfile.SoundFile, size: int, path: Path, dtype: type[Float]) -> NDArray[Float]:
    """(sample, channel), up to `size` samples of an open file; none at its end. Raises AudioError for what cannot be
    decoded."""
    try:
        return np.asarray(file.read(size, dtype=np.dtype(dtype).name, always_2d=True))
    except soundfile.LibsndfileError as fault:
        raise AudioError(f"{path}: cannot be decoded ({fault}). Export it anew as wav or flac.") from fault


def _go_to(file: soundfile.SoundFile, start: int) -> None:
    """By decoding what comes before, where libsndfile seeks to another place or not at all."""
    if file.format not in (*MP3, "OGG") and file.frames < UNKNOWN:
        file.seek(start)
        return
    while start > 0 and (passed := len(file.read(min(start, BLOCK), dtype="float32"))):
        start -= passed


@lru_cache(maxsize=4096)
def _count(path: Path, _modified: int) -> int:
    """Samples that decoding gives, remembered while the file is not modified.

    libsndfile never reads on behind the length it guessed of an mp3; where bytes are left then, the song would be cut
    short.
    """
    with path.open("rb") as raw, _Forward(raw) as file:
        samples = sum(iter(lambda: len(next_block(file, BLOCK, path, np.float32)), 0))
        left = path.stat().st_size - raw.tell()
        said = file.frames if file.format in MP3 and mp3_says_length(path) else samples
    if said - samples > file.samplerate * OVERSTATED:
        raise _too_short(path, samples, said)
    if left > max(path.stat().st_size // 20, 1 << 16):
        raise AudioError(
            f"{path}: its header understates its length ({samples} samples, {left} bytes left over). Convert it to wav "
            "or flac, or encode it anew."
        )
    return samples


def _too_short(path: Path, found: int, wanted: int) -> AudioError:
    return AudioError(
        f"{path}: ends after {found} samples where {wanted} were expected. "
        "The file is truncated; copy or export it again."
    )


def created(
    path: Path, rate: int, channels: int, subtype: str, format: str | None = None, endian: str | None = None
) -> soundfile.SoundFile:
    """To be written; its format is that of the suffix if None."""
    return soundfile.SoundFile(_told(path), "w", rate, channels, subtype, endian, format or path.suffix[1:].upper())


def _told(path: Path) -> Path | bytes:
    """Of a str soundfile takes UTF-8 only, and a name may be other bytes."""
    return path if printable(str(path)) == str(path) else os.fsencode(path)


def opened(path: Path) -> soundfile.SoundFile:
    """To be read from front to end. Raises AudioError for a missing file and for what libsndfile cannot read."""
    if not path.is_file():
        raise AudioError(f"{path}: no such file. Check the name, and that the drive it lies on is mounted.")
    try:
        return _Forward(_told(path))
    except soundfile.LibsndfileError as fault:
        raise AudioError(f"{path}: cannot be read as audio ({fault}). Export it anew as wav, flac or mp3.") from fault
