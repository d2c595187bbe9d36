"""A training step of `iass_light` (8 × 4 s, loss=relative, one core): 32 bits, against precision=bf16-mixed."""

import numpy as np
import torch
from bench_relative import make_batch
from training import step

from stemwise.export import SHIPPED, build, describe
from stemwise.losses import ActivityCrossEntropy, RelativeError, WeightedTerms

ROUNDS = 9


def main() -> None:
    torch.manual_seed(0)
    torch.set_num_threads(1)
    model = build(describe(SHIPPED)["model"]).train()
    batch, optimizer = make_batch(model.stft), torch.optim.Adam(model.parameters())
    terms = {"separation": RelativeError(model.stft), "activity": ActivityCrossEntropy()}
    loss = WeightedTerms(terms, {"separation": 10.0, "activity": 1.0}, model.outputs)

    def seconds(half: bool) -> float:
        with torch.autocast("cpu", torch.bfloat16, enabled=half):  # as Lightning's bf16-mixed does
            return step(model, batch, loss, optimizer)

    for half in (False, True):
        seconds(half)
    whole, half = np.median([[seconds(half) for half in (False, True)] for _ in range(ROUNDS)], axis=0)
    print(f"bf16 units: {torch.cpu.get_capabilities().get('avx512_bf16', False)}")
    print(f"32 bits {whole:.3f} s, bf16-mixed {half:.3f} s, ratio {whole / half:.2f}")


if __name__ == "__main__":
    main()
