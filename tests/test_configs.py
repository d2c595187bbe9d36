"""What configs come to: which folder, which checkpoint."""

import pytest

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
    ],
)
def test_each_gate_has_a_folder_of_its_own(words, folder, tmp_path):
    assert output_folder(composed(tmp_path, *words, name="eval"), tmp_path) == tmp_path / folder


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
