"""BSS Eval of a stereo song with four sources at 44.1 kHz, one core: museval, ours, and ours for SDR alone.

    python bench/bench_bss_eval.py [SECONDS]      (240 by default: museval takes minutes and gigabytes)

Each side runs in a process of its own that loads the same arrays (float32, as `stemwise.audio.read` gives them), so
that its peak memory is its own. Seconds are those of the processor, so that others on the machine do not count, and of
the evaluation alone; memory is that of everything, arrays and modules included. Needs the extra musdb, for museval.
"""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

RATE, SOURCES, CHANNELS, SECONDS = 44100, 4, 2, 240
NAMES = ("sdr", "isr", "sir", "sar")


def song(seconds: int, folder: Path) -> None:
    """References of plucked notes over quiet noise in 16 bits; estimates with leaks, another colour and noise."""
    rng = np.random.default_rng(0)
    references = 1e-3 * rng.standard_normal((SOURCES, seconds * RATE, CHANNELS))
    time_in_note = np.arange(RATE) / RATE
    for source in references:
        for start in range(0, seconds * RATE, RATE // 2):
            note = sum(np.sin(2 * np.pi * 55 * 2 ** (rng.integers(48) / 12) * n * time_in_note) / n for n in (1, 2, 3))
            part = source[start : start + RATE]
            part += (0.1 * note * np.exp(-4 * time_in_note))[: len(part), None] * rng.uniform(0.3, 1, CHANNELS)
    references = np.round(references * 32768) / 32768
    estimates = 0.9 * references + 0.1 * np.roll(references, 1, axis=1) + 0.1 * references.sum(axis=0)
    estimates += 0.003 * rng.standard_normal(references.shape)
    for name, audio in (("references", references), ("estimates", estimates)):
        np.save(folder / f"{name}.npy", audio.astype(np.float32))


def side(name: str, folder: Path) -> None:
    """Evaluate as `name` says; the seconds go to stdout, figures into the folder."""
    references, estimates = (np.load(folder / f"{each}.npy") for each in ("references", "estimates"))
    if name == "museval":
        from stemwise.ffmpeg import put_ffmpeg_on_path  # noqa: PLC0415

        put_ffmpeg_on_path()
        import museval.metrics  # noqa: PLC0415

        start = time.process_time()
        found = museval.metrics.bss_eval(references, estimates, window=RATE, hop=RATE)[:4]
    else:
        import torch  # noqa: PLC0415

        from stemwise.metrics import bss_eval, bss_sdr  # noqa: PLC0415

        torch.set_num_threads(1)
        bss_eval(references[:, :2000], estimates[:, :2000], RATE, filter_length=8)  # what torch loads when first used
        start = time.process_time()
        if name == "sdr":
            found = [bss_sdr(references, estimates, RATE)]
        else:
            result = bss_eval(references, estimates, RATE)
            found = [getattr(result, each) for each in NAMES]
    seconds = time.process_time() - start
    np.save(folder / f"{name}.npy", np.stack(found))
    print(json.dumps([seconds, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20]))


def run(name: str, folder: Path) -> tuple[float, float]:
    """Seconds and gigabytes of a side; with a number for a name it makes a song so long."""
    one_core = os.environ | dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    command = [sys.executable, __file__, name, str(folder)]
    shown = subprocess.run(command, env=one_core, capture_output=True, text=True, check=True).stdout
    seconds, gigabytes = json.loads(shown.splitlines()[-1])
    return seconds, gigabytes


def main(seconds: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run(str(seconds), folder)  # not in this process: what it takes would count for its children
        sides = {each: run(each, folder) for each in ("ours", "sdr", "museval")}
        ours, sdr, theirs = (np.load(folder / f"{each}.npy") for each in sides)
    for each, (took, memory) in sides.items():
        print(f"{each:8} {took:7.2f} s {memory:6.2f} GB")
    (fast, small), (faster, _), (slow, large) = sides.values()
    print(f"{seconds} s: ratio {slow / fast:.1f}, SDR alone {slow / faster:.0f}, memory {small / large:.2f}")
    apart = np.abs(ours - theirs).max(), np.abs(sdr[0] - theirs[0]).max()
    print(f"largest difference {apart[0]:.1e} dB, of SDR alone {apart[1]:.1e} dB")


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1].isdecimal():
        song(int(sys.argv[1]), Path(sys.argv[2]))
        print("[0, 0]")
    elif len(sys.argv) == 3:
        side(sys.argv[1], Path(sys.argv[2]))
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else SECONDS)
