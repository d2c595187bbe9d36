"""A sweep as one HTML file that opens without a network."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from stemwise.report.detection.measures import MEASURES as DETECTION_MEASURES
from stemwise.report.inline import data_uri
from stemwise.report.measures import MEASURES
from stemwise.report.render import render

if TYPE_CHECKING:
    import pandas

DEFINITIONS = {
    "val/loss": "The weighted sum of the loss on the validation excerpts, of the exported weights. Losses of different "
    "weights cannot be compared.",
    "val/separation": "The term of separation alone, without its weight, on the validation excerpts.",
    "val/activity": "The term of activity alone, without its weight, on the validation excerpts.",
    "val/usdr": "uSDR in dB on the whole validation songs, without a gate.",
    "val/auc": "Area under the ROC curve of the activity on the whole validation songs; of detectors, by seconds.",
    "val/lrap": "Label ranking average precision of seconds of the whole validation songs.",
    "val/average_precision": "Average precision of seconds of the whole validation songs, mean over targets.",
    "val/f1": "F1 of seconds of the whole validation songs at the thresholds that are best there, mean over targets.",
    "val/silence_energy": "Silence energy in dB on the whole validation songs, under the model's own gate.",
    "val/lost_energy": "Energy in % that the model's own gate takes from the targets of the validation songs.",
}


def sweep_page(name: str, table: pandas.DataFrame, by: str, lower_is_better: bool, caution: str, picture: bytes) -> str:
    """`table` as `stemwise.sweeps.table.frame` makes it; `picture` is a PNG, or empty where nothing was scored."""
    records = table.to_dict("records")
    columns = [str(column) for column in table if column not in ("state", "why")]
    states = table["state"].value_counts().to_dict()
    measures = {m.column: f"{m.heading}{f' in {m.unit}' if m.unit else ''}. {m.definition}" for m in MEASURES}
    if "lrap" in columns:  # of a detector, which shares some names
        measures |= {m.column: f"{m.heading} of seconds. {m.definition}" for m in DETECTION_MEASURES}
    return render(
        "sweep.html.j2",
        {
            "name": name,
            "by": by,
            "better": "lower" if lower_is_better else "higher",
            "caution": caution,
            "picture": data_uri(picture, "image/png") if picture else "",
            "columns": columns,
            "rows": [
                {"cells": [cell(line[column]) for column in columns], "state": line["state"], "why": line["why"]}
                for line in records
            ],
            "counts": {state: int(states.get(state, 0)) for state in ("ended", "failed", "begun")},
            "definitions": {n: text for n, text in (DEFINITIONS | measures).items() if n in columns},
        },
    )


def cell(value: Any) -> str:
    """A value for a table: four digits, nothing for what is not there."""
    if isinstance(value, float):
        return "" if math.isnan(value) else f"{value:.4g}"
    return str(value)
