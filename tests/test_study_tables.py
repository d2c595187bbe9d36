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


def grid_table(lost: dict[tuple[float, float], float]) -> pd.DataFrame:
    """Two songs, one target; the higher the lost energy of a setting, the quieter its rests."""
    settings = [("off", np.nan, np.nan, 0.0), ("oracle", np.nan, np.nan, 0.0)]
    settings += [("hard", threshold, seconds, cost) for (threshold, seconds), cost in lost.items()]
    lines = []
    for song, clear in (("a", 0.0), ("b", 5.0)):
        for kind, threshold, seconds, cost in settings:
            line = {"song": song, "target": "bass", "system": "net", "kind": kind, "own": False, "threshold": threshold}
            line |= {"median_seconds": seconds, "present": True, "rest_seconds": 9.0, "usdr": clear - cost}
            line |= {"csdr": clear + cost, "csdr_common": clear - cost, "si_sdr": 0.0, "silence_share": 0.0}
            line |= {"lost_energy": cost, "silence_energy": -20 - 10 * cost, "target_energy": 1.0}
            lines.append(line | {"rest_estimate": 0.1, "rest_mixture": 1.0})
    return pd.DataFrame(lines)


def test_the_published_gate_against_none_is_read_from_a_grid(tmp_path):
    """In each song the gate costs 6 dB, and two seeds of it the same."""
    for seed in ("0", "1"):
        write_scores(tmp_path / "grid.parquet", with_own(grid_table({(0.5, 0.488): 6.0})), {"seed": seed})
        target = tmp_path / "results" / f"net_s{seed}" / "grid_test.parquet"
        keep(tmp_path / "grid.parquet", target, {"system": "net", "seed": seed})
    kept = Kept(tmp_path / "results")
    lines = [
        line.strip("| ").split(" | ") for line in gate_blocks.compared(kept, "grid_test", "net", ("usdr",)).splitlines()
    ]
    assert [line[0] for line in lines[2:]] == [
        f"{kind} gate − no gate" for kind in ("hard", "soft", "oracle", "published")
    ]
    assert [line[2] for line in lines[2:]] == ["−2.00 [−2.00, −2.00]", "−1.00 [−1.00, −1.00]", *["0.00 [0.00, 0.00]"],
                                               "−6.00 [−6.00, −6.00]"]  # fmt: skip
    assert lines[2][-1] == "0.000 of 2, 0.000 of 2"
    assert gate_blocks.compared(kept, "nothing", "net", ("usdr",)) == blocks.NOTHING


def with_own(grid: pd.DataFrame) -> pd.DataFrame:
    """With a soft gate that costs 1 dB and the model's own, which costs 2."""
    off = grid[grid.kind == "off"]
    soft = off.assign(kind="soft", usdr=off.usdr - 1)
    own = off.assign(kind="hard", own=True, threshold=0.1, median_seconds=0.488, usdr=off.usdr - 2)
    return pd.concat([grid, soft, own], ignore_index=True)


def test_gates_are_chosen_on_validation_songs_and_told_on_test_songs(tmp_path):
    for question, factor in (("grid_valid", 1.0), ("grid_test", 3.0)):
        costs = {(0.3, 0.488): 0.5 * factor, (0.5, 0.488): 2.0 * factor, (0.9, 0.488): 40.0 * factor}
        write_scores(tmp_path / "grid.parquet", grid_table(costs), {"seed": "0"})
        keep(tmp_path / "grid.parquet", tmp_path / "results" / "net_s0" / f"{question}.parquet", {"system": "net"})
    assert not (tmp_path / "results" / "bounds").exists()
    kept = Kept(tmp_path / "results")
    said = gate_blocks.chosen_on_validation(kept, "net", "grid_valid", "grid_test")
    rows = {line.split(" | ")[0].strip("| "): line.strip("| ").split(" | ")[1:] for line in said.splitlines()[2:]}
    assert rows["at most 1 % on validation: 0.3, 0.488 s"] == [
        "1.50",
        "−35.0",
        "−10.00",
        "1.00",
        "1.00",
        "4.00",
        "0.50",
    ]
    assert rows["published: 0.5, 0.488 s"][0] == "6.00" and rows["gate off"][0] == "0.00"
    assert "at most 5 % on validation: 0.5, 0.488 s" in rows
    assert set(rows["at most 0.1 % on validation: none of the grid"]) == {"–"}
    said = gate_blocks.misled(kept, "grid_test", "net")
    assert said.startswith("bass of a") and "| published gate | 6.00 | −6.00 |" in said


def test_a_target_that_gains_by_being_silenced_is_shown(tmp_path):
    """b is best left alone, and c gains most by a gate that leaves some of it; a gains 2 dB by one that takes all."""
    costs = {(0.9, 0.0): 100.0, (0.9, 1.0): 99.5, (0.5, 0.0): 50.0}
    grid = pd.concat([grid_table(costs), grid_table(costs).query("song == 'a'").assign(song="c")])
    off, gates = {"a": -2.0, "b": 5.0, "c": -9.0}, {("c", 50.0): 3.0, ("a", 100.0): 0.0, ("a", 99.5): -0.5}
    for song, value in off.items():
        grid.loc[grid.song == song, "usdr"] = value
    for (song, cost), value in gates.items():
        grid.loc[(grid.song == song) & (grid.lost_energy == cost), "usdr"] = value
    write_scores(tmp_path / "grid.parquet", grid, {"seed": "0"})
    keep(tmp_path / "grid.parquet", tmp_path / "results" / "net_s0" / "grid_test.parquet", {"system": "net"})
    said = gate_blocks.silenced(Kept(tmp_path / "results"), "grid_test", "net").splitlines()
    assert said[0] == "bass of a:" and said[4].split(" | ")[3] == "−2.00"
    assert said[5].startswith("| hard gate, 0.9, 0 s |") and said[5].split(" | ")[3::2] == ["0.00", "100.00 |"]
    assert gate_blocks.silenced(Kept(tmp_path / "results"), "nothing", "net") == blocks.NOTHING


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
