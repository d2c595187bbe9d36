"""What the metrics share: one float64 form of their input, decibels and a median that know infinity."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemwise.errors import AudioError

Real = NDArray[np.floating[Any]]
Doubles = NDArray[np.float64]
CHANNELS = 64  # more, and more than there are samples, is an array that was given the wrong way round
LARGEST = 1e150  # of a sample: the squares of a song still sum up to a number


def aligned(**named: Real) -> tuple[Doubles, ...]:
    """The arrays, each (channel, sample), in float64.

    Raises AudioError when the shapes differ, an array has not two axes or has them the other way round, or holds NaN
    or infinity: left in, they would make a diverged network look like a song that is left out.
    """
    doubles = {name: np.asarray(array, dtype=np.float64) for name, array in named.items()}
    shapes = {name: array.shape for name, array in doubles.items()}
    if len(set(shapes.values())) > 1 or any(len(shape) != 2 for shape in shapes.values()):
        listed = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise AudioError(f"Shapes do not match: {listed}. Give (channel, sample) arrays of one length and rate.")
    channels, samples = next(iter(shapes.values()))
    check_axes(channels, samples, "(channel, sample)")
    for name, array in doubles.items():
        if not array.size or max(array.max(), -array.min()) <= LARGEST:  # NaN is not
            continue
        bad = int(np.count_nonzero(~np.isfinite(array)))
        if bad:
            raise AudioError(
                f"{name}: {bad} of {array.size} samples are NaN or infinite. Find the step that made them."
            )
        raise AudioError(f"Samples above {LARGEST:.0e}: their squares are no numbers any more. Scale them down.")
    return tuple(doubles.values())


def check_axes(channels: int, samples: int, order: str) -> None:
    """Raises AudioError where what stands for channels can only be samples."""
    if channels > max(CHANNELS, samples):
        raise AudioError(f"{channels} channels of {samples} samples: axes the other way round? Give {order} arrays.")


def whole_number(value: float, name: str) -> int:
    """`value` where it is a whole number of 1 or more, also 44100.0; else raises AudioError."""
    number = int(value) if np.isfinite(value) else 0
    if number < 1 or number != value:
        raise AudioError(f"{name} is {value}: give a whole number, 1 or more.")
    return number


def decibels(numerator: Doubles | float, denominator: Doubles | float) -> Doubles:
    """10 log10(numerator / denominator): -inf for a zero numerator, inf if only the denominator is zero; no warning."""
    upper, lower = np.broadcast_arrays(np.asarray(numerator, np.float64), np.asarray(denominator, np.float64))
    out = np.full(upper.shape, np.inf)
    np.subtract(_log10(upper), _log10(lower), out=out, where=lower > 0)
    return np.where(upper > 0, 10 * out, -np.inf)


def median(values: Doubles, axis: int = 0) -> Doubles:
    """Median along `axis` of what is not NaN; NaN where nothing is left, or where it falls between -inf and inf."""
    ordered = np.sort(np.moveaxis(values, axis, -1), axis=-1)  # NaN goes last
    count = np.count_nonzero(~np.isnan(ordered), axis=-1, keepdims=True)
    if ordered.shape[-1] == 0:
        return np.full(ordered.shape[:-1], np.nan)
    low = np.take_along_axis(ordered, np.maximum((count - 1) // 2, 0), axis=-1)[..., 0]
    high = np.take_along_axis(ordered, np.minimum(count // 2, ordered.shape[-1] - 1), axis=-1)[..., 0]
    with np.errstate(invalid="ignore"):
        middle: Doubles = low / 2 + high / 2
    return middle


def mean(values: Doubles, axis: int = 0) -> Doubles:
    """Mean along `axis` of what is not NaN, NaN where nothing is left or where -inf meets inf; never a warning."""
    known = ~np.isnan(values)
    count = known.sum(axis=axis)
    with np.errstate(invalid="ignore"):
        total: Doubles = np.where(known, values, 0.0).sum(axis=axis)
        return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _log10(values: Doubles) -> Doubles:
    return np.log10(values, out=np.zeros(values.shape), where=values > 0)
