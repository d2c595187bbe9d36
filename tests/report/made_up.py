"""Plausible content for a page, from a seed; also run as a script to look at one: python made_up.py page.html"""

import sys
from pathlib import Path

import numpy as np
import pandas

from stemwise.report import Page, SongView, write_page
from stemwise.report.measures import COLUMNS

RATE = 22050
ROWS = [
    ("mixture", "", -5.0),
    ("silence", "", 0.0),
    ("iass", "off", 2.0),
    ("iass", "hard", 2.4),
    ("iass", "soft", 2.3),
    ("iass", "oracle", 2.8),
    ("ideal binary mask", "", 8.0),
    ("ideal ratio mask", "", 8.5),
]
LEAKS = {"mixture": 0.0, "silence": -80.0, "off": -18.0, "hard": -62.0, "soft": -40.0, "oracle": -78.0}


def scores(songs=8, targets=("vocals", "drums", "bass"), seed=0):
    rng, shares = np.random.default_rng(seed), np.random.default_rng(seed + 1)
    lines = []
    for song in range(songs):
        for target in targets:
            share = shares.beta(2, 1)
            present, rest, ease = rng.random() < 0.8, rng.uniform(0, 40), rng.normal(0, 2)
            for system, gate, base in ROWS:
                line = dict.fromkeys(COLUMNS, np.nan)
                line |= {"song": f"song{song:02d}", "target": target, "system": system, "gate": gate}
                line |= {"present": present, "rest_seconds": rest, "active_share": share * present}
                if present:
                    level = 0.0 if system == "silence" else base + ease + rng.normal(0, 0.5)
                    line |= {"usdr": level, "csdr": level + 0.4, "csdr_common": level + 0.1, "si_sdr": level - 1}
                    line |= {"isr": level + 3, "sir": level + 5, "sar": level + 2}
                    line["lost_energy"] = {"hard": 3.1, "soft": 2.0}.get(gate, 0.0) * rng.random()
                if system == "silence":
                    line["si_sdr"] = -np.inf if present else np.nan
                leak = LEAKS.get(gate or system, -55.0)
                line |= {"silence_energy": max(leak + rng.normal(0, 3), -80), "silence_share": float(leak < -60)}
                mixed = rng.uniform(1, 9)
                line |= {"rest_mixture": mixed, "rest_estimate": mixed * 10 ** (line["silence_energy"] / 10)}
                line["target_energy"] = rng.uniform(1, 9) * present
                if gate and present:
                    for column in ("auc", "average_precision", "f1", "precision", "recall", "onset_f1", "offset_f1"):
                        line[column] = rng.uniform(0.8, 0.98)
                lines.append(line)
    return pandas.DataFrame(lines)


def other_training(table, name, gain=0.0, slope=0.0, noise=0.5, seed=0):
    """`table` with another model in place of iass, its SDRs higher by `gain` + `slope` × active_share dB and noise."""
    rng = np.random.default_rng(seed)
    out = table.copy()
    model = out["system"] == "iass"
    for column in ("usdr", "csdr", "csdr_common", "si_sdr"):
        apart = gain + slope * out.loc[model, "active_share"]
        out.loc[model, column] += apart + noise * rng.normal(size=model.sum())
    return out.replace({"system": {"iass": name}})


def curves(epochs=40, seed=0):
    """A sparse log as Lightning's csv logger writes it: training and validation on lines of their own."""
    rng = np.random.default_rng(seed)
    lines = []
    for epoch in range(epochs):
        fall = np.exp(-epoch / 12)
        for part, extra in (("train", 0.0), ("val", 0.1)):
            terms = {"separation": 0.2 + fall + extra, "activity": 0.1 + 0.5 * fall + extra}
            line = {f"{part}/{name}": value * rng.normal(1, 0.03) for name, value in terms.items()}
            lines.append({"step": 50 * (epoch + 1), "epoch": epoch, **line, f"{part}/loss": sum(line.values())})
    return pandas.DataFrame(lines)


def song(name="song00", targets=("vocals", "drums", "bass"), seconds=3.0, channels=1, seed=0, title="A <b>song</b>"):
    rng = np.random.default_rng(seed)
    times = np.arange(0, 60, 1024 / RATE)
    wave = np.sin(2 * np.pi * times / 17 + np.arange(len(targets))[:, None])
    probability = 1 / (1 + np.exp(-6 * wave + rng.normal(0, 1.5, wave.shape)))
    time = np.arange(round(seconds * RATE)) / RATE
    clips = {}
    for index, target in enumerate(targets):
        tone = 0.2 * np.sin(2 * np.pi * 110 * 2**index * time) * (0.6 + 0.4 * np.sin(2 * np.pi * (index + 1) * time))
        reference = np.tile(tone, (channels, 1)).astype(np.float32)
        noise = 0.02 * rng.normal(size=reference.shape).astype(np.float32)
        half = (np.arange(reference.shape[1]) > reference.shape[1] / 2).astype(np.float32)
        clips[target] = {"reference": reference, "estimate": reference + noise, "gated": (reference + noise) * half}
    return SongView(
        id=name,
        title=title,
        rate=RATE,
        targets=tuple(targets),
        times=times,
        truth=np.clip(0.5 + 2 * wave, 0, 1),
        probability=probability,
        gate=(probability > 0.5).astype(float),
        thresholds=np.full(len(targets), 0.5),
        excerpt_start=12.0,
        clips=clips,
        mixture=sum(parts["reference"] for parts in clips.values()),
    )


def page(**changes):
    facts = {"seed": "1", "commit": "0123abc", "thresholds": "largest F1 on the validation songs"}
    return Page(
        **{"title": "A made-up run", "facts": facts, "scores": scores(), "curves": curves(), "songs": [song()]}
        | changes
    )


if __name__ == "__main__":
    six = ("vocals", "electric guitar", "acoustic guitar", "piano", "bass", "drums")
    songs = [song(f"song{i:02d}", six, 10.0, 2, i, f"Made-up song {i}") for i in range(2)]
    write_page(Path(sys.argv[1]), page(scores=scores(20, six), songs=songs))
