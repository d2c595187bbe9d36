import numpy as np
import pytest

from stemwise.errors import DataError
from stemwise.external.label_files import Labelled, read_labels
from stemwise.gate import Gate
from stemwise.taxonomy import targets

TIMES = np.arange(0, 6, 0.5)
SEGMENTS = "start_time,end_time,instrument_label\n1.0000,2.0000,electric bass\n4.0000,4.4000,male singer\n"


def heard(folder, names=("bass", "piano", "vocals")):
    return Labelled(folder, targets("mms", names)).hear("Song", [], 44100, TIMES)


def test_segments_of_instruments_open_the_targets_that_hold_them(tmp_path):
    (tmp_path / "Song_SOURCEID.lab").write_text(SEGMENTS)
    found = heard(tmp_path)
    assert TIMES[found.probability[0] == 1].tolist() == [1.0, 1.5, 2.0], "both ends belong to a segment"
    assert TIMES[found.probability[2] == 1].tolist() == [4.0]
    assert (found.probability[1] == 1).all() and found.judged.tolist() == [True, False, True]


def test_confidence_is_a_line_between_its_times_and_says_more_than_segments(tmp_path):
    (tmp_path / "Song_SOURCEID.lab").write_text(SEGMENTS)
    (tmp_path / "Song_ACTIVATION_CONF.lab").write_text("time,bass,piano\n0.0,0.0,0.0\n4.0,1.0,0.0\n")
    found = heard(tmp_path)
    np.testing.assert_allclose(found.probability[0], np.minimum(TIMES / 4, 1))
    assert (found.probability[1] == 0).all() and found.judged.tolist() == [True, True, False]


def test_published_confidence_of_unnamed_stems_leaves_the_word_to_the_segments(tmp_path):
    (tmp_path / "Song_SOURCEID.lab").write_text(SEGMENTS)
    (tmp_path / "Song_ACTIVATION_CONF.lab").write_text("time,S01,S02\n0.0,0.0,0.0\n4.0,1.0,0.0\n")
    assert heard(tmp_path).judged.tolist() == [True, False, True]


def test_labels_of_any_writer_in_one_file(tmp_path):
    (tmp_path / "mine.lab").write_text("1.0\t2.0\tpiano\n3.0\t3.0\tpiano\n")
    found = Labelled(tmp_path / "mine.lab", targets("mms", ["piano"])).hear("anything", [], 1, TIMES)
    assert TIMES[found.probability[0] == 1].tolist() == [1.0, 1.5, 2.0, 3.0]


@pytest.mark.parametrize("ending", [".lab", "_SOURCEID.lab"])
def test_a_list_without_a_segment_says_nothing_and_opens_all_gates(tmp_path, ending):
    (tmp_path / f"Song{ending}").write_text("start_time,end_time,instrument_label\n")
    found = heard(tmp_path)
    assert found.probability.shape == (3, len(TIMES)) and (found.probability == 1).all() and not found.judged.any()
    (tmp_path / "Song_ACTIVATION_CONF.lab").write_text("time,S01\n0.0,0.0\n4.0,1.0\n")
    assert not heard(tmp_path).judged.any(), "unnamed stems, and no segment of any"


def test_a_gate_of_labels_is_the_labels():
    assert Labelled(None, targets("mms")).gate(Gate("off"), False) == Gate("hard", 0.5, 0.0)


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("Other_SOURCEID.lab", SEGMENTS, "no labels of Song"),
        ("Song_SOURCEID.lab", "start_time,end_time,instrument_label\n1.0,2.0,kazoo\n", "names kazoo, and none of it"),
        ("Song_ACTIVATION_CONF.lab", "time,bass\n1.0,0.5\n0.5,0.5\n", "do not rise"),
        ("Song_ACTIVATION_CONF.lab", "time,bass\n1.0,x\n", "line 2"),
    ],
)
def test_labels_that_cannot_be_used_end_in_a_sentence(tmp_path, name, text, said):
    (tmp_path / name).write_text(text)
    with pytest.raises(DataError, match=said):
        heard(tmp_path)


def test_the_key_changes_with_the_file(tmp_path):
    path = tmp_path / "Song_SOURCEID.lab"
    path.write_text(SEGMENTS)
    source = Labelled(tmp_path, targets("mms"))
    before = source.key("Song")
    path.write_text(SEGMENTS.replace("2.0000", "3.0000 "))
    assert source.key("Song") != before and read_labels(path, TIMES)[0] == ["electric bass", "male singer"]
