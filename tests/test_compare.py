"""stemwise compare, as a user types it."""

import json
import sys
from importlib.util import find_spec
from pathlib import Path

import pandas as pd
import pytest

from stemwise.cli import compare
from stemwise.cli.compare import gates_of, groups_of
from stemwise.errors import DataError
from stemwise.evaluation.heard import CLIPS, Heard, write_clips
from stemwise.evaluation.table import NAME, write_scores
from stemwise.report.detection import tune
from stemwise.taxonomy import targets
from tests.report.detection.made_up import clips
from tests.report.made_up import other_training, scores
from tests.test_cli import stemwise


@pytest.fixture
def runs(tmp_path, monkeypatch) -> Path:
    """runs/iass, runs/umx_s0 and runs/umx_s1 of the working directory."""
    mine = scores(songs=12)
    made = {"iass": mine} | {f"umx_s{seed}": other_training(mine, "umx", -0.8, seed=seed) for seed in range(2)}
    for seed, (name, table) in enumerate(made.items()):
        write_scores(tmp_path / "runs" / name / NAME, table, {"name": name, "seed": str(seed)})
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STEMWISE_HOME", str(tmp_path))
    return tmp_path / "runs"


def test_two_runs(runs):
    said = stemwise("compare", "runs/iass", "runs/umx_s0")
    assert "iass, no gate against umx_s0, no gate" in said and "Holm's correction over all" in said
    assert "within targets" in said and "note: One training each of iass, umx_s0" in said
    folder = runs / "compared" / "iass_vs_umx_s0"
    table, read = pd.read_parquet(folder / "compare.parquet"), json.loads((folder / "compare.json").read_text())
    assert len(table) == len(read["differences"]) == 5 * 4
    assert read["systems"][0]["runs"] == [{"folder": "iass", "name": "iass", "seed": "0"}]
    figures = {"scores_usdr.png", "differences_auc.png", "activity_csdr.png"}
    assert figures < {file.name for file in (folder / "compare_figures").iterdir()} and not list(folder.rglob(".*"))
    stemwise("compare", "runs/iass", "runs/umx_s0", "--measure", "usdr")
    assert len(list((folder / "compare_figures").iterdir())) == 3  # none of the comparison before
    assert (folder / "compare.html").stat().st_size > 100_000


def test_seeds_gates_and_a_baseline(runs):
    words = ("iass=runs/iass", "umx=runs/umx_s*", "closed=runs/iass/scores.parquet", "--gate", "closed=hard")
    said = stemwise("compare", *words, "--baseline", "iass", "--measure", "silence_energy", "--out", "out")
    assert "umx, no gate against iass, no gate" in said and "closed, hard gate against iass, no gate" in said
    assert "umx, no gate: standard deviation over 2 seeds Silence energy" in said
    table = pd.read_parquet("out/compare.parquet")
    assert list(table.system.unique()) == ["umx", "closed"] and set(table.seeds) == {2, 1}
    assert set(table.measure) == {"silence_energy"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("runs/iass", "runs/none"), "none: no scores to read"),
        (("runs/iass",), "iass alone cannot be compared"),
        (("runs/iass", "runs/iass"), "the name iass is taken. Name the runs: first="),
        (("a=runs/iass,runs/iass", "runs/umx_s0"), "is given twice for a"),
        (("runs/iass", "b="), "b=: give NAME=RUN"),
        (("runs/iass", "iass=runs/umx_s0"), "give NAME=RUN, with a name that no other run has"),
        (("runs/iass", "runs/umx_s0", "--gate", "shut"), "--gate shut: choose one of off, hard"),
        (("runs/iass", "runs/umx_s0", "--gate", "x=hard"), "there is no system x; there are iass, umx_s0"),
        (("runs/iass", "runs/umx_s0", "--baseline", "x"), "baseline x: choose one of iass, umx_s0, mixture"),
        (("runs/iass", "runs/umx_s0", "--measure", "loudness"), "measure loudness: choose of usdr"),
    ],
)
def test_what_cannot_be_done_ends_in_a_sentence_and_writes_nothing(runs, words, said):
    assert said in " ".join(stemwise("compare", *words, code=1).split())
    assert not (runs / "compared").exists()


def test_figures_that_an_evaluation_left_out_are_asked_for_in_a_sentence(runs):
    stemwise("compare", "runs/iass", "runs/umx_s0", "--measure", "isr", "--baseline", "silence")
    table = pd.read_parquet(runs / "umx_s0" / NAME)
    write_scores(runs / "plain" / NAME, table.assign(isr=float("nan")), {})
    said = stemwise("compare", "runs/iass", "runs/plain", "--measure", "isr", code=1)
    assert "plain has no isr: score it with python -m src.eval bss_eval=true" in " ".join(said.split())
    said = stemwise("compare", "both=runs/umx_s1,runs/plain", "runs/iass", "--measure", "isr", code=1)
    assert "both has no isr" in said, "one seed without is one too many"


def test_runs_on_other_songs_are_refused(runs):
    table = scores(songs=11)
    write_scores(runs / "fewer" / NAME, table, {})
    said = stemwise("compare", "runs/iass", "runs/fewer", code=1)
    assert "fewer was scored on other songs or targets than iass: 3 differ, first bass of song11" in said


def test_words_that_are_paths_are_paths(runs, monkeypatch):
    """Hydra names the folders of a sweep after its settings."""
    folder = runs / "weight=0.5,seed=1"
    write_scores(folder / NAME, scores(songs=3), {})
    found = groups_of([str(folder), f"b={folder}", "c=runs/umx_s0,runs/umx_s1", "b=runs/iass"])
    assert {name: len(paths) for name, paths in found.items()} == {"weight=0.5,seed=1": 1, "b": 2, "c": 2}
    assert all(path.is_file() for paths in found.values() for path in paths)
    monkeypatch.chdir(runs)
    assert list(groups_of([folder.name, "iass"])) == [folder.name, "iass"]


def test_only_a_star_makes_a_pattern(runs):
    """Folders of sweeps have lists in their names: `[1]` is no 1."""
    for name in ("t=[1]", "t=1", "t=[1],s=1"):
        write_scores(runs / name / NAME, scores(songs=3), {})
    assert groups_of(["a=runs/t=[1]"])["a"] == [Path("runs/t=[1]") / NAME]
    assert groups_of(["a=runs/t=[1]*"])["a"] == [Path(f"runs/{name}") / NAME for name in ("t=[1]", "t=[1],s=1")]


def test_what_is_said_of_one_gate_counts_more():
    named = {"a": [], "b": []}
    assert gates_of((), named) == {"a": "off", "b": "off"}
    assert gates_of(["a=soft", "hard"], named) == {"a": "soft", "b": "hard"}
    with pytest.raises(DataError, match="choose one of"):
        gates_of(["a="], named)


def test_without_the_extra_it_says_which(runs, monkeypatch):
    monkeypatch.setattr(compare, "find_spec", lambda name: None if name == "pyarrow" else find_spec(name))
    said = stemwise("compare", "runs/iass", "runs/umx_s0", code=1)
    assert "Comparing runs needs the package pyarrow" in said and "stemwise[train]" in said


def test_a_full_disk_leaves_no_half_page(runs, monkeypatch):
    from stemwise.report import comparison_page

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(comparison_page, "write_text", full)
    said = stemwise("compare", "runs/iass", "runs/umx_s0", "--measure", "usdr", code=1)
    assert "No space left on device" in said and not list(runs.rglob("*.html")) and not list(runs.rglob(".*"))
    assert "stemwise.cli.compare" in sys.modules


@pytest.fixture
def heard(runs) -> Path:
    """runs/iad_s0, iad_s1 and fc beside the others; iass was scored by seconds too."""
    cuts = tune(clips(songs=8, seconds=20, targets=4, seed=9))
    names = targets("iad", list(dict.fromkeys(clips(songs=1, seconds=1, targets=4).target)))
    for number, (name, skill) in enumerate({"iad_s0": 1.8, "iad_s1": 1.8, "fc": 0.8, "iass": 1.0}.items()):
        table = clips(songs=8, seconds=20, targets=4, skill=skill, net=number)
        write_clips(runs / name / CLIPS, Heard(table, {"name": name, "seed": str(number)}, cuts, names))
    return runs


def test_runs_that_hear_are_compared_by_seconds(heard):
    said = stemwise("compare", "iad=runs/iad_s*", "runs/fc", "--baseline", "fc", "--measure", "lrap")
    assert "iad against fc" in said and "standard deviation over 2 seeds at 1 s LRAP" in said
    read = json.loads((heard / "compared" / "iad_vs_fc" / "compare.json").read_text())
    assert {line["measure"] for line in read["differences"]} == {"lrap"} and "all 4 tests" in read["family"]
    assert [run["seed"] for run in read["systems"][0]["runs"]] == ["0", "1"]
    assert "iass against fc" in stemwise("compare", "runs/iass", "runs/fc", "--out", "out")
    assert "uSDR" in stemwise("compare", "runs/iass", "runs/umx_s0", "--out", "out")
    said = stemwise("compare", "[red]fc=runs/fc", "runs/iass", "--out", "out", "--baseline", "iass")
    assert "[red]fc against iass" in said and "[red]fc − iass" in said
    moved = heard.parent / "moved.parquet"
    moved.write_bytes((heard / "fc" / CLIPS).read_bytes())
    assert "iass against moved" in stemwise("compare", "runs/iass/detections.parquet", str(moved), "--out", "out")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("runs/fc", "runs/umx_s0"), "umx_s0 was scored as a separator: there is nothing to hold against each other"),
        (("runs/fc", "runs/umx_s0"), "python -m src.eval run=runs/umx_s0 clips=true"),
        (("runs/fc", "runs/none"), "runs/none: no scores to read"),
        (("runs/fc",), "fc alone cannot be compared"),
        (("runs/fc", "runs/iad_s0", "--gate", "hard"), "--gate hard: seconds are compared by what was heard"),
        (("runs/fc", "runs/iad_s0", "--baseline", "silence"), "baseline silence: choose one of fc, iad_s0"),
        (("runs/fc", "runs/iad_s0", "--measure", "usdr"), "measure usdr: choose of auc, lrap"),
    ],
)
def test_what_cannot_be_compared_by_seconds_ends_in_a_sentence(heard, words, said):
    assert said in " ".join(stemwise("compare", *words, code=1).split())
    assert not (heard / "compared").exists()
