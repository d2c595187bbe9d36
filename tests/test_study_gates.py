"""What the study's tables of gates are read for: what a gate costs, and how the usual protocol misleads."""

import numpy as np
import pandas as pd

from stemwise.evaluation.table import write_scores
from stemwise.study import blocks, gate_blocks
from stemwise.study.kept import Kept
from stemwise.study.tables import keep


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
