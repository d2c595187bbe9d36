"""A folder of stems, of whatever separator → the same files, gated by activity that is heard in their mixture."""

import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from stemwise import audio
from stemwise.audio import AudioInfo, Samples
from stemwise.errors import AudioError
from stemwise.external import External
from stemwise.gate import Gate
from stemwise.polarity import watched
from stemwise.spectral import Stft
from stemwise.stem_files import Playing, check_out, write_activity, write_segments

FRAMES_A_SECOND = 44100 / 1024  # of the gate, as in IASS; a window is four hops
BLOCK = 256  # frames gated at a time
APART = 0.1  # seconds by which a mixture may be longer or shorter than the stems: an encoder pads

Progress = Callable[[float], None]


def gate_stems(
    stems: Mapping[str, Path],
    out: Path,
    external: External,
    gate: Gate,
    mixture: Path | None = None,
    progress: Progress | None = None,
) -> list[Path]:
    """Write each stem (target → its file) under its own file name, activity.csv and segments.csv into `out`.

    The activity is heard in `mixture`, or in the sum of the stems. Rate, length, channels and encoding of a file stay;
    where its gate is open a file of a lossless encoding has the samples of the stem, where it is closed zeros. Memory
    grows with the frames of the activity only. Files appear under their names only when all of them are whole.

    Raises AudioError for stems of different rates or lengths, a mixture of another length, files that cannot be read or
    written in their own format, and for an `out` that is the stems' own folder.
    """
    info = _common(stems, out)
    check_out(out, [mixture] if mixture else [], [path.name for path in stems.values()])
    if mixture is not None:
        _check_length(mixture, info, next(iter(stems.values())))
    hop = max(round(info.rate / FRAMES_A_SECOND), 1)
    stft, times = Stft(4 * hop, hop), np.arange(1 + info.samples // hop) * hop / info.rate
    source = _blocks(mixture) if mixture is not None else _sum(list(stems.values()))
    rate = audio.info(mixture).rate if mixture is not None else info.rate
    name = mixture.stem if mixture is not None else next(iter(stems.values())).parent.name
    heard = watched(_counted(source, rate, info.seconds, progress, 0.5), str(mixture or name))
    probability = external.hear(name, heard, rate, times).probability
    playing = Playing(list(stems), probability, gate.weights(probability, info.rate / hop), info.rate / hop)
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".gating-", dir=out.parent) as folder:
        work, parts = Path(folder), []
        for number, (path, weights) in enumerate(zip(stems.values(), playing.gate, strict=True)):
            parts.append(_gated(path, work / path.name, weights, stft))
            if progress:
                progress(0.5 + 0.5 * (number + 1) / len(stems))
        parts += [write_activity(work, playing), write_segments(work, playing, gate)]
        out.mkdir(exist_ok=True)
        return [part.replace(out / part.name) for part in parts]


def _common(stems: Mapping[str, Path], out: Path) -> AudioInfo:
    """What all stems share; channels are a stem's own."""
    if not stems:
        raise AudioError("no stems to gate; give a folder with a file for each.")
    paths = list(stems.values())
    if out.exists() and any(out.resolve() == path.resolve().parent for path in paths):
        raise AudioError(f"{out}: the stems themselves are there, and would be lost. Name another folder with --out.")
    infos = [audio.info(path) for path in paths]
    first = infos[0]
    for path, info in zip(paths, infos, strict=True):
        if (info.rate, info.samples) != (first.rate, first.samples):
            raise AudioError(
                f"{path} has {info.samples} samples at {info.rate} Hz, {paths[0].name} has {first.samples} at "
                f"{first.rate} Hz. Stems of one song have one length and rate; export them again together."
            )
        with audio.opened(path) as file:
            if not soundfile.check_format(file.format, file.subtype):
                raise AudioError(f"{path}: {file.format} of {file.subtype} cannot be written. Convert it to wav.")
    if first.samples == 0:
        raise AudioError(f"{paths[0]}: holds no samples. Check the file in a player.")
    return first


def _check_length(mixture: Path, info: AudioInfo, stem: Path) -> None:
    found = audio.info(mixture)
    if abs(found.seconds - info.seconds) > APART:
        raise AudioError(
            f"{mixture} lasts {found.seconds:.2f} s, and {stem.name} {info.seconds:.2f} s: it is no mixture of these "
            "stems. Name the right one, or none: then they are summed."
        )


def _blocks(path: Path) -> Iterator[Samples]:
    return audio.blocks(path, audio.BLOCK)


def _sum(paths: list[Path]) -> Iterator[Samples]:
    """(1, sample) of the mean channels of all, block by block."""
    for parts in zip(*(audio.blocks(path, audio.BLOCK) for path in paths), strict=True):
        yield np.sum([part.mean(axis=0, keepdims=True) for part in parts], axis=0, dtype=np.float32)


def _counted(
    blocks: Iterable[Samples], rate: int, seconds: float, progress: Progress | None, share: float
) -> Iterator[Samples]:
    done = 0
    for block in blocks:
        yield block
        done += block.shape[1]
        if progress:
            progress(share * min(done / rate / seconds, 1.0))


def _gated(source: Path, target: Path, weights: NDArray[np.float32], stft: Stft) -> Path:
    """A stem times its gate's gain, in float64 and its own encoding, so that a gain of 1 changes no bit."""
    step, at, peak = BLOCK * stft.hop, 0, 0.0
    with ExitStack() as stack:
        file = stack.enter_context(audio.opened(source))
        stack.enter_context(audio.writing(target, audio.info(source).samples))
        kind = {"subtype": file.subtype, "format": file.format, "endian": file.endian}
        out = stack.enter_context(audio.created(target, file.samplerate, file.channels, **kind))
        while len(block := audio.next_block(file, step, source, np.float64)):
            block = audio.finite(block.T, str(source), at).T
            block *= stft.gain(weights, at, at + len(block))[:, None]
            out.write(block)
            at, peak = at + len(block), max(peak, float(np.abs(block).max()))
    audio.warn_of_clipping(Path(target.name), peak, out.subtype)
    return target
