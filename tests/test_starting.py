"""start=: trainings that begin with the weights of a trained model."""

import json
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf
from src.eval import evaluate_run

from stemwise.errors import DataError, ModelError
from stemwise.experiment import configs, starting
from stemwise.export import SHIPPED, SHIPPED_DETECTOR, Exported, build, describe, identity, load, save
from stemwise.files import write_json
from tests.test_train import QUICK, SMALL, composed, door, trained, weights
from tests.trees import make_tree

MODELS = sorted(path.stem for path in (Path(__file__).resolve().parents[1] / "conf" / "model").glob("*.yaml"))
THREE = ["vocals", "bass", "drums"]
ORDERS = {"another order": ["drums", "vocals", "bass"], "fewer": ["drums", "bass"], "one": ["bass"],
          "more": ["piano", "drums", "vocals", "bass"], "others": ["bass", "piano", "drums"]}  # fmt: skip


def settings(tmp_path: Path, model: str, targets: list[str], *words: str):
    return composed(tmp_path, f"model={model}", f"targets=[{','.join(targets)}]", "data.root=nowhere", *words)


def made(tmp_path: Path, model: str, targets: list[str], path: Path | None = None):
    """A model with weights of its own, in each normalisation too; exported if there is a path."""
    described = configs.plain(settings(tmp_path, model, targets).model)
    net = build(described).eval()
    with torch.no_grad():
        for name, value in net.state_dict().items():
            if value.is_floating_point():
                value.add_(0.02 * torch.rand_like(value) * (1 if "var" in name or "scale" in name else 0.5))
    if path is not None:
        save(path, Exported(net, card={"name": "before", "steps": 7}), described)
    return net, described


def answers(model, mixture: torch.Tensor):
    with torch.no_grad():
        return model.estimate(mixture)


# The published net with a single target has scales of another form; the next test has it.
@pytest.mark.parametrize(("model", "order"), [(m, o) for m in MODELS for o in ORDERS if (m, o) != ("iass", "one")])
def test_what_leads_to_a_target_comes_along(model, order, tmp_path):
    """The masks of shared targets are the same; logits too, where the targets are the same, and of detectors always
    (a separator's head sees the levels of all masks)."""
    path, targets = tmp_path / "before.safetensors", ORDERS[order]
    torch.manual_seed(1)
    before, _ = made(tmp_path, model, THREE, path)
    after, described = made(tmp_path, model, targets)
    fresh = starting.take_weights(path, after, before, described)
    assert fresh == [target for target in targets if target == "piano"]
    mixture = torch.randn(1, before.channels, 2 * before.sample_rate)
    was, now = answers(before, mixture), answers(after, mixture)
    both = [target for target in targets if target in THREE]
    old, new = [THREE.index(target) for target in both], [targets.index(target) for target in both]
    if was.mask is not None:
        torch.testing.assert_close(now.mask[:, new], was.mask[:, old], rtol=1e-4, atol=1e-5)
    if was.activity is not None and (set(targets) == set(THREE) or model.startswith("iad_")):
        torch.testing.assert_close(now.activity[:, new], was.activity[:, old], rtol=1e-4, atol=1e-4)


def test_the_published_single_target_takes_all_but_what_is_its_own(tmp_path):
    path = tmp_path / "before.safetensors"
    before, _ = made(tmp_path, "iass", ["vocals"], path)
    after, described = made(tmp_path, "iass", ["bass"])
    apart = {name: value.clone() for name, value in after.state_dict().items()}
    assert starting.take_weights(path, after, before, described) == ["bass"]
    own = {name for name, value in after.state_dict().items() if torch.equal(value, apart[name])}
    assert {"net.output_scale", "net.output_offset", "net.head.6.weight"} <= own
    assert all(
        name.split(".")[1] in ("output_scale", "output_offset", "head", "decoders") or "tracked" in name for name in own
    )
    same, described = made(tmp_path, "iass", ["vocals"])
    assert starting.take_weights(path, same, before, described) == []
    assert all(torch.equal(value, before.state_dict()[name]) for name, value in same.state_dict().items())


def test_a_layer_that_the_trained_model_lacks_stays_as_it_was(tmp_path):
    """Open-Unmix learns its second task with the trunk of one that knew the first."""
    path = tmp_path / "before.safetensors"
    before, _ = made(tmp_path, "open_unmix_small", THREE, path)
    after, described = made(tmp_path, "joint_unmix_small", THREE)
    head = {name: value.clone() for name, value in after.state_dict().items() if ".head." in name}
    fresh = starting.take_weights(path, after, before, described)
    assert fresh and all(name.startswith("net.head.") for name in fresh)
    assert all(torch.equal(after.state_dict()[name], value) for name, value in head.items())
    mixture = torch.randn(1, 1, 32000)
    torch.testing.assert_close(answers(after, mixture).mask, answers(before, mixture).mask)


@pytest.mark.parametrize(
    ("model", "words", "said"),
    [
        ("iass_light", ["model.net.recurrent=128"], r"has another size there \(\d+\) than in model= \(\d+\)"),
        ("iass_small", [], "net.to_masks.weight has another size there"),
        ("open_unmix_small", [], "its net is IassSmall, that of model= is OpenUnmix"),
        ("iass_light", ["model.stft.hop=512"], r"its stft is .*1024.*that of model= is .*512"),
        ("iass_light", ["model.sample_rate=8000"], "its sample_rate is 16000, that of model= is 8000"),
        ("iad_cnn", [], "another kind is needed here"),
    ],
)
def test_a_model_of_another_make_is_refused(model, words, said, tmp_path):
    config = settings(tmp_path, model, THREE, f"start={SHIPPED}", *words)
    fresh = build(configs.plain(config.model))
    with pytest.raises(ModelError, match=said):
        starting.begin(config, fresh, Splitted())


@pytest.mark.parametrize(
    ("path", "words"),
    [(SHIPPED, ["model=iass_light"]), (SHIPPED_DETECTOR, ["experiment=iad_crnn", "model=iad_crnn_fine"])],
)
def test_what_ships_begins_a_training_with_the_words_of_the_docs(path, words, tmp_path):
    config = composed(tmp_path, *words, "data=folder", "data.root=nowhere", "start=shipped")
    model = build(configs.plain(config.model))
    begun = starting.begin(config, model, Splitted(test=["Ann_One"]))[starting.BEGAN_WITH]
    assert begun["identity"] == identity(path) and begun["fresh"] == [] and begun["steps"] >= 5000
    assert all(torch.equal(value, model.state_dict()[name]) for name, value in load(path).model.state_dict().items())


class Splitted:
    """What `begin` asks of data."""

    def __init__(self, **parts: list[str]) -> None:
        self.dataset = self
        self.parts = {"train": [], "valid": [], "test": [], **parts}

    def splits(self) -> dict[str, list[str]]:
        return self.parts


def test_a_training_begins_where_another_ended(tree, tmp_path, caplog):
    """With no rate to learn at, what is exported is what was begun with; and the card says so, twice over."""
    first, second, third = (tmp_path / name for name in ("first", "second", "third"))
    unmix = [*QUICK, "targets=[vocals,bass,drums]", "model=open_unmix_small", "loss=magnitude_only"]
    still = [*unmix, "optimizer.optimizer.lr=0"]
    trained(first, tree, *unmix, "name=first")
    caplog.set_level("INFO", "stemwise")
    trained(second, tree, *still, "name=second", f"start={first}")
    assert f"begins with the weights of {first / 'model.safetensors'} (first, 2 steps)" in caplog.text
    before, after = (load(run / "model.safetensors").model.state_dict() for run in (first, second))
    learned = {name for name, value in before.items() if not torch.equal(value, after[name])}
    assert learned and all("running" in name or "tracked" in name for name in learned), "input scaling stays too"
    trained(third, tree, *still, f"start={second / 'model.safetensors'}")
    entry = describe(third / "model.safetensors")["card"][starting.BEGAN_WITH]
    assert entry["model"] == "second" and entry["identity"] == identity(second / "model.safetensors")
    assert entry["steps"] == 2 and entry[starting.BEGAN_WITH]["model"] == "first"
    assert starting.BEGAN_WITH not in describe(first / "model.safetensors")["card"]


def test_a_resumed_training_goes_on_from_its_checkpoint_not_from_its_start(tree, tmp_path):
    first, whole, pieces = (tmp_path / name for name in ("first", "whole", "pieces"))
    trained(first, tree, *SMALL, "seed=5")
    trained(whole, tree, *SMALL, f"start={first}", "trainer.max_steps=8")
    trained(pieces, tree, *SMALL, f"start={first}", "trainer.max_steps=4")
    last = pieces / "checkpoints" / "last.ckpt"
    trained(pieces, tree, *SMALL, f"start={first}", "trainer.max_steps=8", f"resume={last}")
    expected, found = weights(whole), weights(pieces)
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    assert describe(pieces / "model.safetensors")["card"][starting.BEGAN_WITH]["identity"]


def test_songs_learned_from_before_do_not_tell_what_a_training_is_worth(tmp_path):
    """By id where they lie in the same place, through any number of beginnings."""
    config = settings(tmp_path, "iass_light", THREE, f"start={tmp_path / 'b'}")
    for name, start, train in (("a", None, ["Ann_One"]), ("b", str(tmp_path / "a"), ["Bob_Two"])):
        (tmp_path / name).mkdir()
        made(tmp_path, "iass_light", THREE, tmp_path / name / "model.safetensors")
        OmegaConf.save({"start": start, "data": {"root": "nowhere"}}, tmp_path / name / "config.yaml")
        write_json(tmp_path / name / "splits.json", {"train": train, "valid": ["Val_Idation"], "test": ["Te_St"]})
    model = build(configs.plain(config.model))
    begun = starting.begin(config, model, Splitted(train=["Ann_One"], valid=["Val_Idation"], test=["Te_St"]))
    assert begun[starting.BEGAN_WITH]["model"] == "before"
    for part in ({"test": ["Ann_One"]}, {"valid": ["Bob_Two"]}, {"test": ["Val_Idation"]}):
        with pytest.raises(DataError, match=r"learned from 1 songs that validate or test this training, first"):
            starting.begin(config, model, Splitted(**part))
    config.data.root = "elsewhere"
    starting.begin(config, model, Splitted(test=["Ann_One"]))


def test_songs_of_another_tree_that_were_learned_from_before_are_not_scored(tree, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    trained(first, tree, *SMALL)
    trained(second, tree, *SMALL, f"start={first}")
    make_tree(tmp_path / "other")
    learned = json.loads((first / "splits.json").read_text())
    write_json(second / "splits.json", {**learned, "train": [], "valid": []})
    words = (f"run={second}", f"root={tmp_path / 'other'}", "part=all", "report=false", "gates=['off']")
    with pytest.raises(DataError, match=rf"2 of 3 songs were in the run's training: {learned['train'][0]} .*by name"):
        evaluate_run(composed(second, *words, name="eval"))
    OmegaConf.save({**OmegaConf.load(second / "config.yaml"), "start": None}, second / "config.yaml")
    evaluate_run(composed(second, *words, name="eval"))


def test_a_start_that_is_not_there_ends_in_a_sentence(tree):
    words = (f"data.root={tree}", *SMALL, "start=runs/never")
    assert "error: runs/never: no such model." in door("train", *words, code=1).stderr
