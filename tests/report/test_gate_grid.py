"""Grids whose summary can be worked out by hand."""

import math

import numpy as np
import pandas as pd
import pytest

from stemwise.report.gate_grid import COLUMNS, grid_figure, grid_in_lines, summarise_grid
from stemwise.report.tables import ALL

NAN = float("nan")


def line(song: str, target: str, kind: str, threshold: float, median: float, own: bool = False, **figures) -> dict:
    plain = dict.fromkeys(("usdr", "silence_energy", "csdr", "csdr_common", "si_sdr"), 0.0)
    plain |= {"lost_energy": 0.0, "silence_share": 0.0, "rest_estimate": 1.0, "rest_mixture": 10.0}
    plain |= {"rest_seconds": 9.0, "target_energy": 1.0, "present": True}
    return {"song": song, "target": target, "kind": kind, "threshold": threshold, "median_seconds": median, "own": own,
            **plain, **figures}  # fmt: skip


def grid() -> pd.DataFrame:
    """Two songs, two targets: the higher the threshold, the more is lost and the quieter the rests."""
    lines = []
    for song in ("a", "b"):
        for target, own in (("bass", 0.3), ("drums", 0.7)):
            lines.append(line(song, target, "off", NAN, NAN))
            lines.append(line(song, target, "hard", own, 0.488, True, rest_estimate=0.5))
            for median in (0.0, 1.0):
                for threshold, lost in ((0.2, 0.5), (0.5, 0.9), (0.8, 40.0)):
                    rest = 0.1 * (1 - threshold) / (1 + median)
                    figures = {"lost_energy": lost, "rest_estimate": rest, "usdr": threshold + (song == "b")}
                    lines.append(line(song, target, "hard", threshold, median, **figures))
    return pd.DataFrame(lines)


def at(summary: pd.DataFrame, target: str, threshold: float, median: float = 0.0) -> pd.Series:
    found = summary[(summary.target == target) & (summary.threshold == threshold) & (summary.median_seconds == median)]
    assert len(found) == 1
    return found.iloc[0]


def test_means_over_songs_then_targets_and_sums_for_what_is_pooled():
    table = grid()
    chosen = (table.song == "a") & (table.target == "bass") & (table.threshold == 0.5) & (table.median_seconds == 0)
    table.loc[chosen, ["usdr", "silence_energy", "target_energy", "rest_seconds"]] = [7.0, -50.0, 3.0, 2.0]
    summary = summarise_grid(table)
    assert len(summary) == (1 + 1 + 6) * 3
    assert at(summary, "bass", 0.5).usdr == pytest.approx((7.0 + 1.5) / 2)
    assert at(summary, ALL, 0.5).usdr == pytest.approx(((7.0 + 1.5) / 2 + 1.0) / 2)
    assert at(summary, "bass", 0.5).silence_energy == 0, "a song with 2 s of rests does not count"
    assert at(summary, ALL, 0.8).lost_pooled == pytest.approx(40)
    assert at(summary, ALL, 0.2, 1.0).silence_pooled == pytest.approx(10 * math.log10(0.04 / 10))
    table.loc[chosen, ["present", "lost_energy", "target_energy"]] = [False, NAN, 0.0]
    absent = at(summarise_grid(table), "bass", 0.5)
    assert absent.usdr == 1.5 and absent.lost_pooled == pytest.approx(0.9)


def test_the_models_own_gate_is_one_row_though_its_thresholds_differ():
    summary = summarise_grid(grid())
    own = summary[summary.own & (summary.target == ALL)]
    assert len(own) == 1 and own.threshold.isna().all() and own.median_seconds.item() == 0.488


def test_the_quietest_gate_that_costs_little_is_named():
    lines = grid_in_lines(summarise_grid(grid()))
    assert len(lines) == 3 and lines[1].startswith("gate hard, the model's own")
    assert "silence energy, pooled" in lines[1] and "lost energy, pooled" in lines[1]
    assert grid_in_lines(summarise_grid(grid()), "detector")[1].startswith("gate hard, the detector's own")
    assert lines[2].startswith("threshold 0.5, median 1 s") and "quietest of 6 that loses at most 1 %" in lines[2]


def test_a_figure_with_and_without_hard_gates():
    summary = summarise_grid(grid())
    assert set(COLUMNS) <= set(summary)
    for rows in (summary, summary[summary.kind == "off"]):
        assert grid_figure(rows).startswith(b"\x89PNG")
    assert np.isfinite(summary.silence_pooled).all()
