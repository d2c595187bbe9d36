"""A song file → one file per stem, its activity and its segments, in memory that does not grow with the song."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from stemwise import audio
from stemwise.audio import Samples
from stemwise.errors import AudioError
from stemwise.external import External, by_blocks
from stemwise.files import new_array
from stemwise.polarity import watched
from stemwise.separator import Separation, Separator, apply_gate
from stemwise.stem_files import (
    BLOCK,
    Playing,
    check_format,
    check_out,
    file_names,
    fill,
    write_activity,
    write_segments,
    write_stem,
)


def separate_file(
    source: Path,
    out: Path,
    separator: Separator,
    suffix: str = ".wav",
    progress: Callable[[float], None] | None = None,
    external: External | None = None,
) -> list[Path]:
    """Write `<target><suffix>` for every target, activity.csv and segments.csv into `out`; return their paths.

    Rate, length, level and channels are the source's; stems of a model of a lower rate hold nothing above half that
    rate. Files appear under their names only when all of them are whole. The gate goes by `external` activity, if there
    is one, as heard in the song at the model's rate: there are its probabilities then, too.
    Warns of channels that cancel out. Raises AudioError for a source that cannot be read, is empty, holds NaN or would
    be written over, for an unknown suffix, and for an `out` that is a file.
    """
    info = audio.info(source)
    check_format(suffix, info)
    if info.samples == 0:
        raise AudioError(f"{source}: holds no samples. Check the file in a player.")
    names = [f"{name}{suffix}" for name in file_names(separator.model.targets)]
    check_out(out, [source], names)
    rate = separator.model.sample_rate
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".separating-", dir=out.parent) as folder:
        work = Path(folder)
        length = -(-info.samples * rate // info.rate)
        mixture = new_array(work / "mixture.npy", (info.channels, length))
        blocks = audio.blocks(source, BLOCK)
        # A net of the song's own channels hears each of them; a detector, and any other net, their mean.
        by_mean = external is not None or getattr(separator.model, "channels", 1) != info.channels
        heard = watched(blocks, str(source)) if by_mean else blocks
        fill(mixture, audio.resampled_blocks(heard, info.rate, rate, info.channels))
        stems = new_array(work / "stems.npy", (len(separator.model.targets), info.channels, length))
        separation = _separated(source.stem, mixture, stems, separator, progress, external)
        playing = Playing(separation.targets, separation.probability, separation.gate, separation.frame_rate)
        parts = [write_stem(work / name, stem, info, rate) for name, stem in zip(names, separation.stems, strict=True)]
        parts += [write_activity(work, playing), write_segments(work, playing, separator.gate)]
        out.mkdir(exist_ok=True)
        return [part.replace(out / part.name) for part in parts]


def _separated(
    name: str,
    mixture: Samples,
    stems: Samples,
    separator: Separator,
    progress: Callable[[float], None] | None,
    external: External | None,
) -> Separation:
    if external is None:
        return separator.separate(mixture, stems, progress)
    _, own = separator.estimate(mixture, stems, progress)
    model = separator.model
    times = np.arange(1 + mixture.shape[1] // separator.hop) / model.frame_rate
    probability = external.hear(name, by_blocks(mixture), model.sample_rate, times, own).probability
    weights = separator.weights(probability, mixture.shape[1])
    for stem, weight in zip(stems, weights, strict=True):
        apply_gate(stem, weight, separator.stft)
    return Separation(model.targets, stems, probability, weights, model.frame_rate)
