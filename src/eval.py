"""Score a trained run on songs it has not seen: python -m src.eval [run=runs/demo]"""

import logging
import sys
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from hydra.utils import instantiate
from omegaconf import DictConfig

from stemwise import configs
from stemwise.callbacks.csvlog import read_curves
from stemwise.errors import StemwiseError
from stemwise.evaluation.runner import evaluate
from stemwise.evaluation.views import make_page
from stemwise.export import load
from stemwise.files import beside, write_json
from stemwise.report.page import write_page
from stemwise.report.tables import summarise, to_records
from stemwise.separator import Separator

log = logging.getLogger("stemwise")
configs.register_resolvers()
CONF = str(Path(__file__).resolve().parents[1] / "conf")


def evaluate_run(config: DictConfig, out: Path | None = None) -> Path:
    """Write scores.csv, summary.json and, if asked for, page.html into `out` (default: the run); return that folder."""
    run = Path(config.run) if config.run else configs.newest_run()
    trained = configs.read_config(run)
    if config.root:
        trained.data.root = config.root
    exported = load(run / "model.safetensors")
    gate = instantiate(config.gate) if "gate" in config else exported.gate
    separator = Separator(exported.model, gate, device=config.device)
    songs = configs.make_data(trained, exported.model).prepared(config.part)
    names = list(songs)[: config.limit]
    scores = evaluate(separator, {name: songs[name] for name in names}, config.gates, trained.name, log.info)
    out = out or run
    with beside(out / "scores.csv") as part:
        scores.to_csv(part, index=False)
    summary = summarise(scores)
    facts = configs.facts(run, trained, gate, config.part, len(names))
    write_json(out / "summary.json", {"facts": facts, "scores": to_records(summary)})
    if config.report:
        shown = {name: songs[name] for name in names[: config.report_songs]}
        write_page(out / "page.html", make_page(separator, shown, scores, facts, read_curves(run)))
    log.info("scores and page in %s", out)
    return out


@hydra.main(version_base="1.3", config_path=CONF, config_name="eval")
def main(config: DictConfig) -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    job = HydraConfig.get()
    out = Path(job.runtime.output_dir) if job.mode == RunMode.MULTIRUN else None
    try:
        evaluate_run(config, out)
    except StemwiseError as fault:
        sys.exit(f"error: {fault}")


if __name__ == "__main__":
    main()
