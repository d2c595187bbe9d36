"""One line for each song, target, system and gate."""

from collections.abc import Iterator, Sequence
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
    """What a separator made of a song: ungated stems (target, channel, sample), probability (target, frame) or None."""

    stems: Samples
    probability: NDArray[np.float32] | None


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
    """Every metric for the bounds and for the model under each of `gates` (off, hard, soft, oracle).

    `name` is the model's in the column `system`. Targets whose reference is not known are left out; so are hard and
    soft gates of a model that detects no activity. ISR, SIR and SAR are NaN unless asked for.
    """
    if estimated.probability is None:
        gates = [gate for gate in gates if gate in ("off", "oracle")]
    lines = []
    powers = [_power(separator, stem) for stem in truth.stems]
    for row in _rows(separator, truth, estimated, gates, name):
        projected = bss_eval.bss_eval(truth, row.stems) if with_bss_eval else [bss_eval.NOTHING] * len(truth.stems)
        for index, target in enumerate(separator.model.targets):
            if truth.known[index]:
                line: dict[str, Any] = {"song": truth.name, "target": target, "system": row.system, "gate": row.gate}
                line["present"] = bool(truth.present[index])
                line["active_share"] = float((truth.confidence[index] >= ACTIVE).mean())
                line |= _ratios(truth, row.stems[index], index) | projected[index] | NO_ACTIVITY
                line["lost_energy"] = metrics.lost_energy(powers[index], row.weights[index])
                line["target_energy"] = float(powers[index].sum())
                if row.gate and estimated.probability is not None:
                    line |= _activity(separator.gate, truth, estimated.probability, separator.model.frame_rate, index)
                lines.append(line)
    return lines


def gated(separator: Separator, truth: Reference, estimated: Estimated, kind: str) -> Row:
    """The model's stems under one gate: oracle is the true labels, unfiltered; hard has the separator's settings."""
    if kind == "oracle":
        weights = (truth.confidence >= ACTIVE).astype(np.float32)
    else:
        gate: Gate = replace(separator.gate, kind=kind)  # type: ignore[arg-type]
        weights = replace_gate(separator, gate).weights(estimated.probability, estimated.stems.shape[-1])
    stems = estimated.stems.copy()
    for stem, weight in zip(stems, weights, strict=True):
        apply_gate(stem, weight, separator.stft)
    return Row("", kind, stems, weights)


def replace_gate(separator: Separator, gate: Gate) -> Separator:
    return Separator(separator.model, gate, separator.chunk_seconds, separator.device)


def _rows(
    separator: Separator, truth: Reference, estimated: Estimated, gates: Sequence[str], name: str
) -> Iterator[Row]:
    open_gate = np.ones_like(truth.confidence)
    stems = truth.stems
    yield Row("mixture", "", np.broadcast_to(truth.mixture, stems.shape), open_gate)
    yield Row("silence", "", np.zeros_like(stems), open_gate)
    for bound, estimates in ideal_masks(stems, truth.mixture, separator.stft).items():
        yield Row(bound, "", estimates, open_gate)
    for kind in gates:
        yield replace(gated(separator, truth, estimated, kind), system=name)


def _ratios(truth: Reference, estimate: Samples, index: int) -> dict[str, float]:
    wanted, rate = truth.stems[index], truth.rate
    silence = metrics.silence_energy(estimate, wanted, truth.mixture, rate)
    return {
        "usdr": metrics.usdr(wanted, estimate),
        "csdr": metrics.csdr(wanted, estimate, rate),
        "csdr_common": metrics.csdr_common(wanted, estimate, rate),
        "si_sdr": metrics.si_sdr(wanted, estimate),
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


def _power(separator: Separator, stem: Samples) -> NDArray[np.float64]:
    """|STFT|² (channel, bin, frame) of a reference on the gate's frames."""
    spectrum = separator.stft(torch.from_numpy(np.ascontiguousarray(stem)))
    return np.asarray(spectrum.abs().square().double().numpy())
