"""Clips of a made-up detector, from a seed; also run as a script to look at its page: python made_up.py FOLDER

Guitars are taken for each other and distorted guitar for synthesizer, rare instruments are heard worse, and what is
not known is NaN.
"""

import sys
from pathlib import Path

import numpy as np
import pandas

INSTRUMENTS = (
    "drum set", "electric bass", "male singer", "distorted electric guitar", "clean electric guitar", "synthesizer",
    "piano", "acoustic guitar", "female singer", "fx/processed sound", "vocalists", "drum machine", "double bass",
    "tambourine", "electric piano", "electronic organ", "string section", "violin",
)  # fmt: skip
SHARES = np.array([.8, .7, .6, .5, .4, .45, .4, .3, .3, .25, .25, .2, .15, .15, .12, .12, .1, .1])  # fmt: skip
TAKEN_FOR = {3: [4, 5], 4: [3, 7], 5: [3, 14], 7: [4], 2: [10], 8: [10], 6: [14], 14: [15], 17: [16], 11: [0]}


def clips(songs=12, seconds=40, targets=18, skill=2.2, seed=0, net=0, unknown=0.0):
    """The labels depend on `seed` alone; `net` is the seed of the training that hears them."""
    rng, ears = np.random.default_rng(seed), np.random.default_rng(1000 + net)
    parts = []
    for song in range(songs):
        truth = _truth(rng, seconds + song % 3, targets)
        lost = np.where(rng.random(targets) < unknown, np.nan, 1.0)
        heard = _heard(ears, truth >= 0.5, skill)
        place = np.indices(truth.shape).reshape(2, -1)
        parts.append(
            pandas.DataFrame({
                "song": f"Band_Song{song:02d}", "second": place[0], "target": np.array(INSTRUMENTS)[place[1]],
                "truth": (truth * lost).ravel(), "probability": heard.ravel(),
            })
        )  # fmt: skip
    return pandas.concat(parts, ignore_index=True)


def _truth(rng, seconds, targets):
    """Confidence (second, target): what is in the song plays in spells."""
    there = rng.random(targets) < SHARES[:targets]
    change = rng.random((seconds, targets)) < 0.12
    playing = (np.cumsum(change, axis=0) + rng.integers(0, 2, targets)) % 2 == 0
    return np.where(playing & there, rng.uniform(0.5, 1, (seconds, targets)), rng.uniform(0, 0.49, (seconds, targets)))


def _heard(rng, active, skill):
    seconds, targets = active.shape
    own = skill * np.linspace(1.3, 0.8, targets)
    logit = -1.6 * own + 2.6 * own * active + rng.normal(0, 0.8, targets) + rng.normal(0, 1.2, active.shape)
    for source, others in TAKEN_FOR.items():
        if source >= targets:
            continue
        taken = active[:, source] & (rng.random(seconds) < 0.18)
        other = rng.choice([place for place in others if place < targets] or [source])
        if other != source:
            logit[taken, source] -= 5
            logit[taken, other] += 4
    return 1 / (1 + np.exp(-logit))


if __name__ == "__main__":
    import time

    from stemwise.report.detection import figures_of, in_lines, report_detection, tune, write_detection

    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    cuts = tune(clips(20, 60, seed=99, net=0))
    start = time.monotonic()
    report = report_detection(clips(25, 120, unknown=0.03), cuts)
    print(f"{time.monotonic() - start:.1f} s")
    pictures = figures_of(report)
    for name, content in pictures.items():
        (folder / name).write_bytes(content)
    write_detection(folder / "page.html", report, "Stemwise: iad_cnn", {"seed": "0"}, pictures)
    print("\n".join([*in_lines(report.levels), *report.cautions]))
    print(report.instruments.round(3).to_string())
