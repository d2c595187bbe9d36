"""A detector whose answers can be worked out: it hears two tones, each in its own mel band."""

from pathlib import Path

import numpy as np
import soundfile
import torch

from stemwise.export import Exported, build, save
from stemwise.gate import Gate
from stemwise.mel import LogMel

RATE = 16000
TONES = {"low": 220.0, "high": 3000.0}  # Hz
TWO_TONES = {
    "_target_": "stemwise.model.mel.MelModel",
    "net": {"_target_": "stemwise.nets.detection.fully_connected.FullyConnected", "targets": 2, "hidden": []},
    "mel": {"_target_": "stemwise.mel.LogMel"},
    "targets": list(TONES),
    "sample_rate": RATE,
}


def hears_tones(gate: Gate | None = None, bias: float = 0.0) -> Exported:
    """Logit of a target: half the mean dB in the band of its tone over a window (−25 in silence), and `bias`."""
    model = build(TWO_TONES)
    output = model.net.body[0]
    with torch.no_grad():
        output.weight.zero_()
        output.bias.fill_(bias)
        for row, hertz in enumerate(TONES.values()):
            output.weight[row].view(96, 25)[band(hertz)] = 0.5 / 0.05 / 25
    return Exported(model.eval(), gate or Gate("hard", 0.5, 0.0), {"name": "two tones"})


def band(hertz: float) -> int:
    """The mel band that a tone is loudest in."""
    return int(LogMel()(torch.from_numpy(tone(1.0, hertz, RATE)))[:, 25].argmax())


def saved(path: Path, **how) -> Path:
    save(path, hears_tones(**how), TWO_TONES)
    return path


def tone(seconds: float, hertz: float, rate: int) -> np.ndarray:
    return (0.3 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)).astype(np.float32)


def tones(rate: int = 44100) -> np.ndarray:
    """10 s: the low tone, 2 s of silence, both, and the high one: low in 0 to 3 and 5 to 7 s, high in 5 to 10 s."""
    song = np.zeros(10 * rate, np.float32)
    for start, stop, name in ((0, 3, "low"), (5, 7, "low"), (5, 10, "high")):
        song[start * rate : stop * rate] += tone(stop - start, TONES[name], rate)
    return song


PLAYED = [(0.0, 3.0, "low"), (5.0, 7.0, "low"), (5.0, 10.0, "high")]


def tone_song(path: Path, rate: int = 44100, channels: int = 2, **how) -> Path:
    soundfile.write(path, np.repeat(tones(rate)[:, None], channels, axis=1), rate, **how)
    return path
