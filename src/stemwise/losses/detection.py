"""Loss terms of detectors, whose activity logits stand for windows of an excerpt, and of labels of whole clips."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stemwise.errors import ModelError
from stemwise.loading.batch import Batch
from stemwise.losses import known_at_every_frame, mean_of_known
from stemwise.model import Estimate


class WindowCrossEntropy(nn.Module):
    """Binary cross entropy of logits (batch, target, window) against labels of the windows, over the targets of which
    it is known when they play.

    As many windows as there are logits share the excerpt evenly. A window is active if the confidence of any of its
    frames reaches `threshold`; `soft`: its label is the highest confidence in it. `hop`: samples between the frames of
    `batch.activity`. What is known by a label of the whole song (`batch.weak`) is left out here, whether the target
    plays or not.

    Raises ModelError where `hop` is not that of the labels, and where there are more windows than frames.
    """

    needs = "activity"

    def __init__(self, hop: int, threshold: float = 0.5, soft: bool = False) -> None:
        super().__init__()
        self.hop = hop
        self.threshold = threshold
        self.soft = soft

    def forward(self, estimate: Estimate, batch: Batch) -> Tensor:
        assert estimate.activity is not None
        highest = window_confidence(batch.activity, estimate.activity.shape[2], self.hop, batch.mixture.shape[-1])
        error = _cross_entropy(estimate.activity, highest if self.soft else highest >= self.threshold)
        return mean_of_known(error.mean(dim=2), known_at_every_frame(batch))


class ClipCrossEntropy(nn.Module):
    """Binary cross entropy of one logit an excerpt and target against whether the target plays anywhere in it, over
    the targets of which that is known.

    For labels of whole clips, which do not say when an instrument plays; others serve as well. The logit is the highest
    of the windows, whose gradient reaches that window alone. `sharpness` r gives a smooth maximum that reaches all:
    log(mean(exp(r · x))) / r, the mean of the logits for small r, the highest for large (Pinheiro and Collobert 2015).
    An excerpt is active if the confidence of any of its frames reaches `threshold`; `soft`: its label is the highest.

    Raises ModelError for a sharpness that is not above 0.
    """

    needs = "activity"
    reads_weak = True

    def __init__(self, threshold: float = 0.5, soft: bool = False, sharpness: float | None = None) -> None:
        super().__init__()
        if sharpness is not None and not 0 < sharpness < math.inf:
            raise ModelError(f"sharpness={sharpness} of a smooth maximum must be above 0; null for the plain one.")
        self.threshold = threshold
        self.soft = soft
        self.sharpness = sharpness

    def forward(self, estimate: Estimate, batch: Batch) -> Tensor:
        assert estimate.activity is not None
        highest = batch.activity.amax(dim=2)
        error = _cross_entropy(self._of_clip(estimate.activity), highest if self.soft else highest >= self.threshold)
        return mean_of_known(error, batch.known_activity)

    def _of_clip(self, logits: Tensor) -> Tensor:
        if self.sharpness is None:
            return logits.amax(dim=2)
        total = torch.logsumexp(self.sharpness * logits.float(), dim=2)  # in half precision it might overflow
        return (total - math.log(logits.shape[2])) / self.sharpness


def window_confidence(activity: Tensor, windows: int, hop: int, samples: int) -> Tensor:
    """Confidence (batch, target, frame) → the highest in each window, (batch, target, window).

    Frame t stands at sample t · hop of an excerpt of `samples`. Window w has the frames at [w, w + 1) · samples /
    windows, the last one also a frame at the excerpt's end. Raises ModelError where frames and hop do not agree, and
    where a window would have no frame.
    """
    frames = activity.shape[2]
    if frames != 1 + samples // hop:
        raise ModelError(
            f"{frames} frames of labels in {samples} samples do not lie {hop} samples apart. Give the loss the hop of "
            "the model."
        )
    index = (torch.arange(frames) * hop * windows // samples).clamp_max(windows - 1)
    if not index.bincount(minlength=windows).all():
        raise ModelError(f"some of {windows} windows have none of the {frames} frames of labels. Choose a shorter hop.")
    lowest = activity.new_zeros(*activity.shape[:2], windows)
    return lowest.scatter_reduce(2, index.to(activity.device).expand_as(activity), activity, "amax")


def _cross_entropy(logits: Tensor, truth: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits, truth.to(logits.dtype), reduction="none")
