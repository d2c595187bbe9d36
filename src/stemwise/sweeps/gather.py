"""A sweep's folder → sweep.csv, sweep.png and sweep.html in it."""

from pathlib import Path

from stemwise.files import beside, write_text
from stemwise.report.parallel import Line, parallel_coordinates
from stemwise.report.sweep_page import sweep_page
from stemwise.sweeps.jobs import Job, read_jobs
from stemwise.sweeps.table import Gathered, frame, gathered

MOST_SETTINGS = 8  # axes that a figure of ten inches has room for
COMPANIONS = (
    "silence_energy",
    "lost_energy",
    "usdr",
    "val/separation",
    "val/activity",
    "val/usdr",
    "val/auc",
    "val/loss",
)
OF_DETECTORS = ("val/auc", "val/lrap", "auc", "lrap", "val/f1", "f1", "val/average_precision", "val/loss")


def gather(folder: Path, by: str | None = None) -> Gathered:
    """Read every job, write the files, and return what they show. Raises DataError as `read_jobs` and `gathered` do."""
    whole = gathered(read_jobs(folder), by)
    with beside(folder / "sweep.csv") as part:
        frame(whole).to_csv(part, index=False)
    picture = parallel_coordinates(*axes(whole), whole.lower_is_better) if whole.by else b""
    if picture:
        with beside(folder / "sweep.png") as part:
            part.write_bytes(picture)
    table = frame(whole)
    write_text(
        folder / "sweep.html", sweep_page(folder.name, table, whole.by, whole.lower_is_better, whole.caution, picture)
    )
    return whole


def axes(whole: Gathered) -> tuple[list[str], list[Line]]:
    """Names of the axes, the objective last, and a line a job through them."""
    settings = whole.varied[:MOST_SETTINGS]
    figures = [*companions(whole)[:2], whole.by]
    return [*settings, *figures], [_line(whole, job, settings, figures) for job in whole.jobs]


def companions(whole: Gathered) -> list[str]:
    """Figures to look at beside the one that orders."""
    hears = not {"val/lrap", "lrap"}.isdisjoint(whole.figures)
    return [name for name in (OF_DETECTORS if hears else COMPANIONS) if name in whole.figures and name != whole.by]


def _line(whole: Gathered, job: Job, settings: list[str], figures: list[str]) -> Line:
    ended = job.state == "ended"
    values = [job.settings.get(name) for name in settings]
    values += [job.figures.get(name) if ended else None for name in figures]
    return Line(job.name, job.state, values, whole.value(job))
