"""One line an epoch: where the training stands and how long it will go on."""

import time

import pytorch_lightning as pl


class EpochLines(pl.Callback):
    """Prints step, losses and, where the number of steps is known, the time left; readable in a log file too."""

    def on_train_start(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        self.began, self.first_step = time.monotonic(), trainer.global_step

    def on_validation_epoch_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        if trainer.global_rank == 0 and not trainer.sanity_checking:
            losses = {name: float(value) for name, value in trainer.callback_metrics.items() if name.startswith("val/")}
            shown = "  ".join(f"{name} {value:.4f}" for name, value in losses.items())
            print(f"step {trainer.global_step:6d}  {shown}{self._left(trainer)}", flush=True)

    def _left(self, trainer: pl.Trainer) -> str:
        done = trainer.global_step - self.first_step
        if trainer.max_steps <= 0 or done <= 0:
            return ""
        seconds = (time.monotonic() - self.began) / done * (trainer.max_steps - trainer.global_step)
        return f"  {seconds / 60:.1f} min left"
