"""Annotations: when an instrument plays without its stem. Its activity is known, its audio is not."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile

from stemwise.activity import LABELS, PUBLISHED, frame_times, segments
from stemwise.datasets.manifest import Manifest
from stemwise.datasets.medleydb import MedleyDB
from stemwise.errors import DataError
from stemwise.labels import (
    Options,
    Segment,
    read_confidence,
    read_spans,
    song_confidence,
    target_confidence,
    unknown_activity,
    unknown_targets,
    weak_targets,
    whole_song_targets,
    write_labels,
)
from stemwise.labels.lab import write_segments
from stemwise.loading.excerpts import Augmentation, Excerpts
from stemwise.loading.store import Recipe, prepare
from stemwise.song import Annotation
from stemwise.taxonomy import targets
from tests.trees import make_tree, stem_audio

MMS = targets("mms")
PIANO, GUITAR = MMS.names.index("piano"), MMS.names.index("electric guitar")


@pytest.fixture
def song(tmp_path):
    """Bass, drums, singer and violin; a piano in the mix alone."""
    make_tree(tmp_path / "tree")
    path = tmp_path / "tree" / "Audio" / "Ann_One" / "Ann_One_MIX.wav"
    mix, rate = soundfile.read(path)
    soundfile.write(path, mix + 0.1 * np.sin(np.arange(len(mix)) / 7)[:, None], rate, subtype="FLOAT")
    return replace(MedleyDB(tmp_path / "tree").song("Ann_One"), complete=False)


def annotated(song, *labels: str, times=((1.0, 2.0),), **facts):
    return replace(song, annotations=(*song.annotations, Annotation(labels, tuple(times))), **facts)


def known(of, song) -> set[str]:
    return {name for name, no in zip(MMS.names, of(song, MMS), strict=True) if not no}


def relabelled(song, *labels: str):
    """The violin's stem under other labels."""
    return replace(song, stems=(*song.stems[:3], replace(song.stems[3], instruments=labels)))


STEMS = {"vocals", "bass", "drums"}


@pytest.mark.parametrize(
    ("change", "audio", "activity"),
    [
        (lambda song: song, STEMS, STEMS),
        (lambda song: annotated(song, "piano"), STEMS, STEMS | {"piano"}),
        (lambda song: annotated(song, "piano", bleed=True), STEMS, STEMS | {"piano"}),
        (lambda song: annotated(song, "tuba"), STEMS, STEMS),
        # One of two targets, nobody knows which; what has a stem is open too then.
        (lambda song: annotated(song, "piano", "acoustic guitar"), STEMS, STEMS),
        (lambda song: annotated(song, "piano", "tuba"), STEMS, STEMS),
        (lambda song: annotated(song, "electric bass", "tuba"), STEMS - {"bass"}, STEMS - {"bass"}),
        # More of a target than its stem has: the sound is not known, but when it plays is.
        (lambda song: annotated(song, "double bass"), STEMS - {"bass"}, STEMS),
        # A stem that holds it and something else.
        (lambda song: annotated(relabelled(song, "piano", "violin"), "piano"), STEMS, STEMS | {"piano"}),
        (lambda song: annotated(relabelled(song, "piano", "tack piano", "violin"), "piano"), STEMS, STEMS),
        (
            lambda song: annotated(relabelled(song, "piano", "tack piano", "violin"), "piano", "tack piano"),
            STEMS,
            STEMS | {"piano"},
        ),
        (lambda song: annotated(relabelled(song, "Unlabeled"), "piano"), STEMS, STEMS | {"piano"}),
        (lambda song: annotated(relabelled(song, "Main System"), "piano"), set(), set()),
    ],
)
def test_what_is_known(song, change, audio, activity):
    assert known(unknown_targets, change(song)) == audio
    assert known(unknown_activity, change(song)) == activity


def heard(song, *labels: str, plays: bool):
    """Somebody was asked whether any of these is in the song."""
    weak = Annotation(labels, ((0.0, song.seconds),) if plays else (), weak=True)
    return replace(song, annotations=(*song.annotations, weak))


@pytest.mark.parametrize(
    ("change", "audio", "activity", "weak"),
    [
        (lambda song: heard(song, "piano", plays=True), STEMS, STEMS | {"piano"}, {"piano"}),
        (lambda song: heard(song, "piano", "acoustic guitar", plays=True), STEMS, STEMS, set()),
        # The piano of mms may be a tack piano too; whether that is there nobody was asked.
        (lambda song: heard(song, "piano", plays=False), STEMS, STEMS, set()),
        (lambda song: heard(song, "piano", "tack piano", plays=False), STEMS, STEMS | {"piano"}, set()),
        (
            lambda song: heard(heard(song, "piano", plays=False), "tack piano", "tuba", plays=False),
            STEMS,
            STEMS | {"piano"},
            set(),
        ),
        # A bass that has a stem, and none of another kind.
        (lambda song: heard(song, "double bass", "tuba", plays=False), STEMS, STEMS, set()),
        (lambda song: heard(song, "double bass", "tuba", plays=True), STEMS - {"bass"}, STEMS - {"bass"}, set()),
        # What somebody heard once is no news of what is marked.
        (lambda song: heard(annotated(song, "piano"), "piano", plays=True), STEMS, STEMS | {"piano"}, set()),
        (lambda song: heard(relabelled(song, "Main System"), "piano", plays=True), set(), set(), set()),
    ],
)
def test_what_is_known_of_a_whole_song(song, change, audio, activity, weak):
    assert known(unknown_targets, change(song)) == audio
    assert known(unknown_activity, change(song)) == activity
    found = weak_targets(change(song), MMS)
    assert {name for name, is_weak in zip(MMS.names, found, strict=True) if is_weak} == weak


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda song: song, set()),
        (lambda song: heard(song, "piano", plays=True), {"piano"}),
        (lambda song: heard(song, "piano", "tack piano", plays=False), {"piano"}),
        (lambda song: heard(song, "piano", plays=False), set()),
        # What a stem or a mark says of every moment is known better.
        (lambda song: heard(song, *targets("mms").labels[MMS.names.index("bass")], plays=False), set()),
        (lambda song: heard(annotated(song, "piano"), "piano", "tack piano", plays=False), set()),
        (lambda song: heard(relabelled(song, "piano", "violin"), "piano", "tack piano", plays=False), {"piano"}),
    ],
)
def test_what_is_known_of_a_whole_song_alone(song, change, told):
    found = whole_song_targets(change(song), MMS)
    assert {name for name, alone in zip(MMS.names, found, strict=True) if alone} == told


def test_what_nobody_heard_rests_also_where_a_stem_may_hold_it(song):
    mixed = relabelled(song, "piano", "violin")
    confidence = song_confidence(mixed)
    assert target_confidence(mixed, confidence, MMS)[PIANO].max() > 0.5
    none = heard(mixed, "piano", "tack piano", plays=False)
    assert not target_confidence(none, confidence, MMS)[PIANO].any() and "piano" in known(unknown_activity, none)


def test_without_annotations_nothing_changes(song):
    for each in (song, replace(song, complete=True), relabelled(song, "piano", "violin")):
        np.testing.assert_array_equal(unknown_targets(each, MMS), unknown_activity(each, MMS))


def test_an_annotated_target_is_active_within_its_segments_and_by_its_stems(song):
    each = annotated(song, "piano", times=((0.5, 1.0), (3.0, 3.5)))
    confidence = song_confidence(song)
    found, times = target_confidence(each, confidence, MMS), frame_times(confidence.shape[1], LABELS.hop)
    inside = ((times >= 0.5) & (times <= 1.0)) | ((times >= 3.0) & (times <= 3.5))
    np.testing.assert_array_equal(found[PIANO], inside.astype(float))
    others = np.delete(np.arange(6), PIANO)
    np.testing.assert_array_equal(found[others], target_confidence(song, confidence, MMS)[others])
    # Of a stem that holds it and something else nobody knows when it is the piano.
    mixed = annotated(relabelled(song, "piano", "violin"), "piano", times=())
    assert target_confidence(relabelled(song, "piano", "violin"), confidence, MMS)[PIANO].any()
    assert not target_confidence(mixed, confidence, MMS)[PIANO].any()
    # A second bass beside the one with a stem.
    bass = MMS.names.index("bass")
    two = target_confidence(annotated(song, "double bass", times=((0.0, 4.0),)), confidence, MMS)
    assert (two[bass] == 1).all()


@pytest.mark.parametrize("rule", [LABELS, PUBLISHED])
def test_written_and_read_again_activity_is_the_same(song, tmp_path, rule):
    """A stem is taken away, and its activity comes back from a .lab, frame for frame."""
    confidence = song_confidence(song, rule)
    times = frame_times(confidence.shape[1], rule.hop)
    path = tmp_path / "drums.lab"
    write_segments(path, [Segment(start, end, "drum set") for start, end in segments(confidence[1], times)])
    spans = [(segment.start, segment.end) for segment in read_spans(path)]
    each = annotated(replace(song, stems=(song.stems[0], *song.stems[2:])), "drum set", times=spans)
    drums = MMS.names.index("drums")
    found = target_confidence(each, np.delete(confidence, 1, axis=0), MMS, rule)[drums]
    assert 0.1 < found.mean() < 0.9
    np.testing.assert_array_equal(found >= 0.5, confidence[1] >= 0.5)
    assert known(unknown_activity, each) == STEMS and known(unknown_targets, each) == STEMS - {"drums"}


def test_the_store_keeps_both_apart_and_follows_the_annotation(song, home):
    recipe = Recipe(MMS, 8000, 1)
    one, other = (prepare(annotated(song, "piano", times=(t,)), recipe, home) for t in ((1.0, 2.0), (1.0, 3.0)))
    assert not one.known_audio[PIANO] and one.known_activity[PIANO]
    assert not one.known_audio[GUITAR] and not one.known_activity[GUITAR]
    assert not one.audio[PIANO].any() and one.audio[-1].any()
    frames = [(each.activity[PIANO] >= 0.5).sum() * 1024 / 44100 for each in (one, other)]
    assert frames == pytest.approx([1.0, 2.0], abs=0.05) and one.folder != other.folder
    assert prepare(song, recipe, home).folder != one.folder


def test_a_song_of_a_mix_and_annotations_alone(song, home):
    bare = annotated(replace(song, stems=()), "piano")
    assert known(unknown_targets, bare) == set() and known(unknown_activity, bare) == {"piano"}
    ready = prepare(bare, Recipe(MMS, 44100, 2), home)
    mix = soundfile.read(song.mix)[0].T
    np.testing.assert_allclose(ready.audio[-1], mix, atol=1e-6)
    assert not ready.audio[:-1].any() and ready.activity.shape == (6, 1 + mix.shape[1] // 1024)
    assert (ready.activity[PIANO] >= 0.5).sum() == pytest.approx(44100 / 1024, abs=1)
    paths = write_labels(bare, home / "labels", Options(targets=MMS, rule=LABELS)).paths
    assert read_confidence(paths[0])[1] == ["piano"]
    times, names, confidence = read_confidence(write_labels(bare, home / "stems").paths[0])
    assert len(times) > 10 and names == [] and confidence.shape == (0, len(times))


def test_labels_are_as_long_as_a_mix_that_was_exported_anew(song, home):
    recipe = Recipe(MMS, 8000, 1)
    for seconds in (4, 6):
        soundfile.write(song.mix, np.zeros(seconds * song.rate), song.rate)
        alone = replace(annotated(song, "piano"), stems=(), samples=seconds * song.rate)
        assert prepare(alone, recipe, home).activity.shape[1] == 1 + seconds * 44100 // LABELS.hop


def test_in_a_remix_an_activity_without_its_sound_is_not_known(song, home):
    """Its sound is in the rest of its own song: with another song's rest the label would be wrong."""
    songs = [prepare(annotated(song, "piano"), Recipe(MMS, 8000, 1), home)]
    as_is = Excerpts(songs, 8000, 8000, 256, 0, 8)[0]
    remixed = Excerpts(songs, 8000, 8000, 256, 0, 8, Augmentation(remix=1.0))[0]
    assert as_is.known_activity[PIANO] and not remixed.known_activity[PIANO]
    for batch in (as_is, remixed):
        assert not batch.known_audio[PIANO] and batch.known_activity[MMS.names.index("bass")]


@pytest.mark.parametrize(
    "text",
    [
        "start_time,end_time,instrument_label\n0.5,1.5,piano\n2,3,piano\n",
        "start,end\n0.5,1.5\n2,3\n",
        "Start\tEnd\tLabel\n0.5\t1.5\tpiano\n2\t3\tpiano\n",
        "0.5 1.5\n2 3\n",
        "0.500000\t1.500000\tpiano\n2.0\t3.0\tpiano, left hand\n",
        "\ufeff0.5,1.5\r\n\r\n2,3\r\n",
    ],
)
def test_forms_of_segments(text, tmp_path):
    (tmp_path / "x.lab").write_text(text)
    assert [(segment.start, segment.end) for segment in read_spans(tmp_path / "x.lab")] == [(0.5, 1.5), (2.0, 3.0)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("time,S01\n0,1\n", "begins with 'time,S01'"),
        ("start,end\n0.5\n", "line 2: '0.5' is not 2 numbers"),
        ("start,end\n0,1\n2,x\n", "line 3: '2,x' is not 2 numbers"),
        ("start,end\n2,1\n", "line 2: from 2 s to 1 s is no time"),
        ("-1,1\n", "line 1: from -1 s"),
        ("0,inf\n", "line 1: '0,inf' is not 2 numbers"),
    ],
)
def test_segments_that_cannot_be_right_are_refused(text, said, tmp_path):
    (tmp_path / "x.lab").write_text(text)
    with pytest.raises(DataError, match=rf"x\.lab.*{said}"):
        read_spans(tmp_path / "x.lab")


@pytest.fixture
def root(tmp_path):
    sounds = {"bass": "electric bass", "both": "violin"}
    audio = {name: stem_audio(sound, 4.0, 1) for name, sound in sounds.items()}
    for name, samples in {**audio, "mix": sum(audio.values())}.items():
        soundfile.write(tmp_path / f"{name}.wav", samples, 44100)
    (tmp_path / "piano.lab").write_text("start,end\n0.5,1.5\n")
    (tmp_path / "all.lab").write_text("start_time,end_time,instrument_label\n0,1,piano\n1,2,tuba\n3,4,piano\n")
    (tmp_path / "long.lab").write_text("0 9\n")
    return tmp_path


def read(root, *lines: str):
    rows = ["song,path,instrument,artist,complete", *(f"One,{line},Ann," for line in lines[:-1]), lines[-1]]
    (root / "manifest.csv").write_text("\n".join(rows) + "\n")
    return Manifest(root)


def test_lines_of_a_manifest(root):
    (song,) = read(root, "bass.wav,electric bass", "mix.wav,mix", "all.lab,piano", "One,all.lab,tuba,Ann,no").songs()
    assert song.annotations == (
        Annotation(("piano",), ((0.0, 1.0), (3.0, 4.0))),
        Annotation(("tuba",), ((1.0, 2.0),)),
    )
    assert [stem.path.name for stem in song.stems] == ["bass.wav"] and song.remains
    (whole,) = read(root, "bass.wav,electric bass", "both.wav,piano;violin", "One,piano.lab,piano,Ann,").songs()
    assert whole.complete and whole.annotations == (Annotation(("piano",), ((0.5, 1.5),)),)
    (bare,) = read(root, "mix.wav,mix", "One,piano.lab,piano,Ann,no").songs()
    assert bare.stems == () and (bare.samples, bare.rate, bare.channels) == (4 * 44100, 44100, 2)


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["bass.wav,electric bass", "One,piano.lab,piano,Ann,"], "line 3: no stem may hold piano.*complete false"),
        (["bass.wav,electric bass", "One,piano.lab,piano,Ann,no"], "line 3: no stem may hold piano.*line with its mix"),
        (["mix.wav,mix", "One,piano.lab,piano,Ann,"], "line 2: song 'One' has no stems.*complete false"),
        (["mix.wav,mix", "bass.wav,electric bass", "One,piano.lab,mix,Ann,no"], "line 4: .*not the sound of a mix"),
        (["both.wav,piano", "mix.wav,mix", "One,piano.lab,piano,Ann,no"], "line 4: piano has a stem, both.wav"),
        (["bass.wav,tuba", "mix.wav,mix", "One,all.lab,flute,Ann,no"], "line 4: .*segments of piano, tuba, but not of"),
        (["bass.wav,tuba", "mix.wav,mix", "One,long.lab,flute,Ann,no"], "line 4: a segment ends at 9 s, the song at 4"),
        (["mix.wav,mix", "all.lab,piano", "One,piano.lab,piano,Ann,no"], "line 4: piano is annotated in line 3 too"),
    ],
)
def test_annotations_that_cannot_be_right_are_found_with_the_line(lines, said, root):
    (finding,) = read(root, *lines).validate()
    assert "data.skip=[One]" in finding
    with pytest.raises(DataError, match=said):
        Manifest(root).songs()


def test_an_annotation_is_of_one_song(root):
    reader = read(root, "both.wav,piano;violin", "piano.lab,piano", "Two,piano.lab,piano,Bob,")
    (finding,) = reader.validate()
    assert "line 4" in finding and "stands in line 3 too" in finding
