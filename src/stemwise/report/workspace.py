"""The dashboard of a W&B project: made through W&B's interface, since it imports none from a file."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from stemwise.errors import DataError, MissingExtra
from stemwise.report.dashboard import BEST, Chart, curves

NAME = "Stemwise"
SEARCHED = ("loss.weights.activity", "optimizer.optimizer.lr", "model.net.dropout", "loading.augmentation.remix")
FIGURES = (f"{BEST}/separation", f"{BEST}/activity", f"{BEST}/usdr")


def workspace(path: str, terms: Sequence[str], settings: Sequence[str] = SEARCHED, figure: str = f"{BEST}/usdr") -> Any:
    """A workspace of "entity/project", not yet saved: curves, lanes, sounds, final tables, and runs by their settings.

    `settings` are keys of the config, `figure` is what they are compared by. Raises DataError for another form of
    `path` and MissingExtra without wandb-workspaces.
    """
    entity, _, project = path.partition("/")
    if not entity or not project or "/" in project:
        raise DataError(f"'{path}' names no project of W&B. Give entity/project, as in my-team/stemwise.")
    try:
        import wandb_workspaces.reports.v2 as wr
        import wandb_workspaces.workspaces as ws
    except ModuleNotFoundError as fault:
        raise MissingExtra(fault.name or "wandb-workspaces", "wandb", "The dashboard") from fault
    sections = {
        "Curves": [_line_plot(wr, chart) for chart in curves(terms)],
        "Activity": [wr.MediaBrowser(title="lanes of validation excerpts", media_keys=_lanes())],
        "Audio": [wr.MediaBrowser(title=f"excerpt {n}", media_keys=_sounds(n)) for n in range(2)],
        "Final scores": [wr.WeavePanelSummaryTable(table_name="scores")],
        "Runs by their settings": _comparison(wr, settings, figure),
    }
    made = [ws.Section(name=name, panels=panels, is_open=True) for name, panels in sections.items()]
    return ws.Workspace(entity=entity, project=project, name=NAME, sections=made)


def spec(made: Any) -> str:
    """The JSON that W&B would be sent."""
    return str(made._to_model().spec.model_dump_json(by_alias=True, exclude_none=True, indent=2)) + "\n"


def save(made: Any) -> str:
    """Send it to W&B and return its address. Raises ConnectionError without a login, a network or the project."""
    import wandb

    try:
        return str(made.save().url)
    except (wandb.errors.Error, OSError, ValueError) as fault:
        raise ConnectionError(f"{type(fault).__name__}: {fault}") from fault


def _line_plot(wr: Any, chart: Chart) -> Any:
    return wr.LinePlot(title=chart.title, x="trainer/global_step", y=list(chart.scalars))


def _lanes() -> list[str]:
    return [f"activity/excerpt {number}" for number in range(2)]


def _sounds(excerpt: int) -> list[str]:
    from stemwise.taxonomy import targets

    names = targets("mms").names
    return [f"audio {excerpt}/mixture"] + [
        f"audio {excerpt}/{kind} {target}" for target in names for kind in ("reference", "estimate")
    ]


def _comparison(wr: Any, settings: Sequence[str], figure: str) -> list[Any]:
    columns = [wr.ParallelCoordinatesPlotColumn(metric=wr.Config(name)) for name in settings]
    shown = [*(name for name in FIGURES if name != figure), figure]
    columns += [wr.ParallelCoordinatesPlotColumn(metric=wr.SummaryMetric(name)) for name in shown]
    return [
        wr.ParallelCoordinatesPlot(title=f"settings and {figure}", columns=columns),
        wr.ParameterImportancePlot(with_respect_to=figure),
        wr.BarPlot(title=figure, metrics=[figure]),
        wr.ScatterPlot(
            title=f"{FIGURES[1]} against {FIGURES[0]}",
            x=wr.SummaryMetric(FIGURES[0]),
            y=wr.SummaryMetric(FIGURES[1]),
        ),
    ]
