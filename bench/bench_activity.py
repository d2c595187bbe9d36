"""Activity of a song: this library against the published steps with librosa and scipy, one core each, wav and flac."""

import os

os.environ["OMP_NUM_THREADS"] = "1"
os.environ["OPENBLAS_NUM_THREADS"] = "1"

import tempfile
import time
from pathlib import Path

import librosa
import numpy as np
import scipy.signal
import soundfile

from stemwise.activity import PUBLISHED
from stemwise.labels import measure
from stemwise.song import Song, Stem

RATE, SECONDS, STEMS = 44100, 240, 12


def published(paths: list[Path]) -> np.ndarray:
    """Load by librosa, frame, rectify, root, window, mean; normalise, filter, logistic."""
    window = scipy.signal.windows.hann(4098)[1:-1]
    rows = []
    for path in paths:
        wave = np.pad(librosa.load(path, sr=RATE, mono=True)[0], (2048, 0))
        wave = librosa.util.fix_length(wave, size=-(-len(wave) // 4096) * 4096)
        frames = librosa.util.frame(wave, frame_length=4096, hop_length=2048)
        rows.append(np.mean(((frames + np.abs(frames)) / 2).T ** 0.5 * window, axis=1))
    envelopes = np.array(rows)
    total = envelopes.sum(axis=0)
    scaled = len(rows) * envelopes / total.max()
    scaled[:, total < 0.01] = 0
    return 1 - 1 / (1 + np.exp(20 * (scipy.signal.filtfilt(*scipy.signal.butter(2, 0.075), scaled, axis=1) - 0.15)))


def ours(paths: list[Path]) -> np.ndarray:
    stems = tuple(Stem(path.stem, ("piano",), path) for path in paths)
    return measure(Song("song", "", "", RATE, SECONDS * RATE, 2, stems), PUBLISHED)


def music(rng: np.random.Generator) -> np.ndarray:
    """(sample, 2): decaying chords with rests and a little noise, so that flac has something to do and to save."""
    time_ = np.arange(2 * RATE) / RATE
    out = np.zeros((SECONDS * RATE, 2), dtype=np.float32)
    for start in range(0, SECONDS * RATE, 2 * RATE):
        if rng.random() < 0.7:
            pitches = 110 * 2 ** (rng.integers(0, 36, 4) / 12)
            chord = sum(np.sin(2 * np.pi * p * k * time_) / k for p in pitches for k in (1, 2, 3)) * np.exp(-2 * time_)
            pan = rng.uniform(0.3, 1, 2)
            out[start : start + 2 * RATE] = chord[:, None] * pan * 0.08 + 0.002 * rng.standard_normal((2 * RATE, 2))
    return out


def compare(paths: list[Path]) -> None:
    published(paths[:1]), ours(paths[:1])  # imports and caches
    times: dict[str, list[float]] = {"published": [], "ours": []}
    for _ in range(3):
        for name, run in (("published", published), ("ours", ours)):
            began = time.perf_counter()
            found = run(paths)
            times[name].append(time.perf_counter() - began)
    theirs, mine = (float(np.median(times[name])) for name in ("published", "ours"))
    print(f"{STEMS} stereo stems of {SECONDS} s, {paths[0].suffix[1:]}, decoding included")
    print(f"published steps {theirs:.2f} s, ours {mine:.2f} s, ratio {theirs / mine:.2f}")
    print(f"largest difference {np.abs(published(paths) - found).max():.1e}")


def main() -> None:
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        for suffix in ("wav", "flac"):
            paths = [Path(folder) / f"{number}.{suffix}" for number in range(STEMS)]
            for path in paths:
                soundfile.write(path, music(rng), RATE, subtype="PCM_16")
            compare(paths)


if __name__ == "__main__":
    main()
