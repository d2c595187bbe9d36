"""Scores of a detector: of seconds, of longer clips and of songs."""

import json
import logging
from typing import Any

import numpy as np
from omegaconf import DictConfig

from stemwise.detector import Detector
from stemwise.errors import ModelError
from stemwise.evaluation.detection import CLIPS, detect_songs
from stemwise.evaluation.table import write_scores
from stemwise.experiment import configs
from stemwise.experiment.asked import Asked
from stemwise.experiment.detection import THRESHOLDS
from stemwise.export import Exported
from stemwise.files import beside, merge_json
from stemwise.report.detection import figures_of, in_lines, report_detection, write_detection

log = logging.getLogger("stemwise")
OF_SEPARATORS = ("bss_eval", "wiener", "channels", "against")


def check(config: DictConfig) -> None:
    """Raise ModelError for what a detector cannot be asked."""
    strange = [key for key in OF_SEPARATORS if config[key]]
    strange += ["gate=grid"] if configs.asked_grid(config) else []
    strange += [f"gate.source={config.gate.source}"] if config.gate.source != "model" else []
    if strange:
        raise ModelError(f"{strange[0]}: this run hears instruments and separates nothing. Leave it out.")


def score(config: DictConfig, asked: Asked) -> None:
    """Write detections.parquet, summary.json, figures as PNG and, if asked for, page.html."""
    exported = asked.exported
    clips = detect_songs(Detector(exported.model, exported.gate, config.device), asked.songs, log.info)
    thresholds = thresholds_of(exported, chosen=bool(configs.asked_gate(config)))
    write_scores(asked.out / CLIPS, clips, {**asked.facts, THRESHOLDS: json.dumps(thresholds)})
    report = report_detection(clips, thresholds)
    merge_json(asked.out / "summary.json", {"facts": asked.facts, "detection": report.to_json()})
    pictures = figures_of(report)
    for name, picture in pictures.items():
        with beside(asked.out / name) as part:
            part.write_bytes(picture)
    if config.report:
        write_detection(asked.out / "page.html", report, f"Stemwise: {asked.facts['name']}", asked.facts, pictures)
    for line in in_lines(report.levels):
        log.info(line)
    log.info("scores%s in %s", " and page" if config.report else "", asked.out)


def thresholds_of(exported: Exported, chosen: bool) -> Any:
    """Those in the card, by level and target; the gate's for all levels where it was `chosen` anew."""
    if not chosen and THRESHOLDS in exported.card:
        return exported.card[THRESHOLDS]
    given = np.broadcast_to(np.asarray(exported.gate.threshold, dtype=np.float64), len(exported.model.targets))
    return dict(zip(exported.model.targets, given.tolist(), strict=True))
