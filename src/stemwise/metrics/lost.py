"""What a gate costs: the part of the target it takes away."""

import numpy as np

from stemwise.errors import DataError
from stemwise.metrics.arrays import Real


def lost_energy(reference_power: Real, gate: Real) -> float:
    """100 Σ_t (1 - g_t) Σ_f |S(t, f)|² / Σ_t Σ_f |S(t, f)|², in percent.

    `reference_power` is |S|², (bin, frame) or (channel, bin, frame), of the reference on the gate's frames; `gate` is
    (frame,) with weights 0 to 1. NaN when the reference is silent throughout.
    Raises DataError when the numbers of frames differ.
    """
    reference_power, gate = np.asarray(reference_power), np.asarray(gate)
    if gate.ndim != 1 or reference_power.shape[-1] != gate.size:
        raise DataError(
            f"The gate has shape {gate.shape} and the reference {reference_power.shape}: their frames differ. "
            "Take the reference's STFT with the window and hop of the gate."
        )
    power = reference_power.astype(np.float64).sum(axis=tuple(range(reference_power.ndim - 1)))
    total = power.sum()
    if total == 0:
        return float("nan")
    return float(100 * np.sum((1 - gate.astype(np.float64)) * power) / total)
