"""Train a separator: python -m src.train experiment=iass_medley data.root=/path/to/MedleyDB"""

import logging
import sys
from pathlib import Path

import hydra
import pytorch_lightning as pl
from hydra.core.hydra_config import HydraConfig
from hydra.utils import instantiate
from omegaconf import DictConfig

from stemwise import configs
from stemwise.callbacks.checkpoints import load_best
from stemwise.errors import StemwiseError
from stemwise.evaluation.reference import reference
from stemwise.evaluation.thresholds import choose_gate
from stemwise.export import Exported, save
from stemwise.separator import Separator

log = logging.getLogger("stemwise")
configs.register_resolvers()
CONF = str(Path(__file__).resolve().parents[1] / "conf")


def train(config: DictConfig, run: Path) -> float:
    """Fit, export to `run`/model.safetensors, and return the best validation loss (what a sweep minimises)."""
    configs.record(run, config)
    pl.seed_everything(config.seed, workers=True, verbose=False)
    model = instantiate(config.model)
    data = configs.make_data(config, model)
    task = configs.make_task(config, model)
    trainer: pl.Trainer = instantiate(
        config.trainer,
        callbacks=list(instantiate(config.callbacks).values()),
        logger=list(instantiate(config.logger).values()),
        default_root_dir=run,
    )
    log.info("training %s on %s into %s", config.name, config.data.root, run)
    trainer.fit(task, data, ckpt_path=config.resume or None, weights_only=True)
    if trainer.interrupted:
        raise KeyboardInterrupt
    best = load_best(trainer, task)
    device = str(trainer.strategy.root_device)
    valid = [reference(id, song, model.sample_rate, model.stft.hop) for id, song in data.prepared("valid").items()]
    gate = choose_gate(Separator(model, device=device), valid, instantiate(config.gate), config.gate_may_lose)
    card = {"name": config.name, "seed": config.seed, "validation loss": best, **configs.environment()}
    save(run / "model.safetensors", Exported(model, gate, card), configs.plain(config.model))
    log.info("exported %s", run / "model.safetensors")
    return best


@hydra.main(version_base="1.3", config_path=CONF, config_name="train")
def main(config: DictConfig) -> float:
    run = Path(HydraConfig.get().runtime.output_dir)
    try:
        return train(config, run)
    except StemwiseError as fault:
        sys.exit(f"error: {fault}")
    except KeyboardInterrupt:
        last = run / "checkpoints" / "last.ckpt"
        cure = (
            f"Go on with the same command and resume={last}" if last.is_file() else "No epoch was finished; start anew"
        )
        log.warning("interrupted. %s", cure)
        sys.exit(130)


if __name__ == "__main__":
    main()
