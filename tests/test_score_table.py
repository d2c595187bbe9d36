"""Scores as files, runs beside each other, and their differences."""

import numpy as np
import pandas as pd
import pytest

from stemwise.errors import DataError
from stemwise.evaluation.table import NAME, join_scores, other_runs, read_scores, write_scores
from stemwise.metrics import bootstrap_interval
from stemwise.report.differences import differences
from tests.report.made_up import scores


def test_scores_and_facts_come_back_as_they_were(tmp_path):
    table = scores(songs=3)
    write_scores(tmp_path / NAME, table, {"seed": "1", "name": "é"})
    again, facts = read_scores(tmp_path / NAME)
    pd.testing.assert_frame_equal(again, table)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / NAME), table)
    assert facts == {"seed": "1", "name": "é"} and list(tmp_path.iterdir()) == [tmp_path / NAME]


def test_what_is_no_table_of_scores_says_so(tmp_path):
    (tmp_path / NAME).write_text("song,target\n")
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(DataError, match=r"no scores to read .*python -m src\.eval run="):
            read_scores(folder / NAME)


def run(tmp_path, name: str, table: pd.DataFrame):
    (tmp_path / name).mkdir()
    write_scores(tmp_path / name / NAME, table, {})
    return tmp_path / name


def test_models_of_other_runs_come_in_and_bounds_stay_single(tmp_path):
    mine = scores(songs=3)
    other = run(tmp_path, "baseline", mine.replace({"system": {"iass": "umx"}}))
    same_name = run(tmp_path, "second", mine)
    joined = join_scores(mine, other_runs([other, same_name], "iass", set(mine.song)))
    assert set(joined["system"]) == {*mine["system"], "umx", "second"}
    assert (joined.groupby(["song", "target", "system", "gate"]).size() == 1).all()


def test_runs_on_other_songs_and_names_taken_twice_are_refused(tmp_path):
    mine = scores(songs=3)
    fewer = run(tmp_path, "fewer", mine[mine.song != "song01"])
    with pytest.raises(DataError, match=r"fewer was scored on other songs or targets: 3 differ, first bass of song01"):
        join_scores(mine, other_runs([fewer], "iass", set(mine.song)))
    with pytest.raises(DataError, match=r"fewer was scored on other songs: 1 are not among these, first song02"):
        other_runs([fewer], "iass", {"song00", "song01"})
    narrower = run(tmp_path, "narrower", mine[(mine.song != "song01") | (mine.target != "bass")])
    with pytest.raises(DataError, match=r"was scored on other songs or targets: 1 differ, first bass of song01"):
        join_scores(mine, other_runs([narrower], "iass", set(mine.song)))
    twin = run(tmp_path, "iass", mine)
    with pytest.raises(DataError, match="name iass is taken"):
        other_runs([twin], "iass", set(mine.song))
    with pytest.raises(DataError, match=r"against=runs/x: give a list, as in against=\[runs/x\]"):
        other_runs("runs/x", "iass", set(mine.song))


def test_differences_are_paired_by_song():
    mine = scores(songs=12)
    worse = mine[mine.system == "iass"].assign(system="umx")
    worse["usdr"] -= 1.5  # by the same amount in every song: the pairs know it exactly, the two means would not
    table = differences(pd.concat([mine, worse], ignore_index=True), resamples=50)
    line = table[(table.row == "iass, no gate") & (table.against == "umx, no gate") & (table.measure == "usdr")]
    np.testing.assert_allclose(line[["difference", "low", "high"]].to_numpy(), 1.5)
    assert list(line.target) == ["all", "vocals", "drums", "bass"] and (line.songs > 0).all()


def test_a_gates_difference_by_hand():
    mine = scores(songs=12)
    table = differences(mine)
    assert set(zip(table.row, table.against, strict=True)) == {("iass, hard gate", "iass, no gate")}
    assert "auc" not in set(table.measure)  # a gate does not change it
    untold = differences(mine.assign(csdr_common=np.nan))
    assert "csdr_common" not in set(untold.measure) and "usdr" in set(untold.measure)
    vocals = mine[(mine.system == "iass") & (mine.target == "vocals") & mine.present].set_index(["gate", "song"])
    apart = vocals.loc["hard"].usdr - vocals.loc["off"].usdr
    line = table[(table.measure == "usdr") & (table.target == "vocals")].iloc[0]
    assert line.difference == pytest.approx(apart.mean()) and line.songs == len(apart)
    assert (line.low, line.high) == bootstrap_interval(apart.to_numpy())
