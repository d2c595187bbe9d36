"""The detector that `stemwise activity` is tried with."""

from pathlib import Path

import pytest

from tests.detectors import saved


@pytest.fixture
def model(tmp_path) -> Path:
    return saved(tmp_path / "two" / "model.safetensors")
