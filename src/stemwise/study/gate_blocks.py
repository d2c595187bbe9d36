"""What the kept tables say of gates: what silence costs, and how the usual protocol reads it."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pandas as pd

from stemwise.metrics.silence import LEAST_REST
from stemwise.report.gate_grid import SETTING, summarise_grid
from stemwise.report.measures import COLUMNS
from stemwise.report.tables import ALL
from stemwise.study.blocks import NOTHING
from stemwise.study.kept import Kept
from stemwise.study.markdown import figure, table
from stemwise.study.overall import differences_of

BUDGETS = (0.1, 1.0, 5.0)  # % of the validation songs' energy that a gate may cost
PUBLISHED = (0.5, 0.488)  # threshold and median filter (s) of IASS
NO_GATE = "no gate"
COSTS = ("lost_energy", "silence_energy", "silence_pooled", "usdr", "csdr_common", "csdr")
HEADS = ("lost %", "silence energy dB", "pooled dB", "uSDR dB", "cSDR common dB", "cSDR dB")


def rests(kept: Kept, question: str, system: str) -> str:
    """Silence energy under each gate in songs that have the target, in those that lack it, and in all."""
    scores = kept.averaged(question, (system,))
    if scores.empty:
        return NOTHING
    mine = scores[(scores["system"] == system) & (scores["rest_seconds"] >= LEAST_REST)]
    present = mine["present"].astype(bool)
    groups = {"songs with the target": mine[present], "songs without it": mine[~present], "all": mine}
    found = {name: part.groupby("gate", sort=False)["silence_energy"].mean() for name, part in groups.items()}
    counts = [f"{name} ({part.groupby(['song', 'target']).ngroups})" for name, part in groups.items()]
    rows = [
        (gate, *(figure(each.get(gate, float("nan")), digits=1) for each in found.values()))
        for gate in found["all"].index
    ]
    return table(("gate", *counts), rows)


def chosen_on_validation(kept: Kept, system: str, valid: str, test: str) -> str:
    """For each budget the quietest gate on validation songs that keeps to it, and what it comes to on test songs; the
    published gate beside them. Seeds are averaged."""
    tuned, judged = _summary(kept, valid, system), _summary(kept, test, system)
    if tuned is None or judged is None:
        return NOTHING
    hard = tuned[tuned.index.get_level_values("kind") == "hard"]
    picks = {"gate off": _where(judged, "off"), "soft": _where(judged, "soft"), "oracle": _where(judged, "oracle")}
    threshold, seconds = PUBLISHED
    picks[f"published: {threshold:g}, {seconds:g} s"] = ("hard", False, threshold, seconds)
    for budget in BUDGETS:
        cheap = hard[hard["lost_energy"] <= budget]
        best = cheap["silence_energy"].idxmin() if len(cheap) else None
        chosen = f"{best[2]:g}, {best[3]:g} s" if best else "none of the grid"
        picks[f"at most {budget:g} % on validation: {chosen}"] = best
    rows = [
        (
            name,
            *(_cell(judged, key, column, column == "silence_energy") for column in COSTS),
            _cell(tuned, key, "lost_energy"),
        )
        for name, key in picks.items()
    ]
    return table(("gate: threshold, median", *HEADS, "lost % on validation"), rows)


def compared(kept: Kept, question: str, system: str, measures: Sequence[str]) -> str:
    """The model's own hard gate, the soft, the oracle and the published one, minus none, of a question that asks for a
    grid, song by song: all targets together."""
    grids = kept.grids(question, (system,)).get(system, [])
    systems = {name: [_as_scores(grid[gate(grid)], name) for grid in grids] for name, gate in GATES.items()}
    pairs = [(name, NO_GATE) for name in GATES if name != NO_GATE]
    return differences_of(systems, pairs, measures) if grids else NOTHING


def _as_scores(lines: pd.DataFrame, name: str) -> pd.DataFrame:
    """Lines of a grid under one gate as those of a system without one."""
    return lines.assign(system=name, gate="off").reindex(columns=COLUMNS)


def _published(grid: pd.DataFrame) -> "pd.Series[bool]":
    threshold, seconds = PUBLISHED
    near = (grid["threshold"] - threshold).abs().lt(1e-6) & (grid["median_seconds"] - seconds).abs().lt(1e-6)
    return near & (grid["kind"] == "hard") & ~grid["own"].astype(bool)


def _kind(name: str) -> Callable[[pd.DataFrame], "pd.Series[bool]"]:
    """Lines of one kind of gate, of the hard ones the model's own."""
    return lambda grid: (grid["kind"] == name) & ((name != "hard") | grid["own"].astype(bool))


GATES = {
    NO_GATE: _kind("off"),
    "hard gate": _kind("hard"),
    "soft gate": _kind("soft"),
    "oracle gate": _kind("oracle"),
    "published gate": _published,
}


def misled(kept: Kept, question: str, system: str) -> str:
    """The song and target whose published cSDR gains most from the published gate over what common windows say; seeds
    averaged."""
    rows = _rows(kept, question, system)
    if rows is None:
        return NOTHING
    keys = ["song", "target"]
    off = rows[rows["kind"] == "off"].set_index(keys)
    gated = rows[_published(rows)].set_index(keys)
    gain = (gated["csdr"] - off["csdr"]) - (gated["csdr_common"] - off["csdr_common"])
    if not gain.notna().any():
        return NOTHING
    worst = gain.idxmax()
    return _worked(worst, {"gate off": off.loc[worst], "published gate": gated.loc[worst]})


def silenced(kept: Kept, question: str, system: str) -> str:
    """The song and target, playing and separated to below 0 dB, whose uSDR gains most from a hard gate that takes all
    of it but a hundredth; seeds averaged."""
    rows = _rows(kept, question, system)
    if rows is None:
        return NOTHING
    rows = rows[rows["present"]]
    keys = ["song", "target"]
    off = rows[rows["kind"] == "off"].set_index(keys)
    closed = rows[(rows["kind"] == "hard") & (rows["lost_energy"] >= 99)].reset_index(drop=True)
    before = off["usdr"].reindex(pd.MultiIndex.from_frame(closed[keys])).to_numpy()
    gain = (closed["usdr"] - before)[before < 0]
    if not gain.notna().any():
        return NOTHING
    best = closed.loc[gain.idxmax()]
    which = (str(best["song"]), str(best["target"]))
    gate = f"hard gate, {best['threshold']:.2g}, {best['median_seconds']:.3g} s"
    return _worked(which, {"gate off": off.loc[which], gate: best})


def _worked(which: tuple[str, str], lines: Mapping[str, "pd.Series[Any]"]) -> str:
    shown = ("csdr", "csdr_common", "usdr", "silence_energy", "lost_energy")
    heads = ("cSDR dB", "cSDR common dB", "uSDR dB", "silence energy dB", "lost %")
    cells = [(name, *(figure(float(line[column])) for column in shown)) for name, line in lines.items()]
    return f"{which[1]} of {which[0]}:\n\n" + table(("", *heads), cells)


def _summary(kept: Kept, question: str, system: str) -> pd.DataFrame | None:
    """Means over targets by (kind, own, threshold, median), seeds averaged song by song before."""
    rows = _rows(kept, question, system)
    if rows is None:
        return None
    summary = _rounded(summarise_grid(rows))
    return summary[summary["target"] == ALL].set_index(SETTING)[list(COSTS)]


def _rows(kept: Kept, question: str, system: str) -> pd.DataFrame | None:
    grids = kept.grids(question, (system,)).get(system, [])
    return _averaged(grids) if grids else None


def _averaged(grids: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """One grid, song by song the mean of the seeds'. Without the models' own gates, of which each has others."""
    lines = pd.concat([grid[~grid["own"].astype(bool)] for grid in grids], ignore_index=True)
    keys = ["song", "target", *SETTING]
    means = lines.groupby(keys, dropna=False, sort=False).mean(numeric_only=True).reset_index()
    return means.assign(system=lines["system"].iloc[0], present=means["present"] == 1)


def _rounded(summary: pd.DataFrame) -> pd.DataFrame:
    """Settings as they were written (kept tables have 32 bits), and −1 where there is none: NaN finds no line."""
    numbers = {name: summary[name].astype(float).round(4).fillna(-1.0) for name in ("threshold", "median_seconds")}
    return summary.assign(own=summary["own"].astype(bool), **numbers)


def _where(summary: pd.DataFrame, kind: str) -> object:
    found = summary[summary.index.get_level_values("kind") == kind]
    return found.index[0] if len(found) else None


def _cell(summary: pd.DataFrame, key: object, column: str, short: bool = False) -> str:
    return figure(float(summary.loc[[key], column].iloc[0]), digits=1 if short else 2) if key in summary.index else "–"
