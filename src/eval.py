"""Score a trained run on songs it has not seen: python -m src.eval [run=runs/demo]"""

import logging
from dataclasses import replace
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from stemwise.evaluation.runner import evaluate
from stemwise.experiment import configs, runs
from stemwise.experiment.songs import choose_songs, output_folder
from stemwise.export import load, newest_model
from stemwise.files import beside, merge_json
from stemwise.report.page import write_page
from stemwise.report.tables import summarise, to_records
from stemwise.report.views import make_page
from stemwise.separator import Separator

log = logging.getLogger("stemwise")
configs.register_resolvers()
CONF = str(Path(__file__).resolve().parents[1] / "conf")


def evaluate_run(config: DictConfig, out: Path | None = None) -> Path:
    """Write scores.csv, summary.json and, if asked for, page.html; return their folder."""
    run = Path(config.run) if config.run else newest_model().parent
    exported = load(run / "model.safetensors")
    exported = replace(exported, gate=configs.make_gate(config, exported.gate))
    trained, splits = runs.read(run, exported)
    songs = choose_songs(config, trained, splits, exported.model)
    separator = Separator(exported.model, exported.gate, device=config.device)
    log.info("scoring %s on %d songs", run, len(songs))
    scores = evaluate(separator, songs, config.gates, trained.name, log.info)
    out = out or output_folder(config, run)
    with beside(out / "scores.csv") as part:
        scores.to_csv(part, index=False)
    facts = runs.facts(run, trained, exported, f"{len(songs)} of part '{config.part}'")
    merge_json(out / "summary.json", {"facts": facts, "scores": to_records(summarise(scores))})
    if config.report:
        shown = dict(list(songs.items())[: config.report_songs])
        write_page(out / "page.html", make_page(separator, shown, scores, facts, runs.read_curves(run)))
    log.info("scores%s in %s", " and page" if config.report else "", out)
    return out


@hydra.main(version_base="1.3", config_path=CONF, config_name="eval")
def main(config: DictConfig) -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    job = HydraConfig.get()
    with configs.in_a_sentence():
        evaluate_run(config, Path(job.runtime.output_dir) if job.mode == RunMode.MULTIRUN else None)


if __name__ == "__main__":
    main()
