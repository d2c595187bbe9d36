"""Figures of RESULTS.md."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from stemwise.files import beside
from stemwise.report.by_activity import by_activity
from stemwise.report.canvas import MODEL_COLOURS, new_figure, png
from stemwise.report.comparison import measure_of
from stemwise.report.comparison_figures import activity_scatter, score_boxes
from stemwise.report.systems import gather, pairs
from stemwise.report.tables import ALL, summarise
from stemwise.study.kept import Kept, average, of_shared_seeds

FIGURE_4 = ("open_unmix", "iass")  # in the paper's order


def write_pictures(kept: Kept, folder: Path, question: str = "test", names: Sequence[str] = FIGURE_4) -> None:
    """systems.png and systems_csdr.png, the paper's Figure 4 in uSDR and in cSDR, and activity.png, the difference
    where the target plays more or less; nothing while one of the systems is not scored."""
    scores = kept.systems(question, names)
    if len(scores) < len(names):
        return
    systems, measure = gather(scores, "off"), measure_of("usdr")
    of_iass = {name: scores[name] for name in reversed(names)}
    bins, slopes = by_activity(of_iass, measures=["usdr"])
    drawn = {
        "systems": score_boxes(systems, measure),
        "systems_csdr": score_boxes(systems, measure_of("csdr")),
        "activity": activity_scatter(pairs(gather(of_iass, "off"), None), measure, bins, slopes),
    }
    _write(folder, drawn)


def write_bss(kept: Kept, folder: Path, question: str, names: Sequence[str], measures: Sequence[str]) -> None:
    """<question>_<measure>.png, of the targets of MUSDB18 the paper's Figure 3; nothing while one is not scored."""
    scores = kept.systems(question, names)
    if len(scores) == len(names):
        systems = gather(scores, "off")
        _write(folder, {f"{question}_{name}": score_boxes(systems, measure_of(name)) for name in measures})


def _write(folder: Path, pictures: Mapping[str, bytes]) -> None:
    for name, picture in pictures.items():
        with beside(folder / f"{name}.png") as part:
            part.write_bytes(picture)


def write_hours(kept: Kept, folder: Path, hours: Mapping[str, float], questions: Mapping[str, str]) -> None:
    """hours.png: uSDR with its interval over the hours of training songs of each system that is scored, a line a
    question; nothing of fewer than two."""
    figure = new_figure(3.6)
    axes = figure.add_subplot()
    drawn: set[float] = set()
    for (question, name), colour in zip(questions.items(), MODEL_COLOURS, strict=False):
        scores = average(of_shared_seeds(kept.systems(question, tuple(hours))))
        found = scores[scores["gate"] == "off"] if len(scores) else scores
        there = [name for name in hours if len(found) and name in set(found["system"])]
        if len(there) < 2:
            continue
        lines = summarise(scores).query("target == @ALL and gate == 'off'", local_dict={"ALL": ALL}).set_index("system")
        middle, low, high = (lines.loc[there, key].to_numpy(float) for key in ("usdr", "usdr_low", "usdr_high"))
        ends = [np.nan_to_num(middle - low), np.nan_to_num(high - middle)]
        axes.errorbar([hours[name] for name in there], middle, ends, color=colour, marker="o", capsize=3, label=name)
        drawn |= {hours[system] for system in there}
    if not drawn:
        return
    axes.set_xscale("log")
    axes.set_xticks(sorted(drawn), [f"{value:g}" for value in sorted(drawn)])
    axes.minorticks_off()
    axes.set_xlabel("hours of training songs")
    axes.set_ylabel("uSDR in dB, gate off, mean over targets")
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    _write(folder, {"hours": png(figure)})
