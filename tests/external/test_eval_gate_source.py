"""src.eval with gates that go by a detector or by label files, and `stemwise separate --gate-by`."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
from hydra.errors import ConfigCompositionException
from src.eval import evaluate_run
from src.train import train

from stemwise.activity import LABELS
from stemwise.datasets.medleydb import MedleyDB
from stemwise.errors import DataError, ModelError
from stemwise.experiment import configs
from stemwise.export import Exported, build, describe, load, save
from stemwise.gate import Gate
from stemwise.labels import Options, write_labels
from stemwise.sweeps.jobs import _scores
from stemwise.taxonomy import targets
from tests.external.test_gate_file import stemwise
from tests.external.told import RATE, saved, tone
from tests.test_eval_options import scored
from tests.test_train import SMALL, composed, trained
from tests.trees import IDS, write_song

FIGURES = ("usdr", "csdr", "csdr_common", "silence_energy", "lost_energy")
TONES = {"electric bass": 60.0, "female singer": 500.0}


@pytest.fixture
def tree(tmp_path):
    """Three songs of 8 s: bass, singer and drums are tones, each of which rests for 2 s."""
    for number, id in enumerate(IDS):
        stems = []
        for place, (instrument, hertz) in enumerate({**TONES, "drum set": 3000.0}.items()):
            rest = 2 * ((place + number) % 3)
            sound = tone(hertz, 8, [(0, rest), (rest + 2, 8)], 44100)
            stems.append((instrument, np.repeat(sound, 2, axis=0).T))
        write_song(tmp_path / "Tree", id, stems, id.split("_")[0])
    splits = dict(zip(("train", "valid", "test"), ([id] for id in IDS), strict=True))
    (tmp_path / "Tree" / "splits.json").write_text(json.dumps(splits))
    return tmp_path / "Tree"


@pytest.fixture
def run(tree, tmp_path):
    trained(tmp_path / "run", tree, *SMALL)
    return tmp_path / "run"


def test_gates_by_a_detector_beside_the_models_own(run, tmp_path, home):
    own = pd.read_parquet(scored(run, "report=false") / "scores.parquet")
    kept = {path: path.stat().st_ctime_ns for path in home.glob("data/estimates/*/stems.npy")}
    detector = saved(tmp_path / "told.safetensors", TONES, [0.3, 0.4])
    out = scored(run, "gate.source=detector", f"gate.detector={detector}")
    found = pd.read_parquet(out / "scores.parquet")
    assert out.parent == run and out.name.startswith("eval_by-told-")
    assert {path: path.stat().st_ctime_ns for path in home.glob("data/estimates/*/stems.npy")} == kept
    model = found[found.system == "train"]
    assert list(dict.fromkeys(model.gate)) == ["off", "hard, detector", "soft, detector", "oracle"]
    for gate in ("off", "oracle"):
        one, other = (table[(table.system == "train") & (table.gate == gate)] for table in (own, found))
        np.testing.assert_array_equal(one[list(FIGURES)], other[list(FIGURES)])
    # Nobody listens to drums for the model: theirs is its own activity, the others' is the detector's.
    before, after = (
        table[(table.system == "train") & (table.gate == "off")].set_index("target") for table in (own, found)
    )
    assert before.auc["drums"] == after.auc["drums"] and before.auc["bass"] != after.auc["bass"]
    assert after.auc["bass"] > 0.8 and after.auc["vocals"] > 0.8
    summary = json.loads((out / "summary.json").read_text())
    said = summary["facts"]["activity by detector"]
    assert "drums: the detector listens to nothing of it; it keeps the model's own activity" in said
    assert "thresholds chosen on 1 validation songs of the run, where they cost 1.0 % at most" in said
    assert summary["facts"]["gate"].startswith("hard, by detector, median 0.488 s, thresholds ")
    assert {line["row"] for line in summary["differences"]} == {"train, hard gate by detector"}
    means = {line["gate"]: line["usdr"] for line in summary["scores"] if line["target"] == "all"}
    assert _scores(out)["usdr"] == means["hard, detector"] != means["off"], "what a sweep shows of this evaluation"
    page = (out / "page.html").read_text()
    assert "train, hard gate by detector" in page and "train, soft gate by detector" in page
    fine = scored(run, "gate.source=detector", f"gate.detector={detector}", "gate.hop=0.5", "report=false")
    assert fine.name == f"{out.name}_hop-0.5"


def test_a_gate_by_labels_is_the_oracle(run, tree, tmp_path):
    """With the labels that the oracle has, on its frames, but for their four decimals."""
    options = Options(rule=LABELS, targets=targets("mms", ["vocals", "bass", "drums"]))
    for song in MedleyDB(tree).songs():
        write_labels(song, tmp_path / "labels", options)
    words = ("gate.source=labels", f"gate.labels={tmp_path / 'labels'}", "report=false")
    out = scored(run, *words)
    table = pd.read_parquet(out / "scores.parquet").set_index(["gate", "target"])
    assert out.name.startswith("eval_by-labels-")
    for name in FIGURES:
        np.testing.assert_allclose(table.loc["hard, labels"][name], table.loc["oracle"][name], atol=1e-3)
    assert table.loc["hard, labels"].auc.dropna().min() > 0.999
    (tmp_path / "labels" / "Cyd_Three_SOURCEID.lab").unlink()
    assert scored(run, *words).name != out.name, "other labels, another folder"
    (tmp_path / "labels" / "Cyd_Three_ACTIVATION_CONF.lab").unlink()
    with pytest.raises(DataError, match="1 of 1 songs have no labels to go by; no labels of Cyd_Three"):
        scored(run, *words)


def test_labels_of_a_silent_song_open_all_gates_and_bad_ones_end_before_the_first_song(run, tmp_path, home):
    """A header and no line is what `stemwise activity` writes where no instrument is active."""
    labels = tmp_path / "labels"
    labels.mkdir()
    words = ("gate.source=labels", f"gate.labels={labels}", "report=false")
    for text, said in (("1.0,x,bass\n", "Cyd_Three.lab, line 1"), ("1.0,2.0,kazoo\n", "names kazoo")):
        (labels / "Cyd_Three.lab").write_text(text)
        with pytest.raises(DataError, match=f"1 of 1 songs have no labels to go by; .*{said}"):
            scored(run, *words)
    assert not list(home.glob("data/estimates/*")), "it separated first"
    (labels / "Cyd_Three.lab").write_text("start_time,end_time,instrument_label\n")
    table = pd.read_parquet(scored(run, *words) / "scores.parquet").set_index(["gate", "target"])
    for name in FIGURES:
        np.testing.assert_allclose(table.loc["hard, labels"][name], table.loc["off"][name])
    assert (table.loc["hard, labels"].lost_energy.dropna() == 0).all()


def test_a_grid_of_gates_by_a_detector(run, tmp_path):
    detector = saved(tmp_path / "told.safetensors", TONES)
    words = ("gate.source=detector", f"gate.detector={detector}", "report=false")
    alone = pd.read_parquet(scored(run, *words) / "scores.parquet")
    out = scored(run, *words, "gate=grid", "gate.thresholds=[0.5]", "gate.median_seconds=[0.488]")
    grid = pd.read_parquet(out / "grid.parquet")
    assert re.match(r"eval_gate-grid-[0-9a-f]{6}_by-told-", out.name)
    for kind, gate in (("hard", "hard, detector"), ("soft", "soft, detector"), ("off", "off")):
        one = alone[(alone.system == "train") & (alone.gate == gate)].set_index("target")
        many = grid[(grid.kind == kind) & ((kind != "hard") | grid.own)].set_index("target")
        for name in FIGURES:
            np.testing.assert_allclose(many[name], one[name], atol=1e-4, err_msg=f"{name}, {kind}")


def test_a_chosen_gate_keeps_its_threshold_and_others_get_the_detectors(run, tmp_path):
    detector = saved(tmp_path / "told.safetensors", TONES, [0.3, 0.4])
    words = ("gate.source=detector", f"gate.detector={detector}", "report=false")
    told = [
        json.loads((scored(run, *words, *more) / "summary.json").read_text())["facts"]["gate"]
        for more in (("gate=hard", "gate.threshold=0.7", "gate.median_seconds=1.0"), ("gate=soft",))
    ]
    own = load(run / "model.safetensors").gate.threshold
    assert told[0] == "hard, by detector, median 1.0 s, thresholds 0.70"
    assert told[1] == f"soft, by detector, median 0.488 s, thresholds 0.40, 0.30, {own[2]:.2f}"


def test_without_validation_songs_the_thresholds_are_the_detectors(run, tree, tmp_path):
    detector = saved(tmp_path / "told.safetensors", TONES, [0.3, 0.4])
    away = tmp_path / "elsewhere"
    tree.rename(away)
    asked = ("gate.source=detector", f"gate.detector={detector}", "report=false", "shared=allow")
    out = scored(run, *asked, f"root={away}", "part=test")
    facts = json.loads((out / "summary.json").read_text())["facts"]
    assert "since the run's validation songs are not at hand" in facts["activity by detector"]
    assert "thresholds 0.40, 0.30, " in facts["gate"]


def test_a_model_without_activity_is_gated_by_a_detector(tree, tmp_path):
    """Open-Unmix says nothing: drums have an open gate and no figures of activity, the others go by the detector."""
    run, words = tmp_path / "umx", [*SMALL[:-2], "targets=[vocals,bass,drums]", "model=open_unmix_small"]
    words += ["loss=magnitude_only", f"data.root={tree}"]
    run.mkdir()
    train(composed(run, *words), run)
    detector = saved(tmp_path / "told.safetensors", TONES)
    out = scored(run, "gate.source=detector", f"gate.detector={detector}", "report=false")
    table = pd.read_parquet(out / "scores.parquet").set_index(["gate", "target"])
    hard = table.loc["hard, detector"]
    assert hard.lost_energy["drums"] == 0 and np.isnan(hard.auc["drums"]) and hard.auc["bass"] > 0.8
    assert "it has an open gate" in json.loads((out / "summary.json").read_text())["facts"]["activity by detector"]
    assert hard.silence_energy["bass"] < table.loc["off"].silence_energy["bass"]


def test_a_detector_that_learned_from_the_songs_is_refused(run, tree, tmp_path):
    (tmp_path / "iad").mkdir()
    detector = saved(tmp_path / "iad" / "model.safetensors", TONES)
    (tmp_path / "iad" / "config.yaml").write_text(f"scheme: iad\ndata: {{root: {tree}}}\n")
    (tmp_path / "iad" / "splits.json").write_text(json.dumps({"train": ["Cyd_Three"], "valid": [], "test": []}))
    words = ("gate.source=detector", f"gate.detector={tmp_path / 'iad'}", "report=false")
    with pytest.raises(DataError, match=f"in the training of the detector {detector}, first Cyd_Three"):
        scored(run, *words)
    assert scored(run, *words, "shared=allow").name.startswith("eval_by-iad-")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["gate.source=ears"], "choose one of model, detector, labels"),
        (["gate.detector=x"], "means nothing to gate.source=model"),
        (["gate.source=labels"], "needs gate.labels"),
        (["gate.source=detector", "gate.detector=nowhere"], "nowhere: no such model"),
        (["gate.source=labels", "gate.labels=nowhere"], "no such folder"),
        (["gate.source=labels", "gate.labels=x", "clips=true"], "own activity, and gate.source=labels goes by another"),
        (["gate.source=detector", "clips=true"], "own activity, and gate.source=detector goes by another"),
    ],
)
def test_sources_that_make_no_sense_end_in_a_sentence(run, words, said):
    with pytest.raises((ModelError, DataError), match=said):
        scored(run, "report=false", *words)


def test_a_training_knows_no_source_and_models_carry_none(run, tmp_path):
    """So tables of settings, which compare the group gate of trainings, and exported files stay as they were."""
    with pytest.raises(ConfigCompositionException):
        composed(tmp_path, "gate.source=detector")
    assert set(composed(tmp_path).gate) == {"_target_", "kind", "threshold", "median_seconds"}
    assert set(describe(run / "model.safetensors")["gate"]) == {"kind", "threshold", "median_seconds"}


class TestSeparate:
    """A separator that gives the mixture for each target, so that the stems show the gate and nothing else."""

    @pytest.fixture
    def model(self, tmp_path):
        net = {
            "_target_": "stemwise.nets.separation.iass_small.IassSmall",
            "targets": 2, "bins": 257, "rate": 16000, "widths": [8, 12, 16],
        }  # fmt: skip
        stft = {"_target_": "stemwise.spectral.Stft", "n_fft": 512, "hop": 128}
        described = {
            "_target_": "stemwise.model.SpectralModel", "net": net, "stft": stft, "targets": ["bass", "piano"],
            "sample_rate": 16000,
        }  # fmt: skip
        torch.manual_seed(0)
        save(tmp_path / "m.safetensors", Exported(build(described).eval(), Gate("off")), described)
        return tmp_path / "m.safetensors"

    def test_stems_are_silent_where_the_detector_says_so(self, model, tmp_path):
        song = tone(200, 8, [(3, 5)]) + 0.1 * tone(3000, 8, [(0, 8)])
        soundfile.write(tmp_path / "song.wav", song.T, RATE, subtype="FLOAT")
        detector = saved(tmp_path / "d.safetensors", {"electric bass": 200.0})
        words = ("separate", tmp_path / "song.wav", "--model", model)
        stemwise(*words, "--gate", "off", "--out", tmp_path / "off")
        said = stemwise(*words, "--gate-by", detector, "--out", tmp_path / "by")
        (open_, gated), (free, kept) = (
            [soundfile.read(tmp_path / out / "song" / f"{name}.wav", dtype="float32")[0] for out in ("off", "by")]
            for name in ("bass", "piano")
        )
        at = np.arange(8 * RATE) / RATE
        assert (gated[(at < 2.55) | (at > 5.45)] == 0).all() and open_[at < 2.55].any()
        inner = (at > 2.75) & (at < 5.25)
        np.testing.assert_array_equal(gated[inner], open_[inner])
        table = np.genfromtxt(tmp_path / "by" / "song" / "activity.csv", delimiter=",", names=True)
        assert table["bass"].min() < 1e-3 and table["bass"].max() > 0.999
        assert f"gate by: {detector}\nbass: the detector listens to electric bass" in said
        assert "piano: the detector listens to nothing of it; it keeps the model's own activity" in said
        assert (free == kept).mean() < 1 or (table["piano_gate"] == 1).all()

    def test_a_threshold_of_ones_own(self, model, tmp_path):
        soundfile.write(tmp_path / "song.wav", tone(200, 3, [(0, 3)]).T, RATE)
        detector = saved(tmp_path / "d.safetensors", {"electric bass": 200.0})
        words = ("separate", tmp_path / "song.wav", "--model", model, "--gate-by", detector, "--out", tmp_path / "o")
        stemwise(*words, "--threshold", "1")
        assert not soundfile.read(tmp_path / "o" / "song" / "bass.wav")[0].any()
        assert "no such model" in stemwise(*words[:-3], tmp_path / "none", *words[-2:], code=1)


def test_whether_a_gate_was_chosen_is_asked_in_one_place():
    """conf/eval.yaml has the source beside the group, so `gate` is always in its config: `configs.asked_gate` tells."""
    rooms = (Path(configs.__file__).parent, Path(evaluate_run.__code__.co_filename).parent)
    files = [path for room in rooms for path in room.glob("*.py")]
    asking = [path.name for path in files if '"gate" in config' in path.read_text()]
    assert len(files) > 10 and asking == []
