"""Scores of a separator: under its gates, or over a grid of them."""

import logging
import shutil
from dataclasses import replace

import pandas as pd
from omegaconf import DictConfig

from stemwise.errors import DataError, ModelError
from stemwise.evaluation.estimates import Estimates
from stemwise.evaluation.gate_grid import KINDS, GateGrid
from stemwise.evaluation.runner import Kept, evaluate, evaluate_grid
from stemwise.evaluation.table import GRID, NAME, OtherRuns, carried, join_scores, other_runs, read_scores, write_scores
from stemwise.experiment import clip_scores, configs, dashboards, gate_source, runs
from stemwise.experiment.asked import Asked
from stemwise.export import Exported, identity
from stemwise.external import External
from stemwise.files import beside, merge_json
from stemwise.report.compared import WAYS, other_ways
from stemwise.report.differences import differences
from stemwise.report.gate_grid import grid_figure, grid_in_lines, summarise_grid
from stemwise.report.page import write_page
from stemwise.report.systems import sounds_apart
from stemwise.report.tables import in_lines, summarise, to_records
from stemwise.report.views import make_page
from stemwise.separator import Separator
from stemwise.wiener import require_norbert

log = logging.getLogger("stemwise")
AT = "scored at commit"
BSS_AT = "ISR, SIR and SAR scored at commit"


def score(config: DictConfig, asked: Asked) -> None:
    """Write scores.parquet, summary.json and, if asked for, page.html; with gate=grid grid.parquet, summary.json and
    grid.png; with clips=true also detections.parquet and seconds.html. With gate.source=detector or labels the gates go
    by that activity."""
    grid = configs.asked_grid(config)
    others = {} if grid else other_runs(config.against, asked.trained.name, asked.songs)
    chosen = gate_source.choose(config, asked)
    ways = {key: str(config[key]) for key, usual in WAYS.items() if config[key] != usual}
    asked = replace(asked, facts=asked.facts | chosen.facts | ways)
    separator = Separator(asked.exported.model, chosen.gate, device=config.device, shifts=config.shifts)
    kept = Kept(Estimates(identity(asked.model), 1e9 * config.estimates_gb), asked.out / ".parts")
    if grid:
        _score_grid(config, asked, separator, kept, grid, chosen.external)
    else:
        _score_gates(config, asked, separator, kept, chosen.external, others)
    if config.clips:
        clip_scores.score(config, asked, separator, kept.estimates)
    shutil.rmtree(kept.parts, ignore_errors=True)


def check(config: DictConfig, exported: Exported) -> None:
    """Raise before anything is separated for what cannot be scored."""
    clip_scores.check(config, exported)
    if config.against and configs.asked_grid(config):
        raise ModelError("against: gate=grid scores one run's gates and puts none beside. Leave one of them out.")
    if strange := [gate for gate in config.gates if gate not in KINDS]:
        raise ModelError(f"gates: '{strange[0]}' is unknown; choose among {', '.join(KINDS)} (off in quotes).")
    if twice := {gate for gate in config.gates if list(config.gates).count(gate) > 1}:
        raise ModelError(f"gates: '{min(twice)}' stands there twice. Name each once.")
    exported.gate.thresholds(len(exported.model.targets))  # raises for another number of them
    if config.context is not None:
        raise ModelError(
            f"context={config.context}: this run separates; a detector hears so much at once. Leave it out."
        )
    Separator(exported.model, shifts=config.shifts)  # raises for what cannot be
    if config.wiener < 0:
        raise ModelError(f"wiener={config.wiener}: give a number of iterations, 0 for none.")
    if config.wiener:
        require_norbert()
    gate_source.check(config)


def _score_gates(
    config: DictConfig, asked: Asked, separator: Separator, kept: Kept, external: External | None, others: OtherRuns
) -> None:
    scores = evaluate(
        separator, asked.songs, config.gates, asked.trained.name, log.info, config.bss_eval, config.processes,
        kept, config.wiener, external,
    )  # fmt: skip
    if not config.bss_eval:
        scores, known = _carried(asked, scores)
        asked = replace(asked, facts=asked.facts | known)
    write_scores(asked.out / NAME, scores, asked.facts)
    alone = scores
    scores = join_scores(scores, others)
    cautions = [
        *sounds_apart([alone, *(table for _, table, _ in others.values())]),
        *other_ways({asked.trained.name: [asked.facts]} | {name: [facts] for name, _, facts in others.values()}),
    ]
    asked = replace(asked, facts=asked.facts | ({"note": " ".join(cautions)} if cautions else {}))
    tables = {"scores": summarise(scores), "differences": differences(scores)}
    summary = {"facts": asked.facts} | {name: to_records(table) for name, table in tables.items()}
    merge_json(asked.out / "summary.json", summary)
    if config.report:
        shown = dict(list(asked.songs.items())[: config.report_songs])
        curves = runs.read_curves(asked.run)
        page = make_page(separator, shown, scores, asked.facts, curves, kept.estimates, config.wiener, external)
        write_page(asked.out / "page.html", page)
    if asked.out == asked.run and not config.against:
        dashboards.log_scores(asked.run, asked.trained, tables["scores"])
    for line in in_lines(tables["scores"]):
        log.info(line)
    for caution in cautions:
        log.warning("note: %s", caution)
    log.info("scores%s in %s", " and page" if config.report else "", asked.out)


def _carried(asked: Asked, scores: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, str]]:
    """The scores with what BSS Eval said before of the same stems, and the commit it was scored at if another."""
    try:
        before, facts = read_scores(asked.out / NAME)
    except DataError:
        return scores, {}
    found, at = carried(scores, before), facts.get(BSS_AT, facts.get(AT, ""))
    return found, {} if at == asked.facts[AT] or found.equals(scores) else {BSS_AT: at}


def _score_grid(
    config: DictConfig, asked: Asked, separator: Separator, kept: Kept, grid: GateGrid, external: External | None
) -> None:
    scores = evaluate_grid(
        separator, asked.songs, grid, asked.trained.name, log.info, config.processes, kept, config.wiener, external
    )
    write_scores(asked.out / GRID, scores, asked.facts)
    summary, source = summarise_grid(scores), external.source if external else ""
    merge_json(asked.out / "summary.json", {"facts": asked.facts, "grid": to_records(summary)})
    with beside(asked.out / "grid.png") as part:
        part.write_bytes(grid_figure(summary, source))
    for line in grid_in_lines(summary, source):
        log.info(line)
    log.info("%s, summary.json and grid.png in %s", GRID, asked.out)
