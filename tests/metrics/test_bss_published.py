"""BSS Eval against the figures that mir_eval publishes with its tests, computed by BSS Eval's MATLAB code."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
import soundfile

from stemwise.metrics import bss_eval

FOLDER = os.environ.get("STEMWISE_MIR_EVAL")
pytestmark = pytest.mark.skipif(
    not FOLDER, reason="STEMWISE_MIR_EVAL names no clone of mir_eval (0.8 or older) with tests/data/separation in it"
)
NAMES = ("Source to Distortion", "Image to Spatial", "Source to Interference", "Source to Artifact")


def images(kind: str, case: str, channels: int, gain: float = 1.0) -> np.ndarray:
    """(source, sample, channel): mono files, all channels but the first at a gain, as mir_eval's test makes them."""
    files = sorted((Path(FOLDER) / f"tests/data/separation/{kind}{case}").glob("*.wav"))
    mono = np.stack([soundfile.read(file, always_2d=True)[0].mean(axis=1) for file in files])
    return mono[..., None] * np.array([1.0] + [gain] * (channels - 1))


def sides(case: str, said: dict) -> tuple[np.ndarray, np.ndarray]:
    return images("ref", case, said["nchan"]), images("est", case, said["nchan"], said["gain"])


def figures(references: np.ndarray, estimates: np.ndarray) -> np.ndarray:
    """(measure, source): one window over everything, so that the filters are the window's own too."""
    found = bss_eval(references, estimates, references.shape[1])
    return np.stack([found.sdr, found.isr, found.sir, found.sar])[..., 0]


def cases() -> list[str]:
    files = sorted((Path(FOLDER or ".") / "tests/data/separation").glob("output*.json"))
    return [file.stem.removeprefix("output") for file in files]


def published(case: str, kind: str) -> dict:
    return json.loads((Path(FOLDER) / f"tests/data/separation/output{case}.json").read_text())[kind]


def test_the_folder_holds_what_the_variable_promises():
    assert len(cases()) >= 8


@pytest.mark.parametrize("case", cases())
def test_images(case):
    said = published(case, "Images")
    references, estimates = sides(case, said)
    found = figures(references, estimates[said["Source permutation"]])
    np.testing.assert_allclose(found, [said[name] for name in NAMES], atol=1e-3)


@pytest.mark.parametrize("case", cases())
def test_images_framewise(case):
    said = published(case, "Images Framewise")
    references, estimates = sides(case, said)
    window, hop = said["win"], said["hop"]
    starts = range(0, references.shape[1] - window + 1, hop)
    order = np.array(said["Source permutation"], dtype=int)
    cuts = [slice(start, start + window) for start in starts]
    found = [figures(references[:, cut], estimates[order[:, place], cut]) for place, cut in enumerate(cuts)]
    np.testing.assert_allclose(np.stack(found, axis=-1), [said[name] for name in NAMES], atol=1e-3)
