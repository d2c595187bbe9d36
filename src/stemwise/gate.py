"""Activity → a weight for every frame of a stem, applied after the network."""

from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import median_filter

from stemwise.errors import ModelError

Kind = Literal["off", "hard", "soft"]


@dataclass(frozen=True)
class Gate:
    """How activity silences a stem's STFT.

    off: weight 1. hard: probability > threshold, then a centred median over `median_seconds`, as in IASS (0.488 s is
    its 21 frames). soft: the probability itself. `threshold` is one probability, or one per target; 0 never closes.
    """

    kind: Kind = "hard"
    threshold: float | Sequence[float] = 0.5
    median_seconds: float = 0.488

    def __post_init__(self) -> None:
        if self.kind not in get_args(Kind):
            raise ModelError(f"gate '{self.kind}' is unknown; choose one of {', '.join(get_args(Kind))}.")
        if not (_numbers(self.threshold) and _numbers(self.median_seconds)):
            what = f"threshold {self.threshold}, median {self.median_seconds} s"
            raise ModelError(f"gate of {what}: give numbers, and one threshold or one per target.")
        if not (np.min(self.threshold) >= 0 and np.max(self.threshold) <= 1):  # NaN is neither
            raise ModelError(f"gate threshold {self.threshold} lies outside 0 to 1.")
        if not 0 <= self.median_seconds < np.inf:
            raise ModelError(f"gate median of {self.median_seconds} s; it must be 0 (none) or longer.")

    def weights(self, probability: NDArray[np.floating], frame_rate: float) -> NDArray[np.float32]:
        """Probability (target, frame) of a *whole song* at `frame_rate` Hz → weights (target, frame) between 0 and 1.

        Filter a whole song, not its chunks: at every edge of a clip a median needs but half the frames to switch.
        Raises ModelError when there are neither one nor as many thresholds as targets.
        """
        if self.kind == "off":
            return np.ones_like(probability, dtype=np.float32)
        if self.kind == "soft":
            return probability.astype(np.float32)
        thresholds = self._thresholds(len(probability))
        return smooth((probability > thresholds) | (thresholds == 0), self.median_frames(frame_rate))

    def thresholds(self, targets: int) -> list[float]:
        """Of each target, the probability above which a frame has more than half its weight, the median aside.

        Raises ModelError as `weights` does.
        """
        if self.kind != "hard":
            return [0.5 if self.kind == "soft" else 0.0] * targets
        return [float(each) for each in np.broadcast_to(self._thresholds(targets)[:, 0], targets)]

    def median_frames(self, frame_rate: float) -> int:
        """The odd number of frames nearest to `median_seconds`; 1 is no filter."""
        return 2 * round((self.median_seconds * frame_rate - 1) / 2) + 1 if self.median_seconds > 0 else 1

    def _thresholds(self, targets: int) -> NDArray[np.float64]:
        given = np.atleast_1d(np.asarray(self.threshold, dtype=np.float64))
        if len(given) not in (1, targets):
            raise ModelError(f"{len(given)} gate thresholds for {targets} targets; give one, or one per target.")
        return given[:, None]


def _numbers(given: Any) -> bool:
    found = [given] if np.ndim(given) == 0 else list(np.ravel(given))
    kinds = [isinstance(each, Real) and not isinstance(each, bool) for each in found]
    return bool(kinds) and all(kinds)


def smooth(active: NDArray[np.bool_], frames: int) -> NDArray[np.float32]:
    """Centred median of (target, frame) over an odd number of frames; the edges reflect without repeating the edge."""
    # scipy calls "mirror" what numpy.pad calls "reflect".
    return np.asarray(median_filter(active.astype(np.uint8), size=(1, max(frames, 1)), mode="mirror"), dtype=np.float32)
