"""The columns of the score table: names, units, and the definitions printed beside them."""

from dataclasses import dataclass
from typing import Literal

from stemwise.metrics.intervals import Statistic

Songs = Literal["present", "resting", "any"]


@dataclass(frozen=True)
class Measure:
    """A column of the scores, and how it is condensed over songs.

    songs: those that count: with the target present, with at least 5 s of rests, or any that has a figure
    sums: for a pooled figure the columns whose products are summed, numerator and denominator
    """

    column: str
    heading: str
    unit: str
    statistic: Statistic
    songs: Songs
    better: Literal["higher", "lower"]
    digits: int
    definition: str
    sums: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())


SEPARATION = (
    Measure(
        "usdr",
        "uSDR",
        "dB",
        "mean",
        "present",
        "higher",
        2,
        "10 log10((Σ s² + 1e-7) / (Σ (s − ŝ)² + 1e-7)) over all samples and channels of a song; s is the reference, "
        "ŝ the estimate. An estimate of silence has 0 dB: below 0 dB, a gate that closes raises the figure.",
    ),
    Measure(
        "silence_energy",
        "Silence energy",
        "dB",
        "mean",
        "resting",
        "lower",
        1,
        "Energy of the estimate over that of the mixture in the frames of 0.1 s in which the target rests (60 dB below "
        "its loudest frame, both neighbours too) and the mixture is heard; −80 dB at the lowest. Songs with at least "
        "5 s of such rests count, also those without the target.",
    ),
    Measure(
        "lost_energy",
        "Lost energy",
        "%",
        "mean",
        "present",
        "lower",
        2,
        "Part of the reference's energy that the gate takes away; 0 where there is no gate.",
    ),
    Measure(
        "silence_pooled",
        "Silence energy, pooled",
        "dB",
        "pooled",
        "any",
        "lower",
        1,
        "Energy of the estimates over that of the mixtures in the rests of all songs together, and of all targets: "
        "loud rests count for more.",
        (("rest_estimate",), ("rest_mixture",)),
    ),
    Measure(
        "lost_pooled",
        "Lost energy, pooled",
        "%",
        "pooled",
        "any",
        "lower",
        2,
        "Energy the gate takes away from the references of all songs together, and of all targets, over their energy.",
        (("lost_energy", "target_energy"), ("target_energy",)),
    ),
    Measure(
        "silence_share",
        "Silent rests",
        "",
        "mean",
        "resting",
        "higher",
        3,
        "Share of those rest frames in which the estimate is 60 dB or more below the mixture.",
    ),
    Measure(
        "csdr_common",
        "cSDR, common windows",
        "dB",
        "median",
        "present",
        "higher",
        2,
        "Median over the windows of 1 s in which the reference has more than 1e-6 of the energy of its loudest window. "
        "The windows are the same for every system, so gated and ungated systems can be compared.",
    ),
    Measure(
        "csdr",
        "cSDR",
        "dB",
        "median",
        "present",
        "higher",
        2,
        "SDR of BSS Eval v4 as museval computes it: median over windows of 1 s without those in which the reference or "
        "the estimate is silent. For comparison with papers only: windows that a gate closes leave the median.",
    ),
    Measure(
        "si_sdr",
        "SI-SDR",
        "dB",
        "median",
        "present",
        "higher",
        2,
        "10 log10(‖a s‖² / ‖a s − ŝ‖²) with a = ⟨ŝ, s⟩ / ⟨s, s⟩, no mean removed; −∞ for an estimate of silence.",
    ),
)

ACTIVITY = (
    Measure(
        "auc", "ROC AUC", "", "mean", "any", "higher", 3,
        "Area under the ROC curve of the activity probabilities, by frame; needs both active and resting frames.",
    ),
    Measure(
        "average_precision", "AP", "", "mean", "any", "higher", 3,
        "Average precision of the activity probabilities, by frame.",
    ),
    Measure(
        "f1", "F1", "", "mean", "any", "higher", 3,
        "F1 by frame at the threshold, in songs with the target; so it is not that of the means beside it.",
    ),
    Measure(
        "precision", "Precision", "", "mean", "any", "higher", 3,
        "Frames rightly called active / all so called, also in songs without the target.",
    ),
    Measure("recall", "Recall", "", "mean", "any", "higher", 3, "Frames rightly called active / frames truly active."),
    Measure("onset_f1", "Onsets", "", "mean", "any", "higher", 3, "F1 of the hard gate's onsets within 0.5 s."),
    Measure("offset_f1", "Offsets", "", "mean", "any", "higher", 3, "F1 of the hard gate's offsets within 0.5 s."),
)  # fmt: skip

BSS_EVAL = (
    Measure(
        "isr", "ISR", "dB", "median", "present", "higher", 2,
        "Source image to spatial distortion ratio of BSS Eval v4: median over windows of 1 s in which all "
        "references and this estimate sound, then over songs.",
    ),
    Measure(
        "sir", "SIR", "dB", "median", "present", "higher", 2,
        "Source to interference ratio of BSS Eval v4. The other references are the targets that play and one stem with "
        "everything else; on them it depends.",
    ),
    Measure(
        "sar", "SAR", "dB", "median", "present", "higher", 2,
        "Sources to artefacts ratio of BSS Eval v4; it depends on the other references too.",
    ),
)  # fmt: skip

MEASURES = (*SEPARATION, *BSS_EVAL, *ACTIVITY)

KEYS = ("song", "target", "system", "gate", "present", "rest_seconds")
# What a table of scores must hold; a pooled figure is made of its sums.
COLUMNS = tuple(dict.fromkeys((*KEYS, *(name for m in MEASURES for name in ((*m.sums[0], *m.sums[1]) or (m.column,))))))

HOW_TO_READ = (
    "Each figure is a mean (uSDR, silence, lost energy, activity) or a median (cSDR, SI-SDR) over songs; below it are "
    "the 95 % bootstrap interval over songs and the number n of songs. Ratios and lost energy count the songs that "
    "contain the target, silence those with enough rests. 'All targets' is the mean over targets of their figures."
)

GATES = {
    "": "",
    "off": "no gate",
    "hard": "hard gate",
    "soft": "soft gate",
    "oracle": "oracle gate",
}

LOWER_ROWS = ("mixture", "silence")
UPPER_ROWS = ("ideal binary mask", "ideal ratio mask")

SYSTEMS = {
    "mixture": "the mixture itself as the estimate: what doing nothing scores",
    "silence": "an estimate of zeros: what always closing the gate scores",
    "ideal binary mask": "each bin of the spectrogram given to the target where it is louder than everything else "
    "together, with the phase of the mixture: a bound no net can know in advance",
    "ideal ratio mask": "each bin shared by magnitude, |S| / (|S| + |X − S|), with the phase of the mixture: another "
    "such bound",
}


def name_of(system: str, gate: str) -> str:
    """A row as a reader would name it: 'mixture', 'IASS, hard gate', 'IASS, hard gate by detector'."""
    kind, _, source = gate.partition(", ")
    label = GATES.get(kind, kind) + (f" by {source}" if source else "")
    return f"{system}, {label}" if label else system


def kind_of(gate: str) -> str:
    """The kind of a gate without the source of its activity: hard of `hard, detector`."""
    return gate.partition(", ")[0]
