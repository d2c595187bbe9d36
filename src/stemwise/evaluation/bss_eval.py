"""ISR, SIR and SAR of BSS Eval v4 for the targets of a song, as medians over windows."""

import numpy as np
from numpy.typing import NDArray

from stemwise import metrics
from stemwise.audio import Samples
from stemwise.evaluation.reference import Reference
from stemwise.metrics.arrays import median

COLUMNS = ("isr", "sir", "sar")
ROUNDING = 2**-15 / 12**0.5  # of 16 bits, as a standard deviation
NOTHING = dict.fromkeys(COLUMNS, np.nan)


def bss_eval(truth: Reference, estimates: Samples) -> list[dict[str, float]]:
    """For each target the medians over windows of 1 s, in dB; NaN where its reference or estimate is silent throughout.

    `estimates` is (target, channel, sample). References are the targets that play and are known, and one stem `rest`
    with everything else, without which SIR and SAR book distractors as artefacts. A window counts for a target as
    museval lets it count were that target's estimate the only one: all references sound in it, and this estimate does.
    (By museval's own rule, a window that a gate closed for one target would be lost to all.)

    References are taken to have the noise of a 16-bit file's rounding. Instruments without highs, resampled in floating
    point, have spectra with exact nothing in them; what the filters of 512 taps do there is chance, which the edges of
    the windows make heard: SIR came out 20 dB too low.
    """
    played = np.flatnonzero(truth.present & truth.known)
    scores = [dict(NOTHING) for _ in estimates]
    if not len(played):
        return scores
    references = _references(truth, played)
    estimated = np.zeros_like(references)  # the rest has no estimate: a source without figures that costs no other any
    estimated[: len(played)] = estimates[played]
    first, second = (np.moveaxis(side, 1, 2) for side in (references, estimated))
    found = metrics.bss_eval(first, second, truth.rate, silence="references", noise=ROUNDING)
    for name in COLUMNS:
        for target, figure in zip(played, median(getattr(found, name), axis=1), strict=False):
            scores[target][name] = float(figure)
    return scores


def _references(truth: Reference, played: NDArray[np.int64]) -> Samples:
    """(source, channel, sample): the targets that play, and what else there is unless it is silent."""
    rest = truth.mixture - truth.stems[played].sum(axis=0)
    heard = np.abs(rest).max() > 1e-6 * np.abs(truth.mixture).max()  # less is the rounding of the difference
    return np.concatenate([truth.stems[played], rest[None][: int(heard)]])
