"""The dashboard of a W&B project: made through W&B's interface, since it imports none from a file."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from stemwise.errors import DataError, MissingExtra
from stemwise.report.dashboard import BEST, PICTURES, Chart, curves


@dataclass(frozen=True)
class Trainings:
    """What trainings of one kind of model log. name: of the workspace; terms: of the loss; settings: keys of the config
    that a search varies; figures: best/<name>, the one that settings are compared by first."""

    name: str
    terms: tuple[str, ...]
    settings: tuple[str, ...]
    figures: tuple[str, ...]
    media: bool  # lanes and sounds of excerpts; else pictures of the test


SEPARATORS = Trainings(
    "Stemwise",
    ("separation", "activity"),
    ("loss.weights.activity", "optimizer.optimizer.lr", "model.net.dropout", "loading.augmentation.remix"),
    (f"{BEST}/usdr", f"{BEST}/separation", f"{BEST}/activity"),
    True,
)
DETECTORS = Trainings(
    "Stemwise detectors",
    ("activity",),
    (
        "loss.terms.activity.threshold", "loss.terms.activity.soft", "model.context_seconds", "loading.balance",
        "optimizer.optimizer.lr",
    ),
    (f"{BEST}/auc", f"{BEST}/lrap", f"{BEST}/f1"),
    False,
)  # fmt: skip


def workspace(
    path: str,
    kind: Trainings = SEPARATORS,
    terms: Sequence[str] = (),
    settings: Sequence[str] = (),
    figure: str = "",
) -> Any:
    """A workspace of "entity/project", not yet saved: curves, lanes and sounds or pictures, final tables, and runs by
    their settings.

    `terms`, `settings` (keys of the config) and `figure`, what they are compared by, stand in place of those of `kind`.
    Raises DataError for another form of `path` and MissingExtra without wandb-workspaces.
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
        "Curves": [_line_plot(wr, chart) for chart in curves(terms or kind.terms)],
        **(_media(wr) if kind.media else {"Test": [wr.MediaBrowser(title=key, media_keys=[key]) for key in PICTURES]}),
        "Final scores": [wr.WeavePanelSummaryTable(table_name="scores")],
        "Runs by their settings": _comparison(wr, settings or kind.settings, kind.figures, figure or kind.figures[0]),
    }
    made = [ws.Section(name=name, panels=panels, is_open=True) for name, panels in sections.items()]
    return ws.Workspace(entity=entity, project=project, name=kind.name, sections=made)


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


def _media(wr: Any) -> dict[str, list[Any]]:
    return {
        "Activity": [wr.MediaBrowser(title="lanes of validation excerpts", media_keys=_lanes())],
        "Audio": [wr.MediaBrowser(title=f"excerpt {n}", media_keys=_sounds(n)) for n in range(2)],
    }


def _lanes() -> list[str]:
    return [f"activity/excerpt {number}" for number in range(2)]


def _sounds(excerpt: int) -> list[str]:
    from stemwise.taxonomy import targets

    names = targets("mms").names
    return [f"audio {excerpt}/mixture"] + [
        f"audio {excerpt}/{kind} {target}" for target in names for kind in ("reference", "estimate")
    ]


def _comparison(wr: Any, settings: Sequence[str], figures: Sequence[str], figure: str) -> list[Any]:
    columns = [wr.ParallelCoordinatesPlotColumn(metric=wr.Config(name)) for name in settings]
    shown = [*(name for name in figures if name != figure), figure]
    columns += [wr.ParallelCoordinatesPlotColumn(metric=wr.SummaryMetric(name)) for name in shown]
    return [
        wr.ParallelCoordinatesPlot(title=f"settings and {figure}", columns=columns),
        wr.ParameterImportancePlot(with_respect_to=figure),
        wr.BarPlot(title=figure, metrics=[figure]),
        wr.ScatterPlot(
            title=f"{figures[2]} against {figures[1]}",
            x=wr.SummaryMetric(figures[1]),
            y=wr.SummaryMetric(figures[2]),
        ),
    ]
