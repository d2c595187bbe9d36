"""Mel spectrograms of clips side by side, as PNG bytes."""

import numpy as np

from stemwise.audio import Samples
from stemwise.metrics.arrays import Doubles
from stemwise.report.canvas import new_figure, png

MELS, LOWEST = 80, 40.0  # bands, and Hz below which there is little but rumble


def mel_spectrograms(clips: dict[str, Samples], rate: int, floor: float = -70.0) -> bytes:
    """Log-mel spectrograms of (channel, sample) clips side by side, in dB below the loudest band of all of them."""
    import librosa

    count = max(len(clips), 1)
    figure = new_figure(2.4)
    panels = figure.subplots(1, count, sharey=True, squeeze=False)[0]
    bands = {name: _mel_power(clip, rate) for name, clip in clips.items()}
    loudest = max((float(power.max(initial=0.0)) for power in bands.values()), default=0.0) or 1.0
    image = None
    for axes, (name, power) in zip(panels, bands.items(), strict=False):
        level = 10 * np.log10(np.maximum(power / loudest, 10 ** (floor / 10)))
        stretch = (0.0, max(clips[name].shape[-1], 1) / rate, 0.0, float(len(power)))
        image = axes.imshow(
            level,
            origin="lower",
            aspect="auto",
            extent=stretch,
            cmap="cividis",
            vmin=floor,
            vmax=0,
            interpolation="nearest",
        )
        axes.set_title(name, fontsize=10, loc="left")
        axes.set_xlabel("seconds")
    hertz = librosa.mel_frequencies(MELS + 2, fmin=LOWEST, fmax=rate / 2)[1:-1]
    marks = [mark for mark in (300, 1000, 3000, 10000) if mark < hertz[-1]]
    panels[0].set_yticks(np.interp(marks, hertz, np.arange(MELS) + 0.5), [f"{mark:,}" for mark in marks])
    panels[0].set_ylabel("Hz")
    if image is not None:
        figure.colorbar(image, ax=list(panels), label="dB", pad=0.01)
    return png(figure, dpi=100)


def _mel_power(clip: Samples, rate: int) -> Doubles:
    """(band, frame); the channels averaged in power. 40 frames a second are as many as the panel has pixels."""
    import librosa

    length, hop = 2 ** int(np.ceil(np.log2(0.06 * rate))), max(rate // 40, 1)
    if clip.shape[-1] == 0:
        return np.zeros((MELS, 1))
    power = librosa.feature.melspectrogram(
        y=clip.astype(np.float32), sr=rate, n_fft=length, hop_length=hop, n_mels=MELS, fmin=LOWEST, norm=None
    )
    averaged: Doubles = np.asarray(power, dtype=np.float64).mean(axis=0)
    return averaged
