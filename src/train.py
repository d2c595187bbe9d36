"""Train a separator: python -m src.train experiment=iass_medley data.root=/path/to/MedleyDB"""

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

from stemwise.callbacks.checkpoints import Best, load_best
from stemwise.callbacks.progress import seconds_of
from stemwise.evaluation.reference import reference
from stemwise.evaluation.thresholds import choose_gate
from stemwise.experiment import configs, dashboards, objective, runs
from stemwise.export import Exported, save
from stemwise.gate import Gate
from stemwise.loading.datamodule import MultitrackDataModule
from stemwise.memory import keep_freed_memory
from stemwise.separator import Separator
from stemwise.tasks.separation import SeparationTask

log = logging.getLogger("stemwise")
configs.register_resolvers()
CONF = str(Path(__file__).resolve().parents[1] / "conf")


def train(config: DictConfig, run: Path) -> float:
    """Fit, export to `run`/model.safetensors, and return the figure that `objective` names, for a sweep.

    It is that of the exported weights on the validation data; validation.json has it beside the others. (A loss of
    other weights is another quantity: where a sweep varies them, compare a term or a figure of songs.)
    """
    configs.check(config)
    pl.seed_everything(config.seed, workers=True, verbose=False)
    model = instantiate(config.model)
    data = configs.make_data(config, model)
    task = configs.make_task(config, model)
    objective.check(config.objective, task)
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
        dashboards.begin(trainer.loggers, config, list(task.loss.weights))
        runs.fit(trainer, task, data, config.checkpoint)
        best = load_best(trainer, task, data)
        if not trainer.is_global_zero:
            return best.loss
        separator = export(trainer, config, run, best, task, data, gate, card)
        figures = objective.measure(config, best, task, separator, data)
        objective.record(run, config.objective, figures)
        dashboards.log_figures(trainer.loggers, config, figures, max(trainer.global_step - 1, 0))
    finally:
        dashboards.close(run, trainer.loggers)
    return figures[config.objective]


def export(
    trainer: pl.Trainer,
    config: DictConfig,
    run: Path,
    best: Best,
    task: SeparationTask,
    data: MultitrackDataModule,
    gate: Gate,
    card: dict[str, Any],
) -> Separator:
    """Choose the gate's thresholds on the validation songs, write the model, and return it with its gate."""
    model, device = task.model, str(trainer.strategy.root_device)
    valid = (reference(id, song, model.sample_rate, model.stft.hop) for id, song in data.prepared("valid").items())
    gate = choose_gate(Separator(model, device=device), valid, gate, config.gate_may_lose)
    runs.drop_scores(run)
    card |= {"validation loss": best.loss, "weights": best.weights}
    card |= {"steps": trainer.global_step, "seconds of training": round(seconds_of(trainer), 1)}
    save(run / "model.safetensors", Exported(model, gate, card), configs.plain(config.model))
    log.info("exported %s", run / "model.safetensors")
    return Separator(model, gate, device=device)


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
