"""Score a trained run on songs it has not seen: python -m src.eval [run=runs/demo]"""

import logging
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import hydra
from hydra.core.hydra_config import HydraConfig
from hydra.types import RunMode
from omegaconf import DictConfig

from stemwise.errors import ModelError
from stemwise.evaluation.estimates import Estimates
from stemwise.evaluation.gate_grid import KINDS, GateGrid
from stemwise.evaluation.runner import Kept, evaluate, evaluate_grid
from stemwise.evaluation.table import GRID, NAME, join_scores, write_scores
from stemwise.experiment import configs, dashboards, runs
from stemwise.experiment.songs import asked_part, choose_songs, output_folder
from stemwise.export import identity, load, newest_model
from stemwise.files import beside, merge_json
from stemwise.loading.shard import PreparedSong
from stemwise.memory import keep_freed_memory
from stemwise.report.differences import differences
from stemwise.report.gate_grid import grid_figure, grid_in_lines, summarise_grid
from stemwise.report.page import write_page
from stemwise.report.tables import in_lines, summarise, to_records
from stemwise.report.views import make_page
from stemwise.separator import Separator
from stemwise.wiener import require_norbert

log = logging.getLogger("stemwise")
configs.register_resolvers()
CONF = str(Path(__file__).resolve().parents[1] / "conf")


@dataclass(frozen=True)
class Asked:
    """What a command asks for: a run's separator, the songs, and what is said beside the scores."""

    run: Path
    out: Path
    trained: DictConfig
    separator: Separator
    songs: dict[str, PreparedSong]
    facts: dict[str, str]
    kept: Kept


def evaluate_run(config: DictConfig, out: Path | None = None) -> Path:
    """Write scores.parquet, summary.json and, if asked for, page.html; with gate=grid grid.parquet, summary.json and
    grid.png. Returns their folder."""
    asked = _asked(config, out)
    grid = configs.asked_grid(config)
    asked.out.mkdir(parents=True, exist_ok=True)
    log.info("scoring %s on %d songs", asked.run, len(asked.songs))
    if grid:
        _score_grid(config, asked, grid)
    else:
        _score_gates(config, asked)
    shutil.rmtree(asked.kept.parts, ignore_errors=True)
    return asked.out


def _asked(config: DictConfig, out: Path | None) -> Asked:
    _check(config)
    run = Path(config.run) if config.run else newest_model().parent
    exported = load(run / "model.safetensors")
    exported = replace(exported, gate=configs.make_gate(config, exported.gate))
    trained, splits = runs.read(run, exported)
    songs = choose_songs(config, trained, splits, exported.model)
    out = out or output_folder(config, run)
    facts = runs.facts(run, trained, exported, f"{len(songs)} of part '{asked_part(config)}'")
    estimates = Estimates(identity(run / "model.safetensors"), 1e9 * config.estimates_gb)
    separator = Separator(exported.model, exported.gate, device=config.device)
    return Asked(run, out, trained, separator, songs, facts, Kept(estimates, out / "parts"))


def _check(config: DictConfig) -> None:
    """Raise before anything is separated for what cannot be scored."""
    if strange := [gate for gate in config.gates if gate not in KINDS]:
        raise ModelError(f"gates: '{strange[0]}' is unknown; choose among {', '.join(KINDS)} (off in quotes).")
    if config.wiener < 0:
        raise ModelError(f"wiener={config.wiener}: give a number of iterations, 0 for none.")
    if config.wiener:
        require_norbert()


def _score_gates(config: DictConfig, asked: Asked) -> None:
    scores = evaluate(
        asked.separator, asked.songs, config.gates, asked.trained.name, log.info, config.bss_eval, config.processes,
        asked.kept, config.wiener,
    )  # fmt: skip
    write_scores(asked.out / NAME, scores, asked.facts)
    scores = join_scores(scores, [Path(other) for other in config.against])
    tables = {"scores": summarise(scores), "differences": differences(scores)}
    summary = {"facts": asked.facts} | {name: to_records(table) for name, table in tables.items()}
    merge_json(asked.out / "summary.json", summary)
    if config.report:
        shown = dict(list(asked.songs.items())[: config.report_songs])
        curves = runs.read_curves(asked.run)
        page = make_page(asked.separator, shown, scores, asked.facts, curves, asked.kept.estimates, config.wiener)
        write_page(asked.out / "page.html", page)
    if asked.out == asked.run and not config.against:
        dashboards.log_scores(asked.run, asked.trained, tables["scores"])
    for line in in_lines(tables["scores"]):
        log.info(line)
    log.info("scores%s in %s", " and page" if config.report else "", asked.out)


def _score_grid(config: DictConfig, asked: Asked, grid: GateGrid) -> None:
    scores = evaluate_grid(
        asked.separator, asked.songs, grid, asked.trained.name, log.info, config.processes, asked.kept, config.wiener
    )
    write_scores(asked.out / GRID, scores, asked.facts)
    summary = summarise_grid(scores)
    merge_json(asked.out / "summary.json", {"facts": asked.facts, "grid": to_records(summary)})
    with beside(asked.out / "grid.png") as part:
        part.write_bytes(grid_figure(summary))
    for line in grid_in_lines(summary):
        log.info(line)
    log.info("%s, summary.json and grid.png in %s", GRID, asked.out)


@hydra.main(version_base="1.3", config_path=CONF, config_name="eval")
def main(config: DictConfig) -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    keep_freed_memory()
    job = HydraConfig.get()
    with configs.in_a_sentence("The same command goes on with the songs that are left."):
        evaluate_run(config, Path(job.runtime.output_dir) if job.mode == RunMode.MULTIRUN else None)


if __name__ == "__main__":
    main()
