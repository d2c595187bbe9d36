"""Malformed trees (tests/malformed.py and malformed_metadata.py): found with file and cure, or read rightly; never
another exception, never other stems without a word."""

import os
import re
import shutil

import numpy as np
import pytest
import soundfile

from stemwise import labels
from stemwise.datasets.detect import kinds, reader_of
from stemwise.errors import AudioError, DataError, StemwiseError
from tests import malformed as bad
from tests import malformed_metadata as bad_metadata
from tests.sets import places

READERS = {reader_of(module).__name__: reader_of(module) for module in kinds().values()}
WITH_METADATA = [name for name, layout in bad.LAYOUTS.items() if layout.metadata]
FUZZED = [name for name in WITH_METADATA if not bad.LAYOUTS[name].metadata.endswith(".csv")]
CURE = re.compile(
    r"[Rr]estore|[Cc]orrect|[Ee]xport|[Rr]ename|[Rr]esample|[Rr]emove|[Mm]end|[Mm]ove|Write|[Tt]ake|Put|Name|Save|Give|"
    r"Fill|Begin|Mix it|data\.\w+=|called?|must"
)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """Layout → a good tree, made once and copied."""
    trees = {}
    for layout in bad.LAYOUTS:
        trees[layout] = tmp_path_factory.mktemp("good") / "tree"
        bad.make(layout, trees[layout])
    return trees


@pytest.fixture
def tree(good, tmp_path):
    """A copy of the good tree of a layout."""

    def copied(layout: str):
        shutil.copytree(good[layout], tmp_path / "tree")
        return tmp_path / "tree", lambda **more: READERS[bad.LAYOUTS[layout].reader](
            **{**bad.LAYOUTS[layout].settings, **places(bad.LAYOUTS[layout].reader, tmp_path / "tree"), **more}
        )

    return copied


def said(reader) -> str:
    """What validate() finds or songs() raises; nothing where all is well. All but a StemwiseError comes through."""
    try:
        findings = reader.validate()
    except StemwiseError as fault:
        return str(fault)
    if findings:
        with pytest.raises(DataError):
            reader.songs()
    return "\n".join(findings)


def check_said(text: str, culprit) -> None:
    named = culprit.name.encode("utf-8", "backslashreplace").decode()
    assert named in text, f"does not name {culprit.name}: {text}"
    assert CURE.search(text), f"names no cure: {text}"
    text.encode()  # can be printed


def shape(reader):
    return [(song.id, [(stem.path, stem.instruments) for stem in song.stems]) for song in reader.songs()]


def paths(shapes):
    return [[path for path, _ in song] for _, song in shapes]


@pytest.mark.parametrize("layout", bad.LAYOUTS)
@pytest.mark.parametrize("fault", bad.OF_A_FILE)
def test_a_spoilt_file(layout, fault, tree):
    if fault == "no permission" and os.geteuid() == 0:
        pytest.skip("root may read everything")
    _, reader = tree(layout)
    path = bad.victim(reader())
    expected, spoil = bad.OF_A_FILE[fault]
    spoil(path)
    found = said(reader())
    if expected is bad.FOUND:
        return check_said(found, path)
    assert not found  # only reading it all would show it
    song = reader().songs()[0]
    index = [stem.path for stem in song.stems].index(path)
    for read in (lambda: song.read_stem(index), song.mixture, lambda: labels.song_confidence(song)):
        with pytest.raises(AudioError, match="NaN or infinity, first at sample 77") as raised:
            read()
        check_said(str(raised.value), path)
    return None


@pytest.mark.parametrize("layout", bad.LAYOUTS)
def test_a_truncated_file_is_found_where_shorter_stems_are_let_in_too(layout, tree):
    _, reader = tree(layout)
    path = bad.victim(reader())
    bad.OF_A_FILE["truncated"][1](path)
    found = said(reader(pad_short_stems=True))
    check_said(found, path)
    assert "truncated" in found


@pytest.mark.parametrize("layout", bad.LAYOUTS)
@pytest.mark.parametrize("kind", bad.UNUSUAL)
def test_unusual_audio_is_read_as_it_was_written(layout, kind, tree):
    _, reader = tree(layout)
    before = shape(reader())
    path, written = bad.unusual(reader(), kind)
    assert said(reader()) == "" and shape(reader()) == before
    song = reader().songs()[0]
    index = [stem.path for stem in song.stems].index(path)
    wanted = np.broadcast_to(written.T, (song.channels, len(written)))
    np.testing.assert_allclose(song.read_stem(index), wanted, atol=bad.UNUSUAL[kind][-1])
    assert song.rate == bad.UNUSUAL[kind][1]


def song_folder(reader):
    return os.path.commonpath([stem.path for stem in reader.songs()[0].stems])


@pytest.mark.parametrize("layout", bad.LAYOUTS)
@pytest.mark.parametrize("fault", bad.OF_A_FOLDER)
def test_a_spoilt_folder(layout, fault, tree):
    _, reader = tree(layout)
    before, folder = shape(reader()), bad.Path(song_folder(reader()))
    expected, spoil = bad.OF_A_FOLDER[fault]
    culprit = spoil(folder)
    found = said(reader())
    if expected is bad.FINE or (expected is bad.EITHER and not found):
        assert found == "" and shape(reader()) == before
        assert all(np.isfinite(song.mixture()).all() for song in reader().songs())
    else:
        check_said(found, culprit)


@pytest.mark.parametrize("layout", bad.LAYOUTS)
@pytest.mark.parametrize("name", bad_metadata.NAMES)
def test_strange_names(layout, name, tree):
    root, reader = tree(layout)
    expected, on_disk, in_text = bad_metadata.NAMES[name]
    clean = reader().songs()
    wanted = {song.samples: len(song.stems) for song in clean}, sorted(song.mixture().sum() for song in clean)
    bad_metadata.renamed(root, bad.LAYOUTS[layout], on_disk, in_text)
    found = said(reader())
    if expected is bad.EITHER and found:
        assert CURE.search(found) and found.encode()
        return
    assert found == ""
    songs = reader().songs()
    assert ({song.samples: len(song.stems) for song in songs}, sorted(s.mixture().sum() for s in songs)) == wanted
    for song in songs:
        for index, stem in enumerate(song.stems):
            audio = soundfile.read(stem.path, always_2d=True)[0].T
            np.testing.assert_allclose(song.read_stem(index), np.broadcast_to(audio, (song.channels, audio.shape[1])))
        assert song.id == bad.unicodedata.normalize("NFC", song.id) and "/" not in song.id and song.artist


@pytest.mark.parametrize("layout", [name for name, layout in bad.LAYOUTS.items() if layout.twin])
def test_two_songs_of_one_id(layout, tree):
    root, reader = tree(layout)
    culprit = bad.LAYOUTS[layout].twin(root)
    check_said(said(reader()), culprit)


@pytest.mark.parametrize("layout", WITH_METADATA)
@pytest.mark.parametrize("fault", bad_metadata.OF_A_TEXT)
def test_spoilt_text(layout, fault, tree):
    root, reader = tree(layout)
    (path,) = root.glob(bad.LAYOUTS[layout].metadata)
    bad_metadata.OF_A_TEXT[fault](path)
    check_said(said(reader()), path)


@pytest.mark.parametrize("layout", FUZZED)
@pytest.mark.parametrize("kind", bad_metadata.OTHER_KINDS)
def test_values_of_another_kind(layout, kind, tree):
    """In turn in every place of the metadata: found, or the very stems that were there."""
    root, reader = tree(layout)
    before, others = shape(reader()), {path for path in root.rglob("*") if path.is_file()}
    (path,) = root.glob(bad.LAYOUTS[layout].metadata)
    text = path.read_text()
    places_ = bad_metadata.places_in(bad_metadata.read_metadata(path))
    assert len(places_) > 4
    for place in places_:
        content = bad_metadata.read_metadata(path)
        bad_metadata.put(content, place, bad_metadata.OTHER_KINDS[kind])
        bad_metadata.write_metadata(path, content)
        found = said(reader())
        if found:
            assert CURE.search(found) and (path.name in found or before[0][0] in found), (place, found)
        else:
            now = shape(reader())
            if place[-1] == "song":  # any name is one; the stem is another song's then
                assert sorted(s for _, song in now for s in song) == sorted(s for _, song in before for s in song)
            else:
                none_said = place[-1] == "tracks" and bad_metadata.OTHER_KINDS[kind] == []
                assert none_said or paths(now) == paths(before), place
                assert none_said or now == before or place[-1] in bad_metadata.MAY_RELABEL, place
            assert {stem for _, song in now for stem, _ in song} <= others, place
        path.write_text(text)


@pytest.mark.parametrize("layout", ["MedleyDB", "Mixing Secrets"])
@pytest.mark.parametrize("fault", bad_metadata.MEDLEY)
def test_faults_of_metadata_in_medleydbs_form(layout, fault, tree):
    root, reader = tree(layout)
    (path,) = root.glob(bad.LAYOUTS[layout].metadata)
    content = bad_metadata.read_metadata(path)
    bad_metadata.MEDLEY[fault](content)
    bad_metadata.write_metadata(path, content)
    found = said(reader())
    assert CURE.search(found) and bad.LAYOUTS[layout].word in found and "data.skip=[" in found


@pytest.mark.parametrize("layout", bad.LAYOUTS)
@pytest.mark.parametrize("fault", bad_metadata.SPLITS)
def test_spoilt_splits(layout, fault, tree, tmp_path):
    _, reader = tree(layout)
    path = tmp_path / "mine.json"
    path.write_text(bad_metadata.SPLITS[fault])
    with pytest.raises(StemwiseError) as raised:
        reader(splits_file=path).splits()
    check_said(str(raised.value), path)


@pytest.mark.parametrize("layout", bad.LAYOUTS)
def test_splits_that_are_a_folder_or_a_link_to_itself(layout, tree, tmp_path):
    root, reader = tree(layout)
    beside = root / "splits.json"
    for path in (tmp_path / "a.json", beside):
        path.unlink(missing_ok=True)
        for make in (lambda path=path: path.mkdir(), lambda path=path: path.symlink_to(path)):
            make()
            if path != beside or bad.LAYOUTS[layout].splits_beside:
                with pytest.raises(StemwiseError) as raised:
                    reader(**({} if path == beside else {"splits_file": path})).splits()
                check_said(str(raised.value), path)
            path.rmdir() if path.is_dir() else path.unlink()


@pytest.mark.parametrize("layout", bad.LAYOUTS)
def test_one_song_to_skip_need_not_be_a_list(layout, tree):
    _, reader = tree(layout)
    first, *others = [song.id for song in reader().songs()]
    assert [song.id for song in reader(skip=first).songs()] == others


def test_there_are_more_than_a_hundred_trees():
    each = (
        len(bad.OF_A_FILE)
        + len(bad.UNUSUAL)
        + len(bad.OF_A_FOLDER)
        + len(bad_metadata.NAMES)
        + len(bad_metadata.SPLITS)
    )
    assert each * len(bad.LAYOUTS) + len(bad_metadata.OF_A_TEXT) * len(WITH_METADATA) > 100
