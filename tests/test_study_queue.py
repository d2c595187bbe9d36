"""The queue behind RESULTS.md, on songs of seconds, and the plan that it works through."""

import json
import os
import signal
import sys
import threading
import time
from dataclasses import replace

import pandas as pd
import pytest
import yaml
from filelock import FileLock
from src.eval import CONF
from src.results import stop_when_told

from stemwise.errors import DataError
from stemwise.evaluation.table import write_scores
from stemwise.experiment import configs
from stemwise.experiment.configs import same
from stemwise.export import describe
from stemwise.files import write_json
from stemwise.study.plan import Question, Songs, Unit, read_plan
from stemwise.study.queue import LOCK, Queue, settings_by_hydra
from stemwise.study.tables import facts_of, keep, read_table
from tests.test_train import ROOT, SMALL


@pytest.fixture
def queue(tree, tmp_path, monkeypatch) -> Queue:
    """One training of two steps, asked for its test song."""
    monkeypatch.chdir(ROOT)
    monkeypatch.setenv("PYTHONPATH", f"{ROOT / 'src'}:{ROOT}")
    configs.register_resolvers()
    words = [f"data.root={tree}", *SMALL]
    content = {
        "songs": {"small": {"folder": str(tree)}, "gone": {"folder": str(tmp_path / "gone")}},
        "questions": {
            "test": {"songs": "small", "words": ["gates=['off',hard]"]},
            "there": {"songs": "gone", "words": ["root={songs}"]},
        },
        "trainings": {"iass": {"songs": "small", "words": words, "seeds": [0, 1], "questions": ["test", "there"]}},
    }
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(content))
    return Queue(
        read_plan(tmp_path / "study.yaml").only(("iass_s1",)), tmp_path / "results", settings_by_hydra(CONF), 2
    )


def planned(queue: Queue, *units: Unit) -> Queue:
    return replace(queue, plan=replace(queue.plan, units=units))


def test_what_is_done_is_skipped_and_what_changed_is_not(queue, home, monkeypatch):
    ((unit, questions),) = queue.left()
    assert unit.name == "iass_s1" and [question.name for question in questions] == ["test"]  # the other has no songs
    assert queue.run() == []
    model = home / "runs" / "study" / "iass_s1" / "model.safetensors"
    assert describe(model)["card"]["seed"] == 1 and describe(model)["card"]["steps"] == 2
    own = queue.results / "iass_s1" / "test.parquet"
    assert set(read_table(own).gate) == {"off", "hard"} and set(read_table(own).system) == {"study/iass_s1"}
    assert set(read_table(queue.results / "bounds" / "test.parquet").system) >= {"mixture", "ideal binary mask"}
    assert facts_of(own)["seed"] == "1" and "2 steps" in facts_of(own)["training"]
    assert queue.left() == [] and queue.done() == {("iass_s1", "test")}

    # Leave to ask changes nothing of the answer.
    asked = replace(questions[0], words=(*questions[0].words, "shared=allow"))
    assert planned(queue, replace(unit, questions=(asked,))).left() == []

    # A table of other weights than the run's is none.
    stamp = facts_of(own)["stamp"]
    environment = model.with_name("environment.json")
    before = environment.read_text()
    assert stamp == json.loads(before)["stamp"] == describe(model)["card"]["stamp"]
    keep(model.parent / "eval" / "test" / "scores.parquet", own, {**facts_of(own), "stamp": "another"})
    assert [each.name for each in queue.left()[0][1]] == ["test"] and queue.done() == set()
    keep(model.parent / "eval" / "test" / "scores.parquet", own, {**facts_of(own), "stamp": stamp})
    assert queue.left() == []
    environment.write_text("no JSON")  # no whole run then
    assert queue.left() == [] and not queue._trained(unit, model.parent)
    environment.write_text(before)

    # Where the training is gone, so is what another one's tables could stand beside.
    both = replace(unit, questions=(questions[0], Question("more", ("gates=['off']",), "small")))
    assert [each.name for each in planned(queue, both).left()[0][1]] == ["more"]
    model.rename(model.with_suffix(".gone"))
    assert [each.name for each in planned(queue, both).left()[0][1]] == ["test", "more"]
    assert planned(queue, unit).left() == []
    model.with_suffix(".gone").rename(model)

    # Another question of the same training is asked without training again.
    called: list[list[str]] = []
    other = planned(queue, replace(unit, questions=(Question("test", ("gates=['off']",), "small"),)))
    monkeypatch.setattr(other, "_call", called.append)
    assert other.done() == set() and other.run() == []
    assert [command[2] for command in called] == ["src.eval"]

    # Other settings are another training, which cannot go on with this one's checkpoint.
    called.clear()
    longer = planned(queue, replace(unit, words=(*unit.words, "trainer.max_steps=3")))
    monkeypatch.setattr(longer, "_call", called.append)
    (fault,) = longer.run()
    assert "was not trained as the plan says" in fault
    assert called[0][2] == "src.train" and "resume=false" in called[0]
    for word in (
        "trainer.gradient_clip_val=1.0",
        "data.bleed=false",
        "loading.hours=1",
        "callbacks.averaging.decay=0.5",
        "start=shipped",
    ):
        assert planned(queue, replace(unit, words=(*unit.words, word))).done() == set(), word


def test_a_training_whose_songs_cannot_be_had_is_left_out(queue, tmp_path):
    """As of a SoundFont that is not installed: it must not keep the others from being trained."""
    (unit,) = queue.plan.units
    needs = tmp_path / "font.sf2"
    songs = {**queue.plan.songs, "font": Songs("font", tmp_path / "font", ("synthesize",), str(needs))}
    both = replace(queue, plan=replace(queue.plan, songs=songs, units=(replace(unit, songs=("small", "font")),)))
    assert both.left() == []
    write_json(tmp_path / "font" / "splits.json", {})
    assert both.left(), "the songs are made already"
    (tmp_path / "font" / "splits.json").unlink()
    needs.touch()
    assert [each.name for each, _ in both.left()] == ["iass_s1"]


def test_a_training_that_is_repeated_takes_the_place_of_all_of_the_first(queue, monkeypatch):
    """Its tables of questions that cannot be asked here, too; and only one that begins where the first did."""
    ((unit, _),) = queue.left()
    gone, old = (
        queue.path(unit, unit.questions[1]),
        {"system": "iass", "training": "2 steps after 5 of shipped then, 1 s"},
    )
    gone.parent.mkdir(parents=True)
    for path in (gone, queue.path(unit, unit.questions[0])):
        write_table(path, old)
    queue.wanted[unit.name]["start"] = "shipped"
    (fault,) = queue.run()
    assert "start=shipped is " in fault and "is of a training of 2 steps after 5 of shipped then" in fault
    assert gone.is_file() and not (queue.results / "bounds").exists()
    queue.wanted[unit.name]["start"] = None
    assert queue.run() == [] and not gone.exists() and facts_of(queue.path(unit, unit.questions[0]))["seed"] == "1"


def write_table(path, facts) -> None:
    write_scores(path, pd.DataFrame({"song": ["a"]}), facts)


def test_a_training_that_fails_is_named_and_stops_no_other(queue, monkeypatch):
    unit = queue.plan.units[0]
    both = planned(queue, replace(unit, system="bad"), unit)
    tried: list[str] = []

    def call(command: list[str]) -> None:
        tried.append(next(word for word in command if word.startswith("name=")))
        raise DataError("no")

    monkeypatch.setattr(both, "_call", call)
    assert [fault.partition(":")[0] for fault in both.run()] == ["bad_s1", "iass_s1"]
    assert sorted(tried) == ["name=study/bad_s1", "name=study/iass_s1"] and not both.results.exists()


def test_words_that_do_not_compose_are_refused_before_anything_is_trained(queue):
    unit = queue.plan.units[0]
    with pytest.raises(Exception, match="kazoo"):
        planned(queue, replace(unit, words=(*unit.words, "targets=[kazoo]")))


def test_two_queues_at_once_are_refused(queue, home):
    (home / "runs" / "study").mkdir(parents=True)
    with FileLock(home / "runs" / "study" / LOCK), pytest.raises(DataError, match="another `make results` is at work"):
        queue.run()


def test_a_queue_that_is_told_to_end_ends_its_trainings(queue, tmp_path):
    """By SIGTERM, as by Ctrl-C: neither lives on to write into a folder that the next queue trains into."""
    started = tmp_path / "started"
    script = f"import pathlib, time; pathlib.Path({str(started)!r}).touch(); time.sleep(60)"
    queue._do = lambda unit, questions: queue._call([sys.executable, "-c", script])

    def tell():
        while not started.exists():
            time.sleep(0.05)
        os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    stop_when_told()
    teller = threading.Thread(target=tell)
    teller.start()
    try:
        with pytest.raises(KeyboardInterrupt):
            queue._in_parallel([(queue.plan.units[0], [])])
    finally:
        signal.signal(signal.SIGTERM, before)
        teller.join()
    assert not any(child.poll() is None for child in queue.children)


def test_settings_are_the_same_though_a_key_was_added_since():
    then = {"model": {"net": {"bands": 128}}, "steps": 5, "widths": [1, 2]}
    assert same(then, {**then, "hours": None, "activity": False}) and same({**then, "old": 0}, then)
    assert not same(then, {**then, "hours": 1.0}) and not same({**then, "old": 1}, then)
    assert not same(then, {**then, "model": {"net": {"bands": 64}}})
    assert not same(then, {**then, "widths": [1, 2, 3]})


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("songs: {}\nquestions: {test: {songs: gone}}\ntrainings: {}\n", "gone"),
        ("songs: {a: {folder: a}}\nquestions: {t: {songs: a, words: gates}}\ntrainings: {}\n", "text, not a list"),
        (
            "songs: {a: {folder: a}}\nquestions: {}\ntrainings: {x: {songs: a, words: [], seed: [0], questions: []}}\n",
            "seed",
        ),
    ],
)
def test_a_plan_of_another_form_is_refused(content, said, tmp_path):
    (tmp_path / "study.yaml").write_text(content)
    with pytest.raises(DataError, match=f"not a plan of a study.*{said}"):
        read_plan(tmp_path / "study.yaml")


def test_the_plan_of_the_repository_composes():
    configs.register_resolvers()
    settings = settings_by_hydra(CONF)
    plan = read_plan(ROOT / "results" / "study.yaml")
    budgets = {unit.system: settings(unit.command)["trainer.max_steps"] for unit in plan.units}
    assert budgets["iass"] == budgets["single_task"] and {unit.seed for unit in plan.units} >= {0, 1, 2}
    with pytest.raises(DataError, match="no training 'kazoo'"):
        plan.only(("kazoo",))
