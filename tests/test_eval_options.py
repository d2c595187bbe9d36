"""What a user can ask of src.eval beyond the scores of one run."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from hydra.utils import instantiate
from src.eval import evaluate_run
from src.train import train

from stemwise.datasets.mms import Mms
from stemwise.errors import DataError, ModelError
from stemwise.evaluation.table import read_scores
from stemwise.experiment import configs
from stemwise.experiment.songs import other_tree
from stemwise.export import Exported, build, save
from tests.sets import make_manifest, make_musdb, overrides, places
from tests.test_train import SMALL, composed, trained


def scored(run, *words: str):
    return evaluate_run(composed(run, f"run={run}", *words, name="eval"))


def test_two_runs_in_one_table_figure_and_page(tree, tmp_path):
    mine, other = tmp_path / "mine", tmp_path / "other"
    for run, seed in ((mine, 0), (other, 1)):
        trained(run, tree, *SMALL, f"seed={seed}")
    with pytest.raises(DataError, match=r"other/scores\.parquet: no scores to read"):
        scored(mine, f"against=[{other}]")
    scored(other, "report=false")
    out = scored(mine, f"against=[{other}]", f"out={tmp_path / 'both'}")
    summary = json.loads((out / "summary.json").read_text())
    assert {line["system"] for line in summary["scores"]} >= {
        "train",
        "other",
        "mixture",
    }  # both trainings are called train
    pairs = {(line["row"], line["against"]) for line in summary["differences"]}
    assert pairs == {
        ("train, no gate", "other, no gate"), ("train, hard gate", "train, no gate"),
        ("other, hard gate", "other, no gate"),
    }  # fmt: skip
    page = (out / "page.html").read_text()
    assert "<h2>Differences</h2>" in page and "other, no gate" in page
    assert set(pd.read_parquet(out / "scores.parquet").system) & {"other"} == set()  # the file is of this run alone


def test_a_file_of_scores_names_its_run_and_no_file_is_a_folder(tree, tmp_path):
    run = tmp_path / "run"
    trained(run, tree, *SMALL)
    scores = scored(run, "report=false") / "scores.parquet"
    scored(run, f"against=[{scores}]", f"out={tmp_path / 'both'}", "report=false")
    systems = {line["system"] for line in json.loads((tmp_path / "both" / "summary.json").read_text())["scores"]}
    assert {"train", "run"} < systems
    with pytest.raises(DataError, match=r"out=.*scores\.parquet: is a file"):
        scored(run, f"out={scores}")
    narrow = scored(run, "gates=['off']", "report=false")
    assert narrow != run and set(pd.read_parquet(scores).gate) == {"", "off", "hard", "soft", "oracle"}


def test_facts_travel_with_the_scores(tree, tmp_path):
    run = tmp_path / "run"
    trained(run, tree, *SMALL)
    scored(run, "report=false")
    facts = read_scores(run / "scores.parquet")[1]
    assert facts == json.loads((run / "summary.json").read_text())["facts"] and facts["seed"] == "0"


def other_stems_and_no_more(first, second):
    """Scores in two folders have the same bounds and the same activity, of other stems."""
    one, other = (pd.read_parquet(out / "scores.parquet").set_index(["system", "target"]) for out in (first, second))
    bounds = [system for system in one.index.unique("system") if system != "train"]
    pd.testing.assert_frame_equal(one.loc[bounds], other.loc[bounds])
    assert (one.loc["train"].usdr.dropna() != other.loc["train"].usdr.dropna()).any()
    assert (one.loc["train"].auc.dropna() == other.loc["train"].auc.dropna()).all()


def test_stereo_songs_and_wiener_filtering(tree, tmp_path):
    """A mono net's stems of stereo songs, then what norbert makes of them: nothing else changes."""
    run = tmp_path / "run"
    trained(run, tree, *SMALL)
    folders = [scored(run, "channels=2", f"wiener={n}", "gates=['off']", f"report={n > 0}") for n in (0, 1)]
    assert [folder.name for folder in folders] == ["eval_channels-2_gates-off", "eval_channels-2_wiener-1_gates-off"]
    other_stems_and_no_more(*folders)


def test_shifted_grids_change_the_stems_and_no_more(tree, tmp_path):
    run = tmp_path / "run"
    trained(run, tree, *SMALL)
    folders = [scored(run, f"shifts={n}", "gates=['off']", "report=false") for n in (1, 2)]
    assert [folder.name for folder in folders] == ["eval_gates-off", "eval_gates-off_shifts-2"]
    other_stems_and_no_more(*folders)
    facts = [read_scores(folder / "scores.parquet")[1] for folder in folders]
    assert "shifts" not in facts[0] and facts[1]["shifts"] == "2"
    with pytest.raises(ModelError, match="shifts=0: give 1"):
        scored(run, "shifts=0")
    assert not (run / "eval_shifts-0").exists()


def test_isr_sir_and_sar_on_request(tree, tmp_path):
    run = tmp_path / "run"
    trained(run, tree, *SMALL)
    names = ["isr", "sir", "sar"]
    plain = pd.read_parquet(scored(run, "report=false") / "scores.parquet")
    assert plain[names].isna().all().all()
    asked = pd.read_parquet(scored(run, "bss_eval=true") / "scores.parquet").set_index(["system", "gate"])
    assert np.isfinite(asked.loc[("mixture", "")][names]).all().all()
    # (SIR of the tree's pure tones says little: a filter of 512 taps turns one into the other.)
    assert (
        asked.loc[("ideal ratio mask", "")].isr.to_numpy() > asked.loc[("silence", "")].isr.fillna(0).to_numpy()
    ).all()
    assert "<th" in (page := (run / "page.html").read_text()) and "SIR" in page
    again = pd.read_parquet(scored(run, "report=false") / "scores.parquet").set_index(["system", "gate"])
    pd.testing.assert_frame_equal(again[names], asked[names])  # of the same stems, and not computed anew


def test_a_run_beside_one_that_was_scored_in_another_way_is_said(tree, tmp_path, caplog):
    """And what lies in the folder stays there."""
    for run, seed in ((tmp_path / "mine", 0), (tmp_path / "other", 1)):
        trained(run, tree, *SMALL, f"seed={seed}")
    scored(tmp_path / "other", "report=false")
    (tmp_path / "out" / "parts").mkdir(parents=True)
    (tmp_path / "out" / "parts" / "mine.txt").write_text("precious")
    words = (f"against=[{tmp_path / 'other'}]", "gates=['off']", f"out={tmp_path / 'out'}")
    scored(tmp_path / "mine", "shifts=2", "channels=2", *words)
    said = "The stems were not made alike, shifts: train 2; other 1."
    for text in (
        caplog.text,
        (tmp_path / "out" / "page.html").read_text(),
        (tmp_path / "out/summary.json").read_text(),
    ):
        assert said in text and "The mixture itself scores up to" not in text
    assert (tmp_path / "out" / "parts" / "mine.txt").is_file() and not list(tmp_path.glob("out/.*"))
    caplog.clear()
    scored(tmp_path / "mine", *words)
    assert "not made alike" not in caplog.text


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["+gate.threshold=0.9"], r"gate.threshold=0.9 says nothing alone; choose the gate too: gate=hard"),
        (["gate=hard", "gate.threshold=[0.5,0.5]"], "2 gate thresholds for 3 targets"),
        (["gate=hard", "gate.threshold=abc"], "gate of threshold abc.*: give numbers"),
        (["gate=hard", "gate.median_seconds=null"], "median None s: give numbers"),
        (["gates=['off',hard,hard]"], "gates: 'hard' stands there twice"),
        (["limit=abc"], "limit=abc: give a whole number"),
        (["limit=-1"], "limit=-1: give 1 or more"),
        (["processes=0"], "processes=0: give 1 or more"),
        (["estimates_gb=-1"], "estimates_gb=-1: give a number, 0 or more"),
        (["shifts=1.5"], "shifts=1.5: give a whole number"),
        (["wiener=1.5"], "wiener=1.5: give a whole number"),
        (["estimates_gb=abc"], "estimates_gb=abc: give a number"),
    ],
)
def test_what_no_evaluation_can_be_asked_is_said_before_a_song_is_separated(words, said, tree, tmp_path, monkeypatch):
    run = tmp_path / "run"
    description = configs.plain(composed(run, *SMALL, f"data.root={tree}").model)
    save(run / "model.safetensors", Exported(build(description).eval()), description)
    monkeypatch.setattr("stemwise.experiment.separation_scores.evaluate", lambda *_: pytest.fail("separated"))
    with pytest.raises(ModelError, match=said):
        scored(run, *words)


def test_a_no_in_place_of_false_is_refused(tmp_path):
    for word in ("report=no", "clips=on", "+reader.pad_short_stems=Off"):
        with pytest.raises(ModelError, match=rf"{word.lstrip('+')}: write true or false"):
            evaluate_run(composed(tmp_path, f"run={tmp_path}", word, name="eval"))


def test_another_root_is_read_as_the_runs_own_songs_or_as_the_reader_says(tmp_path):
    run, other = tmp_path / "run", tmp_path / "other"
    words = [*overrides("Mms", tmp_path / "mms"), *SMALL, "data=mms", "data.pad_short_stems=true"]
    run.mkdir()
    train(composed(run, *words), run)
    own = pd.read_parquet(scored(run, "report=false") / "scores.parquet")
    assert set(own.song) <= {song.id for song in Mms(**places("Mms", tmp_path / "mms")).songs()}
    make_musdb(other)
    asked = ["report=false", "shared=allow", f"root={other}", "+reader._target_=stemwise.datasets.musdb18hq.Musdb18HQ"]
    asked.append("part=test")
    found = pd.read_parquet(scored(run, *asked) / "scores.parquet")
    assert set(found.song) == {"CydFeatDee_Three"}
    known = found[found.system == "mixture"].dropna(subset="usdr").target
    assert set(known) == {"vocals", "bass"}, "MUSDB's drums may hold what is no drum in this scheme"
    by_layout = pd.read_parquet(scored(run, "report=false", "shared=allow", f"root={other}") / "scores.parquet")
    assert set(by_layout.song) == {"ANiMAL_Rockshow", "BobsBand_ItsTwoThree", "CydFeatDee_Three"}, "all of another tree"
    with pytest.raises(DataError, match=r"MedleyDB: no audio under .*nowhere"):
        scored(run, "report=false", "shared=allow", f"root={tmp_path / 'nowhere'}")


def test_what_belongs_to_the_runs_own_tree_is_not_asked_of_another():
    own = {"_target_": "x.Musdb18HQ", "root": "a", "splits_file": "a/s.json", "skip": ["b"], "pad_short_stems": True}
    left = {"_target_": "x.Musdb18HQ", "root": "c", "splits_file": None, "skip": [], "pad_short_stems": True}
    assert other_tree("c", {}, own) == left
    assert other_tree("c", {"skip": ["d"]}, own) == {**left, "skip": ["d"]}
    assert other_tree("c", {"_target_": "x.Other"}, own) == {"_target_": "x.Other", "root": "c"}


def test_a_reader_without_a_root_gets_the_other_tree_as_what_it_reads_first(tmp_path):
    make_manifest(tmp_path)
    own = {"_target_": "stemwise.datasets.medleydb.MedleyDB", "root": "a", "metadata": None}
    manifest, both = ({"_target_": f"stemwise.datasets.{each}"} for each in ("manifest.Manifest", "mms.Mms"))
    assert instantiate(other_tree(str(tmp_path / "manifest.csv"), manifest, own)).songs()
    named = {**manifest, "file": str(tmp_path / "manifest.csv")}
    assert instantiate(other_tree(str(tmp_path), named, own)).root == tmp_path
    assert other_tree("m", {**both, "mixing_secrets": "s"}, own) == {**both, "mixing_secrets": "s", "medleydb": "m"}


def test_a_grid_of_gates_says_what_each_gate_alone_would(tree, tmp_path, home):
    run = tmp_path / "run"
    trained(run, tree, *SMALL)
    alone = pd.read_parquet(scored(run, "report=false") / "scores.parquet")
    out = scored(run, "gate=grid", "gate.thresholds=[0.2,0.5]", "gate.median_seconds=[0,0.488]")
    assert out.parent == run and re.fullmatch(r"eval_gate-grid-[0-9a-f]{6}", out.name)
    assert (out / "grid.png").read_bytes().startswith(b"\x89PNG")
    grid = pd.read_parquet(out / "grid.parquet")
    assert len(grid) == 3 * (3 + 1 + 4) and not (out / ".parts").exists() and not (run / ".parts").exists()
    for kind in ("off", "hard", "soft", "oracle"):
        one = alone[(alone.system == "train") & (alone.gate == kind)].set_index("target")
        many = grid[(grid.kind == kind) & ((kind != "hard") | grid.own)].set_index("target")
        for name in ("usdr", "csdr", "csdr_common", "silence_energy", "lost_energy", "rest_seconds"):
            np.testing.assert_allclose(many[name], one[name], atol=1e-4, err_msg=f"{name}, {kind}")
    summary = json.loads((out / "summary.json").read_text())
    assert len(summary["grid"]) == (3 + 1) * 8 and summary["facts"]["name"] == "train"
    assert len(list(home.glob("data/estimates/*/stems.npy"))) == 1 == len(list(home.glob("data/bounds/*.parquet")))
    with pytest.raises(ModelError, match="puts none beside"):
        scored(run, "gate=grid", f"against=[{run}]")
    with pytest.raises(ModelError, match="train with one: gate=hard"):
        trained(tmp_path / "no", tree, *SMALL, "gate=grid")
