"""Scores of a detector: of seconds, of longer clips and of songs."""

import logging
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from omegaconf import DictConfig

from stemwise import taxonomy
from stemwise.detector import Detector, context_of
from stemwise.errors import DataError, ModelError
from stemwise.evaluation.detection import check_windows, detect_songs
from stemwise.evaluation.gate_grid import KINDS
from stemwise.evaluation.heard import CLIPS, THRESHOLDS, Heard, read_clips, write_clips
from stemwise.evaluation.table import free_name
from stemwise.experiment import configs, dashboards
from stemwise.experiment.asked import Asked
from stemwise.export import Exported
from stemwise.files import beside, merge_json
from stemwise.report.detection import (
    comparison_in_lines,
    figures_of,
    in_lines,
    report_detection,
    write_detection,
)
from stemwise.report.detection.compared import compare_heard

log = logging.getLogger("stemwise")
OF_SEPARATORS = ("bss_eval", "wiener", "channels", "clips")


def check(config: DictConfig, exported: Exported) -> None:
    """Raise ModelError for what a detector cannot be asked, and for windows that cannot be scored; say what it has no
    use for."""
    strange = [key for key in OF_SEPARATORS if config[key]]
    gate = config.get("gate") or {}
    strange += [f"shifts={config.shifts}"] if config.shifts != 1 else []
    strange += ["gate=grid"] if configs.asked_grid(config) else []
    strange += [f"gate.source={config.gate.source}"] if config.gate.source != "model" else []
    strange += [f"gates={list(config.gates)}"] if sorted(map(str, config.gates)) != sorted(KINDS) else []
    if strange:
        raise ModelError(f"{strange[0]}: this run hears instruments and separates nothing. Leave it out.")
    if (kind := gate.get("kind", "hard")) != "hard":
        raise ModelError(f"gate={kind}: a detector has thresholds alone. Choose them: gate=hard gate.threshold=0.5")
    if config.processes != 1:
        log.warning("processes=%s means nothing here: a detector hears one song after the other", config.processes)
    check_windows(exported.model)
    _detector(config, exported)


def _detector(config: DictConfig, exported: Exported) -> Detector:
    return Detector(exported.model, exported.gate, config.device, context_of(config.context))


def score(config: DictConfig, asked: Asked) -> None:
    """Write detections.parquet, summary.json, figures as PNG and, if asked for, page.html."""
    exported = asked.exported
    others = _others(config, asked)
    detector = _detector(config, exported)
    facts = asked.facts if config.context is None else asked.facts | {"context": _in_words(detector, config.context)}
    clips = detect_songs(detector, asked.songs, log.info)
    heard = Heard(clips, facts, thresholds_of(exported, _gate_is_chosen(config)), targets_of(asked))
    write_clips(asked.out / CLIPS, heard)
    report = report_detection(clips, heard.thresholds)
    compared = compare_heard({asked.trained.name: [heard], **others}) if others else None
    summary = {"facts": facts, "detection": report.to_json()}
    merge_json(asked.out / "summary.json", summary | ({"comparison": compared.to_json()} if compared else {}))
    pictures = figures_of(report)
    for name, picture in pictures.items():
        with beside(asked.out / name) as part:
            part.write_bytes(picture)
    if config.report:
        title = f"Stemwise: {asked.facts['name']}"
        write_detection(asked.out / "page.html", report, title, facts, pictures, config.report_songs, compared)
    if asked.out == asked.run and not others:
        dashboards.log_detection(asked.run, asked.trained, report.levels, pictures)
    for line in [*in_lines(report.levels), *(comparison_in_lines(compared) if compared else ())]:
        log.info(line)
    log.info("scores%s in %s", " and page" if config.report else "", asked.out)


def thresholds_of(exported: Exported, chosen: bool) -> Any:
    """Those in the card, by level and target; the gate's for all levels where it was `chosen` anew."""
    if not chosen and THRESHOLDS in exported.card:
        return exported.card[THRESHOLDS]
    given = np.broadcast_to(np.asarray(exported.gate.threshold, dtype=np.float64), len(exported.model.targets))
    return dict(zip(exported.model.targets, given.tolist(), strict=True))


def targets_of(asked: Asked) -> taxonomy.Targets:
    """Those of the run, with the labels they stand for."""
    return taxonomy.targets(asked.trained.scheme, asked.exported.model.targets)


def _in_words(detector: Detector, asked: str | float) -> str:
    own = detector.model.context_windows * detector.model.window_seconds
    song = f"the whole song, {detector.context_seconds:g} s at most" if context_of(asked) == math.inf else ""
    return f"{song or f'{detector.context_seconds:g} s'}; its own is {own:g} s"


def _gate_is_chosen(config: DictConfig) -> bool:
    return "kind" in (config.get("gate") or {})


def _others(config: DictConfig, asked: Asked) -> Mapping[str, list[Heard]]:
    """The runs of `against` by name, those of a name that is taken by their folder's; read before anything is heard.

    Raises DataError for runs without scores of seconds, scores of other songs, and names that are taken.
    """
    found: dict[str, list[Heard]] = {}
    for run in map(Path, config.against):
        if not (run / CLIPS).is_file():
            raise DataError(
                f"{run}: no {CLIPS}, so its seconds were not scored. Score it first: python -m src.eval run={run} "
                "(a separator: with clips=true)."
            )
        heard = read_clips(run / CLIPS)
        if apart := sorted(set(heard.clips["song"]) ^ set(asked.songs)):
            raise DataError(f"{run} was scored on other songs, {', '.join(apart[:5])}. Score both on the same ones.")
        name = free_name(run, str(heard.facts.get("name", run.name)), {asked.trained.name, *found})
        found[name] = [heard]
    return found
