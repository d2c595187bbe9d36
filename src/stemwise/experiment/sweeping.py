"""What Hydra tells of a sweep: each job's settings and end are kept, and all jobs gathered in one table and figure."""

import logging
import sys
import time
from pathlib import Path
from typing import Any

from hydra.core.utils import JobReturn, JobStatus
from hydra.experimental.callback import Callback
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf, flag_override

from stemwise.errors import StemwiseError
from stemwise.experiment import search
from stemwise.files import write_json
from stemwise.sweeps.gather import gather
from stemwise.sweeps.jobs import RECORD, last_number

log = logging.getLogger("stemwise")


class Sweeping(Callback):
    """For `hydra.callbacks` of the doors; does nothing in a single run.

    Hydra makes a warning of what a callback raises, so nothing here can end a sweep by accident; SystemExit does.
    """

    def __init__(self) -> None:
        self.began = 0.0

    def on_multirun_start(self, config: DictConfig, **kwargs: Any) -> None:
        folder = Path(config.hydra.sweep.dir)
        try:
            with flag_override(config, ["readonly", "struct"], False):
                search.prepare(config, folder)
                go_on(config, folder)
        except (StemwiseError, OSError) as fault:
            sys.exit(f"error: {fault}")

    def on_job_start(self, config: DictConfig, **kwargs: Any) -> None:
        if config.hydra.mode == RunMode.MULTIRUN:
            self.began = time.monotonic()
            _record(config, {"state": "begun"})

    def on_job_end(self, config: DictConfig, job_return: JobReturn, **kwargs: Any) -> None:
        if config.hydra.mode == RunMode.MULTIRUN:
            failed = job_return.status == JobStatus.FAILED
            end: dict[str, Any] = {"state": "failed" if failed else "ended"}
            if failed:
                fault = job_return._return_value
                said = str(fault) if isinstance(fault, StemwiseError) else f"{type(fault).__name__}: {fault}"
                end["why"] = said.strip()
            _record(config, {**end, "seconds": round(time.monotonic() - self.began, 1)})
            gather(Path(config.hydra.sweep.dir))

    def on_multirun_end(self, config: DictConfig, **kwargs: Any) -> None:
        folder = Path(config.hydra.sweep.dir)
        gather(folder)
        log.info("all jobs in one table and figure: %s", folder / "sweep.html")


def go_on(config: DictConfig, folder: Path) -> None:
    """Let the jobs of a sweep in a folder that has some already take the numbers behind theirs."""
    first = last_number(folder) + 1
    if first:
        config.hydra.overrides.hydra.append(f"hydra.sweep.subdir='${{behind:{first},${{hydra.job.num}}}}'")


def _record(config: DictConfig, end: dict[str, Any]) -> None:
    words = OmegaConf.to_container(config.hydra.overrides.task)
    write_json(Path(config.hydra.runtime.output_dir) / RECORD, {"overrides": words, **end})
