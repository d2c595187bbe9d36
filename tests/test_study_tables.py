"""The tables that the study keeps, and what is written and drawn from them."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from stemwise.errors import DataError
from stemwise.evaluation.table import read_scores, write_scores
from stemwise.report.numbers import probability
from stemwise.study import blocks, gate_blocks
from stemwise.study.kept import Kept, Row
from stemwise.study.markdown import figure, put
from stemwise.study.overall import overall
from stemwise.study.pictures import write_bss, write_hours, write_pictures
from stemwise.study.tables import keep, read_table
from stemwise.study.trials import best_of_trials
from stemwise.study.way import share_of_the_way, way
from stemwise.study.write import BLOCKS, asked_by
from tests.report.made_up import scores

ROOT = Path(__file__).resolve().parents[1]


def write_run(folder: Path, unit: str, table: pd.DataFrame, system: str, seed: int) -> None:
    write_scores(folder / "scores.parquet", table, {"name": unit, "seed": str(seed), "training": "5 steps, 1 s"})
    keep(folder / "scores.parquet", folder / "results" / unit / "test.parquet", {"system": system})


def made_up(shift: float, seed: int = 0) -> pd.DataFrame:
    table = scores(songs=12)
    table["active_share"] = np.random.default_rng(0).random(len(table))
    net = table["system"] == "iass"
    table.loc[net, "usdr"] += shift + np.random.default_rng(seed).normal(0, 0.1, int(net.sum()))
    return table


@pytest.fixture
def kept(tmp_path) -> Kept:
    for seed in (0, 1):
        write_run(tmp_path, f"iass_s{seed}", made_up(1.0, seed), "iass", seed)
        write_run(tmp_path, f"open_unmix_s{seed}", made_up(0.0, seed + 9), "open_unmix", seed)
    return Kept(tmp_path / "results")


def test_tables_of_other_settings_do_not_count(kept):
    only = Kept(kept.folder, frozenset({("iass_s0", "test"), ("open_unmix_s1", "test")}))
    assert [len(only.systems("test")[name]) for name in ("iass", "open_unmix")] == [1, 1]
    assert len(only.trainings()) == 2 and len(kept.trainings()) == 4


def test_what_an_untrained_head_says_of_activity_is_not_shown(tmp_path):
    facts = {"system": "single", "settings": json.dumps({"loss": {"weights": {"activity": 0.0}}})}
    write_scores(tmp_path / "scores.parquet", scores(), {"seed": "0"})
    keep(tmp_path / "scores.parquet", tmp_path / "results" / "single_s0" / "test.parquet", facts)
    (table,) = Kept(tmp_path / "results").systems("test")["single"]
    own = table[table.system == "single"]
    assert set(own.gate) == {"off"} and own.auc.isna().all() and own.usdr.notna().any()


def test_a_figure_that_one_seed_lacks_is_none(kept, tmp_path):
    gap = made_up(1.0, 2)
    place = gap.index[(gap.system == "iass") & (gap.gate == "off") & gap.present][0]
    gap.loc[place, "usdr"] = np.nan
    write_run(tmp_path, "iass_s2", gap, "iass", 2)
    found = kept.averaged("test", ("iass",)).set_index(["song", "target", "system", "gate"]).usdr
    assert np.isnan(found[tuple(gap.loc[place, ["song", "target", "system", "gate"]])])


def test_kept_tables_are_small_and_hold_the_bounds_once(kept):
    before = made_up(1.0)
    after = read_table(kept.folder / "iass_s0" / "test.parquet")
    own = before[before.system == "iass"].reset_index(drop=True)
    np.testing.assert_allclose(after.usdr, own.usdr, rtol=1e-4)
    assert len(after) == len(own) and after.usdr.dtype == "float32"
    assert len(list((kept.folder / "bounds").iterdir())) == 1
    assert set(kept.averaged("test").system) == {"mixture", "silence", "ideal binary mask", "ideal ratio mask",
                                                 "iass", "open_unmix"}  # fmt: skip
    assert not kept.averaged("test").duplicated(["song", "target", "system", "gate"]).any()


def test_bounds_of_songs_made_in_another_way_are_refused(kept, tmp_path):
    other = made_up(1.0)
    other.loc[other.system == "mixture", "usdr"] += 1
    with pytest.raises(DataError, match="bounds of other songs"):
        write_run(tmp_path, "iass_s2", other, "iass", 2)
    assert not (kept.folder / "iass_s2").exists()


def test_blocks_say_what_the_tables_hold(kept):
    said = blocks.differences(kept, "test", ("iass", "open_unmix"), measures=("usdr",))
    first = said.splitlines()[2].split(" | ")
    assert first[0].endswith("all") and abs(float(first[2].split(" [")[0]) - 1.0) < 0.1 and first[3] == "0.004"
    # 11 of the songs have a target that plays, and iass is ahead in all: 2 / 2**11, times 4 tests.
    assert blocks.differences(kept, "test", ("iass", "nobody")) == blocks.NOTHING
    assert len(blocks.trainings(kept).splitlines()) == 2 + 4 + 2
    targets = blocks.per_target(kept, "test", {"mixture": ("mixture", ""), "IASS": ("iass", "off")})
    *lines, none, seeds = targets.splitlines()[2:]
    assert [line.split(" | ")[0].strip("| ") for line in lines] == ["vocals", "drums", "bass"]
    assert not none and seeds == "Seeds: iass 2."
    assert "| iass, hard gate | 2 |" in blocks.systems(kept, "test")
    assert blocks.systems(kept, "test", ("iass", "gone")).endswith("\n\nNot run yet: gone.")


def test_pictures_are_drawn_once_both_systems_are_scored(kept, tmp_path):
    write_pictures(kept, tmp_path / "figures")
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {
        "systems.png",
        "systems_csdr.png",
        "activity.png",
    }
    write_pictures(kept, tmp_path / "none", names=("open_unmix", "nobody"))
    write_hours(kept, tmp_path / "none", {"iass": 1.0, "nobody": 3.0}, {"test": "test songs"})
    assert not (tmp_path / "none").exists()
    write_bss(kept, tmp_path / "none", "test", ("open_unmix", "nobody"), ("sir",))
    assert not (tmp_path / "none").exists()
    write_bss(kept, tmp_path / "bss", "test", ("open_unmix", "iass"), ("sir",))
    assert [path.name for path in (tmp_path / "bss").iterdir()] == ["test_sir.png"]
    write_hours(kept, tmp_path / "hours", {"open_unmix": 1.0, "iass": 3.0}, {"test": "test songs", "gone": "gone"})
    assert (tmp_path / "hours" / "hours.png").stat().st_size > 5000
    write_hours(kept, tmp_path / "two", {"open_unmix": 1.0, "iass": 3.0, "nobody": 8.0}, {"test": "test songs"})
    assert (tmp_path / "two" / "hours.png").stat().st_size > 5000


def test_the_share_of_the_way_by_hand():
    rows = [("mixture", "", -4.0), ("silence", "", 0.0), ("ideal binary mask", "", 6.0), ("net", "off", 3.0)]
    lines = [
        {"song": song, "target": target, "system": system, "gate": gate, "usdr": value + up, "present": present}
        for song, target, up, present in (("a", "x", 0.0, True), ("b", "x", 6.0, True), ("b", "y", 0.0, False))
        for system, gate, value in rows
    ]
    found = way(pd.DataFrame(lines))
    # Song a: 3 of 6 dB above silence; song b: 7 of 10 dB above the mixture's 2 dB. Together 10 of 16.
    assert found.loc["net", "x"] == pytest.approx(10 / 16) and found.loc["net", "all"] == pytest.approx(10 / 16)
    # Of two songs a draw holds one twice, or both: the ends are the songs' own shares.
    assert (found.loc["net", "low"], found.loc["net", "high"]) == (pytest.approx(3 / 6), pytest.approx(7 / 10))


def test_answers_to_two_questions_of_one_system_beside_each_other(tmp_path):
    """The other answer is a quarter of a dB higher in every song: that is the difference, without a spread."""
    facts = {"system": "iass"}
    for question, gain in (("test", 0.0), ("shifts", 0.25)):
        table = scores(songs=12)
        table.loc[table.system == "iass", "usdr"] += gain
        write_scores(tmp_path / f"{question}.parquet", table, {"seed": "0"})
        keep(tmp_path / f"{question}.parquet", tmp_path / "results" / "iass_s0" / f"{question}.parquet", facts)
    kept, rows = Kept(tmp_path / "results"), {"iass, twice": Row("shifts", "iass"), "iass": Row("test", "iass")}
    said = blocks.asked_otherwise(kept, rows, ("usdr",))
    heads, _, *lines = said.splitlines()
    assert "| iass, twice − iass |" in heads and len(lines) == 4
    assert all("| 0.25 [0.25, 0.25] |" in line for line in lines)
    twice, gone = Row("shifts", "iass"), Row("x", "y")
    said = share_of_the_way(kept, "test", ("iass",), more={"iass, twice": twice, "gone": gone})
    shares = [[float(cell.split()[0]) for cell in line.split(" | ")[1:]] for line in said.splitlines()[2:4]]
    assert said.endswith("Seeds: iass 1, iass, twice 1.\n\nNot run yet: gone.")
    assert len(shares) == 2 and all(twice > once for once, twice in zip(*shares, strict=True))
    assert blocks.asked_otherwise(kept, {"a": twice, "b": gone}) == blocks.NOTHING


def test_pairs_are_of_seeds_that_both_answers_have(kept, tmp_path):
    """The second answer has one seed of two, 0.5 dB above its own first: that is the difference."""
    better = made_up(1.5, 0)
    write_scores(tmp_path / "again.parquet", better, {"seed": "0"})
    keep(tmp_path / "again.parquet", tmp_path / "results" / "iass_s0" / "again.parquet", {"system": "iass"})
    rows = {"again": Row("again", "iass"), "iass": Row("test", "iass"), "other": Row("test", "open_unmix")}
    assert {name: len(tables) for name, tables in kept.called(rows).items()} == {"again": 1, "iass": 1, "other": 2}
    said = overall(kept, rows, (("again", "iass"), ("iass", "other"), ("iass", "gone")))
    lines = [line.strip("| ").split(" | ") for line in said.splitlines()]
    assert lines[2][:3] == ["again − iass", "uSDR dB", "0.50 [0.50, 0.50]"] and lines[2][-1] == "one, one"
    assert lines[3][0] == "iass − other" and lines[3][-1].endswith(" of 2") and len(lines) == 6
    assert said.endswith("Not run yet: gone.")
    hard = {"hard": Row("test", "iass", "hard"), "off": Row("test", "iass")}
    assert {len(table[table.system == name]) for name, (table, _) in kept.called(hard).items()} == {12 * 3}
    told = blocks.activity(kept, hard)
    assert "Slope all points" in told and told.endswith("Seeds: hard 2, off 2.")
    assert "none" not in kept.called({"none": Row("test", "iass", "no such gate")})


def test_every_question_is_told_with_its_words_and_commits(tmp_path):
    asked = {
        "a": "scores.parquet root={songs} on fonts make it",
        "b": "scores.parquet root={songs} shared=allow on fonts",
    }
    for (system, words), commit in zip(asked.items(), ("1234", "abcd"), strict=True):
        facts = {"seed": "0", "scored at commit": commit, "trained at commit": "f00", "training": "5 steps, 1 s"}
        write_scores(tmp_path / "s.parquet", scores(), facts)
        target = tmp_path / "results" / f"{system}_s0" / "fonts.parquet"
        keep(tmp_path / "s.parquet", target, {"system": system, "asked": words})
    said = blocks.questions(Kept(tmp_path / "results"))
    assert said.splitlines()[2:] == ["| fonts | `root={songs} shared=allow` | fonts | 2 | 1234, abcd |"]
    assert blocks.questions(Kept(tmp_path / "none")) == blocks.NOTHING


def test_blocks_name_the_questions_that_they_answer():
    assert asked_by(BLOCKS["gates, chosen"]) == ["grid_valid", "grid_test"]
    assert asked_by(BLOCKS["Wiener filter, compared"]) == ["wiener", "stereo"]
    assert asked_by(BLOCKS["share of the way"]) == ["test", "shifts"]
    asked = {line.split(":")[0].strip() for line in (ROOT / "results" / "study.yaml").read_text().splitlines()}
    for name, block in BLOCKS.items():
        assert set(asked_by(block)) <= asked and (asked_by(block) or name in ("trainings", "questions"))


def test_figures_and_marks(tmp_path):
    assert figure(-0.001) == "0.00" and figure(-1.234, -2, 0.5) == "−1.23 [−2.00, 0.50]"
    assert (figure(float("nan")), figure(float("-inf")), probability(0.0001), probability(0.04)) == (
        "–",
        "−∞",
        "< 0.001",
        "0.040",
    )
    page = tmp_path / "page.md"
    page.write_text("a\n<!-- study: x -->\nold\n<!-- end of x -->\nb\n")
    put(page, {"x": "new"})
    put(page, {"x": "newer"})
    assert page.read_text() == "a\n<!-- study: x -->\nnewer\n<!-- end of x -->\nb\n"
    with pytest.raises(DataError, match="no place for 'y'"):
        put(page, {"y": "new"})


def test_results_has_a_place_for_every_block():
    text = (ROOT / "RESULTS.md").read_text(encoding="utf-8")
    for name in BLOCKS:
        assert text.count(f"<!-- study: {name} -->") == text.count(f"<!-- end of {name} -->") == 1


def test_the_committed_tables_say_what_made_them():
    for path in (ROOT / "results").glob("*/*.parquet"):
        table, facts = read_scores(path)
        assert len(table) and path.stat().st_size < 1e6
        if path.parent.name != "bounds":
            assert {"system", "seed", "training", "trained at commit", "settings", "asked"} <= set(facts)
            assert "+" not in facts["trained at commit"] and json.loads(facts["settings"])["trainer.max_steps"] > 0


def test_one_seed_is_held_against_the_same_seed_of_the_others(tmp_path):
    """Seed 1 of `more` is 4 dB better; `less` has no such seed."""
    for name, seed, shift in (("less", 0, 0.0), ("more", 0, 1.0), ("more", 1, 5.0)):
        table = scores(songs=12)
        table.loc[table["system"] == "iass", "usdr"] += shift
        write_run(tmp_path, f"{name}_s{seed}", table, name, seed)
    kept, rows = Kept(tmp_path / "results"), {name: Row("test", name) for name in ("less", "more")}
    said = [overall(kept, rows, (("more", "less"),), shared_seeds=shared) for shared in (True, False)]
    assert "| 1.00 [1.00, 1.00] |" in said[0] and "| 3.00 [3.00, 3.00] |" in said[1]
    tables = [
        blocks.systems(kept, "test", ("less", "more"), gates=("off",), shared_seeds=each) for each in (True, False)
    ]
    write_run(tmp_path, "other_s7", scores(songs=12), "other", 7)
    assert blocks.systems(kept, "test", ("less", "other"), shared_seeds=True).startswith(blocks.NOTHING)
    assert ["| more, no gate | 2 |" in table for table in tables] == [False, True]


def test_silence_is_told_apart_by_whether_the_target_is_in_the_song(kept):
    said = gate_blocks.rests(kept, "test", "iass")
    counts = [int(count) for count in re.findall(r"\((\d+)\)", said.splitlines()[0])]
    assert counts[0] + counts[1] == counts[2] and len(said.splitlines()) == 2 + 4


def test_as_many_trials_for_each_and_the_best_of_them_are_compared(tmp_path):
    """Of `a` the second trial is best on validation songs, though on test songs the first is; of `b` there is one less,
    and a second seed of it counts for nothing."""
    told = {("valid", "a1"): 0.0, ("valid", "a2"): 1.0, ("valid", "b1"): 0.5, ("valid", "b2"): 0.3}
    told |= {("test", "a1"): 3.0, ("test", "a2"): 2.0, ("test", "b1"): 1.0, ("test", "b2"): 9.0}
    results, trials = tmp_path / "results", {"a": ("a1", "a2"), "b": ("b1", "b2")}

    def put_trial(question: str, name: str, seed: int, shift: float) -> None:
        table = made_up(0.0)
        table.loc[table["system"] == "iass", "usdr"] += shift
        write_scores(tmp_path / "scores.parquet", table, {"seed": str(seed)})
        keep(tmp_path / "scores.parquet", results / f"{name}_s{seed}" / f"{question}.parquet", {"system": name})

    for (question, name), shift in told.items():
        if name != "b2":
            put_trial(question, name, 0, shift)
    said = best_of_trials(Kept(results), trials, "valid", "test")
    assert said == f"{blocks.NOTHING}\n\nNot run yet: b2."
    for question in ("valid", "test"):
        put_trial(question, "b2", 1, 50.0)
    assert best_of_trials(Kept(results), trials, "valid", "test") == blocks.NOTHING, "no seed that all have"
    for question in ("valid", "test"):
        put_trial(question, "b2", 0, told[question, "b2"])
    said = best_of_trials(Kept(results), trials, "valid", "test")
    assert said.startswith("Chosen by uSDR on `valid`, seed 0: a2 (a1 ") and "; b1 (b1 " in said
    assert "| target | measure | a2 − b1 |" in said and "| all | uSDR dB | 1.00 [1.00, 1.00] |" in said
