"""Differences of many pairs, a line a measure: of all targets together, where a table of each would be long."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from stemwise.metrics.paired import holm
from stemwise.report.comparison import compare
from stemwise.report.tables import ALL
from stemwise.study.blocks import HEADS, NOTHING, difference, lacking, spreads
from stemwise.study.kept import Kept, Row, of_shared_seeds
from stemwise.study.markdown import table


def overall(
    kept: Kept,
    rows: Mapping[str, Row],
    pairs: Sequence[tuple[str, str]],
    measures: Sequence[str] = ("usdr",),
    shared_seeds: bool = False,
) -> str:
    """The first of each pair minus the second, both named in `rows`, with Holm's correction over the table; of the
    seeds that each has, or that all of them have. A pair of which one is not there is left out, and that said."""
    found = kept.called(rows)
    return differences_of(of_shared_seeds(found) if shared_seeds else found, pairs, measures)


def differences_of(
    systems: Mapping[str, Sequence[pd.DataFrame]], pairs: Sequence[tuple[str, str]], measures: Sequence[str]
) -> str:
    """The same of tables in hand, the gate of each called off."""
    there = [pair for pair in pairs if set(pair) <= set(systems)]
    found = [compare({name: systems[name] for name in pair}, measures=list(measures)) for pair in there]
    lines = [line for each in found for line in each[each["target"] == ALL].to_dict("records")]
    if not lines:
        return NOTHING
    corrected = holm(np.array([line["p"] for line in lines], dtype=np.float64))
    rows = [
        (f"{line['system']} − {line['against']}", *difference(line, p), spreads(line))
        for line, p in zip(lines, corrected.tolist(), strict=True)
    ]
    return table(("", "measure", "difference", *HEADS), rows) + lacking(
        (name for pair in pairs for name in pair), systems
    )
