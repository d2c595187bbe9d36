"""The running average of the weights: against a recurrence by hand, and the choice between it and the best step."""

import math

import pytest
import pytorch_lightning as pl
import torch
from torch import nn

from stemwise.callbacks.averaging import WeightAverage
from stemwise.callbacks.checkpoints import load_best
from stemwise.callbacks.terms import validation_terms
from stemwise.loading.batch import Batch
from stemwise.losses import ActivityCrossEntropy, MaskedMagnitude, WeightedTerms
from stemwise.model import SpectralModel
from stemwise.nets.separation.iass_small import IassSmall
from stemwise.spectral import Stft
from stemwise.tasks.separation import SeparationTask


class Batchlike(tuple):
    @property
    def mixture(self):
        return self[0]


class Toy(pl.LightningModule):
    """Learns to give 1; the same interface as SeparationTask, as far as the average needs it."""

    def __init__(self, rates: list[float]) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 1, bias=False)
        nn.init.zeros_(self.layer.weight)
        self.rates, self.seen = rates, []

    def forward(self, mixture):
        return self.layer(mixture)

    def loss(self, estimate, batch):
        return {"loss": (estimate - 1).square().mean()}

    def training_step(self, batch, index):
        self.seen.append(self.layer.weight.item())
        return self.loss(self(batch[0]), batch)["loss"]

    def validation_step(self, batch, index):
        self.log("val/loss", self.loss(self(batch[0]), batch)["loss"], batch_size=len(batch[0]))

    def transfer_batch_to_device(self, batch, device, index):
        return Batchlike(batch)

    def configure_optimizers(self):
        optimizer = torch.optim.SGD(self.parameters(), lr=1.0)
        return [optimizer], [{"scheduler": torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: self.rates[step]),
                              "interval": "step"}]  # fmt: skip


def fitted(tmp_path, rates, epochs=3, decay=0.9, average=None):
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(torch.ones(4, 1)), batch_size=2)
    average = average or WeightAverage(decay)
    saver = pl.callbacks.ModelCheckpoint(tmp_path, "best", monitor="val/loss", enable_version_counter=False)
    last = pl.callbacks.ModelCheckpoint(tmp_path, "last", enable_version_counter=False)
    trainer = pl.Trainer(max_epochs=epochs, accelerator="cpu", logger=False, callbacks=[saver, last, average],
                         enable_progress_bar=False, enable_model_summary=False, num_sanity_val_steps=0)  # fmt: skip
    toy = Toy(rates)
    trainer.fit(toy, loader, loader)
    return trainer, toy, average


def test_the_average_is_the_recurrence(tmp_path):
    _, toy, average = fitted(tmp_path, [0.1] * 10)
    mine = 0.0
    for step, weight in enumerate([*toy.seen[1:], toy.layer.weight.item()], start=1):
        kept = min(0.9, (1 + step) / (10 + step))
        mine = kept * mine + (1 - kept) * weight
    assert average.steps == 6
    assert average.average["layer.weight"].item() == pytest.approx(mine, rel=1e-5)


def test_validating_the_average_leaves_the_weights_alone(tmp_path):
    with_average = fitted(tmp_path / "a", [0.1] * 10)[1].layer.weight.item()
    without = fitted(tmp_path / "b", [0.1] * 10, average=pl.Callback())[1].layer.weight.item()
    assert with_average == without


@pytest.mark.parametrize(
    ("rates", "kept"),
    [([0.1] * 10, "of a step"), ([0.95] * 10, "averaged")],
    ids=["steady learning: the average lags behind", "jumping to and fro: the average lies between"],
)
def test_the_better_of_both_is_kept_and_named(tmp_path, rates, kept):
    trainer, toy, average = fitted(tmp_path, rates)
    scores = {"of a step": float(trainer.checkpoint_callbacks[0].best_model_score), "averaged": average.best_loss}
    best = load_best(trainer, toy, None)
    assert best.weights == kept == min(scores, key=scores.get)
    assert best.loss == min(scores.values())
    assert (toy.layer.weight.item() - 1) ** 2 == pytest.approx(best.loss, rel=1e-5)


def test_a_checkpoint_holds_the_average_and_gives_it_back(tmp_path):
    _, _, average = fitted(tmp_path, [0.1] * 10)
    state = torch.load(tmp_path / "last.ckpt", weights_only=True)["callbacks"]["WeightAverage"]
    again = WeightAverage(0.9)
    again.load_state_dict(state)
    assert again.steps == average.steps and again.best_loss == average.best_loss
    assert torch.equal(again.average["layer.weight"], average.average["layer.weight"])
    assert math.isfinite(again.best_loss) and again.best


def test_under_mixed_precision_the_weights_are_validated_in_32_bits_as_their_average_is(monkeypatch):
    torch.manual_seed(0)
    model = SpectralModel(IassSmall(2, 257, 8000, widths=(8, 12, 16), dropout=0.0), Stft(512, 128), ["a", "b"], 8000)
    terms = {"separation": MaskedMagnitude(model.stft), "activity": ActivityCrossEntropy()}
    task = SeparationTask(
        model, WeightedTerms(terms, {"separation": 1, "activity": 1}, model.outputs), torch.optim.Adam
    )
    audio, known = torch.randn(2, 2, 1, 8000), torch.ones(2, 2, dtype=torch.bool)
    batch = Batch(audio.sum(dim=1), audio, torch.rand(2, 2, 1 + 8000 // 128), known, known)
    logged: dict[str, float] = {}
    monkeypatch.setattr(task, "log_dict", lambda values, **_: logged.update({k: float(v) for k, v in values.items()}))
    expected = validation_terms(task, [batch], torch.device("cpu"))
    with torch.autocast("cpu", dtype=torch.bfloat16), torch.no_grad():
        task.validation_step(batch, 0)
        task.training_step(batch, 0)
    assert {name: logged[name] for name in expected} == pytest.approx(expected, rel=1e-6)
    assert logged["train/loss"] != pytest.approx(logged["val/loss"], rel=1e-6)
