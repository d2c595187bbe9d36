"""A separator's activity scored by seconds, as a detector is: what it learned beside separating."""

import logging

from omegaconf import DictConfig

from stemwise.errors import ModelError
from stemwise.evaluation.detection import separator_clips
from stemwise.evaluation.estimates import Estimates
from stemwise.evaluation.heard import CLIPS, Heard, write_clips
from stemwise.experiment.asked import Asked
from stemwise.experiment.detection_scores import targets_of, thresholds_of
from stemwise.export import Exported
from stemwise.external import OWN
from stemwise.files import merge_json
from stemwise.report.detection import in_lines, report_detection, write_detection
from stemwise.separator import Separator

log = logging.getLogger("stemwise")
PAGE = "seconds.html"


def check(config: DictConfig, exported: Exported) -> None:
    """Raise ModelError for a model without activity, for a grid of gates, and for gates by other activity than its own:
    seconds are those of the model's, and what is said of the gates would not be so of them."""
    if not config.clips:
        return
    if "activity" not in getattr(exported.model, "outputs", ("activity",)):
        raise ModelError("clips=true: this run separates and says nothing of activity. Leave it out.")
    if "thresholds" in (config.get("gate") or {}):
        raise ModelError("clips=true: gate=grid has no scores of seconds. Leave one of them out.")
    if (source := (config.get("gate") or {}).get("source", OWN)) != OWN:
        raise ModelError(
            f"clips=true: seconds are scored of the model's own activity, and gate.source={source} goes by another. "
            "Leave one of them out; a detector's seconds: python -m src.eval run=<its run>."
        )


def score(config: DictConfig, asked: Asked, separator: Separator, estimates: Estimates) -> None:
    """Write detections.parquet beside the scores, add to summary.json and, if asked for, write seconds.html.

    Thresholds are the gate's, the same at all levels.
    """
    clips = separator_clips(separator, asked.songs, estimates, log.info)
    heard = Heard(clips, asked.facts, thresholds_of(asked.exported, chosen=True), targets_of(asked))
    write_clips(asked.out / CLIPS, heard)
    report = report_detection(clips, heard.thresholds)
    merge_json(asked.out / "summary.json", {"detection": report.to_json()})
    if config.report:
        title = f"Stemwise: seconds of {asked.facts['name']}"
        write_detection(asked.out / PAGE, report, title, asked.facts, songs=config.report_songs)
    for line in in_lines(report.levels):
        log.info(line)
