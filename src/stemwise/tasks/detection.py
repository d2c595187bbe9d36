"""Learn which instruments play in every window."""

from torch import Tensor

from stemwise.model import Estimate
from stemwise.tasks.base import Task


class DetectionTask(Task):
    """Activity alone, of a `MelModel`."""

    def forward(self, mixture: Tensor) -> Estimate:
        """(batch, channel, sample) → Estimate of activity logits (batch, target, window)."""
        estimate: Estimate = self.model.estimate(mixture)
        return estimate

    def start_from(self, mixtures: Tensor) -> None:
        self.model.start_from(mixtures)
