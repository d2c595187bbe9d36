"""A trained detector, and an array of any rate heard by it."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemwise.activity import MAX_CHANNELS
from stemwise.audio import resample
from stemwise.detector import Detection, Detector
from stemwise.errors import AudioError, ModelError
from stemwise.export import find_detector, load
from stemwise.gate import Gate
from stemwise.model.mel import DETECTION


def load_detector(
    model: Path | None = None, threshold: float | None = None, device: str = "cpu", context_seconds: float | None = None
) -> Detector:
    """The detector of an exported model or a run folder; None: the newest there is (`export.find_detector`).

    `threshold`, between 0 and 1 and for all targets, in place of those the model carries. Raises ModelError as
    `export.load` does, and for another threshold. `context_seconds` as in `Detector`.
    """
    exported = load(find_detector(model), DETECTION)
    gate = exported.gate
    if threshold is not None:
        if not 0 < threshold < 1:
            raise ModelError(f"threshold is {threshold:g}; a probability lies between 0 and 1.")
        gate = Gate("hard", threshold, gate.median_seconds)
    return Detector(exported.model, gate, device, context_seconds)


def detect(
    samples: NDArray[np.floating[Any]], rate: int, detector: Detector | None = None, hop_seconds: float | None = None
) -> Detection:
    """Samples (sample,) or (channel, sample) in ±1 at `rate` Hz → what plays when.

    `detector`: of `load_detector`, to be loaded once for many arrays. `hop_seconds` as in `Detector.detect_blocks`.
    Raises AudioError for integers, another shape, no samples, and NaN or infinity.
    """
    shape, kind = np.shape(samples), np.asarray(samples).dtype
    if kind.kind != "f" or len(shape) not in (1, 2) or (len(shape) == 2 and not 1 <= shape[0] <= MAX_CHANNELS):
        raise AudioError(
            f"shape {shape} of {kind}; give floats in ±1 as (sample,) or (channel, sample). soundfile.read gives "
            "(sample, channel): transpose it."
        )
    if not rate > 0:
        raise AudioError(f"a rate of {rate} Hz; give that of the samples, as 44100.")
    detector = detector or load_detector()
    mono = np.atleast_2d(samples).mean(axis=0, keepdims=True, dtype=np.float32)
    if not np.isfinite(mono).all():
        raise AudioError("the samples hold NaN or infinity; give them without.")
    if not mono.size:
        raise AudioError("no samples; give at least one.")
    return detector.detect(resample(mono, rate, detector.model.sample_rate), hop_seconds)
