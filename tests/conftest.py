"""Small trees of the true layout, and a home folder that is thrown away."""

import os
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.trees import make_tree

os.environ.setdefault("WANDB_MODE", "offline")
# A shell starts what runs in its background with Ctrl-C ignored, nohup with hangups, and processes hand that on; the
# tests send both.
signal.signal(signal.SIGINT, signal.default_int_handler)
if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("STEMWISE_HOME", str(folder))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)  # checkpoints and stores of all tests together fill a disk


@pytest.fixture
def tree(tmp_path) -> Path:
    """Three songs of 4 s by three artists: bass, drums, singer and violin, each resting for a part."""
    return make_tree(tmp_path / "Tree")
