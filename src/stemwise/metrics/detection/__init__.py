"""Which targets play in a clip: scores of clips × targets, with what is not known masked everywhere.

`Clips` holds what was said and what is true; everything takes it, and weights of songs (draw, song), so that a
bootstrap over songs is a sum with other weights.
"""

from stemwise.metrics.detection.bootstrap import Figure, draws_of, macro, macro_figure, target_figures, weights_of
from stemwise.metrics.detection.calibration import Reliability, reliability
from stemwise.metrics.detection.clips import Clips
from stemwise.metrics.detection.confusion import Confusion, confusion
from stemwise.metrics.detection.paired import Difference, difference, over_seeds, same_truth
from stemwise.metrics.detection.pooling import LEVELS, pooled
from stemwise.metrics.detection.ranking import clip_lrap, lrap, ranking_scores
from stemwise.metrics.detection.thresholds import CutScores, best_thresholds, called, cut_scores, f1_curve

__all__ = [
    "LEVELS",
    "Clips",
    "Confusion",
    "CutScores",
    "Difference",
    "Figure",
    "Reliability",
    "best_thresholds",
    "called",
    "clip_lrap",
    "confusion",
    "cut_scores",
    "difference",
    "draws_of",
    "f1_curve",
    "lrap",
    "macro",
    "macro_figure",
    "over_seeds",
    "pooled",
    "ranking_scores",
    "reliability",
    "same_truth",
    "target_figures",
    "weights_of",
]
