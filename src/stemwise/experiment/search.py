"""Before a sweep: its folder is its own; a search by Optuna goes on where it stopped, with the same question only."""

import os
import warnings
from functools import wraps
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout
from omegaconf import DictConfig, OmegaConf

from stemwise.errors import ModelError
from stemwise.evaluation.objective import OF_DETECTORS, SONG_FIGURES
from stemwise.experiment.configs import JobFailed
from stemwise.sweeps.jobs import last_number, read_jobs
from stemwise.texts import count

SWEEPER = "OptunaSweeper"
BEGUN_WITH = "begun with"  # where a study keeps the words of its command
_held: list[FileLock] = []  # as long as the process lives


def prepare(config: DictConfig, folder: Path) -> None:
    """Take the folder; for Optuna's sweeper with a storage count what its study has as part of `n_trials`.

    The sampler's seed moves with the number of trials: with the same one it would propose the first ones again.
    Raises ModelError where another process sweeps there, where the study was begun with other words, where it has
    its trials already or is asked for none, for a folder that no study can be in, and for an objective that is no
    measure of what is varied.
    """
    sweeper = config.hydra.sweeper
    searches = str(sweeper._target_).endswith(SWEEPER)
    if searches:
        _check(config, folder)
    folder.mkdir(parents=True, exist_ok=True)
    _take(folder)
    if not searches:
        return
    _say_where_none_ended(folder)
    if not sweeper.storage:
        return
    study = _study(config)
    _same_question(study, sorted(OmegaConf.to_container(config.hydra.overrides.task)), folder)  # type: ignore[arg-type]
    ended = sum(trial.state.is_finished() for trial in study.trials)
    if ended >= sweeper.n_trials:
        raise ModelError(
            f"the search in {folder} has {ended} trials. More of them: hydra.sweeper.n_trials={2 * ended}; "
            "another one: study=name."
        )
    sweeper.n_trials -= ended
    if sweeper.sampler.get("seed") is not None:
        sweeper.sampler.seed += len(study.trials)


def _check(config: DictConfig, folder: Path) -> None:
    if config.hydra.sweeper.n_trials < 1:
        raise ModelError(f"hydra.sweeper.n_trials={config.hydra.sweeper.n_trials}: give 1 or more.")
    if config.hydra.sweeper.storage and "?" in str(folder):
        raise ModelError(
            f"{folder}: the address of a database ends at '?'. Choose another name for the search's folder."
        )
    losses = [key for key in _searched(config) if key == "loss" or key.startswith("loss.")]
    labels = [key for key in losses if key == "loss" or key.startswith("loss.terms.")]
    objective = str(config.get("objective"))
    if labels and objective not in (*SONG_FIGURES, *OF_DETECTORS):
        raise ModelError(
            f"objective={objective} with {labels[0]}: losses of different terms cannot be compared. Choose a figure of "
            "songs, as val/auc or val/usdr."
        )
    if objective == "val/loss" and losses:
        raise ModelError(
            f"objective=val/loss with {losses[0]}: losses of different weights cannot be compared, and the search "
            "would find the smallest weight. Choose objective=val/usdr, or a term, as val/separation."
        )


def _searched(config: DictConfig) -> list[str]:
    """Keys that differ between trials: of the config, and of words as 'key=choice(1,2)'."""
    words = (word.partition("=") for word in config.hydra.overrides.task)
    named = [key for key, _, value in words if "(" in value or "," in value]
    return [str(key) for key in config.hydra.sweeper.params or {}] + named


def _take(folder: Path) -> None:
    lock = FileLock(folder / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout as fault:
        raise ModelError(
            f"another process sweeps in {folder}. Wait for it, or name another place: hydra.sweep.dir=..., of a search "
            "study=name."
        ) from fault
    _held.append(lock)


def _say_where_none_ended(folder: Path) -> None:
    """In place of Optuna's exception, which knows nothing of the jobs. Hydra leaves no other way to its sweeper."""
    from hydra_plugins.hydra_optuna_sweeper._impl import OptunaSweeperImpl

    sweep = getattr(OptunaSweeperImpl.sweep, "__wrapped__", OptunaSweeperImpl.sweep)

    @wraps(sweep)
    def told(self: Any, arguments: list[str]) -> Any:
        try:
            return sweep(self, arguments)
        except ValueError as fault:
            jobs = read_jobs(folder) if last_number(folder) >= 0 else []
            if not jobs or any(job.state != "failed" for job in jobs):
                raise
            raise JobFailed(
                f"none of {count(len(jobs), 'trial')} came to a figure; job {jobs[0].name}: {jobs[0].why} All of them: "
                f"{folder / 'sweep.html'}"
            ) from fault

    OptunaSweeperImpl.sweep = told  # type: ignore[method-assign]


def _study(config: DictConfig) -> Any:
    os.environ.setdefault("SQLALCHEMY_SILENCE_UBER_WARNING", "1")  # that its next version would not do is known
    warnings.filterwarnings("ignore", message=".*multivariate.*experimental")
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)  # Hydra says what it tries
    sweeper = config.hydra.sweeper
    return optuna.create_study(
        storage=sweeper.storage,
        study_name=sweeper.study_name,
        direction=str(sweeper.direction),
        load_if_exists=True,
    )


def _same_question(study: Any, words: list[str], folder: Path) -> None:
    before = study.user_attrs.get(BEGUN_WITH)
    if before is None:
        study.set_user_attr(BEGUN_WITH, words)
    elif before != words:
        raise ModelError(
            f"the search in {folder} was begun with other words: {' '.join(before)}. Its trials cannot be compared "
            f"with those of {' '.join(words)}. Use the same words, or name another search: study=name."
        )
