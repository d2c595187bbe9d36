"""Scores of many gates condensed, and the picture of what silence costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from stemwise.metrics.silence import LEAST_REST
from stemwise.report.canvas import BLUE, GREEN, GREY, ORANGE, PURPLE, RED, SKY, new_figure, png
from stemwise.report.measures import MEASURES, Measure
from stemwise.report.tables import ALL, in_unit

if TYPE_CHECKING:
    import pandas
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SETTING = ["kind", "own", "threshold", "median_seconds"]
COLUMNS = ("usdr", "silence_energy", "lost_energy", "silence_pooled", "lost_pooled", "silence_share", "csdr_common",
           "csdr", "si_sdr")  # fmt: skip
COLOURS = (BLUE, ORANGE, GREEN, PURPLE, SKY, RED)
AFFORDABLE = 1.0  # % of the energy, as gate_may_lose in training


def summarise_grid(scores: pandas.DataFrame) -> pandas.DataFrame:
    """One line per setting × target, the target 'all' first (the mean over targets), without intervals.

    `scores` has a line a song × target × setting, as `evaluate_grid` gives it. Measures are condensed as in the table
    of scores. The model's own gate has no threshold in its line: each target may have another.
    """
    import pandas

    scores = scores.assign(threshold=scores["threshold"].where(~scores["own"]))
    keys = [*SETTING, "target"]
    chosen = [measure for name in COLUMNS for measure in MEASURES if measure.column == name]
    table = pandas.DataFrame({measure.column: _condensed(scores, measure, keys) for measure in chosen})
    table = table.reindex(pandas.MultiIndex.from_frame(scores[keys].drop_duplicates())).reset_index()
    means = table.groupby(SETTING, dropna=False, sort=False)[list(COLUMNS)].mean().reset_index()
    pooled = {m.column: _pooled(scores, m, SETTING) for m in chosen if m.statistic == "pooled"}
    for name, column in pooled.items():
        means[name] = column.reindex(pandas.MultiIndex.from_frame(means[SETTING])).to_numpy()
    return pandas.concat([means.assign(target=ALL), table], ignore_index=True)[[*keys, *COLUMNS]]


def grid_in_lines(summary: pandas.DataFrame, source: str = "") -> list[str]:
    """A line for each gate without a threshold and for the quietest that costs at most 1 % of the energy. `source` says
    whose activity the gates go by, where it is not the model's own."""
    rows = summary[summary["target"] == ALL]
    single = rows[(rows["kind"] != "hard") | rows["own"]]
    lines = [
        _in_line(f"gate {line['kind']}" + (f", {_owner(source)}" if line["own"] else ""), line)
        for line in _dicts(single)
    ]
    hard = rows[(rows["kind"] == "hard") & ~rows["own"]]
    cheap = hard[hard["lost_pooled"] <= AFFORDABLE].sort_values(["silence_pooled", "lost_pooled"], kind="stable")
    for line in _dicts(cheap.head(1)):
        name = f"threshold {line['threshold']:g}, median {line['median_seconds']:g} s"
        lines.append(_in_line(name, line) + f": the quietest of {len(hard)} that loses at most {AFFORDABLE:g} %")
    return lines


def _owner(source: str) -> str:
    return f"the {source}'s own" if source else "the model's own"


def grid_figure(summary: pandas.DataFrame, source: str = "") -> bytes:
    """PNG: silence energy over lost energy, a line a filter length along its thresholds; uSDR as a map of both."""
    rows = summary[summary["target"] == ALL]
    hard = rows[(rows["kind"] == "hard") & ~rows["own"]]
    figure = new_figure(5.0)
    curves, *chart = figure.subplots(1, 2 if len(hard) else 1, squeeze=False)[0]
    _trade_off(curves, rows, hard, source)
    for axes in chart:
        _map(figure, axes, hard)
    figure.legend(*curves.get_legend_handles_labels(), loc="outside upper left", ncols=5, frameon=False, fontsize=9)
    return png(figure)


def _trade_off(axes: Axes, rows: pandas.DataFrame, hard: pandas.DataFrame, source: str) -> None:
    lengths = hard.groupby("median_seconds")
    for place, (seconds, unsorted) in enumerate(lengths):
        line = unsorted.sort_values("threshold")
        name = "no median filter" if seconds == 0 else f"median {seconds:g} s"
        colour = COLOURS[place % len(COLOURS)]
        axes.plot(line["lost_pooled"], line["silence_pooled"], ".-", color=colour, label=name, linewidth=1.2)
    marks = {"off": ("s", GREY), "soft": ("^", "black"), "oracle": ("*", "black"), "hard": ("D", RED)}
    for line in _dicts(rows[(rows["kind"] != "hard") | rows["own"]]):
        mark, colour = marks[line["kind"]]
        name = f"{_owner(source)} gate" if line["own"] else f"gate {line['kind']}"
        axes.plot(
            line["lost_pooled"], line["silence_pooled"], mark, color=colour, label=name, markersize=8, linestyle=""
        )
    axes.set_xscale("symlog", linthresh=0.1)
    axes.set_xlim(left=-0.01)
    ticks = (0, 0.1, 1, 10, 100)
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.set_xlabel("lost energy in %, all songs and targets together")
    axes.set_ylabel("silence energy in dB, all together")
    axes.set_title("What silence costs: thresholds rise along each line", fontsize=10, loc="left")
    axes.grid(alpha=0.3)


def _map(figure: Figure, axes: Axes, hard: pandas.DataFrame) -> None:
    table = hard.pivot(index="median_seconds", columns="threshold", values="usdr").sort_index()
    image = axes.imshow(table.to_numpy(float), aspect="auto", origin="lower", cmap="viridis")
    step = -(-len(table.columns) // 10)
    axes.set_xticks(range(0, len(table.columns), step), [f"{value:g}" for value in table.columns[::step]])
    axes.set_yticks(range(len(table)), [f"{value:g}" for value in table.index])
    axes.set_xlabel("threshold")
    axes.set_ylabel("median filter in s")
    axes.set_title("uSDR in dB, mean over songs and targets", fontsize=10, loc="left")
    figure.colorbar(image, ax=axes)


def _condensed(scores: pandas.DataFrame, measure: Measure, keys: list[str]) -> pandas.Series[float]:
    if measure.statistic == "pooled":
        return _pooled(scores, measure, keys)
    counted = scores[measure.column].astype(float)
    if measure.songs == "present":
        counted = counted.where(scores["present"])
    elif measure.songs == "resting":
        counted = counted.where(scores["rest_seconds"] >= LEAST_REST)
    groups = scores.assign(figure=counted).groupby(keys, dropna=False, sort=False)["figure"]
    return groups.mean() if measure.statistic == "mean" else groups.median()


def _pooled(scores: pandas.DataFrame, measure: Measure, keys: list[str]) -> pandas.Series[float]:
    upper, lower = (
        scores.assign(figure=scores[list(columns)].fillna(0.0).prod(axis=1))
        .groupby(keys, dropna=False, sort=False)["figure"]
        .sum()
        for columns in measure.sums
    )
    ratio = upper / (100 if measure.unit == "%" else 1) / lower.where(lower > 0)
    return ratio.map(lambda value: in_unit(value, measure.unit))


def _dicts(rows: pandas.DataFrame) -> list[dict[Any, Any]]:
    return list(rows.to_dict("records"))


def _in_line(name: str, line: dict[Any, Any]) -> str:
    figures = (f"uSDR {line['usdr']:6.2f} dB", f"silence energy, pooled {line['silence_pooled']:6.1f} dB",
               f"lost energy, pooled {line['lost_pooled']:5.2f} %")  # fmt: skip
    return f"{name:32} {', '.join(figures)}"
