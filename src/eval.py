"""Score a trained run on songs it has not seen: python -m src.eval [run=runs/demo]"""

import logging
from dataclasses import replace
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from stemwise.evaluation.runner import evaluate
from stemwise.evaluation.table import NAME, join_scores, write_scores
from stemwise.experiment import configs, dashboards, runs
from stemwise.experiment.songs import asked_part, choose_songs, output_folder
from stemwise.export import load, newest_model
from stemwise.files import merge_json
from stemwise.memory import keep_freed_memory
from stemwise.report.differences import differences
from stemwise.report.page import write_page
from stemwise.report.tables import in_lines, summarise, to_records
from stemwise.report.views import make_page
from stemwise.separator import Separator

log = logging.getLogger("stemwise")
configs.register_resolvers()
CONF = str(Path(__file__).resolve().parents[1] / "conf")


def evaluate_run(config: DictConfig, out: Path | None = None) -> Path:
    """Write scores.parquet, summary.json and, if asked for, page.html; return their folder."""
    run = Path(config.run) if config.run else newest_model().parent
    exported = load(run / "model.safetensors")
    exported = replace(exported, gate=configs.make_gate(config, exported.gate))
    trained, splits = runs.read(run, exported)
    songs = choose_songs(config, trained, splits, exported.model)
    separator = Separator(exported.model, exported.gate, device=config.device)
    log.info("scoring %s on %d songs", run, len(songs))
    scores = evaluate(separator, songs, config.gates, trained.name, log.info, config.bss_eval)
    out = out or output_folder(config, run)
    facts = runs.facts(run, trained, exported, f"{len(songs)} of part '{asked_part(config)}'")
    write_scores(out / NAME, scores, facts)
    scores = join_scores(scores, [Path(other) for other in config.against])
    tables = {"scores": summarise(scores), "differences": differences(scores)}
    merge_json(out / "summary.json", {"facts": facts} | {name: to_records(table) for name, table in tables.items()})
    if config.report:
        shown = dict(list(songs.items())[: config.report_songs])
        write_page(out / "page.html", make_page(separator, shown, scores, facts, runs.read_curves(run)))
    if out == run and not config.against:
        dashboards.log_scores(run, trained, tables["scores"])
    for line in in_lines(tables["scores"]):
        log.info(line)
    log.info("scores%s in %s", " and page" if config.report else "", out)
    return out


@hydra.main(version_base="1.3", config_path=CONF, config_name="eval")
def main(config: DictConfig) -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    keep_freed_memory()
    job = HydraConfig.get()
    with configs.in_a_sentence():
        evaluate_run(config, Path(job.runtime.output_dir) if job.mode == RunMode.MULTIRUN else None)


if __name__ == "__main__":
    main()
