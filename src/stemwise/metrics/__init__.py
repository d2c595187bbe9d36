"""Metrics of one target in one song: plain functions of arrays, float64 inside.

Audio is (channel, sample) float at one rate; `bss_eval` and `bss_sdr` take all sources of a song at once, in BSS Eval's
order (source, sample, channel). A figure that does not exist for a song is NaN, to be left out and counted; no
combination of silent inputs raises or warns.
"""

from stemwise.metrics.activity import ActivityScores, OnsetScores, activity_scores, onset_scores
from stemwise.metrics.bss import BssEval, bss_eval, bss_sdr
from stemwise.metrics.intervals import bootstrap_interval, bootstrap_ratio
from stemwise.metrics.lost import lost_energy
from stemwise.metrics.paired import PairedTest, holm, paired_test
from stemwise.metrics.points import figure_over_points, slope_over_points
from stemwise.metrics.ratios import csdr, csdr_common, si_sdr, usdr, windowed_sdr
from stemwise.metrics.silence import SilenceEnergy, rests, silence_energy, silence_ratio

__all__ = [
    "ActivityScores",
    "BssEval",
    "OnsetScores",
    "PairedTest",
    "SilenceEnergy",
    "activity_scores",
    "bootstrap_interval",
    "bootstrap_ratio",
    "bss_eval",
    "bss_sdr",
    "csdr",
    "csdr_common",
    "figure_over_points",
    "holm",
    "lost_energy",
    "onset_scores",
    "paired_test",
    "rests",
    "si_sdr",
    "silence_energy",
    "silence_ratio",
    "slope_over_points",
    "usdr",
    "windowed_sdr",
]
