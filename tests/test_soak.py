"""Long tests, run by `make soak`."""

import random
import resource
import shutil
import signal
import subprocess
import time

import numpy as np
import pytest
import soundfile

from stemwise.export import save
from tests.test_cli import STEMWISE
from tests.test_export import DESCRIPTION, exported
from tests.test_store import digests, long_tree, prepare_command

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


def test_twenty_kills_of_prepare_change_no_byte(tmp_path):
    """Each at a random moment of a run that begins where the one before was killed; when all is there, from nothing."""
    tree, pieces, whole = long_tree(tmp_path / "Tree", 12, 60.0), tmp_path / "pieces", tmp_path / "whole"
    began = time.monotonic()
    subprocess.run(prepare_command(tree, whole), check=True, capture_output=True)
    took, rng, in_work = time.monotonic() - began, random.Random(0), 0
    for _ in range(20):
        if (pieces / "store.json").exists():
            shutil.rmtree(pieces)
        with subprocess.Popen(
            prepare_command(tree, pieces), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        ) as process:
            time.sleep(rng.uniform(0, took))
            in_work += bool([*pieces.glob(".*.part")])
            process.send_signal(signal.SIGKILL if rng.random() < 0.5 else signal.SIGINT)
    assert in_work >= 5, "most kills came too early or too late to hit a song in work"
    subprocess.run(prepare_command(tree, pieces), check=True, capture_output=True)
    assert digests(pieces) == digests(whole)
