"""Activity of a song: this library against the published steps with librosa and scipy, one core each, from wav."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import tempfile
import time
from pathlib import Path

import librosa
import numpy as np
import scipy.signal
import soundfile

from stemwise import audio
from stemwise.activity import activation_confidence

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
    return activation_confidence((audio.read(path)[0] for path in paths), RATE)


def main() -> None:
    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{number}.wav" for number in range(STEMS)]
        for path in paths:
            soundfile.write(path, 0.2 * rng.standard_normal((SECONDS * RATE, 2)).clip(-4, 4), RATE, subtype="PCM_16")
        published(paths[:1]), ours(paths[:1])  # imports and caches
        times: dict[str, list[float]] = {"published": [], "ours": []}
        for _ in range(3):
            for name, run in (("published", published), ("ours", ours)):
                began = time.perf_counter()
                found = run(paths)
                times[name].append(time.perf_counter() - began)
        difference = np.abs(published(paths) - found).max()
    theirs, mine = (float(np.median(times[name])) for name in ("published", "ours"))
    print(f"{STEMS} stereo stems of {SECONDS} s, wav, decoding included")
    print(f"published steps {theirs:.2f} s, ours {mine:.2f} s, ratio {theirs / mine:.2f}")
    print(f"largest difference {difference:.1e}")


if __name__ == "__main__":
    main()
