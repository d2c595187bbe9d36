"""What is looked at before a search begins or goes on."""

import optuna
import pytest
from omegaconf import DictConfig, OmegaConf

from stemwise.errors import ModelError
from stemwise.experiment import search
from stemwise.experiment.sweeping import go_on

PARAMS = {"loss.weights.activity": "interval(0.1,10)"}


@pytest.fixture(autouse=True)
def released():
    """Each test is a process of its own, as far as locks go."""
    yield
    release()


def release() -> None:
    while search._held:
        search._held.pop().release()


def asked(folder, trials=3, words=("sweep=search", "data.root=x"), objective="val/usdr", params=PARAMS) -> DictConfig:
    sweeper = {
        "_target_": "hydra_plugins.hydra_optuna_sweeper.optuna_sweeper.OptunaSweeper",
        "storage": f"sqlite:///{folder}/study.db",
        "study_name": objective,
        "direction": "maximize" if objective == "val/usdr" else "minimize",
        "n_trials": trials,
        "sampler": {"seed": 7},
        "params": params,
    }
    hydra = {"sweep": {"dir": str(folder)}, "sweeper": sweeper, "overrides": {"task": list(words), "hydra": []}}
    return OmegaConf.create({"objective": objective, "hydra": hydra})


def prepared(folder, **changes) -> DictConfig:
    """As at the start of a process that has ended since."""
    config = asked(folder, **changes)
    search.prepare(config, folder)
    release()
    return config.hydra.sweeper


def told(folder, *states: optuna.trial.TrialState | None) -> None:
    """Trials that ended so, or (None) were killed."""
    study = optuna.load_study(study_name="val/usdr", storage=f"sqlite:///{folder}/study.db")
    for state in states:
        trial = study.ask()
        if state is not None:
            study.tell(trial, 1.0 if state == optuna.trial.TrialState.COMPLETE else None, state)


def test_trials_that_ended_count_and_the_seed_moves_on(tmp_path):
    folder = tmp_path / "sweep_search"
    fresh = prepared(folder, trials=5)
    assert (fresh.n_trials, fresh.sampler.seed) == (5, 7)
    done = optuna.trial.TrialState
    told(folder, done.COMPLETE, done.FAIL, None)
    later = prepared(folder, trials=5)
    assert (later.n_trials, later.sampler.seed) == (3, 10)  # the killed one is tried again, with other numbers
    with pytest.raises(ModelError, match=r"has 2 trials\. More of them: hydra\.sweeper\.n_trials=4"):
        prepared(folder, trials=2)


def test_another_question_is_refused(tmp_path):
    prepared(tmp_path)
    prepared(tmp_path, words=("data.root=x", "sweep=search"))  # the order says nothing
    with pytest.raises(ModelError, match=r"begun with other words: data\.root=x sweep=search\. .* data\.root=y"):
        prepared(tmp_path, words=("sweep=search", "data.root=y"))


def test_another_objective_is_another_study(tmp_path):
    prepared(tmp_path)
    told(tmp_path, optuna.trial.TrialState.COMPLETE)
    assert prepared(tmp_path, objective="val/separation").n_trials == 3


@pytest.mark.parametrize(("params", "words"), [(PARAMS, ()), ({}, ("loss.weights.separation=choice(1,2)",))])
def test_losses_of_other_weights_are_no_objective(params, words, tmp_path):
    with pytest.raises(ModelError, match="losses of different weights cannot be compared"):
        prepared(tmp_path / "new", objective="val/loss", params=params, words=words)
    assert not (tmp_path / "new").exists()
    prepared(tmp_path / "new", objective="val/loss", params={"seed": "range(3)"}, words=())


@pytest.mark.parametrize("objective", ["val/loss", "val/activity"])
def test_losses_of_other_labels_are_no_objective(objective, tmp_path):
    labels = {"loss.terms.activity.threshold": "interval(0.3, 0.7)"}
    with pytest.raises(ModelError, match="losses of different terms cannot be compared"):
        prepared(tmp_path / "new", objective=objective, params=labels)
    soft = ("loss.terms.activity.soft=choice(true,false)",)
    with pytest.raises(ModelError, match="losses of different terms cannot be compared"):
        prepared(tmp_path / "new", objective=objective, params={}, words=soft)
    prepared(tmp_path / "new", objective="val/activity", params={}, words=("loss.terms.activity.threshold=0.3",))
    prepared(tmp_path / "other", objective="val/lrap", params=labels)


def test_two_processes_never_search_in_one_folder(tmp_path):
    search.prepare(asked(tmp_path), tmp_path)
    with pytest.raises(ModelError, match="another process sweeps in"):
        search.prepare(asked(tmp_path), tmp_path)


def test_of_other_sweeps_the_folder_alone_is_taken(tmp_path):
    config = asked(tmp_path / "plain")
    config.hydra.sweeper._target_ = "hydra._internal.core_plugins.basic_sweeper.BasicSweeper"
    search.prepare(config, tmp_path / "plain")
    assert [path.name for path in (tmp_path / "plain").iterdir()] == [".lock"] and config.hydra.sweeper.n_trials == 3
    with pytest.raises(ModelError, match="another process sweeps in"):
        search.prepare(config, tmp_path / "plain")


def test_losses_of_other_groups_are_no_objective_and_one_group_is(tmp_path):
    for objective in ("val/loss", "val/separation"):
        with pytest.raises(ModelError, match=f"objective={objective} with loss: losses of different terms"):
            prepared(tmp_path / "new", objective=objective, params={}, words=("loss=choice(multitask,relative)",))
    prepared(tmp_path / "new", objective="val/loss", params={}, words=("loss=relative", "loss.weights.activity=2"))


@pytest.mark.parametrize(("name", "trials", "said"), [("q?z", 3, r"ends at '\?'"), ("none", 0, "n_trials=0: give 1")])
def test_searches_that_cannot_be_are_refused(name, trials, said, tmp_path):
    with pytest.raises(ModelError, match=said):
        prepared(tmp_path / name, trials=trials)
    assert not list(tmp_path.iterdir())


def test_jobs_get_numbers_behind_those_that_are_there(tmp_path):
    config = asked(tmp_path)
    go_on(config, tmp_path)
    assert config.hydra.overrides.hydra == []
    for name in ("0", "9", "10", "study.db"):
        (tmp_path / name).mkdir()
    go_on(config, tmp_path)
    assert OmegaConf.to_container(config.hydra.overrides.hydra, resolve=False) == [
        "hydra.sweep.subdir='${behind:11,${hydra.job.num}}'"
    ]
