"""Label files: written, read back, refused; and the cache they come from."""

import json
import sys

import numpy as np
import pytest
from scipy import signal
from tests.trees import IDS, edit_metadata, make_tree

from stemwise import labels
from stemwise.activity import LABELS, RATE, Rule, activation_confidence, frame_times
from stemwise.datasets.medleydb import MedleyDB
from stemwise.errors import DataError, MissingExtra
from stemwise.labels import Options, read_confidence, read_segments, write_labels
from stemwise.taxonomy import targets


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("STEMWISE_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


@pytest.fixture
def tree(tmp_path):
    return make_tree(tmp_path / "Tree")


@pytest.fixture
def song(tree):
    return MedleyDB(tree).song(IDS[0])


def test_what_is_written_is_read_back(song, tmp_path):
    activation, source = write_labels(song, tmp_path / "out").paths
    times, names, confidence = read_confidence(activation)
    assert names == ["S01", "S02", "S03", "S04"]
    np.testing.assert_allclose(times[:3], [0, 2048 / RATE, 4096 / RATE], atol=5e-5)
    np.testing.assert_allclose(confidence, labels.song_confidence(song, Options().rule), atol=5e-5)
    segments = read_segments(source)
    assert {segment.label for segment in segments} == {stem.label for stem in song.stems}
    for segment in segments:
        stem = next(index for index, stem in enumerate(song.stems) if stem.label == segment.label)
        inside = (times >= segment.start - 1e-3) & (times <= segment.end + 1e-3)
        assert confidence[stem, inside].min() >= 0.5 - 5e-5


def test_threshold_hop_and_cutoff_are_kept(song, tmp_path):
    rule = Rule.of(0.01, 2.0)
    activation, source = write_labels(song, tmp_path, Options(rule, threshold=0.9)).paths
    times, _, confidence = read_confidence(activation)
    assert np.diff(times) == pytest.approx(0.01, abs=1.01e-4)
    stems = [song.read_stem(i) for i in range(4)]
    np.testing.assert_allclose(confidence, activation_confidence(stems, RATE, rule), atol=5e-5)
    wide = write_labels(song, tmp_path / "wide", Options(rule, threshold=0.1)).paths[1]
    length = [sum(s.end - s.start for s in read_segments(path)) for path in (source, wide)]
    assert length[0] < length[1]


def test_the_separators_grid_is_that_of_a_centred_stft(song, tmp_path):
    activation, _ = write_labels(song, tmp_path, Options(LABELS)).paths
    frames = signal.stft(np.zeros(song.samples), nperseg=4096, noverlap=4096 - 1024, boundary="zeros", padded=False)[1]
    times = read_confidence(activation)[0]
    assert len(times) == 1 + song.samples // 1024
    np.testing.assert_allclose(times[: len(frames)], frames * 4096 / 4096 / RATE, atol=5e-5)


def test_targets_are_labelled_where_they_are_known(tree, tmp_path):
    edit_metadata(tree / "Audio" / IDS[0], lambda meta: meta["stems"]["S04"].update(instrument=["piano", "violin"]))
    song = MedleyDB(tree).song(IDS[0])
    scheme = targets("mms")
    done = write_labels(song, tmp_path, Options(targets=scheme))
    _, names, confidence = read_confidence(done.paths[0])
    assert names == ["vocals", "electric guitar", "acoustic guitar", "bass", "drums"], (
        "piano shares a file with a violin"
    )
    stems = labels.song_confidence(song, Options().rule)
    np.testing.assert_allclose(confidence[names.index("bass")], stems[0], atol=5e-5)
    assert confidence[names.index("electric guitar")].max() == 0
    assert {label: share for _, label, share in done.active}["electric guitar"] == 0


def test_jams_holds_the_same_segments(song, tmp_path):
    jams = pytest.importorskip("jams", reason="needs the extra jams")
    _, source, path = write_labels(song, tmp_path, Options(formats=("lab", "jams"))).paths
    jam = jams.load(str(path), validate=True, strict=True)
    assert jam.file_metadata.duration == pytest.approx(song.seconds)
    found = [
        (round(row.time, 4), round(row.time + row.duration, 4), row.value)
        for annotation in jam.annotations
        for row in annotation.data
    ]
    assert found == [pytest.approx((s.start, s.end, s.label), abs=1e-4) for s in read_segments(source)]
    assert [annotation.sandbox.source for annotation in jam.annotations] == ["S01", "S02", "S03", "S04"]
    assert "0.8075 Hz" in json.loads(path.read_text())["annotations"][0]["annotation_metadata"]["annotation_rules"]


def test_jams_without_its_package(song, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "jams", None)
    with pytest.raises(MissingExtra, match=r"stemwise\[jams\]"):
        write_labels(song, tmp_path / "out", Options(formats=("jams",)))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("damage", ["cut", "empty", "other shape", "nan"])
def test_a_damaged_cache_is_made_anew(song, home, damage):
    first = labels.song_confidence(song)
    (cached,) = (home / "data" / "activity").glob("*.npy")
    if damage in ("cut", "empty"):
        cached.write_bytes(cached.read_bytes()[: 100 if damage == "cut" else 0])
    else:
        np.save(cached, first[:2] if damage == "other shape" else first * np.nan)
    np.testing.assert_array_equal(labels.song_confidence(song), first)
    np.testing.assert_array_equal(np.load(cached), first)


def test_every_rule_has_its_own_cache(song, home):
    for rule in (LABELS, Options().rule, Rule(1024, 1.5), Rule(1024, centred=False)):
        labels.song_confidence(song, rule)
    assert len(list((home / "data" / "activity").glob("*.npy"))) == 4


@pytest.mark.parametrize("wrong", [{"threshold": 0.0}, {"threshold": 1.2}, {"formats": ()}, {"formats": ("csv",)}])
def test_options_that_cannot_be(wrong):
    with pytest.raises(DataError):
        Options(**wrong)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("", "is empty"),
        ("start,end\n", "ACTIVATION_CONF"),
        ("time,S01\n0.0,0.5\n0.1\n", "line 3: '0.1' is not 2 numbers"),
        ("time,S01\n0.0,loud\n", "line 2"),
        ("time,S01\n0.0,nan\n", "line 2"),
    ],
)
def test_confidence_files_that_cannot_be_read(tmp_path, text, named):
    path = tmp_path / "a.lab"
    path.write_text(text)
    with pytest.raises(DataError, match=named):
        read_confidence(path)


@pytest.mark.parametrize(
    ("text", "named"), [("time,S01\n", "SOURCEID"), ("start_time,end_time,instrument_label\n1.0\n", "line 2")]
)
def test_segment_files_that_cannot_be_read(tmp_path, text, named):
    path = tmp_path / "a.lab"
    path.write_text(text)
    with pytest.raises(DataError, match=named):
        read_segments(path)


def test_a_label_may_hold_commas(tmp_path):
    path = tmp_path / "a.lab"
    path.write_text("start_time,end_time,instrument_label\n0.5,1.5,one, two\n")
    assert read_segments(path)[0].label == "one, two"


def test_frame_times():
    assert frame_times(3, 441) == pytest.approx([0, 0.01, 0.02])
