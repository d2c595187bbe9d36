"""What a comparison leaves in its folder, of separators and of detectors."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pandas as pd


class Found(Protocol):
    """A comparison: the family of tests its p values are corrected for, and all of it as JSON."""

    @property
    def family(self) -> str: ...

    def to_json(self) -> Mapping[str, Any]: ...


def write_compared(
    folder: Path, found: Found, table: "pd.DataFrame", pictures: Mapping[str, tuple[bytes, str]]
) -> None:
    """compare.json, compare.parquet and the folder compare_figures of (PNG, words) by file name, each whole or not at
    all."""
    from stemwise.evaluation.table import write_scores
    from stemwise.files import beside, write_json

    with beside(folder / "compare_figures") as part:  # a folder of its own: figures of an earlier comparison go
        part.mkdir()
        for name, (png, _) in pictures.items():
            (part / name).write_bytes(png)
    write_scores(folder / "compare.parquet", table, {"family": found.family})
    write_json(folder / "compare.json", found.to_json())
