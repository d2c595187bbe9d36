"""The figures of a detector, 0 to 1, higher is better: names and the definitions printed beside them."""

from dataclasses import dataclass

DIGITS = 3


@dataclass(frozen=True)
class DetectionMeasure:
    column: str
    heading: str
    definition: str


MEASURES = (
    DetectionMeasure(
        "auc", "ROC AUC",
        "The chance that a clip in which the target plays has a higher probability than one in which it rests, ties "
        "half. 0.5 is chance, however rare the target is. Mean over the targets that both play and rest.",
    ),
    DetectionMeasure(
        "lrap", "LRAP",
        "Label ranking average precision of a clip: for each target that plays, the share of playing ones among those "
        "that are at least as probable. Mean over clips; clips in which no target plays are left out and counted.",
    ),
    DetectionMeasure(
        "average_precision", "AP",
        "Average precision, Σ (R_n − R_(n−1)) P_n: precision averaged over recall. Chance is the share of clips in "
        "which the target plays, so targets and levels cannot be compared by it. Mean over the targets that both play "
        "and rest.",
    ),
    DetectionMeasure(
        "f1", "F1",
        "2 TP / (2 TP + FP + FN) over all clips, above the target's threshold. Mean over the targets that play "
        "anywhere.",
    ),
    DetectionMeasure(
        "precision", "Precision",
        "Clips rightly called active / all so called. Mean over the targets that are called active anywhere.",
    ),
    DetectionMeasure(
        "recall", "Recall",
        "Clips rightly called active / all in which the target plays. Mean over the targets that play anywhere.",
    ),
)  # fmt: skip

BY_COLUMN = {measure.column: measure for measure in MEASURES}
OF_RANKS = ("auc", "lrap", "average_precision")  # to which thresholds are nothing
COMPARED = ("auc", "lrap", "average_precision", "f1")
# Which targets have a precision depends on the system, so its means may be over other targets.
COMPARABLE = (*COMPARED, "recall")
PER_TARGET = tuple(measure.column for measure in MEASURES if measure.column != "lrap")

TERMS = {
    "Clip": "A second of a song. A target is active in it if its activation confidence reaches the label's threshold "
    "in any frame.",
    "5 s, 10 s, song": "The highest probability of the seconds, and active where any of them is. A last group that is "
    "not full is left out, unless it is the song's only one; a group is known where all of its seconds are.",
    "[low, high]": "95 % interval over songs: 2.5 % and 97.5 % of the figures that songs drawn anew with replacement "
    "give. In a draw without one of the targets the mean is over the others; a target's own figure has an interval if "
    "it plays in 2 songs and rests in 2.",
    "Threshold": "A target is called active strictly above it.",
    "False positive, false negative": "Called active while it rests; not called active while it plays.",
    "Calibration error": "How far the share of active clips lies from the mean probability, averaged over ten bins "
    "equally wide, each by its number of clips.",
}
