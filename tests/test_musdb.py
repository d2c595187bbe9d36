"""Reading a real MUSDB18 stem file with nothing but the environment's own programs."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from stemwise import ffmpeg
from stemwise.errors import MissingExtra

READ = """
from stemwise.ffmpeg import put_ffmpeg_on_path
put_ffmpeg_on_path()
import musdb, numpy, stempeg
stems, rate = stempeg.read_stems(stempeg.example_stem_path(), duration=2.0)
print(musdb.__name__, *stems.shape, int(rate),
      numpy.corrcoef(stems[0].ravel(), stems[1:].sum(axis=0).ravel())[0, 1])
"""


def run(code: str) -> list[str]:
    """In a process whose PATH is the environment's own folder, without the system's ffmpeg."""
    env = {**os.environ, "PATH": str(Path(sys.executable).parent)}
    shown = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    return shown.stdout.split()


def test_five_stems_are_read_and_the_first_is_the_mixture_of_the_others():
    name, stems, samples, channels, rate, likeness = run(READ)
    assert (name, stems, samples, channels, rate) == ("musdb", "5", "88200", "2", "44100")
    assert float(likeness) > 0.95  # not 1: this song's mixture was limited


def test_museval_imports():
    assert run("from stemwise.ffmpeg import put_ffmpeg_on_path; put_ffmpeg_on_path(); import museval; print('ok')") == [
        "ok"
    ]


def test_without_the_wheel_the_error_names_the_extra(monkeypatch):
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr(ffmpeg, "find_spec", lambda _: None)
    with pytest.raises(MissingExtra, match=r"pip install 'stemwise\[musdb\]'"):
        ffmpeg.put_ffmpeg_on_path()


def test_programs_of_the_system_are_left_alone(monkeypatch, tmp_path):
    for name in ("ffmpeg", "ffprobe"):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    ffmpeg.put_ffmpeg_on_path()
    assert os.environ["PATH"] == str(tmp_path)
