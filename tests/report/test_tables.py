"""The summary against numpy by hand, which songs count, and what reaches JSON."""

import json

import numpy as np
import pandas
import pytest

from stemwise.errors import DataError
from stemwise.metrics import bootstrap_interval
from stemwise.report import summarise, to_records
from stemwise.report.measures import COLUMNS, MEASURES
from stemwise.report.tables import ALL, in_lines

from .made_up import scores

NAN = np.nan


def small():
    """Two targets, four songs, one system; bass is absent from two songs and never rests for 5 s."""
    blank = dict.fromkeys(COLUMNS, NAN)
    lines = [
        ("a", "vocals", True, 1.0, 5.0, -40.0, 6.0),
        ("b", "vocals", True, 2.0, -np.inf, -50.0, 5.0),
        ("c", "vocals", True, 6.0, 7.0, -10.0, 4.9),
        ("d", "vocals", False, NAN, NAN, -60.0, 99.0),
        ("a", "bass", True, 4.0, 1.0, -10.0, 0.0),
        ("b", "bass", True, 5.0, NAN, NAN, 0.0),
        ("c", "bass", False, 99.0, 99.0, NAN, 0.0),
        ("d", "bass", False, NAN, NAN, NAN, 0.0),
    ]
    names = ("song", "target", "present", "usdr", "csdr", "silence_energy", "rest_seconds")
    return pandas.DataFrame(
        [blank | {"system": "net", "gate": "off"} | dict(zip(names, line, strict=True)) for line in lines]
    )


def line_of(summary, target, system="net", gate="off"):
    chosen = summary[(summary.target == target) & (summary.system == system) & (summary.gate == gate)]
    assert len(chosen) == 1
    return chosen.iloc[0]


def test_a_small_table_by_hand():
    summary = summarise(small())
    vocals, bass, everything = (line_of(summary, target) for target in ("vocals", "bass", "all"))
    assert (vocals.usdr, bass.usdr, everything.usdr) == pytest.approx((3.0, 4.5, 3.75))  # not 3.6, the mean over lines
    assert (vocals.usdr_n, bass.usdr_n, everything.usdr_n) == (3, 2, 3)
    assert (vocals.csdr, bass.csdr, everything.csdr) == (5.0, 1.0, 3.0)
    assert (vocals.csdr_n, bass.csdr_n) == (3, 1)
    assert vocals.silence_energy == pytest.approx(-50)  # a, b and d: c rests for less than 5 s
    assert np.isnan(bass.silence_energy)
    assert everything.silence_energy == pytest.approx(-50)
    assert (vocals.silence_energy_n, bass.silence_energy_n, everything.silence_energy_n) == (3, 0, 3)
    assert (vocals.songs, vocals.songs_present, bass.songs_present) == (4, 3, 2)
    assert np.isnan(vocals.auc)
    assert vocals.auc_n == 0


def test_intervals_are_those_of_the_bootstrap_over_songs():
    summary = summarise(small())
    vocals, bass, everything = (line_of(summary, target) for target in ("vocals", "bass", "all"))
    assert (vocals.usdr_low, vocals.usdr_high) == bootstrap_interval(np.array([1.0, 2.0, 6.0]))
    table = np.array([[1.0, 4.0], [2.0, 5.0], [6.0, NAN]])
    assert (everything.usdr_low, everything.usdr_high) == bootstrap_interval(table)
    assert np.isnan([bass.csdr_low, bass.csdr_high]).all()  # one song


def test_every_measure_of_a_larger_table_agrees_with_numpy():
    table = scores(songs=9)
    summary = summarise(table, resamples=50)
    for measure in [measure for measure in MEASURES if measure.statistic != "pooled"]:
        per_target = []
        for target in ("vocals", "drums", "bass"):
            chosen = table[(table.target == target) & (table.system == "iass") & (table.gate == "hard")]
            rule = {"present": chosen.present, "resting": chosen.rest_seconds >= 5, "any": chosen.usdr > -np.inf}
            values = chosen[measure.column][rule[measure.songs]].dropna()
            per_target.append(getattr(np, measure.statistic)(values))
            line = line_of(summary, target, "iass", "hard")
            assert line[measure.column] == pytest.approx(per_target[-1])
            assert line[f"{measure.column}_n"] == len(values)
            assert line[f"{measure.column}_low"] <= line[measure.column] <= line[f"{measure.column}_high"]
        assert line_of(summary, "all", "iass", "hard")[measure.column] == pytest.approx(np.mean(per_target))


def test_pooled_figures_are_ratios_of_sums_over_songs_and_targets():
    sums = ("lost_energy", "target_energy", "rest_estimate", "rest_mixture")
    places = [("a", "vocals"), ("a", "bass"), ("b", "vocals"), ("b", "bass")]
    rows = [(10.0, 1.0, 0.1, 1.0), (0.0, 9.0, 0.0, 0.0), (NAN, 0.0, 0.3, 3.0), (NAN, 0.0, NAN, NAN)]
    lines = [
        {**dict.fromkeys(COLUMNS, NAN), "song": song, "target": target, "system": "net", "gate": "hard"}
        | {"present": True, "rest_seconds": 0.0}
        | dict(zip(sums, row, strict=True))
        for (song, target), row in zip(places, rows, strict=True)
    ]
    summary = summarise(pandas.DataFrame(lines))
    vocals, bass, everything = (line_of(summary, name, gate="hard") for name in ("vocals", "bass", "all"))
    assert (vocals.lost_pooled, bass.lost_pooled, everything.lost_pooled) == pytest.approx((10.0, 0.0, 1.0))
    assert vocals.silence_pooled == everything.silence_pooled == pytest.approx(-10.0) and np.isnan(bass.silence_pooled)
    assert (vocals.silence_pooled_n, bass.silence_pooled_n, vocals.lost_pooled_n) == (2, 0, 1)


def test_pooled_intervals_draw_whole_songs():
    table = scores(songs=30)
    line = line_of(summarise(table), "all", "iass", "hard")
    assert line.silence_pooled_low < line.silence_pooled < line.silence_pooled_high
    assert line.silence_pooled_n == 30
    alone = line_of(summarise(table[table.song == "song00"]), "all", "iass", "hard")
    assert np.isnan(alone.silence_pooled_low) and np.isfinite(alone.silence_pooled)


def test_rows_go_from_lower_bounds_over_models_to_upper_bounds():
    shuffled = scores().sample(frac=1, random_state=3)
    summary = summarise(shuffled, resamples=10)
    assert list(dict.fromkeys(zip(summary.system, summary.gate, strict=True))) == [
        ("mixture", ""),
        ("silence", ""),
        ("iass", "off"),
        ("iass", "hard"),
        ("iass", "soft"),
        ("iass", "oracle"),
        ("ideal binary mask", ""),
        ("ideal ratio mask", ""),
    ]
    assert (summary.groupby(["system", "gate"]).head(1).target == "all").all()


def test_order_of_lines_and_a_trip_through_csv_change_nothing(tmp_path):
    table = scores(songs=4)
    table.to_csv(tmp_path / "scores.csv", index=False)
    again = pandas.read_csv(tmp_path / "scores.csv").sample(frac=1, random_state=1)
    before, after = (
        summarise(side, resamples=20).sort_values(["system", "gate", "target"]).reset_index(drop=True)
        for side in (table, again)
    )
    pandas.testing.assert_frame_equal(before, after)


def test_json_has_neither_nan_nor_infinity():
    records = to_records(summarise(scores(), resamples=10))
    text = json.dumps(records, allow_nan=False)  # raises on NaN and infinity
    silence = next(line for line in json.loads(text) if line["system"] == "silence" and line["target"] == "all")
    assert float(silence["si_sdr"]) == -np.inf
    assert silence["auc"] is None
    assert silence["usdr"] == 0.0
    assert isinstance(silence["usdr_n"], int)


def test_songs_without_any_line_give_an_empty_summary():
    assert to_records(summarise(scores().head(0))) == []


def test_what_cannot_be_summarised_is_named():
    table = scores(songs=2)
    with pytest.raises(DataError, match="lack the columns lost_energy, auc"):
        summarise(table.drop(columns=["auc", "lost_energy"]))
    with pytest.raises(DataError, match=r"1 lines of the scores appear twice.*song00.*vocals.*mixture"):
        summarise(pandas.concat([table, table.head(1)]))
    with pytest.raises(DataError, match="called 'all'"):
        summarise(table.replace({"target": {"bass": "all"}}))


def test_lines_for_a_terminal_have_the_means_over_targets():
    table = summarise(scores())
    mixture, *others = in_lines(table)
    row = table[(table["target"] == ALL) & (table["system"] == "mixture")].iloc[0]
    assert mixture.startswith("mixture ") and f"{row.usdr:.2f} dB" in mixture and "AUC" not in mixture
    assert any(", gate hard" in line and "AUC 0." in line for line in others)
