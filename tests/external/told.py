"""Detectors that are told what to say: a target is a tone, and plays in a window if that sounds in a tenth of it."""

from pathlib import Path

import numpy as np
import torch

from stemwise.export import Exported, build, save
from stemwise.gate import Gate

RATE, MELS = 16000, 96


def description(targets: list[str]) -> dict:
    net = {"_target_": "stemwise.nets.detection.fully_connected.FullyConnected", "targets": len(targets), "hidden": []}
    mel = {"_target_": "stemwise.mel.LogMel"}
    return {"_target_": "stemwise.model.mel.MelModel", "net": net, "mel": mel, "targets": targets, "sample_rate": RATE}


def tone_detector(tones: dict[str, float], threshold: float | list[float] = 0.5) -> Exported:
    """Target → Hz. Silence is -2.5 in every band (-50 dB times 0.05), a tone that sounds throughout above 0: so the
    mean over a window is above -2.25 from a tenth of it on. A tone of 0 Hz is never heard."""
    model = build(description(list(tones))).eval()
    line = model.net.body[-1]
    bands = model.mel.filters.numpy()
    with torch.no_grad():
        line.weight.zero_()
        line.bias.fill_(225.0)
        for row, hertz in enumerate(tones.values()):
            if hertz:
                band = int(bands[:, round(hertz * model.mel.n_fft / RATE)].argmax())
                line.weight[row].reshape(MELS, -1)[band] = 100.0 / line.weight[row].reshape(MELS, -1).shape[1]
            else:
                line.bias[row] = -30.0
    return Exported(model, Gate("hard", threshold, 0.0), {"name": "told"})


def saved(path: Path, tones: dict[str, float], threshold: float | list[float] = 0.5) -> Path:
    save(path, tone_detector(tones, threshold), description(list(tones)))
    return path


def tone(hertz: float, seconds: float, spans: list[tuple[float, float]], rate: int = RATE) -> np.ndarray:
    """(1, sample): a tone in the spans (start, end) in seconds, silent elsewhere."""
    time = np.arange(round(seconds * rate)) / rate
    on = np.zeros(len(time))
    for start, end in spans:
        on[round(start * rate) : round(end * rate)] = 1
    return (0.3 * np.sin(2 * np.pi * hertz * time) * on).astype(np.float32)[None]
