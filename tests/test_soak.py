"""Long tests, run by `make soak`."""

import random
import resource
import signal
import subprocess
import time
from hashlib import sha256
from pathlib import Path

import numpy as np
import pytest
import soundfile

from stemwise.export import save
from tests.test_cli import STEMWISE
from tests.test_export import DESCRIPTION, exported

pytestmark = pytest.mark.soak


def test_memory_does_not_grow_with_the_song(tmp_path):
    """An hour in a process that may hold 1.5 GB beside mapped files; its two stems have 2.5 GB at the song's rate."""
    save(tmp_path / "model.safetensors", exported(), DESCRIPTION)
    rng = np.random.default_rng(0)
    block = 0.1 * rng.standard_normal((60 * 44100, 2))
    with soundfile.SoundFile(tmp_path / "hour.wav", "w", 44100, 2) as file:
        for _ in range(60):
            file.write(block)
    limit = 1_500_000_000

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))

    command = [
        STEMWISE,
        "separate",
        tmp_path / "hour.wav",
        "--out",
        tmp_path,
        "--model",
        tmp_path / "model.safetensors",
    ]
    subprocess.run([*map(str, command)], check=True, preexec_fn=limited, capture_output=True)
    assert soundfile.info(tmp_path / "hour" / "a.wav").frames == 3600 * 44100


def test_twenty_kills_of_the_synthesizer_change_no_byte(tmp_path):
    command = [STEMWISE, "synthesize", "--preset", "tiny", "--songs", "6", "--processes", "2", "--out"]
    subprocess.run([*command, str(tmp_path / "whole")], check=True, capture_output=True)
    rng, killed = random.Random(0), 0
    while killed < 20:
        with subprocess.Popen([*command, str(tmp_path / "pieces")], stderr=subprocess.DEVNULL) as process:
            time.sleep(rng.uniform(0.5, 6.0))
            process.send_signal(signal.SIGKILL if rng.random() < 0.5 else signal.SIGINT)
        killed += 1
    subprocess.run([*command, str(tmp_path / "pieces")], check=True, capture_output=True)
    assert digests(tmp_path / "pieces") == digests(tmp_path / "whole")


def digests(root: Path) -> dict[str, str]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {str(path.relative_to(root)): sha256(path.read_bytes()).hexdigest() for path in files}
