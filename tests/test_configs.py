"""What configs come to: which folder, which checkpoint."""

import pytest

from stemwise.evaluation.gate_grid import GateGrid
from stemwise.experiment import configs
from stemwise.experiment.songs import output_folder
from tests.test_train import composed


@pytest.mark.parametrize(
    ("words", "folder"),
    [
        (["gate=hard"], "eval_gate-hard"),
        (["gate=hard", "gate.threshold=0.9"], "eval_gate-hard-threshold-0.9"),
        (
            ["gate=hard", "gate.threshold=[0.1,0.2]", "gate.median_seconds=1.0"],
            "eval_gate-hard-threshold-[0.1,0.2]-median-1.0",
        ),
        (["gate=grid", "part=valid"], "eval_part-valid_gate-grid"),
        (["context=song"], "eval_context-song"),
        (["context=30", "part=valid"], "eval_part-valid_context-30"),
        (["gate=soft", "limit=2"], "eval_limit-2_gate-soft"),
        (["part=test"], "."),
    ],
)
def test_each_gate_has_a_folder_of_its_own(words, folder, tmp_path):
    assert output_folder(composed(tmp_path, *words, name="eval"), tmp_path) == tmp_path / folder


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["root=/a/x"], ["root=/a/x", "part=test"]),
        (["root=/a/x/Audio"], ["root=/a/y/Audio"]),
        (["root=s3://a/songs"], ["root=s3://b/songs"]),
        (["root=/a/x"], ["root=/a/x", "+reader.pad_short_stems=true"]),
        (["root=/a/x", "shared=allow"], ["root=/a/x", "shared=leave_out"]),
        (["gate=grid"], ["gate=grid", "gate.thresholds=[0.1]"]),
        (["gate=grid", "gate.median_seconds=[0.0]"], ["gate=grid", "gate.thresholds=[0.1]"]),
    ],
)
def test_no_answer_takes_the_place_of_another(one, other, tmp_path):
    folders = {output_folder(composed(tmp_path, *words, name="eval"), tmp_path) for words in (one, other)}
    assert len(folders) == 2 and all(folder.parent == tmp_path for folder in folders)


def test_the_same_question_has_the_same_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    asked = (["root=tree"], [f"root={tmp_path}/tree"], ["root=tree", "part=all"], ["root=tree", "shared=refuse"])
    assert len({output_folder(composed(tmp_path, *words, name="eval"), tmp_path) for words in asked}) == 1


def test_a_grid_may_name_some_of_its_lists(tmp_path):
    for words in (["gate=grid", "~gate.kinds"], ["+gate.thresholds=[0.5]"]):
        assert output_folder(composed(tmp_path, *words, name="eval"), tmp_path).name.startswith("eval_gate-grid")


def test_a_grid_is_by_itself_what_its_config_names(tmp_path):
    named = configs.asked_grid(composed(tmp_path, "gate=grid", name="eval"))
    assert {key: list(value) for key, value in vars(named).items()} == {k: list(v) for k, v in vars(GateGrid()).items()}


@pytest.mark.parametrize("experiment", ["demo", "study_single", "iass_medley"])
def test_resume_auto_finds_what_an_experiment_began(experiment, home):
    """Also where the experiment sets Hydra's run folder, which is looked at before the words of the command line."""
    last = home / "runs" / "mine" / "checkpoints" / "last.ckpt"
    last.parent.mkdir(parents=True)
    last.touch()
    words = (f"experiment={experiment}", "data.root=x", "name=mine", "resume=auto")
    config = composed(home, *words)
    assert config.checkpoint == str(last)
    newer = home / "runs" / "mine" / "later" / "checkpoints" / "last.ckpt"
    newer.parent.mkdir(parents=True)
    newer.touch()
    assert config.checkpoint == str(last) and composed(home, *words).checkpoint == str(newer)
