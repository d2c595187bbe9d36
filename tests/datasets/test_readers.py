"""What every reader owes, for all of them. A new one joins by its module and a maker in tests/sets.py."""

import inspect
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import soundfile
import yaml

from stemwise.datasets.base import PARTS, artist_keys
from stemwise.datasets.detect import kinds, open_tree, reader_of
from stemwise.datasets.folders import SongFolders
from stemwise.datasets.medleydb import MedleyDB
from stemwise.errors import DataError
from tests.sets import MAKERS, NEEDS, NO_STEMS, STEMS_MAY_LACK, places
from tests.trees import write_song

CONF = Path(__file__).resolve().parents[2] / "conf" / "data"
READERS = {reader_of(module).__name__: module for module in kinds().values()}
every_reader = pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.skipif(bool(need and not find_spec(need)), reason=f"needs {need}"))
        for name, need in ((name, NEEDS.get(name)) for name in READERS)
    ],
)


def reader_of_tree(name: str, root: Path, **more) -> SongFolders:
    """The reader of the tree that its maker makes at `root`, whether it is there yet or not."""
    return reader_of(READERS[name])(**places(name, root), **more)


def files(root: Path) -> dict[Path, tuple[int, int]]:
    return {path: (path.stat().st_size, path.stat().st_mtime_ns) for path in root.rglob("*")}


def test_every_reader_has_a_tree_to_be_tested_on():
    assert set(READERS) == set(MAKERS)


@every_reader
def test_constants_say_what_it_is(name):
    for constant in ("NAME", "LICENCE", "CITATION", "HOW_TO_GET"):
        assert len(getattr(READERS[name], constant)) > 3, constant


@every_reader
def test_its_tree_is_known_by_its_layout_or_by_its_name(name, tmp_path):
    MAKERS[name](tmp_path)
    where, *others = places(name, tmp_path).values()
    kind = READERS[name].__name__.rpartition(".")[2]
    if others:
        with pytest.raises(DataError, match=f"kind {kind} needs {list(places(name, tmp_path))[1]} too"):
            open_tree(where, kind)
        return
    assert type(open_tree(where, kind)) is reader_of(READERS[name])
    if READERS[name].LOOKS_LIKE:
        assert type(open_tree(where)) is reader_of(READERS[name])


def test_a_list_counts_before_folders_and_behind_a_known_layout(tmp_path):
    MAKERS["Manifest"](tmp_path)
    shutil.copytree(tmp_path / "audio" / "Ivy - One", tmp_path / "Ivy - One")
    assert type(open_tree(tmp_path)).__name__ == "Manifest"
    MAKERS["MedleyDB"](tmp_path)  # as a synthesised tree, which has a manifest.json of its own
    assert type(open_tree(tmp_path)).__name__ == "MedleyDB"


def test_a_tree_of_no_known_layout_is_refused_with_what_there_is(tmp_path):
    (tmp_path / "tree").mkdir()
    with pytest.raises(DataError, match=r"looks like no set that is known.*--kind: .*medleydb, mixing_secrets"):
        open_tree(tmp_path / "tree")
    with pytest.raises(DataError, match="there is no such folder"):
        open_tree(tmp_path / "gone")
    with pytest.raises(DataError, match="no kind of data 'medlydb'"):
        open_tree(tmp_path, "medlydb")
    with pytest.raises(DataError, match="kind musdb18hq has no setting 'metadata', but root, splits_file"):
        open_tree(tmp_path, "musdb18hq", metadata="x")


@every_reader
def test_songs_are_sorted_and_can_be_read(name, tmp_path):
    MAKERS[name](tmp_path)
    songs = reader_of_tree(name, tmp_path).songs()
    ids = [song.id for song in songs]
    assert len(ids) >= 3 and ids == sorted(set(ids))
    for song in songs:
        assert song.artist and song.title and (song.mix is None or song.mix.is_file()) and "/" not in song.id
        assert song.seconds == 4.0 and np.abs(song.mixture(0, 44100)).max() > 0.01


@every_reader
def test_splits_hold_every_song_once_and_no_artist_twice(name, tmp_path):
    MAKERS[name](tmp_path)
    reader = reader_of_tree(name, tmp_path)
    songs, splits = reader.songs(), reader.splits()
    assert tuple(splits) == PARTS and all(splits.values())
    assert sorted(id for ids in splits.values() for id in ids) == [song.id for song in songs]
    keys = artist_keys(songs)
    artists = [{keys[id] for id in ids} for ids in splits.values()]
    assert len(set.union(*artists)) == sum(map(len, artists))


@every_reader
def test_a_broken_song_is_found_with_file_and_cure_and_can_be_skipped(name, tmp_path):
    root = tmp_path / "tree"
    MAKERS[name](root)
    reader = reader_of_tree(name, root)
    assert reader.validate() == []
    song = reader.songs()[1]
    victim = song.mix if name in NO_STEMS else song.stems[0].path
    victim.unlink()
    if name in STEMS_MAY_LACK:
        victim.write_text("hello")
    (finding,) = reader_of_tree(name, root).validate()
    assert str(victim) in finding and f"data.skip=[{song.id}]" in finding
    with pytest.raises(DataError, match=f"(?s)1 of {len(reader.songs())} songs cannot be used.*{song.id}"):
        reader_of_tree(name, root).songs()
    assert song.id not in [left.id for left in reader_of_tree(name, root, skip=[song.id]).songs()]


def test_songs_to_skip_are_known_in_any_spelling_and_others_are_said(tmp_path, caplog):
    for id in ("Zo\u00e9_Six", "Ann_One"):
        write_song(tmp_path, id, [("violin", np.zeros((800, 1)))], "x")
    reader = MedleyDB(tmp_path, skip=["Zoe\u0301_Six", "Ann_Two"])
    assert [song.id for song in reader.songs()] == ["Ann_One"]
    assert "data.skip leaves out Ann_Two, but has no such song" in caplog.text and "Six" not in caplog.text


@every_reader
def test_songs_without_stems_that_agree_are_found(name, tmp_path):
    if name in NO_STEMS:
        pytest.skip("has no stems")
    MAKERS[name](tmp_path)
    song = reader_of_tree(name, tmp_path).songs()[0]
    soundfile.write(song.stems[1].path, np.zeros((999, 2)), 44100)
    assert "999 samples" in reader_of_tree(name, tmp_path, pad_short_stems=False).validate()[0]
    assert reader_of_tree(name, tmp_path, pad_short_stems=True).validate() == []


@every_reader
def test_a_folder_without_songs_raises_naming_it_and_what_was_looked_for(name, tmp_path):
    for root in (tmp_path, tmp_path / "missing"):
        with pytest.raises(DataError, match=rf"{root}\S* \(looked for .*\.\w+") as raised:
            reader_of_tree(name, root).songs()
        assert len(str(raised.value)) > 100, "it should say how to get the songs"


@every_reader
def test_constructing_reads_nothing_and_nothing_is_ever_written(name, tmp_path):
    root = tmp_path / "tree"
    reader = reader_of_tree(name, root)
    assert list(tmp_path.iterdir()) == []
    MAKERS[name](root)  # there only now, and found
    before = files(root)
    assert len(reader.songs()) >= 3 and reader.splits() and reader.validate() == []
    assert files(root) == before


@every_reader
def test_its_config_sets_what_it_takes(name):
    module = READERS[name]
    path = CONF / f"{module.__name__.rpartition('.')[2]}.yaml"
    config = yaml.safe_load(path.read_text())
    for base in config.pop("defaults", []):
        config = yaml.safe_load((CONF / f"{base}.yaml").read_text()) | config
    assert config.pop("_target_") == f"{module.__name__}.{name}"
    wanted = inspect.signature(reader_of(module)).parameters
    assert set(config) == set(wanted)
    for key, parameter in wanted.items():
        default = "???" if parameter.default is inspect.Parameter.empty else parameter.default
        assert config[key] == (list(default) if isinstance(default, tuple) else default), key
