"""OpenMIC-2018 as published: what listeners heard, the published split, checksums, and what is learned from it."""

import csv
import json
import re
import shutil
import sys
from importlib.util import find_spec
from itertools import chain

import numpy as np
import pytest
import soundfile
import torch

from stemwise.cli.validation_tables import show
from stemwise.datasets.base import artist_keys
from stemwise.datasets.openmic import OpenMic
from stemwise.errors import DataError, MissingExtra
from stemwise.labels import unknown_activity, unknown_targets, weak_targets
from stemwise.loading.datamodule import MultitrackDataModule
from stemwise.loading.excerpts import Augmentation, Excerpts
from stemwise.loading.prepared import PreparedStore
from stemwise.losses.detection import ClipCrossEntropy, WindowCrossEntropy
from stemwise.model import Estimate
from stemwise.report.validation_page import write_validation
from stemwise.taxonomy import Targets, instrument_labels, targets
from stemwise.validation import validate
from stemwise.validation.findings import may_train
from tests.sets import OPENMIC, make_openmic

pytestmark = pytest.mark.skipif(find_spec("mirdata") is None, reason="needs the extra mirdata")
SCHEME = targets("openmic")
FIRST = "000046_3840"


@pytest.fixture
def root(tmp_path):
    make_openmic(tmp_path / "openmic-2018")
    return tmp_path / "openmic-2018"


def told(song, scheme: Targets) -> dict[str, str]:
    """Name of each target of which something is known → what."""
    known = ~unknown_activity(song, scheme)
    weak = weak_targets(song, scheme)
    names = {False: "absent", True: "present"}
    return {name: names[bool(weak[i])] for i, name in enumerate(scheme.names) if known[i]}


def test_classes_are_the_sets_and_no_label_stands_in_two():
    from mirdata.datasets import openmic2018

    assert list(openmic2018.INSTRUMENTS) == list(SCHEME.names)
    labels = list(chain.from_iterable(SCHEME.labels))
    assert len(labels) == len(set(labels)) and set(labels) <= instrument_labels()


def test_what_listeners_heard_is_known_and_nothing_else(root):
    for song in OpenMic(root).songs():
        shares = OPENMIC[song.id][2]
        assert told(song, SCHEME) == {name: "present" if share >= 0.5 else "absent" for name, share in shares.items()}
        assert unknown_targets(song, SCHEME).all() and song.stems == () and song.remains
        spans = {annotation.segments for annotation in song.annotations}
        assert spans <= {(), ((0.0, 4.0),)} and all(annotation.weak for annotation in song.annotations)


def test_bounds_leave_what_lies_between_unknown(root):
    songs = {song.id: song for song in OpenMic(root, present=0.6, absent=0.2).songs()}
    assert told(songs[FIRST], SCHEME) == {"clarinet": "absent", "guitar": "present"}  # not the violin of 0.5
    assert told(songs["000178_3840"], SCHEME) == {"voice": "present"}  # not the drums of 0.2
    for present, absent in ((0.4, 0.5), (1.1, 0.5), (0.5, -0.1)):
        with pytest.raises(DataError, match="give 0 <= absent <= present <= 1"):
            OpenMic(root, present=present, absent=absent)


def test_a_class_of_several_targets_is_known_of_each_only_when_absent(root, tmp_path):
    """Which of the guitars it was nobody said; if there was none, it was none of them."""
    path = tmp_path / "fine.yaml"
    path.write_text(
        "clean electric guitar: [clean electric guitar]\ndistorted electric guitar: [distorted electric guitar]\n"
        "violin: [violin]\nplucked: [acoustic guitar, harp]\n"
        "piano: [piano]\nsynthesizer: [synthesizer]\ntambourine: [tambourine]\nother: ['*']\n"
    )
    fine = targets(str(path))
    songs = {song.id: song for song in OpenMic(root).songs()}
    assert told(songs[FIRST], fine) == {"violin": "present"}
    guitars = ("clean electric guitar", "distorted electric guitar")
    # The piano may be an electric one; a harp may be plucked where no guitar is.
    assert told(songs["000135_483840"], fine) == dict.fromkeys(guitars, "absent")
    assert told(songs["001139_119040"], fine) == {"synthesizer": "present", "violin": "absent"}


def test_classes_join_in_a_target_that_holds_both(root):
    """Drums of mms are drums and cymbals: one heard is enough, and both must be missed."""
    clips = {
        "000001_0": ("A", "train", {"cymbals": 0.9}),
        "000002_0": ("B", "train", {"cymbals": 0.1}),
        "000003_0": ("C", "train", {"cymbals": 0.1, "drums": 0.1}),
        "000004_0": ("D", "test", {"cymbals": 0.1, "drums": 0.9}),
    }
    shutil.rmtree(root)
    make_openmic(root, clips, seconds=0.5)
    found = [told(song, targets("mms")).get("drums") for song in OpenMic(root).songs()]
    # Drums that were heard may be bongos, which are no drums of mms.
    assert found == ["present", None, "absent", None]


def test_the_split_is_the_published_one_with_artists_of_train_for_validation(root):
    clips = {f"{n:06d}_0": (f"Artist {n // 3}", "test" if n % 3 == 2 else "train", {"banjo": 1.0}) for n in range(120)}
    shutil.rmtree(root)
    make_openmic(root, clips, seconds=0.05)
    reader = OpenMic(root)
    splits, keys = reader.splits(), artist_keys(reader.songs())
    assert splits["test"] == [id for id, clip in clips.items() if clip[1] == "test"]
    assert sorted(splits["train"] + splits["valid"]) == [id for id, clip in clips.items() if clip[1] == "train"]
    assert not {keys[id] for id in splits["train"]} & {keys[id] for id in splits["valid"]}
    assert 2 <= len(splits["valid"]) / 2 <= 12  # 6 of 40 artists are expected
    (root / "mine.json").write_text(json.dumps({"train": ["000000_0"], "valid": ["000003_0"], "test": []}))
    assert OpenMic(root, root / "mine.json").splits()["train"] == ["000000_0"]


def test_names_come_from_the_metadata_or_else_the_id(root):
    songs = {song.id: (song.artist, song.title) for song in OpenMic(root).songs()}
    assert songs[FIRST] == ("Nicky", f"Song {FIRST}") and songs["001139_119040"] == ("001139_119040", "001139_119040")


def test_files_that_are_not_as_published_are_named(root, tmp_path):
    song = OpenMic(root).songs()[1]
    assert OpenMic(root).altered() == {}
    soundfile.write(song.mix, np.zeros((44100, 1)), 44100)
    labels = root / "openmic-2018-aggregated-labels.csv"
    labels.write_text(labels.read_text().replace("0.17", "0.18"))
    assert OpenMic(root).altered() == {song.mix: song.id, labels: ""}
    assert OpenMic(root, skip=[song.id]).altered() == {labels: ""}
    found = validate(OpenMic(root), SCHEME, cache=tmp_path / "cache").findings
    named = {
        (finding.severity, finding.songs, finding.file) for finding in found if finding.check == "not as published"
    }
    assert named == {("warning", (song.id,), str(song.mix)), ("warning", (), str(labels))}
    assert [finding for finding in OpenMic(root).validate() if str(labels) in finding]


def test_a_set_of_clips_is_validated(root, tmp_path, capsys):
    found = validate(OpenMic(root), SCHEME, cache=tmp_path / "cache")
    rows = {row.name: (row.known, row.annotated, row.heard, sum(row.parts.values())) for row in found.summary.targets}
    assert rows["guitar"] == rows["violin"] == (0, 2, 1, 1) and rows["banjo"] == (0, 0, 0, 0)
    assert rows["voice"] == (0, 1, 1, 1) and rows["drums"] == (0, 1, 0, 0)
    said = [finding.what for finding in found.findings]
    assert "drums is known in 1 songs and plays in none of them" in said
    assert "voice is known and plays in 1 songs, none of them in train" in said
    assert may_train(found.findings)
    page = tmp_path / "page.html"
    write_validation(page, found)
    show(found)
    assert "<td>2</td><td>1</td>" in page.read_text()
    assert re.search(r"guitar +│ 0 +│ 0 +│ 2 +│ 1 ", capsys.readouterr().out)


def without(path, row: str) -> None:
    path.write_text("".join(line for line in path.open() if not line.startswith(row)))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda root: (root / "openmic-2018-metadata.csv").unlink(), "mirdata cannot read the set.*metadata.csv"),
        (lambda root: (root / "openmic-2018-metadata.csv").write_text(""), "mirdata cannot read the set"),
        (lambda root: (root / "openmic-2018-aggregated-labels.csv").write_text("a,b\n1,2\n"), "mirdata cannot read"),
        (lambda root: (root / "openmic2018_index_1.0.json").write_text("{"), "mirdata cannot read the set"),
        (lambda root: (root / "openmic2018_index_1.0.json").write_text("{}"), "mirdata cannot read the set"),
        (lambda root: without(root / "openmic-2018-metadata.csv", "000046"), f"{FIRST}: openmic-2018-metadata.csv has"),
        (lambda root: shutil.rmtree(root / "audio"), "4 of 4 songs cannot be used"),
    ],
)
def test_what_cannot_be_read_is_said(root, spoil, said):
    spoil(root)
    with pytest.raises(DataError, match=f"(?s){said}"):
        OpenMic(root).songs()


def test_without_partitions_there_is_no_split(root):
    shutil.rmtree(root / "partitions")
    with pytest.raises(DataError, match=r"partitions/split01_train\.csv.*data\.splits_file"):
        OpenMic(root).splits()


def test_an_index_that_leads_out_of_the_tree_is_refused(root):
    for place in ("../../secret.ogg", "/etc/passwd"):
        index = json.loads((root / "openmic2018_index_1.0.json").read_text())
        index["tracks"][FIRST]["audio"][0] = place
        (root / "openmic2018_index_1.0.json").write_text(json.dumps(index))
        with pytest.raises(DataError, match="points outside"):
            OpenMic(root).songs()


def test_what_lacks_of_mirdata_is_said(root, monkeypatch, tmp_path):
    from mirdata.datasets import openmic2018

    (root / "openmic2018_index_1.0.json").unlink()
    monkeypatch.setattr(openmic2018.INDEXES["1.0"], "indexes_dir", str(tmp_path))
    with pytest.raises(DataError, match=r"no index of its files.*download\(\['index'\]\)"):
        OpenMic(root).songs()
    monkeypatch.setitem(sys.modules, "mirdata.datasets", None)
    monkeypatch.delitem(sys.modules, "mirdata.datasets.openmic2018", raising=False)
    with pytest.raises(MissingExtra, match=r"OpenMIC-2018 needs the package mirdata.*stemwise\[mirdata\]"):
        OpenMic(root).songs()


# What is learned.


def module(root, seconds: float = 4.0, **more) -> MultitrackDataModule:
    return MultitrackDataModule(OpenMic(root), "openmic", None, 8000, 1, 256, excerpt_seconds=seconds, batch_size=2,
                                excerpts=8, valid_excerpts=2, **more)  # fmt: skip


@pytest.fixture
def data(root, home):
    made = module(root)
    made.prepare_data()
    made.setup()
    return made


def test_a_batch_has_what_was_heard(data):
    batch = next(iter(data.train_dataloader()))
    assert batch.mixture.abs().amax(dim=(1, 2)).gt(0.01).all() and not batch.known_audio.any()
    heard = {tuple(sorted(shares.items())) for _, _, shares in OPENMIC.values()}
    for row in range(2):
        known = batch.known_activity[row].nonzero().flatten().tolist()
        names = tuple(SCHEME.names[index] for index in known)
        (shares,) = [dict(each) for each in heard if tuple(sorted(name for name, _ in each)) == names]
        for index, name in zip(known, names, strict=True):
            present = shares[name] >= 0.5
            assert batch.weak[row, index]
            assert (batch.activity[row, index] == float(present)).all()
        assert not batch.weak[row][~batch.known_activity[row]].any()


def test_an_excerpt_of_a_part_knows_only_what_is_absent(data):
    songs = data.excerpts["train"].songs
    for samples, present in ((8000 * 4, True), (round(8000 * 3.9), True), (8000 * 2, False)):
        batches = [Excerpts(songs, samples, 8000, 256, 0, 8)[index] for index in range(8)]
        weak = torch.stack([batch.weak for batch in batches])
        known = torch.stack([batch.known_activity for batch in batches])
        plays = torch.stack([batch.activity.amax(dim=1) >= 0.5 for batch in batches])
        assert (weak & plays).any() == (known & plays).any() == present and (known & ~plays).any()
        assert torch.equal(weak, known)
    other_speeds = Excerpts(songs, 8000 * 3, 8000, 256, 0, 64, Augmentation(varispeed=5.0))
    batches = [other_speeds[index] for index in range(64)]
    whole = [bool((batch.weak & (batch.activity.amax(dim=1) >= 0.5)).any()) for batch in batches]
    assert not all(whole) and any(whole)  # played a third faster, three seconds are the clip


def test_a_remix_knows_nothing_of_clips(data):
    batch = Excerpts(data.excerpts["train"].songs, 8000 * 4, 8000, 256, 0, 8, Augmentation(remix=1.0))[0]
    assert not batch.known_activity.any() and not batch.weak.any()


@pytest.mark.parametrize(
    ("seconds", "said", "fits"),
    [
        (4.0, r"excerpt_seconds=4 \(3\.80 to 4\.21 would do\)\. A loss.*loss=detection_clips", 4.0),
        (3.98, r"excerpt_seconds=4 \(3\.78 to 4\.19", 4.0),
        (4.5, r"excerpt_seconds=4\.5 \(.*\); for a detector choose model\.window_seconds=0\.5, and", 4.5),
        (0.3, r"excerpt_seconds to 0\.28 to 0\.32\.", 0.3),
    ],
)
def test_short_excerpts_are_refused_and_what_is_said_fits(root, home, seconds, said, fits):
    shutil.rmtree(root)
    make_openmic(root, seconds=seconds)
    made = module(root, seconds=seconds / 4)
    made.prepare_data()
    with pytest.raises(DataError, match=rf"labels of \d songs are of all they last, {seconds:.2f} s or more.*{said}"):
        made.setup()
    good = module(root, seconds=fits)
    good.setup()
    batch = next(iter(good.train_dataloader()))
    assert (batch.known_activity & (batch.activity.amax(dim=2) >= 0.5)).any()


def test_a_clip_a_little_short_does_not_stop_the_others(root, home):
    path = root / "audio" / "000" / f"{FIRST}.ogg"
    samples, rate = soundfile.read(path)
    soundfile.write(path, samples[: round(3.9 * rate)], rate)
    made = module(root)
    made.prepare_data()
    made.setup()
    (song,) = [
        song for song in made.excerpts["train"].songs + made.excerpts["valid"].songs if FIRST in song.folder.name
    ]
    batch = Excerpts([song], 8000 * 4, 8000, 256, 0, 1)[0]
    assert batch.mixture[:, : round(3.89 * 8000)].any() and not batch.mixture[:, round(3.91 * 8000) :].any()
    present = SCHEME.names.index("guitar")
    assert batch.weak[present] and batch.known_activity[present] and batch.activity[present].max() == 1


def test_workers_and_copies_of_the_store_know_it_too(root, home, data, tmp_path):
    with_workers = module(root, workers=1)
    with_workers.setup()
    batch, same = (next(iter(made.train_dataloader())) for made in (data, with_workers))
    for one, other in zip(batch, same, strict=True):
        assert torch.equal(one, other)
    (store,) = (home / "data" / "store").iterdir()
    shutil.copytree(store, tmp_path / "copy")
    copied = module(root)
    copied.dataset = PreparedStore(tmp_path / "copy")
    copied.setup()
    assert batch.weak.any() and torch.equal(next(iter(copied.train_dataloader())).weak, batch.weak)


def test_windows_learn_nothing_and_the_clip_what_is_there_and_what_is_not(data):
    """Each label counts once: were absent ones in both terms, they would pull probabilities down."""
    batch = next(iter(data.train_dataloader()))
    learned = {}
    for name, term in (("window", WindowCrossEntropy(256)), ("clip", ClipCrossEntropy(sharpness=1.0))):
        logits = torch.zeros(2, 20, 4, requires_grad=True)
        term(Estimate(activity=logits), batch).backward()
        learned[name] = logits.grad
    present = batch.known_activity & (batch.activity.amax(dim=2) >= 0.5)
    absent, unknown = batch.known_activity & ~present, ~batch.known_activity
    assert not learned["window"].any() and not learned["clip"][unknown].any()
    assert (learned["clip"][present] < 0).all() and (learned["clip"][absent] > 0).all()


def test_label_files_say_nothing_of_what_is_there_at_an_unknown_time(root, tmp_path):
    from stemwise.activity import LABELS
    from stemwise.labels import Options, write_labels

    song = OpenMic(root).song(FIRST)
    paths = write_labels(song, tmp_path, Options(targets=SCHEME, rule=LABELS)).paths
    assert next(csv.reader(paths[0].open())) == ["time", "clarinet"]
