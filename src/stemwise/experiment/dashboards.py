"""What loggers hold beside the curves: settings, figures of the exported weights, the final table.

Those beyond the csv file are closed with the training and opened again for the table.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from hydra.utils import instantiate
from omegaconf import DictConfig, OmegaConf
from pytorch_lightning.loggers import Logger, TensorBoardLogger, WandbLogger
from pytorch_lightning.utilities import rank_zero_only

from stemwise.callbacks.media import log_picture, log_table, write_table
from stemwise.errors import ModelError
from stemwise.experiment.configs import plain
from stemwise.files import write_json
from stemwise.report.dashboard import BEST, PICTURES, tensorboard_layout
from stemwise.report.detection.measures import DIGITS
from stemwise.report.detection.measures import MEASURES as DETECTION_MEASURES
from stemwise.report.measures import MEASURES, name_of
from stemwise.report.tables import ALL

log = logging.getLogger("stemwise")
IDS = "dashboards.json"
DISABLED = "disabled"  # W&B was told to be, so that there is no run to find again


def enter(loggers: Sequence[Logger], config: DictConfig) -> None:
    """Open W&B, and tell it the settings, by which runs are compared there. Raises ModelError where it is not to be
    had."""
    for logger in loggers:
        if isinstance(logger, WandbLogger):
            try:
                logger.log_hyperparams(plain(config))
            except Exception as fault:  # W&B's own, its settings', or the network's
                raise ModelError(
                    f"logger=wandb: W&B cannot be used ({_in_a_line(fault)}). Log in with `wandb login`, set "
                    "WANDB_MODE=offline, or leave it out."
                ) from fault


def lay_out(loggers: Sequence[Logger], terms: Sequence[str]) -> None:
    """To TensorBoard the layout of the curves of `terms`."""
    for logger in loggers:
        if isinstance(logger, TensorBoardLogger) and getattr(rank_zero_only, "rank", 0) == 0:
            logger.experiment.add_custom_scalars(tensorboard_layout(terms))


def log_figures(loggers: Sequence[Logger], config: DictConfig, figures: Mapping[str, float], step: int) -> None:
    """The figures of the exported weights as best/<name>, in every logger; to TensorBoard with the settings, as its
    tab of hyperparameters compares them."""
    named = {f"{BEST}/{name.partition('/')[2]}": value for name, value in figures.items()}
    for logger in loggers:
        if isinstance(logger, TensorBoardLogger):
            logger.log_hyperparams(plain(config), named, step)
        else:
            logger.log_metrics(named, step)
            logger.save()


def close(run: Path, loggers: Sequence[Logger]) -> None:
    """End what the loggers hold open, and remember W&B's id, by which scores find their training.

    Without this the next job of a sweep, in the same process, would log into this one's run. Loggers that never came to
    log anything, and those of other processes, are left alone.
    """
    if getattr(rank_zero_only, "rank", 0) != 0:
        return
    for logger in loggers:
        if isinstance(logger, WandbLogger) and logger._experiment is not None:
            tracked = logger.experiment
            if not getattr(tracked, "disabled", False):
                write_json(run / IDS, {"wandb": {"id": tracked.id, "offline": bool(tracked.offline)}})
            elif not (run / IDS).is_file():  # scored with W&B disabled, a training keeps its id
                write_json(run / IDS, {"wandb": {DISABLED: True}})
            tracked.finish()
        elif isinstance(logger, TensorBoardLogger) and logger._experiment is not None:
            logger.finalize("success")


def log_scores(run: Path, trained: DictConfig, summary: pd.DataFrame) -> None:
    """The table of all targets to whatever the training logged to; for the csv log as log/scores.csv."""
    _log_final(run, trained, *final_table(summary))


def log_detection(run: Path, trained: DictConfig, levels: pd.DataFrame, pictures: Mapping[str, bytes]) -> None:
    """Of a detector: its table of levels as `scores`, as above, and `PICTURES` to what shows pictures."""
    named = {name: pictures[file] for name, file in PICTURES.items()}
    _log_final(run, trained, *level_rows(levels), named)


def _log_final(
    run: Path,
    trained: DictConfig,
    columns: Sequence[str],
    rows: Sequence[Sequence[Any]],
    pictures: Mapping[str, bytes] | None = None,
) -> None:
    if "csv" in trained.get("logger", {}):
        write_table(run / "log" / "scores.csv", columns, rows)
    try:
        loggers = _opened(run, trained)
        try:
            for logger in loggers:
                log_table(logger, "scores", columns, rows)
                for name, picture in (pictures or {}).items():
                    log_picture(logger, name, picture, None)
        finally:
            close(run, loggers)
    except Exception as fault:  # songs that were scored are not lost to a dashboard
        names = ", ".join(name for name in trained.logger if name != "csv")
        log.warning("the scores did not reach %s (%s). They are in %s all the same.", names, _in_a_line(fault), run)


def _in_a_line(fault: Exception) -> str:
    return " ".join(str(fault).split())[:300]


def level_rows(levels: pd.DataFrame) -> tuple[list[str], list[list[Any]]]:
    """(columns, rows): a row a level, a column a measure that has a figure at any."""
    values = levels.pivot(index="level", columns="measure", values="value")
    shown = [measure for measure in DETECTION_MEASURES if values[measure.column].notna().any()]
    rows = [
        [level, *(round(float(values.loc[level, measure.column]), DIGITS) for measure in shown)]
        for level in dict.fromkeys(levels["level"])
    ]
    return ["level", *(measure.heading for measure in shown)], rows


def final_table(summary: pd.DataFrame) -> tuple[list[str], list[list[Any]]]:
    """(columns, rows) of the target 'all': a row a system and gate, a column a measure that has a figure."""
    lines = summary[summary["target"] == ALL].to_dict("records")
    shown = [measure for measure in MEASURES if any(line[f"{measure.column}_n"] for line in lines)]
    columns = ["system", *(f"{measure.heading} {measure.unit}".strip() for measure in shown)]
    rows = [
        [name_of(line["system"], line["gate"]), *(round(float(line[m.column]), m.digits) for m in shown)]
        for line in lines
    ]
    return columns, rows


def _opened(run: Path, trained: DictConfig) -> list[Logger]:
    ids = json.loads((run / IDS).read_text(encoding="utf-8")) if (run / IDS).is_file() else {}
    gone = {"csv", *(name for name, kept in ids.items() if kept.get(DISABLED))}
    configs = {name: config for name, config in trained.get("logger", {}).items() if name not in gone}
    again = {name: {**ids[name], "resume": "allow"} if name in ids else {} for name in configs}
    return [
        instantiate(OmegaConf.merge(config, {"save_dir": str(run)}, again[str(name)]))
        for name, config in configs.items()
    ]
