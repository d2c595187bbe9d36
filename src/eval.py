"""Score a trained run on songs it has not seen: python -m src.eval [run=runs/demo]"""

import logging
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from stemwise.experiment import configs, kinds
from stemwise.experiment.asked import ask, asked_run
from stemwise.memory import keep_freed_memory

log = logging.getLogger("stemwise")
configs.register_resolvers()
CONF = str(Path(__file__).resolve().parents[1] / "conf")


def evaluate_run(config: DictConfig, out: Path | None = None) -> Path:
    """Write what the run's kind of model is scored by, summary.json and, if asked for, page.html. Returns their
    folder."""
    run, exported = asked_run(config)
    scores = kinds.scores_of(exported.model)
    scores.check(config, exported)
    asked = ask(config, run, exported, out)
    asked.out.mkdir(parents=True, exist_ok=True)
    log.info("scoring %s on %d songs", asked.run, len(asked.songs))
    scores.score(config, asked)
    return asked.out


@hydra.main(version_base="1.3", config_path=CONF, config_name="eval")
def main(config: DictConfig) -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    keep_freed_memory()
    job = HydraConfig.get()
    with configs.in_a_sentence("The same command goes on with the songs that are left."):
        evaluate_run(config, Path(job.runtime.output_dir) if job.mode == RunMode.MULTIRUN else None)


if __name__ == "__main__":
    main()
