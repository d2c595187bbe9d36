"""Training curves from the csv log of a run."""

from pathlib import Path

import pandas as pd


def read_curves(run: Path) -> pd.DataFrame:
    """Columns epoch, step, train/<term>, val/<term>, sparse; empty where the run kept no csv log."""
    path = run / "log" / "metrics.csv"
    return pd.read_csv(path) if path.is_file() else pd.DataFrame()
