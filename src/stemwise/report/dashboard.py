"""Which charts a dashboard of trainings has: one description for TensorBoard and W&B."""

from collections.abc import Sequence
from dataclasses import dataclass

BEST = "best"  # best/<figure>: of the exported weights, once a training
# Of a scored detector, name in a dashboard → file.
PICTURES = {"test/confusion": "confusion.png", "test/instruments": "instruments.png"}


@dataclass(frozen=True)
class Chart:
    """Curves that belong together; `scalars` are the names under which they are logged."""

    title: str
    scalars: tuple[str, ...]


def curves(terms: Sequence[str]) -> list[Chart]:
    """The loss with that of the averaged weights, then each of its terms."""
    loss = Chart("loss", ("train/loss", "val/loss", "val/averaged"))
    return [loss, *(Chart(term, (f"train/{term}", f"val/{term}")) for term in terms)]


def tensorboard_layout(terms: Sequence[str]) -> dict[str, dict[str, list[object]]]:
    """For SummaryWriter.add_custom_scalars: the tab 'Custom scalars' shows training and validation in one chart."""
    return {"Training": {chart.title: ["Multiline", list(chart.scalars)] for chart in curves(terms)}}
