"""Songs follow their sessions, whatever becomes of titles, tables and runs."""

import json
from dataclasses import replace

import numpy as np
import pytest

from stemwise import audio
from stemwise.convert import convert, many, propose
from stemwise.convert.state import STATE
from stemwise.errors import DataError

from .made_up import RATE, put, table_of, tone


@pytest.fixture
def pair(tmp_path):
    """Two sessions, a tone of 440 Hz and one of 1000 Hz."""
    for name, frequency in (("a", 440), ("b", 1000)):
        put(tmp_path / "pair" / name / "bass.wav", tone(1, frequency))
    return tmp_path / "pair"


def titled(folder, **titles):
    """The rows with these titles; a session without one is left out."""
    return [
        replace(row, artist="Ann", title=titles[row.session]) if row.session in titles else replace(row, label="ignore")
        for row in propose(folder)
    ]


def heard(tree):
    """Song → the frequency of its mix, in Hz."""
    songs = sorted((tree / "Audio").iterdir())
    sounds = {song.name: audio.read(song / f"{song.name}_MIX.flac")[0][0] for song in songs}
    return {name: round(np.abs(np.fft.rfft(sound[:RATE])).argmax()) for name, sound in sounds.items()}


def test_a_song_under_a_new_title_leaves_no_old_one(sessions, tmp_path):
    tree = tmp_path / "tree"
    convert(sessions, propose(sessions), tree)
    convert(sessions, table_of(sessions, piano={"title": "Other"}), tree)
    assert sorted(path.name for path in (tree / "Audio").iterdir()) == ["Solo_Other", "TheBand_FirstSong"]
    assert not list((tree / "Annotations").glob("Solo_Piece*"))


@pytest.mark.parametrize("processes", [1, 2])
def test_songs_follow_their_sessions_under_new_titles(pair, tmp_path, processes):
    """Titles that change hands, and a session that is left out and taken again: no song under another's name, none
    twice, none lost."""
    tree = tmp_path / "tree"
    convert(pair, titled(pair, a="One", b="One"), tree, processes=processes)
    assert heard(tree) == {"Ann_One": 440, "Ann_One2": 1000}
    with pytest.warns(UserWarning, match="Ann_One is removed: nothing of its session a is used"):
        convert(pair, titled(pair, b="One"), tree, processes=processes)
    assert heard(tree) == {"Ann_One": 1000}
    convert(pair, titled(pair, a="One", b="One"), tree, processes=processes)
    assert heard(tree) == {"Ann_One": 440, "Ann_One2": 1000}
    convert(pair, titled(pair, a="One", b="Two"), tree, processes=processes)
    convert(pair, titled(pair, a="Two", b="One"), tree, processes=processes)
    assert heard(tree) == {"Ann_One": 1000, "Ann_Two": 440}
    assert convert(pair, titled(pair, a="Two", b="One"), tree, processes=processes) == ([], {})
    assert {path.name.rpartition("_")[0] for path in (tree / "Annotations").iterdir()} >= set(heard(tree))


def test_a_run_that_ends_between_two_songs_that_change_names_is_mended(pair, tmp_path, monkeypatch):
    tree = tmp_path / "tree"
    convert(pair, titled(pair, a="One", b="Two"), tree)
    whole = many._try

    def second_fails(session, *_, **options):
        return whole(session, *_, **options) if session.id == "Ann_Two" else "no room"

    with monkeypatch.context() as patch:
        patch.setattr(many, "_try", second_fails)
        _, faults = convert(pair, titled(pair, a="Two", b="One"), tree)
    assert faults == {"b": "no room"} and heard(tree) == {"Ann_Two": 440}, "b's song stands under no other's name"
    convert(pair, titled(pair, a="Two", b="One"), tree)
    assert heard(tree) == {"Ann_One": 1000, "Ann_Two": 440}


def test_a_run_that_is_cut_off_between_song_and_note_is_made_good(pair, tmp_path, monkeypatch):
    """Also where the table is as it was before it: the song that was overwritten is vouched for by nothing."""
    tree, before = tmp_path / "tree", titled(pair, a="One", b="Two")
    convert(pair, before, tree)
    whole = many._try

    def cut_off(*arguments, **options):
        whole(*arguments, **options)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(many, "_try", cut_off)
        convert(pair, titled(pair, a="Two", b="One"), tree)
    assert heard(tree) == {"Ann_One": 440, "Ann_Two": 440}
    convert(pair, before, tree)
    assert heard(tree) == {"Ann_One": 440, "Ann_Two": 1000}


def test_two_sessions_that_claim_one_song_are_both_converted_anew(pair, tmp_path):
    tree = tmp_path / "tree"
    rows = titled(pair, a="One", b="One")
    convert(pair, rows, tree)
    state = json.loads((tree / STATE).read_text())
    state["b"]["id"] = "Ann_One"
    (tree / STATE).write_text(json.dumps(state))
    convert(pair, rows, tree)
    assert heard(tree)["Ann_One"] == 440 and 1000 in heard(tree).values()


def test_state_that_is_no_json_is_refused(sessions, tmp_path):
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / STATE).write_text("{")
    with pytest.raises(DataError, match="is not JSON"):
        convert(sessions, propose(sessions), tree)
