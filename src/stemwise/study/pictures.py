"""Figures of RESULTS.md."""

from collections.abc import Sequence
from pathlib import Path

from stemwise.files import beside
from stemwise.report.by_activity import by_activity
from stemwise.report.comparison import measure_of
from stemwise.report.comparison_figures import activity_scatter, score_boxes
from stemwise.report.systems import gather, pairs
from stemwise.study.kept import Kept

FIGURE_4 = ("open_unmix", "iass")  # in the paper's order


def write_pictures(kept: Kept, folder: Path, question: str = "test", names: Sequence[str] = FIGURE_4) -> None:
    """systems.png, the paper's Figure 4 in uSDR, and activity.png, the difference where the target plays more or less;
    nothing while one of the systems is not scored."""
    scores = kept.systems(question, names)
    if len(scores) < len(names):
        return
    systems, measure = gather(scores, "off"), measure_of("usdr")
    of_iass = {name: scores[name] for name in reversed(names)}
    bins, slopes = by_activity(of_iass, measures=["usdr"])
    drawn = {
        "systems": score_boxes(systems, measure),
        "activity": activity_scatter(pairs(gather(of_iass, "off"), None), measure, bins, slopes),
    }
    for name, png in drawn.items():
        with beside(folder / f"{name}.png") as part:
            part.write_bytes(png)
