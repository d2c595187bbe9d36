"""What every task does: losses of an estimate, an optimiser and its schedule, trainings that go on."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any

import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import ReduceLROnPlateau

from stemwise.errors import ModelError
from stemwise.loading.batch import Batch
from stemwise.losses import WeightedTerms
from stemwise.model import Estimate

SCALING_BATCHES = 4
RANDOM_STATE = "random_state"  # of dropout


class Task(pl.LightningModule, ABC):
    """`forward` gives what the losses read. `optimizer` and `scheduler` are constructors that lack only their first
    argument."""

    def __init__(
        self,
        model: nn.Module,
        loss: WeightedTerms,
        optimizer: Callable[[Iterable[nn.Parameter]], Optimizer],
        scheduler: Callable[[Optimizer], Any] | None = None,
        scheduler_interval: str = "epoch",
    ) -> None:
        super().__init__()
        self.model: Any = model
        self.loss = loss
        self.make_optimizer = optimizer
        self.make_scheduler = scheduler
        self.scheduler_interval = scheduler_interval
        self.random_state: Tensor | None = None
        self.scaled = False  # true: what `start_from` fits is there already

    @abstractmethod
    def forward(self, mixture: Tensor) -> Estimate:
        """(batch, channel, sample) → the fields of Estimate that the losses read."""

    @abstractmethod
    def start_from(self, mixtures: Tensor) -> None:
        """Fit what is fitted before the first step to example mixtures (batch, channel, sample)."""

    def on_fit_start(self) -> None:
        self._require_all_labels_read()
        if self.trainer.ckpt_path is None and not self.scaled:
            loader = self.trainer.datamodule.train_dataloader()  # type: ignore[attr-defined]
            batches = zip(range(SCALING_BATCHES), loader, strict=False)
            mixtures = torch.cat([batch.mixture for _, batch in batches])
            self.start_from(mixtures.to(self.device))

    def _require_all_labels_read(self) -> None:
        """Raise ModelError where the data have labels of whole songs and no term of the loss reads them."""
        weak: dict[str, int] = getattr(self.trainer.datamodule, "weak", {})  # type: ignore[attr-defined]
        if any(weak.values()) and not self.loss.reads_weak:
            raise ModelError(
                f"{sum(weak.values())} songs have labels that say whether a target plays somewhere in the song, not "
                f"when, and no term of this loss ({', '.join(self.loss.weights)}) learns from them: it would never see "
                "these targets play. Train a detector with loss=detection_clips and loading.excerpt_seconds=... as "
                "long as such a song (experiment=iad_openmic does), or choose songs with stems."
            )

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint[RANDOM_STATE] = torch.get_rng_state()

    def on_load_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        self.random_state = checkpoint.get(RANDOM_STATE)

    def on_train_epoch_start(self) -> None:
        # A resumed training drops the channels that it would have dropped; Lightning forgets the random numbers.
        if self.random_state is not None:
            torch.set_rng_state(self.random_state.cpu())
            self.random_state = None

    def training_step(self, batch: Batch, index: int) -> Tensor:
        return self._step(batch, "train")

    def validation_step(self, batch: Batch, index: int) -> None:
        # What is compared, and then exported, are weights in 32 bits: so are those of the average beside them.
        with torch.autocast(self.device.type, enabled=False):
            self._step(batch, "val")

    def _step(self, batch: Batch, part: str) -> Tensor:
        values: dict[str, Tensor] = self.loss(self(batch.mixture), batch)
        logged = {f"{part}/{name}": value.detach() for name, value in values.items()}
        self.log_dict(
            logged, batch_size=len(batch.mixture), prog_bar=True, on_step=False, on_epoch=True, sync_dist=True
        )
        return values["loss"]

    def on_validation_epoch_end(self) -> None:
        scheduler = self.lr_schedulers()
        if isinstance(scheduler, ReduceLROnPlateau) and not self.trainer.sanity_checking:
            scheduler.step(self.trainer.callback_metrics["val/loss"])

    def lr_scheduler_step(self, scheduler: Any, metric: Any) -> None:
        # A plateau was counted above, before this epoch's checkpoint. Lightning would count it behind the checkpoint,
        # and a resumed training would lose the step.
        if not isinstance(scheduler, ReduceLROnPlateau):
            scheduler.step()

    def configure_optimizers(self) -> Any:
        optimizer = self.make_optimizer(self.model.parameters())
        if self.make_scheduler is None:
            return optimizer
        scheduler = {
            "scheduler": self.make_scheduler(optimizer),
            "interval": self.scheduler_interval,
            "monitor": "val/loss",
        }
        return {"optimizer": optimizer, "lr_scheduler": scheduler}
