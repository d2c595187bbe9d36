"""Peak memory of gating four stereo stems by a detector: of 1 minute, against 20 minutes; and how fast it is."""

import os

os.environ["OMP_NUM_THREADS"] = "1"

import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import soundfile
import torch

from stemwise.export import Exported, build, save
from stemwise.external.detected import load_detected
from stemwise.external.stem_names import read_stem_folder
from stemwise.gate import Gate
from stemwise.gate_file import gate_stems

RATE, MINUTES = 44100, (1, 20)
NET = {"_target_": "stemwise.nets.detection.cnn.Cnn", "targets": 4}
DETECTOR = {
    "_target_": "stemwise.model.mel.MelModel", "net": NET, "mel": {"_target_": "stemwise.mel.LogMel"},
    "targets": ["vocals", "drums", "bass", "other"], "sample_rate": 16000,
}  # fmt: skip


def make_stems(folder: Path, minutes: int) -> None:
    folder.mkdir()
    rng = np.random.default_rng(0)
    for name in DETECTOR["targets"]:
        with soundfile.SoundFile(folder / f"{name}.wav", "w", RATE, 2, "PCM_16") as file:
            for _ in range(minutes):
                file.write(0.1 * rng.standard_normal((60 * RATE, 2)))


def gate(folder: Path, detector: Path) -> None:
    """In a process of its own: print peak memory in MB and seconds."""
    stems = read_stem_folder(folder)
    source = load_detected(detector, stems.targets)
    began = time.monotonic()
    gate_stems(stems.paths, folder.with_name(f"{folder.name}_gated"), source, Gate("hard", 0.5))
    spent = time.monotonic() - began
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, spent)


def main() -> None:
    with tempfile.TemporaryDirectory() as place:
        torch.manual_seed(0)
        detector = Path(place) / "detector.safetensors"
        save(detector, Exported(build(DETECTOR).eval()), DETECTOR)
        found = []
        for minutes in MINUTES:
            folder = Path(place) / str(minutes)
            make_stems(folder, minutes)
            said = subprocess.run(
                [sys.executable, __file__, folder, detector], capture_output=True, text=True, check=True
            ).stdout
            found.append(tuple(map(float, said.split())))
            print(f"{minutes:3} min: peak {found[-1][0]:.0f} MB, {60 * minutes / found[-1][1]:.0f} times real time")
        print(f"{found[1][0] / found[0][0]:.2f} times the memory for {MINUTES[1] / MINUTES[0]:.0f} times the length")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        gate(Path(sys.argv[1]), Path(sys.argv[2]))
    else:
        main()
