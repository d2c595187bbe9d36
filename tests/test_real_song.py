"""A recorded song: labelled, trained on for a few steps, separated, scored as it is."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
import soundfile
from src.eval import evaluate_run

from stemwise.cli.label import command as label
from stemwise.datasets.medleydb import MedleyDB
from stemwise.errors import DataError
from tests.test_train import ROOT, SMALL, composed, trained

FOLDER = Path(os.environ.get("STEMWISE_REAL_SONG", ROOT.parent / "shared" / "data" / "mdn_multitrack"))
LABELS = {"drums": "drum set", "bassguitar": "electric bass", "leadguitar": "distorted electric guitar",
          "clav": "electric piano", "horns": "horn section"}  # fmt: skip

pytestmark = pytest.mark.skipif(
    not FOLDER.is_dir(), reason=f"no recorded stems in {FOLDER.name} (name their folder in STEMWISE_REAL_SONG)"
)


@pytest.fixture
def real_tree(tmp_path) -> Path:
    """The mp3 stems as they are, linked into a tree in MedleyDB form; twice, since a training wants two songs."""
    root = tmp_path / "Real"
    for artist in "AB":
        folder = root / "Audio" / f"{artist}_Song"
        (folder / "STEMS").mkdir(parents=True)
        stems = {}
        for number, (name, instrument) in enumerate(LABELS.items(), start=1):
            (folder / "STEMS" / f"{name}.mp3").symlink_to(FOLDER / f"{name}.mp3")
            stems[f"S{number:02d}"] = {"component": "", "filename": f"{name}.mp3", "instrument": instrument, "raw": {}}
        meta = {"artist": artist, "stem_dir": "STEMS", "stems": stems}
        (folder / f"{artist}_Song_METADATA.yaml").write_text(json.dumps(meta))
    (root / "splits.json").write_text('{"train": ["A_Song"], "valid": ["B_Song"], "test": []}')
    return root


def test_stems_of_unequal_length_are_let_in_on_request_only_and_labelled(real_tree, tmp_path):
    with pytest.raises(DataError, match=r"3541248 samples.*3671424.*pad_short_stems"):
        MedleyDB(real_tree).songs()
    song = MedleyDB(real_tree, pad_short_stems=True).songs()[0]
    assert song.samples == 3671424  # what decoding gives; the mp3 headers claim 3693642
    label(real_tree, out=tmp_path / "labels", metadata=None, pad_short_stems=True)
    rows = (tmp_path / "labels" / "A_Song_SOURCEID.lab").read_text().splitlines()[1:]
    assert {row.split(",")[2] for row in rows} == set(LABELS.values())


def test_trained_on_for_a_few_steps_separated_and_scored(real_tree, tmp_path):
    run, out = tmp_path / "run", tmp_path / "separated"
    settings = ["data.pad_short_stems=true", "targets=[drums,bass,electric guitar]"]
    trained(run, real_tree, *SMALL, *settings, "trainer.max_steps=20", "loading.excerpts=20")
    scored = evaluate_run(composed(run, f"run={run}", "part=valid", "report=false", name="eval"))
    table = pd.read_parquet(scored / "scores.parquet").query("system == 'ideal ratio mask'").set_index("target")
    assert set(table.index) == {"drums", "bass", "electric guitar"} and (table.usdr > 3).all()
    command = [
        str(Path(sys.executable).with_name("stemwise")),
        "separate",
        str(FOLDER / "horns.mp3"),
        "--out",
        str(out),
    ]
    subprocess.run([*command, "--model", str(run / "model.safetensors")], check=True, capture_output=True)
    assert soundfile.info(out / "horns" / "drums.wav").frames == 3671424
