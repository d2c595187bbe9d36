"""Learn masks and activity together."""

from torch import Tensor

from stemwise.model import Estimate, fit_input_scaling
from stemwise.tasks.base import Task


class SeparationTask(Task):
    """Both heads of one `SpectralModel`."""

    def forward(self, mixture: Tensor) -> Estimate:
        """(batch, channel, sample) → Estimate without stems, which no loss reads."""
        mask, activity = self.model.masks(self.model.stft(mixture))
        return Estimate(mask=mask, activity=activity)

    def start_from(self, mixtures: Tensor) -> None:
        fit_input_scaling(self.model, mixtures)
