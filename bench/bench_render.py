"""Rendering a song of eight stems on one core against playing it; composing, singing, producing, writing included."""

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np

from stemwise.synthesis.score import Part, Score
from stemwise.synthesis.song import Job, Options
from stemwise.synthesis.sources import Composed

SECONDS, STEMS = 60.0, 8
STYLES = ("rock", "pop", "ballad", "funk", "jazz", "electronic", "folk")


@contextmanager
def only(choose: Callable[[Part], bool]) -> Iterator[None]:
    """Songs with the first STEMS of the parts that are chosen."""
    plain = Job.score

    def score(job: Job) -> Score:
        whole = plain(job)
        return replace(whole, parts=tuple(part for part in whole.parts if choose(part))[:STEMS])

    Job.score = score  # type: ignore[method-assign]
    try:
        yield
    finally:
        Job.score = plain  # type: ignore[method-assign]


def measure(name: str, choose: Callable[[Part], bool], words: bool) -> None:
    speeds = []
    with tempfile.TemporaryDirectory() as folder, only(choose):
        for number, style in enumerate([STYLES[0], *STYLES]):
            job = Job(number, 0, f"{style}{number}", "train", Composed(SECONDS, style, "x"), Options(words=words))
            began = time.perf_counter()
            job.make(Path(folder))
            took = time.perf_counter() - began
            stems = len(job.score().parts)
            if number:  # the first song pays for imports and caches
                speeds.append(SECONDS / took * stems / STEMS)
                print(f"  {style}: {stems} stems of {SECONDS:.0f} s in {took:.1f} s")
    print(f"{name}: {np.median(speeds):.1f} × real time in the median, {min(speeds):.1f} to {max(speeds):.1f}")


def main() -> None:
    measure("eight stems, sung words among them", lambda part: True, words=True)
    measure("eight stems, nobody sings", lambda part: not part.patch.voices, words=True)


if __name__ == "__main__":
    main()
