"""Who speaks for whom, against tables written by hand."""

import numpy as np
import pytest

from stemwise.external.mapping import map_targets, named, scheme_beside
from stemwise.taxonomy import Targets, scheme_of, targets


def who(mine, theirs) -> dict[str, set[str]]:
    found = map_targets(mine, theirs)
    return {
        name: {found.sources[number] for number in row} for name, row in zip(found.targets, found.rows, strict=True)
    }


def test_instruments_speak_for_the_targets_that_hold_their_labels():
    assert who(targets("mms"), targets("iad")) == {
        "vocals": {"male singer", "female singer", "vocalists"},
        "electric guitar": {"clean electric guitar", "distorted electric guitar"},
        "acoustic guitar": {"acoustic guitar"},
        "piano": {"piano"},
        "bass": {"electric bass", "double bass"},
        "drums": {"drum set", "drum machine"},
    }
    musdb = who(targets("musdb"), targets("iad"))
    assert musdb["drums"] == {"drum set", "drum machine", "tambourine"}
    assert musdb["other"] == set(targets("iad").names) - musdb["drums"] - musdb["vocals"] - musdb["bass"]


def test_a_wider_target_speaks_for_a_narrower_one_of_its_name_only():
    """MUSDB's `other` plays when a piano does, and also when a flute does."""
    assert who(targets("mms"), targets("musdb")) == {
        "vocals": {"vocals"}, "electric guitar": set(), "acoustic guitar": set(), "piano": set(), "bass": {"bass"},
        "drums": {"drums"},
    }  # fmt: skip
    back = who(targets("musdb"), targets("mms"))
    assert back["other"] == {"electric guitar", "acoustic guitar", "piano"} and back["drums"] == {"drums"}


def test_names_of_no_scheme_are_labels_or_themselves():
    mine = named(["Kazoo", "horn section"])
    assert who(mine, named(["horn section", "trumpet"])) == {"Kazoo": set(), "horn section": {"horn section"}}
    assert who(mine, named(["Kazoo"]))["Kazoo"] == {"Kazoo"}
    assert who(named(["piano"], "mms"), targets("iad")) == {"piano": {"piano"}}


def test_no_names_are_no_targets():
    assert scheme_of(()) is None and scheme_of([]) is None
    for nobody in (named(()), named((), "mms")):
        assert nobody == Targets((), ())
    found = map_targets(targets("mms"), named(()))
    assert not any(found.rows) and found.spread(np.zeros((0, 4), np.float32)).probability.min() == 1


def test_what_is_not_listened_to_is_said():
    found = map_targets(targets("mms", ["bass", "piano", "vocals"]), targets("iad", ["piano", "male singer"]))
    bass, piano, vocals = found.says(has_own=True)
    assert bass == "bass: the detector listens to nothing of it; it keeps the model's own activity"
    assert piano == "piano: the detector listens to piano (not to tack piano, which a hard gate may silence)"
    assert vocals.startswith("vocals: the detector listens to male singer (not to beatboxing, choir, ")
    assert "and 6 more" in vocals
    assert found.says(has_own=False)[0].endswith("it has an open gate")
    assert map_targets(targets("mms"), targets("mms")).says(True)[4] == "bass: the detector listens to bass"


def test_the_highest_counts_and_what_nobody_hears_is_the_models_own_or_open():
    found = map_targets(targets("mms", ["bass", "piano"]), targets("iad", ["electric bass", "double bass"]))
    heard = np.array([[0.1, 0.9, 0.2], [0.3, 0.1, 0.8]], np.float32)
    own = np.array([[0, 0, 0], [0.4, 0.5, 0.6]], np.float32)
    with_own, without = found.spread(heard, own), found.spread(heard)
    np.testing.assert_array_equal(with_own.probability, np.float32([[0.3, 0.9, 0.8], [0.4, 0.5, 0.6]]))
    np.testing.assert_array_equal(without.probability, np.float32([[0.3, 0.9, 0.8], [1, 1, 1]]))
    assert with_own.judged.tolist() == [True, True] and without.judged.tolist() == [True, False]
    assert found.thresholds([0.6, 0.4], [0.1, 0.7]) == [0.4, 0.7]
    assert found.thresholds([0.6, 0.4], None) == [0.4, 0.0] and found.thresholds(0.3, 0.5) == [0.3, 0.5]
    assert not found.complete


@pytest.mark.parametrize(
    ("config", "scheme"),
    [("scheme: musdb\n", "musdb"), ("scheme: iad\n", None), ("seed: 1\n", None), ("- [", None), (None, None)],
)
def test_the_scheme_of_a_run_is_in_its_config(tmp_path, config, scheme):
    if config is not None:
        (tmp_path / "config.yaml").write_text(config)
    assert scheme_beside(tmp_path / "model.safetensors", ["drums"]) == scheme
