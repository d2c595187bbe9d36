"""Pictures and sounds of the same few validation excerpts, for loggers that show them."""

import csv
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytorch_lightning as pl
import soundfile
import torch
from numpy.typing import NDArray
from pytorch_lightning.loggers import CSVLogger, Logger, TensorBoardLogger, WandbLogger
from torch import Tensor

from stemwise.files import beside
from stemwise.loading.batch import Batch
from stemwise.model import Estimate, SeparatorModel
from stemwise.report.content import SongView
from stemwise.report.figures import activity_lanes

OPEN = 0.5  # the probability that the lanes show as the threshold; the gate's own is chosen once training has ended


class Media(pl.Callback):
    """Logs the activity lanes and the audio of the first `excerpts` validation excerpts, every `every` epochs.

    To W&B and TensorBoard, where the training uses them, and with `files` as PNG and FLAC into media/ beside the csv
    log. Mixture and references are logged once, estimates each time.
    """

    def __init__(self, excerpts: int = 2, every: int = 5, files: bool = False) -> None:
        self.excerpts = excerpts
        self.every = every
        self.kinds = (WandbLogger, TensorBoardLogger, *((CSVLogger,) if files else ()))
        self.references_logged = False

    def on_validation_epoch_end(self, trainer: pl.Trainer, module: pl.LightningModule) -> None:
        loggers = [logger for logger in trainer.loggers if isinstance(logger, self.kinds)]
        due = trainer.current_epoch % self.every == 0
        if not loggers or not due or trainer.sanity_checking or not trainer.is_global_zero:
            return
        loader: Any = trainer.val_dataloaders
        batch = next(iter(loader))
        batch = Batch(*(part[: self.excerpts].to(module.device) for part in batch))
        estimate = _estimate(module, batch)
        model: Any = module.model
        for logger in loggers:
            self._log(logger, model, batch, estimate, trainer.global_step)
        self.references_logged = True

    def _log(self, logger: Logger, model: SeparatorModel, batch: Batch, estimate: Estimate, step: int) -> None:
        assert estimate.stems is not None
        for index in range(len(batch.mixture)):
            if estimate.activity is not None:
                view = excerpt_view(model, batch, estimate, index)
                log_picture(logger, f"activity/excerpt {index}", activity_lanes(view), step)
            sounds = {f"estimate {t}": s for t, s in zip(model.targets, estimate.stems[index], strict=True)}
            if not self.references_logged:
                sounds["mixture"] = batch.mixture[index]
                sounds |= {f"reference {t}": s for t, s in zip(model.targets, batch.targets[index], strict=True)}
            for name, sound in sounds.items():
                log_sound(logger, f"audio {index}/{name}", sound, model.sample_rate, step)


def excerpt_view(model: SeparatorModel, batch: Batch, estimate: Estimate, index: int) -> SongView:
    """One excerpt as the page shows a song; of the clips only the mixture."""
    assert estimate.activity is not None
    probability = torch.sigmoid(estimate.activity[index]).cpu().numpy()
    return SongView(
        id=f"excerpt {index}",
        title=f"excerpt {index}",
        rate=model.sample_rate,
        targets=tuple(model.targets),
        times=np.arange(probability.shape[1]) / model.frame_rate,
        truth=batch.activity[index].cpu().numpy(),
        probability=probability,
        gate=(probability > OPEN).astype(np.float32),
        thresholds=np.full(len(model.targets), OPEN),
        excerpt_start=0.0,
        clips={},
        mixture=batch.mixture[index].cpu().numpy(),
    )


def log_picture(logger: Logger, name: str, picture: bytes, step: int | None) -> None:
    """A PNG to W&B or TensorBoard, or beside a csv log; without a step once training has ended."""
    from PIL import Image

    if isinstance(logger, CSVLogger):
        with beside(_media_file(logger, name, step or 0, "png")) as part:
            part.write_bytes(picture)
        return
    pixels = np.asarray(Image.open(BytesIO(picture)).convert("RGB"))
    if isinstance(logger, WandbLogger):
        logger.log_image(key=name, images=[pixels], step=step)
    elif isinstance(logger, TensorBoardLogger):
        logger.experiment.add_image(name, pixels, step or 0, dataformats="HWC")


def log_sound(logger: Logger, name: str, sound: Tensor, rate: int, step: int) -> None:
    """(channel, sample) to W&B, TensorBoard or a file beside a csv log; what is too loud is scaled, not clipped."""
    samples = _within_full_scale(sound.detach().cpu().numpy())
    if isinstance(logger, WandbLogger):
        logger.log_audio(key=name, audios=[samples.T], step=step, sample_rate=[rate])
    elif isinstance(logger, TensorBoardLogger):
        logger.experiment.add_audio(name, torch.from_numpy(samples.mean(axis=0))[None], step, sample_rate=rate)
    elif isinstance(logger, CSVLogger):
        with beside(_media_file(logger, name, step, "flac")) as part:
            soundfile.write(part, samples.T, rate)


def _media_file(logger: CSVLogger, name: str, step: int, suffix: str) -> Path:
    return Path(logger.log_dir) / "media" / f"{name.replace(' ', '_')}_{step:06d}.{suffix}"


def _within_full_scale(samples: NDArray[np.float32]) -> NDArray[np.float32]:
    peak = float(np.abs(samples).max(initial=0.0))
    return samples / peak if peak > 1 else samples


def _estimate(module: pl.LightningModule, batch: Batch) -> Estimate:
    """In evaluation mode and without gradients, as the validation that has just ended left it."""
    model: Any = module.model
    with torch.no_grad():
        estimate: Estimate = model.estimate(batch.mixture)
    return estimate


def log_table(logger: Logger, name: str, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """A table to W&B as such, to TensorBoard as Markdown."""
    if isinstance(logger, WandbLogger):
        logger.log_table(key=name, columns=list(columns), data=[list(row) for row in rows])
    elif isinstance(logger, TensorBoardLogger):
        lines = [columns, ["---"] * len(columns), *rows]
        text = "\n".join("| " + " | ".join(map(str, line)) + " |" for line in lines)
        logger.experiment.add_text(name, text)


def write_table(path: Path, columns: Sequence[str], rows: Sequence[Sequence[Any]]) -> None:
    """The same as a csv file, whole or not at all."""
    with beside(path) as part, part.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([columns, *rows])
