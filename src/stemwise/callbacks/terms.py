"""What a task's present weights come to on validation batches."""

from collections.abc import Iterable
from typing import Any

import torch

from stemwise.loading.batch import Batch


def validation_terms(task: Any, batches: Iterable[Batch], device: torch.device) -> dict[str, float]:
    """val/loss and val/<term> (unweighted) of the task's present weights: means over the excerpts of `batches`."""
    task.to(device).eval()
    sums: dict[str, float] = {}
    count = 0
    with torch.no_grad():
        for batch in batches:
            moved = task.transfer_batch_to_device(batch, device, 0)
            for name, value in task.loss(task(moved.mixture), moved).items():
                sums[f"val/{name}"] = sums.get(f"val/{name}", 0.0) + float(value) * len(moved.mixture)
            count += len(moved.mixture)
    return {name: total / count for name, total in sums.items()}
