"""Colours and a blank figure, without pyplot and without touching matplotlib's settings."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# Okabe and Ito's palette, which colour-blind readers can tell apart (jfly.uni-koeln.de/color).
BLUE = "#0072b2"
ORANGE = "#e69f00"
GREEN = "#009e73"
PURPLE = "#cc79a7"
SKY = "#56b4e9"
RED = "#d55e00"
YELLOW = "#f0e442"
GREY = "#999999"

MODEL_COLOURS = (BLUE, ORANGE, PURPLE, SKY, RED, YELLOW)

WIDTH = 10.0  # inches


def new_figure(height: float) -> Figure:
    """10 by `height` inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(WIDTH, height), layout="constrained")


def png(figure: Figure, dpi: int = 150) -> bytes:
    buffer = BytesIO()
    figure.savefig(buffer, format="png", dpi=dpi)
    return buffer.getvalue()
