"""`iad_cnn` (18 instruments, random weights) over a stereo mp3, and the memory of `stemwise activity` over long songs.

    python bench/bench_listen.py [SECONDS_OF_MP3 [SECONDS_OF_LONG_SONG [MODEL]]]      (600 and 10800 by default)

or another detector, that of an exported MODEL, as src/stemwise/pretrained/detector.safetensors.

Speed: the song's seconds over those of listening to it, on the clock and on all cores there are: the mp3 decoded twice
(once for its length), resampled, heard; PyTorch loaded and warm. Beside it the seconds of the processor, and decoding
and resampling alone. Memory: the peak of a process that runs the whole command, modules and the picture included, on a
flac of 1 minute and on the long one.
Random weights flicker around their threshold: no song has more segments. Needs matplotlib, for the picture.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile
import torch

from stemwise import audio, taxonomy
from stemwise.detect_file import BLOCK, detect_file
from stemwise.detector import Detector
from stemwise.export import Exported, build, save
from stemwise.gate import Gate
from stemwise.listen import load_detector

RATE = 44100
MODEL = {
    "_target_": "stemwise.model.mel.MelModel",
    "net": {"_target_": "stemwise.nets.detection.cnn.Cnn", "targets": 18},
    "mel": {"_target_": "stemwise.mel.LogMel"},
    "targets": list(taxonomy.targets("iad").names),
    "sample_rate": 16000,
}


def make_model(path: Path) -> None:
    """Thresholds in the middle of what the random net gives to the song, so that every lane flickers."""
    torch.manual_seed(0)
    model = build(MODEL).eval()
    found = Detector(model).detect(audio.resample(minute(0)[:, : 20 * RATE], RATE, 16000)).probability
    save(path, Exported(model, Gate("hard", np.median(found, axis=1).tolist(), 0.0)), MODEL)


def minute(number: int) -> audio.Samples:
    """Stereo: plucked notes over quiet noise, others every minute."""
    rng = np.random.default_rng(number)
    out = 2e-3 * rng.standard_normal((2, 60 * RATE), dtype=np.float32)
    time_in_note = np.arange(RATE, dtype=np.float32) / RATE
    for start in range(0, 60 * RATE, RATE // 4):
        hertz = np.float32(55 * 2 ** (rng.integers(60) / 12))
        note = sum(np.sin(2 * np.pi * hertz * n * time_in_note) / n for n in (1, 2, 3)) * np.exp(-4 * time_in_note)
        part = out[:, start : start + RATE]
        part += 0.15 * rng.uniform(0.3, 1, (2, 1)).astype(np.float32) * note[: part.shape[1]]
    return out


def write_song(path: Path, seconds: int) -> None:
    with soundfile.SoundFile(
        path, "w", RATE, 2, subtype="MPEG_LAYER_III" if path.suffix == ".mp3" else "PCM_16"
    ) as file:
        for number in range(-(-seconds // 60)):
            file.write(minute(number % 10).T[: (seconds - 60 * number) * RATE])


def speed(song: Path, model: Path) -> dict[str, float]:
    detector = load_detector(model)
    detector.detect(np.zeros(64 * 16000, np.float32))
    start = time.perf_counter()
    seconds = audio.info(song).seconds
    for _ in audio.resampled_blocks((b.mean(0, keepdims=True) for b in audio.blocks(song, BLOCK)), RATE, 16000, 1):
        pass
    decoded = time.perf_counter() - start
    audio._count.cache_clear()
    start, used = time.perf_counter(), time.process_time()
    detect_file(song, detector)
    listening, used = time.perf_counter() - start, time.process_time() - used
    return {"song": seconds, "decoding": decoded, "listening": listening, "processor": used}


def memory(song: Path, model: Path) -> dict[str, float]:
    from stemwise.cli import app  # noqa: PLC0415

    words = ["activity", song, "--out", song.parent / "out", "--model", model]
    words += [word for kind in ("png", "lab", "json", "csv") for word in ("--format", kind)]
    app([str(word) for word in words], standalone_mode=False)
    return {"peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3}


def in_a_process(side: str, song: Path, model: Path) -> dict[str, float]:
    command = [sys.executable, __file__, side, str(song), str(model)]
    shown = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return dict(json.loads(shown.stdout.splitlines()[-1]))


def main(seconds: int | str = 600, long: int | str = 10800, given: str = "") -> None:
    seconds, long = int(seconds), int(long)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        model = Path(given) if given else folder / "model.safetensors"
        if not given:
            make_model(model)
        write_song(folder / "song.mp3", seconds)
        found = in_a_process("speed", folder / "song.mp3", model)
        ratio = found["song"] / found["listening"]
        print(f"mp3 of {found['song']:.0f} s: {found['listening']:.2f} s, {ratio:.1f} × real time", end="; ")
        print(f"{found['processor']:.2f} s of the processor, decoding and resampling alone {found['decoding']:.2f} s")
        peaks = []
        for length in (60, long):
            write_song(folder / f"{length}.flac", length)
            peaks.append(in_a_process("memory", folder / f"{length}.flac", model)["peak"])
        print(
            f"peak memory, flac of 60 s: {peaks[0]:.1f} MB; of {long} s: {peaks[1]:.1f} MB: {peaks[1] / peaks[0]:.3f} ×"
        )


if __name__ == "__main__":
    if sys.argv[1:] and sys.argv[1] in ("speed", "memory"):
        print(json.dumps({"speed": speed, "memory": memory}[sys.argv[1]](*map(Path, sys.argv[2:]))))
    else:
        main(*sys.argv[1:])
