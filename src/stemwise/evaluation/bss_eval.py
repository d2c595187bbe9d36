"""ISR, SIR and SAR of BSS Eval v4, computed by museval."""

import numpy as np
from numpy.typing import NDArray

from stemwise.audio import Samples
from stemwise.evaluation.reference import Reference
from stemwise.ffmpeg import put_ffmpeg_on_path
from stemwise.metrics.arrays import Doubles, Real

COLUMNS = ("isr", "sir", "sar")
ROUNDING = 2**-15 / 12**0.5  # of 16 bits, as a standard deviation
INAUDIBLE = 1e-10  # enough for museval to drop no window of the other sources
NOTHING = dict.fromkeys(COLUMNS, np.nan)


def bss_eval(truth: Reference, estimates: Samples) -> list[dict[str, float]]:
    """For each target the medians over windows of 1 s, in dB; NaN where its reference or estimate is silent throughout.

    `estimates` is (target, channel, sample). References are the targets that play and are known, and one stem `rest`
    with everything else, without which SIR and SAR book distractors as artefacts. A window counts for a target as
    museval lets it count were that target's estimate the only one: all references sound in it, and this estimate does.
    (Handed over together, a window that a gate closed for one target would be lost to all.)

    References get the noise of a 16-bit file's rounding. Instruments without highs, resampled in floating point, have
    spectra with exact nothing in them; the filters of 512 taps are then solutions of a singular system, and SIR came
    out 20 dB too low.

    Raises MissingExtra without ffmpeg.
    """
    put_ffmpeg_on_path()
    played = np.flatnonzero(truth.present & truth.known)
    references = _references(truth, played)
    scores = [dict(NOTHING) for _ in estimates]
    if not len(played):
        return scores
    silent = _silent_windows(estimates[played], truth.rate) | _silent_windows(references, truth.rate).any(axis=0)
    references = references + _noise(references, ROUNDING)
    estimated = references.copy()
    estimated[: len(played)] = estimates[played] + _noise(estimates[played], INAUDIBLE)
    for name, figure in zip(COLUMNS, _museval(references, estimated, truth.rate), strict=True):
        for place, target in enumerate(played):
            scores[target][name] = _median(figure[place][~silent[place]])
    return scores


def _references(truth: Reference, played: NDArray[np.int64]) -> Doubles:
    """(source, channel, sample): the targets that play, and what else there is unless it is silent."""
    rest = truth.mixture - truth.stems[played].sum(axis=0)
    heard = np.abs(rest).max() > 1e-6 * np.abs(truth.mixture).max()  # less is the rounding of the difference
    return np.concatenate([truth.stems[played], rest[None][: int(heard)]]).astype(np.float64)


def _silent_windows(estimates: Real, rate: int) -> NDArray[np.bool_]:
    """(target, window) True where the sum of the channels is zero at every sample of museval's window."""
    size = min(rate, estimates.shape[-1])
    count = estimates.shape[-1] // size
    windows = estimates.sum(axis=1)[:, : count * size].reshape(len(estimates), count, size)
    return np.asarray(~windows.any(axis=2))


def _noise(like: Real, level: float) -> Doubles:
    """The same each time."""
    noise: Doubles = level * np.random.default_rng(0).standard_normal(like.shape)
    return noise


def _museval(references: Doubles, estimates: Doubles, rate: int) -> tuple[Doubles, ...]:
    """isr, sir, sar, each (source, window)."""
    import museval

    sources = (np.moveaxis(audio, 1, 2) for audio in (references, estimates))
    _, isr, sir, sar = museval.evaluate(*sources, win=rate, hop=rate)
    return isr, sir, sar


def _median(figures: Doubles) -> float:
    known = figures[~np.isnan(figures)]
    return float(np.median(known)) if len(known) else float("nan")
