"""One line for each song, target, system and gate."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from stemwise import metrics
from stemwise.activity import segments
from stemwise.audio import Samples
from stemwise.evaluation import bss_eval
from stemwise.evaluation.bounds import ideal_masks
from stemwise.evaluation.reference import Reference
from stemwise.gate import Gate
from stemwise.separator import Separator, apply_gate

ACTIVE = 0.5  # confidence from which a label counts as active
# What stands in the lines of systems that say nothing of activity.
NO_ACTIVITY = {field.name: np.nan for kind in (metrics.ActivityScores, metrics.OnsetScores) for field in fields(kind)}


@dataclass(frozen=True)
class Estimated:
    """What a separator made of a song: ungated stems (target, channel, sample), probability (target, frame) or None.

    judged (target,): False where the probability is nobody's and only keeps a gate open; None: all are somebody's.
    """

    stems: Samples
    probability: NDArray[np.float32] | None
    judged: NDArray[np.bool_] | None = None

    def activity_of(self, index: int) -> NDArray[np.float32] | None:
        """Probability (target, frame) where somebody judged this target."""
        return None if self.judged is not None and not self.judged[index] else self.probability


@dataclass(frozen=True)
class Row:
    """Stems (target, channel, sample) of one system under one gate, and the gate's weights (target, frame)."""

    system: str
    gate: str
    stems: Samples
    weights: NDArray[np.float32]


def score_song(
    separator: Separator,
    truth: Reference,
    estimated: Estimated,
    gates: Sequence[str],
    name: str = "model",
    with_bss_eval: bool = False,
) -> list[dict[str, Any]]:
    """`score_bounds` and `score_model` together."""
    bounds = score_bounds(separator, truth, with_bss_eval)
    return bounds + score_model(separator, truth, estimated, gates, name, with_bss_eval)


def score_bounds(separator: Separator, truth: Reference, with_bss_eval: bool = False) -> list[dict[str, Any]]:
    """Every metric for mixture, silence and ideal masks, which depend on no more of the separator than its STFT."""
    return _lines(separator, truth, Estimated(truth.stems, None), _bounds(separator, truth), with_bss_eval)


def score_model(
    separator: Separator,
    truth: Reference,
    estimated: Estimated,
    gates: Sequence[str],
    name: str = "model",
    with_bss_eval: bool = False,
    source: str = "",
) -> list[dict[str, Any]]:
    """Every metric for the model under each of `gates` (off, hard, soft, oracle).

    `name` is the model's in the column `system`. Targets whose reference is not known are left out; so are hard and
    soft gates of a model that detects no activity. ISR, SIR and SAR are NaN unless asked for. `source` is whose the
    probability is, if not the model's: hard and soft gates are called `hard, <source>` then.
    """
    if estimated.probability is None:
        gates = [gate for gate in gates if gate in ("off", "oracle")]
    rows = (
        replace(gated(separator, truth, estimated, kind), system=name, gate=gate_name(kind, source)) for kind in gates
    )
    return _lines(separator, truth, estimated, rows, with_bss_eval)


def gate_name(kind: str, source: str = "") -> str:
    """What stands in the column `gate`: the kind, and whose activity it goes by if that is not the model's own."""
    return f"{kind}, {source}" if source and kind in ("hard", "soft") else kind


def gated(separator: Separator, truth: Reference, estimated: Estimated, kind: str) -> Row:
    """The model's stems under one gate: oracle is the true labels, unfiltered; hard has the separator's settings."""
    weights = gate_weights(separator, truth, estimated, kind, separator.gate)
    stems = np.array(estimated.stems)
    for stem, weight in zip(stems, weights, strict=True):
        apply_gate(stem, weight, separator.stft)
    return Row("", kind, stems, weights)


def gate_weights(
    separator: Separator, truth: Reference, estimated: Estimated, kind: str, gate: Gate
) -> NDArray[np.float32]:
    """(target, frame) of one kind of gate; hard has the settings of `gate`."""
    if kind == "oracle":
        return (truth.confidence >= ACTIVE).astype(np.float32)
    if estimated.probability is None:
        return np.ones((len(estimated.stems), truth.confidence.shape[1]), np.float32)
    chosen: Gate = replace(gate, kind=kind)  # type: ignore[arg-type]
    return chosen.weights(estimated.probability, separator.model.frame_rate)


def _bounds(separator: Separator, truth: Reference) -> Iterator[Row]:
    open_gate = np.ones_like(truth.confidence)
    stems = truth.stems
    yield Row("mixture", "", np.broadcast_to(truth.mixture, stems.shape), open_gate)
    yield Row("silence", "", np.zeros_like(stems), open_gate)
    for bound, estimates in ideal_masks(stems, truth.mixture, separator.stft).items():
        yield Row(bound, "", estimates, open_gate)


def _lines(
    separator: Separator,
    truth: Reference,
    estimated: Estimated,
    rows: Iterable[Row],
    with_bss_eval: bool,
) -> list[dict[str, Any]]:
    lines = []
    powers = [frame_powers(separator, stem) for stem in truth.stems]
    for row in rows:
        projected = bss_eval.bss_eval(truth, row.stems) if with_bss_eval else [bss_eval.NOTHING] * len(truth.stems)
        for index, target in enumerate(separator.model.targets):
            if truth.known[index]:
                line: dict[str, Any] = {"song": truth.name, "target": target, "system": row.system, "gate": row.gate}
                line["present"] = bool(truth.present[index])
                line["active_share"] = float((truth.confidence[index] >= ACTIVE).mean())
                line |= _ratios(truth, row.stems[index], index) | projected[index] | NO_ACTIVITY
                line["lost_energy"] = metrics.lost_energy(powers[index], row.weights[index])
                line["target_energy"] = float(powers[index].sum())
                if (probability := estimated.activity_of(index)) is not None:
                    line |= _activity(separator.gate, truth, probability, separator.model.frame_rate, index)
                lines.append(line)
    return lines


def _ratios(truth: Reference, estimate: Samples, index: int) -> dict[str, float]:
    # Each metric would make its own copies in float64.
    wanted, found, mixture = (audio.astype(np.float64) for audio in (truth.stems[index], estimate, truth.mixture))
    rate = truth.rate
    silence = metrics.silence_energy(found, wanted, mixture, rate)
    return {
        "usdr": metrics.usdr(wanted, found),
        "csdr": metrics.csdr(wanted, found, rate),
        "csdr_common": metrics.csdr_common(wanted, found, rate),
        "si_sdr": metrics.si_sdr(wanted, found),
        "silence_energy": silence.energy_db,
        "silence_share": silence.share_silent,
        "rest_seconds": silence.seconds,
        "rest_estimate": silence.estimate,
        "rest_mixture": silence.mixture,
    }


def _activity(
    gate: Gate, truth: Reference, probability: NDArray[np.float32], frame_rate: float, index: int
) -> dict[str, float]:
    """Frames at the threshold, unfiltered; onsets and offsets of the hard gate's segments."""
    threshold = np.broadcast_to(np.asarray(gate.threshold, dtype=float), len(probability))[index]
    confidence = truth.confidence[index]
    times = np.arange(len(confidence)) / frame_rate
    decided = replace(gate, kind="hard").weights(probability, frame_rate)[index]
    events = metrics.onset_scores(segments(confidence, times, ACTIVE), segments(decided, times))
    frames = metrics.activity_scores(confidence >= ACTIVE, probability[index], float(threshold))
    return asdict(frames) | asdict(events)


def frame_powers(separator: Separator, stem: Samples) -> NDArray[np.float64]:
    """Σ_f |STFT|² over channels and bins, (1, frame), of a reference on the gate's frames."""
    spectrum = separator.stft(torch.from_numpy(np.ascontiguousarray(stem)))
    return np.asarray(spectrum.abs().square().double().sum(dim=(0, 1)).numpy())[None]
