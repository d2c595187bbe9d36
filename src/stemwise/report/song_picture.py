"""A song as a picture: its stems as waveforms over activity lanes, with segments and sections."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stemwise.activity import LABELS, Rule, frame_times, segments
from stemwise.labels import song_confidence
from stemwise.report.canvas import BLUE, GREEN, GREY, ORANGE, new_figure, png
from stemwise.song import Song

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLUMNS = 1600  # of a waveform, a lowest and a highest sample each
LANE = 0.62  # inches


@dataclass(frozen=True)
class Section:
    """A part of a song's form, in seconds."""

    name: str
    start: float
    end: float


def song_picture(song: Song, sections: Sequence[Section] = (), rule: Rule = LABELS, threshold: float = 0.5) -> bytes:
    """PNG: a row a stem with its waveform, confidence (0 to 1) as a line, and its segments as bars below.

    Waveforms share one scale, so that loud and soft stems can be told apart.
    """
    confidence = song_confidence(song, rule)
    times = frame_times(confidence.shape[1], rule.hop)
    waves = [waveform(song, index) for index in range(len(song.stems))]
    loudest = max(float(np.abs(wave).max(initial=0.0)) for wave in waves) or 1.0
    figure = new_figure(LANE * len(song.stems) + 1.3)
    lanes = figure.subplots(len(song.stems), 1, sharex=True, squeeze=False)[:, 0]
    for index, (axes, stem) in enumerate(zip(lanes, song.stems, strict=True)):
        _draw_wave(axes, waves[index] / loudest, song.seconds, first=not index)
        _draw_activity(axes, times, confidence[index], threshold, first=not index)
        share = np.mean(confidence[index] >= threshold)
        axes.set_ylabel(f"{stem.id} {stem.label}\n{share:.0%} active", rotation=0, ha="right", va="center", fontsize=8)
        for section in sections:
            axes.axvline(section.start, color="black", linewidth=0.5, alpha=0.35)
    _name_sections(lanes[0], sections)
    lanes[-1].set_xlabel("seconds")
    lanes[-1].set_xlim(0, song.seconds)
    figure.suptitle(f"{song.id}: {song.artist}, {song.title}", fontsize=10)
    handles, labels = lanes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower right", ncols=3, frameon=False, fontsize=8)
    return png(figure)


def waveform(song: Song, index: int) -> NDArray[np.float64]:
    """(2, column): lowest and highest sample of each column of the picture, over all channels; ±1 is full scale."""
    size = max(1, -(-song.samples // COLUMNS))
    found = [(block.min() / full, block.max() / full) for block, full in song.stem_blocks(index, size)]
    out = np.zeros((2, max(1, -(-song.samples // size))))
    out[:, : len(found)] = np.array(found, dtype=np.float64).T.reshape(2, -1)
    return out


def _draw_wave(axes: Axes, wave: NDArray[np.float64], seconds: float, first: bool) -> None:
    """Between 0 and 1, the middle at 0.5, as the lane's confidence is."""
    at = np.linspace(0, seconds, wave.shape[1])
    low, high = 0.5 + 0.5 * wave
    axes.fill_between(at, low, high, color=GREY, linewidth=0.4, label="waveform" if first else None)
    axes.set_ylim(-0.3, 1.05)
    axes.set_yticks([])
    axes.spines[["top", "right", "left"]].set_visible(False)


def _draw_activity(
    axes: Axes, times: NDArray[np.float64], confidence: NDArray[np.float64], threshold: float, first: bool
) -> None:
    axes.plot(times, confidence, color=BLUE, linewidth=0.9, label="activation confidence" if first else None)
    axes.axhline(threshold, color=ORANGE, linewidth=0.5, linestyle=":")
    spans = [(start, max(end - start, times[1] - times[0])) for start, end in segments(confidence, times, threshold)]
    axes.broken_barh(spans, (-0.24, 0.14), color=GREEN, label=f"active (≥ {threshold:g})" if first else None)


def _name_sections(axes: Axes, sections: Sequence[Section]) -> None:
    for section in sections:
        axes.text(section.start, 1.12, f" {section.name}", fontsize=7, va="bottom", clip_on=False)
