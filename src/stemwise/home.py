"""Where generated songs, stores, labels and runs live."""

import os
from pathlib import Path


def home() -> Path:
    """The folder that holds `data/` and `runs/`.

    STEMWISE_HOME where it is set; else the clone this package was installed from with `pip install -e`; else the
    working directory.
    """
    named = os.environ.get("STEMWISE_HOME")
    if named:
        return Path(named).expanduser().resolve()
    clone = Path(__file__).resolve().parents[2]
    return clone if (clone / "pyproject.toml").is_file() else Path.cwd()


def data_home() -> Path:
    return home() / "data"


def runs_home() -> Path:
    return home() / "runs"
