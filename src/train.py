"""Train a separator or a detector: python -m src.train experiment=iass_medley data.root=/path/to/MedleyDB"""

import logging
from pathlib import Path
from typing import Any

import hydra
import pytorch_lightning as pl
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from hydra.utils import instantiate
from omegaconf import DictConfig
from pytorch_lightning.utilities import rank_zero_only

from stemwise.callbacks.checkpoints import load_best
from stemwise.experiment import configs, dashboards, kinds, learned, objective, runs, starting
from stemwise.memory import keep_freed_memory
from stemwise.model import NEVER_HEARD

log = logging.getLogger("stemwise")
configs.register_resolvers()
CONF = str(Path(__file__).resolve().parents[1] / "conf")


def train(config: DictConfig, run: Path) -> float:
    """Fit, export to `run`/model.safetensors, and return the figure that `objective` names, for a sweep.

    It is that of the exported weights on the validation data; validation.json has it beside the others. (A loss of
    other weights is another quantity: where a sweep varies them, compare a term or a figure of songs.)
    """
    config.data = learned.rooted(configs.plain(config.data))
    configs.check(config)
    pl.seed_everything(config.seed, workers=True, verbose=False)
    model = instantiate(config.model)
    data = configs.make_data(config, model)
    kind = kinds.training_of(model)
    task = kind.make_task(config, model)
    gate = instantiate(config.gate)
    began = starting.begin(config, run, model, data)
    task.scaled = bool(began.entry)
    card: dict[str, Any] = {}
    trainer: pl.Trainer = instantiate(
        config.trainer,
        callbacks=list(instantiate(config.callbacks).values()),
        logger=list(instantiate(config.logger).values()),
        default_root_dir=run,
    )
    log.info("training %s on %s into %s", config.name, data.dataset.where, run)
    try:
        if rank_zero_only.rank == 0:
            card = runs.begin(trainer.loggers, run, config, data, began)
        dashboards.lay_out(trainer.loggers, list(task.loss.weights))
        runs.fit(trainer, task, data, config.checkpoint)
        best = load_best(trainer, task, data)
        if not trainer.is_global_zero:
            return best.loss
        card |= {NEVER_HEARD: list(data.never_heard), **began.card}
        figures: dict[str, float] = kind.finish(trainer, config, run, best, task, data, gate, card)
        objective.record(run, config.objective, figures)
        dashboards.log_figures(trainer.loggers, config, figures, max(trainer.global_step - 1, 0))
    finally:
        dashboards.close(run, trainer.loggers)
    return figures[config.objective]


@hydra.main(version_base="1.3", config_path=CONF, config_name="train")
def main(config: DictConfig) -> float:
    run = Path(HydraConfig.get().runtime.output_dir)
    configs.calm_lightning()
    keep_freed_memory()
    alone = HydraConfig.get().mode != RunMode.MULTIRUN
    with configs.in_a_sentence(runs.how_to_go_on(run) if alone else runs.how_a_sweep_goes_on(run.parent)):
        return train(config, run)


if __name__ == "__main__":
    main()
