"""One rendered set for all tests of this folder."""

from pathlib import Path

import pytest

from stemwise.synthesis import synthesize


@pytest.fixture(scope="session")
def tiny(tmp_path_factory) -> Path:
    """The preset 'tiny' with seed 0, made in this process. Tests read it and never write to it."""
    root = tmp_path_factory.mktemp("tiny")
    synthesize(root, processes=1)
    return root


@pytest.fixture(scope="session")
def digest():
    """A folder → the bytes of each file in it, by relative path."""

    def read(folder: Path) -> dict[str, bytes]:
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}

    return read
