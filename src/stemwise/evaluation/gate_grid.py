"""Many settings of the gate at once: thresholds × median filters, and the gates that have neither."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stemwise import metrics
from stemwise.errors import ModelError
from stemwise.evaluation.moments import Cuts, Moments, Under
from stemwise.evaluation.reference import Reference
from stemwise.evaluation.scores import Estimated, frame_powers, gate_weights
from stemwise.gate import Gate
from stemwise.metrics.activity import require_numbers
from stemwise.metrics.arrays import Doubles, Real, aligned, decibels, median
from stemwise.metrics.ratios import AUDIBLE, USDR_FLOOR
from stemwise.metrics.silence import FRAMES_A_SECOND
from stemwise.separator import Separator

KINDS = ("off", "hard", "soft", "oracle")
BATCH = 32  # settings at a time, to bound memory
NAN = float("nan")


@dataclass(frozen=True)
class Setting:
    """One column of the grid. NaN stands where a kind has no such number, and for the thresholds of the model's own."""

    kind: str
    threshold: float = NAN
    median_seconds: float = NAN
    own: bool = False


@dataclass(frozen=True)
class GateGrid:
    """Hard gates at each threshold with each median filter (seconds), and the other kinds once each.

    With `hard` the model's own gate is among them. Raises ModelError for what no gate can have, and for nothing.
    """

    thresholds: Sequence[float] = (*(number / 20 for number in range(1, 20)), 0.98)
    median_seconds: Sequence[float] = (0.0, 0.25, 0.488, 1.0, 2.0)
    kinds: Sequence[str] = field(default=KINDS)

    def __post_init__(self) -> None:
        for name in ("thresholds", "median_seconds"):
            given = getattr(self, name)
            if isinstance(given, str | int | float) or not all(isinstance(each, int | float) for each in given):
                raise ModelError(f"gate.{name}={given}: give a list of numbers, as in gate.{name}=[0.3,0.5].")
        strange = [kind for kind in self.kinds if kind not in KINDS]
        if strange or not self.kinds:
            raise ModelError(f"gate.kinds={list(self.kinds)}: choose among {', '.join(KINDS)}.")
        for name in ("thresholds", "median_seconds"):
            if "hard" in self.kinds and not len(getattr(self, name)):
                raise ModelError(f"gate.{name} is empty; name one at least, or leave hard out of gate.kinds.")
        for setting in self.settings(Gate("off")):
            if setting.kind == "hard" and not setting.own:
                Gate("hard", setting.threshold, setting.median_seconds)

    def settings(self, own: Gate) -> list[Setting]:
        """In the order of the grid; `own` is the model's gate, and its thresholds and median are one setting more."""
        found = [Setting(kind) for kind in self.kinds if kind != "hard"]
        if "hard" in self.kinds:
            found.append(Setting("hard", NAN, own.median_seconds, own=True))
            found += [Setting("hard", t, seconds) for seconds in self.median_seconds for t in self.thresholds]
        return found


def score_grid(
    separator: Separator, truth: Reference, estimated: Estimated, grid: GateGrid, name: str = "model"
) -> list[dict[str, Any]]:
    """A line for each known target and setting: what `score_song` says of a gate, without activity and BSS Eval.

    Equal to gating and scoring each, but for rounding: no gated stem is made. Settings that need probabilities are left
    out for a model that has none. Raises AudioError and DataError for NaN, as the scores of a single gate do.
    """
    _require_numbers(truth, estimated)
    settings = [
        setting
        for setting in grid.settings(separator.gate)
        if estimated.probability is not None or setting.kind in ("off", "oracle")
    ]
    weights = np.stack([_weights(separator, truth, estimated, setting) for setting in settings], axis=1)
    tenth = max(round(truth.rate / FRAMES_A_SECOND), 1)
    cuts = Cuts.of(truth.mixture.shape[-1], separator.stft.hop, truth.rate, tenth)
    thresholds = np.broadcast_to(np.asarray(separator.gate.threshold, dtype=float), len(truth.stems))
    lines = []
    for index, target in enumerate(separator.model.targets):
        if not truth.known[index]:
            continue
        power = frame_powers(separator, truth.stems[index])
        for setting, scores in zip(
            settings, _scores(separator, truth, estimated, weights[index], power, cuts, index), strict=True
        ):
            chosen = replace(setting, threshold=float(thresholds[index])) if setting.own else setting
            lines.append({"song": truth.name, "target": target, "system": name, **vars(chosen), **scores})
    return lines


def _require_numbers(truth: Reference, estimated: Estimated) -> None:
    """A net that diverged has no figures: from energies of NaN it would get the best there are."""
    for index in np.flatnonzero(truth.known):
        aligned(estimate=estimated.stems[index])
        if (said := estimated.activity_of(int(index))) is not None:
            require_numbers(said[index])


def _weights(separator: Separator, truth: Reference, estimated: Estimated, setting: Setting) -> NDArray[np.float32]:
    gate = separator.gate
    if setting.kind == "hard" and not setting.own:
        gate = Gate("hard", setting.threshold, setting.median_seconds)
    return gate_weights(separator, truth, estimated, setting.kind, gate)


def _scores(
    separator: Separator,
    truth: Reference,
    estimated: Estimated,
    weights: NDArray[np.float32],
    power: Doubles,
    cuts: Cuts,
    index: int,
) -> Iterator[dict[str, Any]]:
    """Of one target, a dictionary for each of the weights (setting, frame)."""
    facts = _Facts.of(truth.stems[index], truth.mixture, truth.rate, cuts)
    moments = Moments.of(truth.stems[index], estimated.stems[index], cuts, separator.stft)
    for start in range(0, len(weights), BATCH):
        some = weights[start : start + BATCH]
        columns = facts.figures(moments.under(some)) | {
            "lost_energy": np.array([metrics.lost_energy(power, row) for row in some]),
            "target_energy": np.full(len(some), float(power.sum())),
            "present": np.full(len(some), bool(truth.present[index])),
        }
        for row in range(len(some)):
            yield {key: column[row].item() for key, column in columns.items()}


@dataclass(frozen=True)
class _Facts:
    """What does not depend on the estimate.

    second, playing: (window,) energies of the reference, and where the sum of its channels is not zero; sounds: the
    same of the whole song. chosen: (tenth,) the rests; mixed: energies of the mixture in them. shorter: than a second.
    """

    cuts: Cuts
    energy: float
    second: Doubles
    playing: NDArray[np.bool_]
    sounds: bool
    chosen: NDArray[np.bool_]
    mixed: Doubles
    rest_seconds: float
    shorter: bool

    @classmethod
    def of(cls, wanted: Real, mixture: Real, rate: int, cuts: Cuts) -> "_Facts":
        tenth = max(round(rate / FRAMES_A_SECOND), 1)
        count = len(cuts.seconds) - 1
        size = min(rate, cuts.samples)
        s = np.asarray(wanted, np.float64)
        windows = s[:, : count * size].reshape(len(s), count, size)
        chosen = metrics.rests(s, mixture, rate)
        x = np.asarray(mixture, np.float64)[:, : len(chosen) * tenth].reshape(len(mixture), len(chosen), tenth)
        return cls(
            cuts,
            float(np.sum(s**2)),
            np.sum(windows**2, axis=(0, 2)),
            windows.sum(axis=0).any(axis=-1),
            bool(s.sum(axis=0).any()),
            chosen,
            np.sum(x[:, chosen] ** 2, axis=(0, 2)),
            float(chosen.sum()) * tenth / rate,
            cuts.samples < rate,
        )

    def figures(self, under: Under) -> dict[str, NDArray[Any]]:
        """Columns (setting,) by name, by the rules of `metrics`."""
        return self._ratios(under) | self._silence(under)

    def _ratios(self, under: Under) -> dict[str, NDArray[Any]]:
        error = under.error.sum(axis=1)
        nothing = np.full(len(error), NAN)
        if self.energy == 0:
            return dict.fromkeys(("usdr", "csdr", "csdr_common", "si_sdr"), nothing)
        sdr = decibels(self.second, _each(np.add, under.error, self.cuts.seconds))
        silent = ~self.playing | ~_each(np.logical_or, under.sounds, self.cuts.seconds)
        csdr = median(np.where(silent, NAN, sdr), axis=1)
        common = self.second > AUDIBLE * self.second.max()
        # Of y = s + r the part along s is that of s and of r; what is left of r is left of y.
        across = np.maximum(error - under.overlap**2 / self.energy, 0.0)
        return {
            "usdr": decibels(self.energy + USDR_FLOOR, error + USDR_FLOOR),
            "csdr": np.where(under.anything | (not self.sounds), csdr, 0.0),
            "csdr_common": nothing if self.shorter else median(sdr[:, common], axis=1),
            "si_sdr": np.where(under.anything, decibels(under.along**2 / self.energy, across), -np.inf),
        }

    def _silence(self, under: Under) -> dict[str, NDArray[Any]]:
        estimated = _each(np.add, under.energy, self.cuts.tenths)[:, self.chosen]
        rows = [metrics.silence_ratio(row, self.mixed, self.rest_seconds) for row in estimated]
        columns = {"silence_energy": "energy_db", "silence_share": "share_silent", "rest_seconds": "seconds"}
        columns |= {"rest_estimate": "estimate", "rest_mixture": "mixture"}
        return {name: np.array([getattr(row, key) for row in rows]) for name, key in columns.items()}


def _each(combine: np.ufunc, pieces: NDArray[Any], first: NDArray[np.int64]) -> NDArray[Any]:
    """(setting, piece) → (setting, window): what the pieces of each full window give together."""
    inside = pieces[:, : first[-1]]
    if len(first) == 1:
        return inside[:, :0]
    return np.asarray(combine.reduceat(inside, first[:-1], axis=1))
