"""One line an epoch: where the training stands and how long it will go on."""

import time
from typing import Any

import pytorch_lightning as pl

SECONDS = "time/seconds"


class EpochLines(pl.Callback):
    """Prints step, losses and, where the number of steps is known, the time left; readable in a log file too.

    Logs the seconds of training as time/seconds, validation included; those of a stopped training go on counting.
    """

    def __init__(self) -> None:
        self.seconds_before = 0.0
        self.began: float | None = None  # None while nothing is trained

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        self.began, self.first_step = time.monotonic(), trainer.global_step

    def on_train_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        self.seconds_before, self.began = self.seconds, None

    @property
    def seconds(self) -> float:
        return self.seconds_before + (0.0 if self.began is None else time.monotonic() - self.began)

    def on_validation_epoch_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        if trainer.sanity_checking:
            return
        module.log(SECONDS, self.seconds, rank_zero_only=True)
        if trainer.global_rank == 0:
            losses = {name: float(value) for name, value in trainer.callback_metrics.items() if name.startswith("val/")}
            shown = "  ".join(f"{name} {value:.4f}" for name, value in losses.items())
            print(f"step {trainer.global_step:6d}  {shown}{self._left(trainer)}", flush=True)

    def _left(self, trainer: pl.Trainer) -> str:
        done = trainer.global_step - getattr(self, "first_step", 0)
        if trainer.max_steps <= 0 or done <= 0 or self.began is None:
            return ""
        seconds = (time.monotonic() - self.began) / done * (trainer.max_steps - trainer.global_step)
        return f"  {seconds / 60:.1f} min left"

    def state_dict(self) -> dict[str, Any]:
        return {"seconds": self.seconds}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.seconds_before = float(state_dict["seconds"])


def seconds_of(trainer: pl.Trainer) -> float:
    """What a trainer's EpochLines counted; 0 where it has none."""
    callbacks: list[Any] = trainer.callbacks  # type: ignore[attr-defined]
    return next((each.seconds for each in callbacks if isinstance(each, EpochLines)), 0.0)
