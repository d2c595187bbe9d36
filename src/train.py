"""Train a separator: python -m src.train experiment=iass_medley data.root=/path/to/MedleyDB"""

import logging
from pathlib import Path

import hydra
import pytorch_lightning as pl
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import DictConfig
from pytorch_lightning.utilities import rank_zero_only

from stemwise.callbacks.checkpoints import load_best
from stemwise.callbacks.progress import seconds_of
from stemwise.evaluation.reference import reference
from stemwise.evaluation.thresholds import choose_gate
from stemwise.experiment import configs, dashboards, runs
from stemwise.export import Exported, save
from stemwise.memory import keep_freed_memory
from stemwise.separator import Separator

log = logging.getLogger("stemwise")
configs.register_resolvers()
CONF = str(Path(__file__).resolve().parents[1] / "conf")


def train(config: DictConfig, run: Path) -> float:
    """Fit, export to `run`/model.safetensors, and return the best validation loss, which a sweep may minimise.

    (Losses of different weights cannot be compared; then look at val/separation and val/activity in the csv logs.)
    """
    configs.check(config)
    pl.seed_everything(config.seed, workers=True, verbose=False)
    model = instantiate(config.model)
    data = configs.make_data(config, model)
    task = configs.make_task(config, model)
    gate = instantiate(config.gate)
    card = runs.record(run, config, data) if rank_zero_only.rank == 0 else {}
    if rank_zero_only.rank == 0 and not config.checkpoint:
        runs.drop_checkpoints(run)
    trainer: pl.Trainer = instantiate(
        config.trainer,
        callbacks=list(instantiate(config.callbacks).values()),
        logger=list(instantiate(config.logger).values()),
        default_root_dir=run,
    )
    log.info("training %s on %s into %s", config.name, data.dataset.where, run)
    try:
        runs.fit(trainer, task, data, config.checkpoint)
    finally:
        dashboards.close(run, trainer.loggers)
    best = load_best(trainer, task, data)
    if trainer.is_global_zero:
        device = str(trainer.strategy.root_device)
        valid = (reference(id, song, model.sample_rate, model.stft.hop) for id, song in data.prepared("valid").items())
        gate = choose_gate(Separator(model, device=device), valid, gate, config.gate_may_lose)
        description = configs.plain(config.model)
        runs.drop_scores(run)
        card |= {"validation loss": best.loss, "weights": best.weights}
        card |= {"steps": trainer.global_step, "seconds of training": round(seconds_of(trainer), 1)}
        save(run / "model.safetensors", Exported(model, gate, card), description)
        log.info("exported %s", run / "model.safetensors")
    return best.loss


@hydra.main(version_base="1.3", config_path=CONF, config_name="train")
def main(config: DictConfig) -> float:
    run = Path(HydraConfig.get().runtime.output_dir)
    configs.calm_lightning()
    keep_freed_memory()
    with configs.in_a_sentence(runs.how_to_go_on(run)):
        return train(config, run)


if __name__ == "__main__":
    main()
