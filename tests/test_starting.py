"""start=: trainings that begin with the weights of a trained model."""

import json
import shutil
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf
from src.eval import evaluate_run
from typer.testing import CliRunner

from stemwise.cli import app
from stemwise.errors import DataError, ModelError
from stemwise.experiment import configs, learned, starting
from stemwise.experiment.learned import BEGAN_WITH
from stemwise.experiment.taking import take_weights
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


def made(tmp_path: Path, model: str, targets: list[str], *words: str, path: Path | None = None):
    """A model with weights of its own, in each normalisation too; exported if there is a path."""
    described = configs.plain(settings(tmp_path, model, targets, *words).model)
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


def tries():
    """(model, its targets, those of the model it begins with)."""
    for model in MODELS:
        yield from ((model, targets, THREE) for targets in ORDERS.values())
    yield from (("iass", targets, ["bass"]) for targets in (["bass"], ["drums"], THREE))


def in_words(value) -> str:
    return value if isinstance(value, str) else "-".join(value)


@pytest.mark.parametrize(("model", "targets", "origin"), tries(), ids=in_words)
def test_what_leads_to_a_target_comes_along(model, targets, origin, tmp_path):
    """The masks of shared targets are the same; logits too, where the targets are the same, and of detectors always
    (a separator's head sees the levels of all masks)."""
    torch.manual_seed(1)
    before, _ = made(tmp_path, model, origin)
    after, described = made(tmp_path, model, targets)
    apart = {name: value.clone() for name, value in after.state_dict().items()}
    assert take_weights(after, before, described) == [target for target in targets if target not in origin]
    mixture = torch.randn(1, before.channels, 2 * before.sample_rate)
    was, now = answers(before, mixture), answers(after, mixture)
    both = [target for target in targets if target in origin]
    old, new = [origin.index(target) for target in both], [targets.index(target) for target in both]
    if was.mask is not None:
        torch.testing.assert_close(now.mask[:, new], was.mask[:, old], rtol=1e-4, atol=1e-5)
    if was.activity is not None and (set(targets) == set(origin) or model.startswith("iad_")):
        torch.testing.assert_close(now.activity[:, new], was.activity[:, old], rtol=1e-4, atol=1e-4)
    floats = {name: value for name, value in after.state_dict().items() if value.is_floating_point()}
    own = [name for name, value in floats.items() if torch.equal(value, apart[name])]
    assert not own or not both, f"all of it took something: {own}"


def test_a_layer_that_the_trained_model_lacks_stays_as_it_was(tmp_path):
    """Open-Unmix learns its second task with the trunk of one that knew the first."""
    before, _ = made(tmp_path, "open_unmix_small", THREE)
    after, described = made(tmp_path, "joint_unmix_small", THREE)
    head = {name: value.clone() for name, value in after.state_dict().items() if ".head." in name}
    fresh = take_weights(after, before, described)
    assert fresh and all(name.startswith("net.head.") for name in fresh)
    assert all(torch.equal(after.state_dict()[name], value) for name, value in head.items())
    mixture = torch.randn(1, 1, 32000)
    torch.testing.assert_close(answers(after, mixture).mask, answers(before, mixture).mask)


@pytest.mark.parametrize(
    ("model", "words", "said"),
    [
        ("iass_light", ["model.net.recurrent=128"], "its net.recurrent is 256, that of model= is 128"),
        (
            "iass_light",
            ["model.net.dilations=[8,4,2,1]"],
            r"its net.dilations is \[1, 2, 4, 8\], that of model= is \[8",
        ),
        ("iass_small", [], "its net.mask_channels is 256, that of model= is 0"),
        ("open_unmix_small", [], r"its net._target_ is .*IassSmall, that of model= is .*OpenUnmix"),
        ("iass_light", ["model.stft.hop=512"], r"its stft is .*1024.*that of model= is .*512"),
        ("iass_light", ["model.sample_rate=8000"], "its sample_rate is 16000, that of model= is 8000"),
        ("iad_cnn", [], "another kind is needed here"),
    ],
)
def test_a_model_of_another_make_is_refused(model, words, said, tmp_path):
    with pytest.raises(ModelError, match=said):
        began(settings(tmp_path, model, THREE, f"start={SHIPPED}", *words), tmp_path)


def test_weights_of_another_size_are_refused_whatever_the_description_says(tmp_path):
    before, _ = made(tmp_path, "open_unmix_small", THREE)
    after, described = made(tmp_path, "open_unmix_small", THREE[:2], "model.net.hidden=64")
    with pytest.raises(ModelError, match=r"has size \d+ there and \d+ in model="):
        take_weights(after, before, described)


def test_several_networks_in_one_are_refused(tmp_path):
    parts = [tmp_path / f"{name}.safetensors" for name in ("a", "b")]
    for path, target in zip(parts, ("bass", "drums"), strict=True):
        made(tmp_path, "iass_light", [target], path=path)
    joined = tmp_path / "joined.safetensors"
    assert CliRunner().invoke(app, ["join", *map(str, parts), "--out", str(joined)]).exit_code == 0
    with pytest.raises(ModelError, match=r"several networks in one.* Name one of its parts"):
        began(settings(tmp_path, "iass_light", ["bass"], f"start={joined}"), tmp_path)


@pytest.mark.parametrize(
    ("path", "words"),
    [(SHIPPED, ["model=iass_light"]), (SHIPPED_DETECTOR, ["experiment=iad_crnn", "model=iad_crnn_fine"])],
)
def test_what_ships_begins_a_training_with_the_words_of_the_docs(path, words, tmp_path):
    config = composed(tmp_path, *words, "data=folder", "data.root=nowhere", "start=shipped")
    model = build(configs.plain(config.model))
    entry = starting.begin(config, tmp_path / "run", model, Splitted(test=["Ann_One"])).entry
    assert entry["identity"] == identity(path) and entry["fresh"] == [] and entry["steps"] >= 5000
    assert all(torch.equal(value, model.state_dict()[name]) for name, value in load(path).model.state_dict().items())


def began(config, tmp_path: Path, **parts: list[str]) -> starting.Beginning:
    return starting.begin(config, tmp_path / "run", build(configs.plain(config.model)), Splitted(**parts))


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
    changed = {name for name, value in before.items() if not torch.equal(value, after[name])}
    assert changed and all("running" in name or "tracked" in name for name in changed), "input scaling stays too"
    trained(third, tree, *still, f"start={second / 'model.safetensors'}")
    entry = describe(third / "model.safetensors")["card"][BEGAN_WITH]
    assert entry["model"] == "second" and entry["identity"] == identity(second / "model.safetensors")
    assert entry["steps"] == 2 and entry[BEGAN_WITH]["model"] == "first"
    assert BEGAN_WITH not in describe(first / "model.safetensors")["card"]
    evaluate_run(composed(third, f"run={third}", "report=false", "gates=['off']", name="eval"))
    told = json.loads((third / "eval_gates-off" / "summary.json").read_text())["facts"]["training"]
    assert told.startswith("2 steps after 2 of second after 2 of first, ")
    trained(third, tree, *still)
    assert learned.kept(third) == ({}, []), "a training without a start forgets that of the one before it"


def test_a_resumed_training_goes_on_from_its_checkpoint_and_remembers_its_start(tree, tmp_path):
    """Which may be gone by then, and need not be named again."""
    first, whole, pieces = (tmp_path / name for name in ("first", "whole", "pieces"))
    trained(first, tree, *SMALL, "seed=5")
    trained(whole, tree, *SMALL, f"start={first}", "trainer.max_steps=8")
    trained(pieces, tree, *SMALL, f"start={first}", "trainer.max_steps=4")
    shutil.rmtree(first)
    on = (*SMALL, "trainer.max_steps=8", f"resume={pieces / 'checkpoints' / 'last.ckpt'}")
    with pytest.raises(ModelError, match=rf"that training began with start={first}, not with start=shipped"):
        trained(pieces, tree, *on, "start=shipped")
    trained(pieces, tree, *on)
    expected, found = weights(whole), weights(pieces)
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    cards = [describe(run / "model.safetensors")["card"][BEGAN_WITH] for run in (whole, pieces)]
    assert cards[0] == cards[1] and learned.kept(whole) == learned.kept(pieces)
    assert OmegaConf.load(pieces / "config.yaml").start == str(first)


def lesson(tmp_path: Path, name: str, data: dict, train: list[str], before: tuple[learned.Lesson, ...] = ()) -> Path:
    """A run folder that tells what it learned from, with a model."""
    run = tmp_path / name
    run.mkdir()
    made(tmp_path, "iass_light", THREE, path=run / "model.safetensors")
    OmegaConf.save({"data": data}, run / "config.yaml")
    write_json(run / "splits.json", {"train": train, "valid": ["Val_Idation"], "test": ["Te_St"]})
    learned.keep(run, {"model": "x"} if before else {}, before)
    return run


def test_songs_learned_from_before_do_not_tell_what_a_training_is_worth(tmp_path):
    """By id where they lie in the same place, through any number of beginnings."""
    first = lesson(tmp_path, "a", {"root": str(tmp_path / "x" / ".." / "Tree")}, ["Ann_One"])
    second = lesson(tmp_path, "b", {"root": str(tmp_path / "Tree")}, ["Bob_Two"], tuple(learned.lessons_of(first)))
    shutil.rmtree(first)
    config = settings(tmp_path, "iass_light", THREE, f"start={second}", f"data.root={tmp_path / 'Tree'}")
    found = began(config, tmp_path, train=["Ann_One"], valid=["Val_Idation"], test=["Te_St"])
    assert found.entry["model"] == "before" and [each.train for each in found.lessons] == [("Bob_Two",), ("Ann_One",)]
    for part in ({"test": ["Ann_One"]}, {"valid": ["bob-two"]}, {"test": ["Val_Idation"]}):
        with pytest.raises(DataError, match=r"learned from 1 songs that validate or test this .*say shared=allow"):
            began(config, tmp_path, **part)
    config.shared = "allow"
    began(config, tmp_path, test=["Ann_One"])
    config.shared = "maybe"
    with pytest.raises(DataError, match="shared=maybe: a training knows refuse and allow"):
        began(config, tmp_path)
    config.shared, config.data.root = "refuse", "elsewhere"
    began(config, tmp_path, test=["Ann_One"])


@pytest.mark.parametrize("key", ["", "root", "file", "medleydb", "mixing_secrets"])
def test_a_set_among_several_is_known_again_behind_its_prefix(key, tmp_path):
    """Named by its place alone or by a reader."""
    data = {"sets": {"t": {"root": None, key: str(tmp_path)} if key else str(tmp_path)}, "prefix": True}
    parts = ("train", "valid")
    alone = learned.Lesson.of({"root": str(tmp_path)}, {"train": ["Ann_One"], "valid": []})
    assert alone.of_these(["t-Ann_One", "t-Bob_Two", "Ann_One"], data, parts) == ["t-Ann_One", "Ann_One"]
    nested = {"sets": {"t": str(tmp_path), "t-u": str(tmp_path)}, "prefix": True}
    assert alone.of_these(["t-u-Ann_One"], nested, parts) == ["t-u-Ann_One"]
    among = learned.Lesson.of(data, {"train": ["t-Ann_One"], "valid": []})
    assert among.of_these(["Ann_One", "Bob_Two"], {"root": str(tmp_path)}, parts) == ["Ann_One"]
    assert among.of_these(["Ann_One"], {"root": str(tmp_path / "other")}, parts) == []


def test_a_manifest_is_one_place_by_its_file_and_by_its_folder(tmp_path):
    by_folder = learned.Lesson.of({"file": str(tmp_path)}, {"train": ["Ann_One"], "valid": []})
    for name in ("manifest.csv", "manifest.json"):
        assert by_folder.of_these(["Ann_One"], {"file": str(tmp_path / name)}, ("train",)) == ["Ann_One"]
    assert by_folder.of_these(["Ann_One"], {"file": str(tmp_path / "other" / "manifest.csv")}, ("train",)) == []


def test_songs_of_another_tree_that_were_learned_from_before_are_not_scored(tree, tmp_path):
    first, second = tmp_path / "first", tmp_path / "second"
    trained(first, tree, *SMALL)
    trained(second, tree, *SMALL, f"start={first}")
    make_tree(tmp_path / "other")
    splits = json.loads((first / "splits.json").read_text())
    write_json(second / "splits.json", {**splits, "train": [], "valid": []})
    words = (f"run={second}", f"root={tmp_path / 'other'}", "part=all", "report=false", "gates=['off']")
    with pytest.raises(DataError, match=rf"2 of 3 songs were in the run's training: {splits['train'][0]} .*by name"):
        evaluate_run(composed(second, *words, name="eval"))
    (second / learned.KEPT).unlink()
    evaluate_run(composed(second, *words, name="eval"))


def test_a_run_knows_its_songs_from_any_folder(tree, tmp_path, monkeypatch):
    """Where they were named from the folder of the command: they are scored, and known again as learned from."""
    run = tmp_path / "run"
    monkeypatch.chdir(tree.parent)
    trained(run, tree.name, *SMALL)
    monkeypatch.chdir(tmp_path)
    assert OmegaConf.load(run / "config.yaml").data.root == str(tree)
    evaluate_run(composed(run, f"run={run}", "report=false", "gates=['off']", name="eval"))
    parts = {"train": ["Cyd_Three"], "test": ["Ann_One", "Bob_Two"]}
    config = composed(tmp_path, *SMALL, f"data.root={tree}", f"start={run}")
    with pytest.raises(DataError, match="songs that validate or test this training"):
        began(config, tmp_path / "new", **parts)


def test_whole_paths_leave_alone_what_is_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/ann")
    data = {"root": "~/songs", "metadata": None, "stems": {"vox": "bass"}, "skip": ["a"], "splits_file": "s.json",
            "sets": {"a": "songs", "b": {"file": "list.csv"}, "c": "s3://bucket/songs"}}  # fmt: skip
    sets = {"a": str(tmp_path / "songs"), "b": {"file": str(tmp_path / "list.csv")}, "c": "s3://bucket/songs"}
    whole = {"root": "/home/ann/songs", "splits_file": str(tmp_path / "s.json"), "sets": sets}
    assert learned.rooted(data) == {**data, **whole}


def test_a_damaged_memory_of_a_start_is_said(tmp_path):
    write_json(tmp_path / learned.KEPT, {"model": "x"})
    with pytest.raises(DataError, match=r"began_with.json: not what a training leaves there"):
        learned.kept(tmp_path)
    assert learned.lessons_of(tmp_path) == [], "no run"
    (tmp_path / "config.yaml").write_text("seed: 0")
    write_json(tmp_path / "splits.json", {"train": [], "valid": []})
    with pytest.raises(DataError, match=r"its config.yaml or splits.json is damaged"):
        learned.lessons_of(tmp_path)


def test_a_start_that_cannot_be_ends_in_a_sentence(tree, tmp_path):
    run = lesson(tmp_path, "run", {"root": "x"}, [])
    config = settings(tmp_path, "iass_light", THREE, f"start={run}")
    with pytest.raises(ModelError, match=r"this training would overwrite it.* name=mine"):
        began(config, tmp_path)
    write_json(run / "environment.json", {"stamp": "of another"})
    with pytest.raises(ModelError, match="belongs to a training that was begun after"):
        starting.begin(config, tmp_path / "new", build(configs.plain(config.model)), Splitted())
    config.start = "newest"
    with pytest.raises(ModelError, match="start=newest would be another model each time"):
        began(config, tmp_path)
    words = (f"data.root={tree}", *SMALL, "start=runs/never")
    assert "error: runs/never: no such model." in door("train", *words, code=1).stderr
