"""Metrics of one target in one song: plain functions of arrays, float64 inside.

Audio is (channel, sample) float at one rate; `bss_eval` and `bss_sdr` take all sources of a song at once, in BSS Eval's
order (source, sample, channel). A figure that does not exist for a song is NaN, to be left out and counted; no
combination of silent inputs raises or warns. `stemwise.metrics.detection` has those of a detector: of clips × targets
of many songs at once.
"""

from stemwise.metrics.activity import ActivityScores, OnsetScores, activity_scores, onset_scores
from stemwise.metrics.bss import BssEval, bss_eval, bss_sdr
from stemwise.metrics.detection import (
    Clips,
    Confusion,
    Reliability,
    best_thresholds,
    confusion,
    cut_scores,
    lrap,
    pooled,
    ranking_scores,
    reliability,
)
from stemwise.metrics.intervals import bootstrap_interval, bootstrap_ratio
from stemwise.metrics.lost import lost_energy
from stemwise.metrics.paired import PairedTest, holm, paired_test
from stemwise.metrics.points import figure_over_points, slope_over_points
from stemwise.metrics.ratios import csdr, csdr_common, si_sdr, usdr, windowed_sdr
from stemwise.metrics.silence import SilenceEnergy, rests, silence_energy, silence_ratio

__all__ = [
    "ActivityScores",
    "BssEval",
    "Clips",
    "Confusion",
    "OnsetScores",
    "PairedTest",
    "Reliability",
    "SilenceEnergy",
    "activity_scores",
    "best_thresholds",
    "bootstrap_interval",
    "bootstrap_ratio",
    "bss_eval",
    "bss_sdr",
    "confusion",
    "csdr",
    "csdr_common",
    "cut_scores",
    "figure_over_points",
    "holm",
    "lost_energy",
    "lrap",
    "onset_scores",
    "paired_test",
    "pooled",
    "ranking_scores",
    "reliability",
    "rests",
    "si_sdr",
    "silence_energy",
    "silence_ratio",
    "slope_over_points",
    "usdr",
    "windowed_sdr",
]
