"""Stems listed in a file: what may stand there, and every way in which it may be wrong."""

import json
import shutil

import numpy as np
import pytest
import soundfile

from stemwise.datasets.detect import open_tree
from stemwise.datasets.manifest import Manifest
from stemwise.errors import DataError
from stemwise.experiment.songs import other_tree
from tests.sets import make_manifest

HEAD = "song,path,instrument,artist"
NOISE = np.random.default_rng(0).uniform(-0.1, 0.1, (800, 1))
FILES = ("a.wav", "b.wav", "c.wav", "sub/d.wav", "mix.wav")


@pytest.fixture
def root(tmp_path):
    (tmp_path / "tree" / "sub").mkdir(parents=True)
    for number, name in enumerate(FILES):
        soundfile.write(tmp_path / "tree" / name, NOISE * (number + 1) / 9, 8000, subtype="FLOAT")
    return tmp_path / "tree"


def manifest(root, *lines: str, head: str = HEAD, **settings) -> Manifest:
    (root / "manifest.csv").write_text("\n".join([head, *lines]) + "\n")
    return Manifest(root, **settings)


def test_a_line_a_stem(root):
    songs = manifest(
        root,
        "One,a.wav,Electric Bass,Ann,Title of one,no",
        "One,sub/d.wav,piano; violin,,,",
        "One,mix.wav,MIX,Ann,,No",
        'Two - x,"b.wav",own:kalimba,"Bob, the",,',
        head="Song , PATH,instrument,artist,title,complete",
    ).songs()
    one, two = songs
    assert (one.id, one.artist, one.title, one.complete) == ("One", "Ann", "Title of one", False)
    assert [(s.id, s.instruments) for s in one.stems] == [("S01", ("electric bass",)), ("S02", ("piano", "violin"))]
    assert one.mix == root / "mix.wav" and one.stems[1].path == root / "sub" / "d.wav"
    np.testing.assert_allclose(one.read_stem(1), NOISE.T * 4 / 9, atol=1e-7)
    assert (two.id, two.artist, two.title, two.complete) == ("Two_X", "Bob, the", "Two - x", True)
    assert two.mix is None and two.stems[0].instruments == ("own:kalimba",)


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("utf-8-sig", f"{HEAD}\r\nOné,a.wav,tuba,Ann\r\n"),
        ("utf-16", f"{HEAD}\nOné,a.wav,tuba,Ann\n"),
        ("utf-8", "sep=;\nsong;path;instrument;artist;;\nOné;a.wav;\"tuba\";Ann;;\n"),
        ("utf-8", '"song";"path";"instrument";"artist"\r\n"Oné";"a.wav";"tuba";"Ann"\r\n\r\n'),
        ("utf-8", "song\tpath\tinstrument\tartist\nOné\ta.wav\ttuba\tAnn\t\n"),
        ("utf-8", "artist,note,song,path,instrument\nAnn,\"two\nlines\",Oné,.\\a.wav,tuba\n"),
    ],
)  # fmt: skip
def test_what_excel_and_others_write(encoding, text, root):
    (root / "manifest.csv").write_bytes(text.encode(encoding))
    (song,) = Manifest(root).songs()
    assert (song.id, song.artist, song.stems[0].instruments) == ("Oné", "Ann", ("tuba",))


def test_json_says_the_same(root):
    entries = [
        {"song": "One", "path": "a.wav", "instrument": ["piano", "violin"], "artist": "Ann", "complete": False},
        {"song": "One", "path": "mix.wav", "instrument": "mix", "artist": None, "title": 1999},
    ]
    (root / "manifest.json").write_text(json.dumps(entries))
    (song,) = Manifest(root).songs()
    assert (song.title, song.complete, song.stems[0].instruments) == ("1999", False, ("piano", "violin"))
    (root / "mine.json").write_text((root / "manifest.json").read_text())
    assert open_tree(root / "mine.json").songs() == open_tree(root).songs() == [song]


OK = "One,a.wav,tuba,Ann"
WRONG_FILE = {
    "empty": (b"", ": is empty. Begin it with the line song,path,instrument,artist"),
    "blank": (b"\n \n", "is empty"),
    "header only": (HEAD.encode(), "has no line but its header"),
    "no path": (b"song,instrument,artist\nOne,tuba,Ann", "line 1: has no column path, but song, instrument, artist"),
    "no header": (OK.encode(), "line 1: has no column song, path, instrument, artist"),
    "near column": (f"{HEAD},splitt\n{OK},train".encode(), "line 1: column 'splitt' is not known. If it is 'split'"),
    "column twice": (f"{HEAD},path\n{OK},b.wav".encode(), "line 1: has two columns 'path'"),
    "latin-1": (f"{HEAD}\n{OK}\nTwo,b.wav,tuba,Jos\xe9".encode("latin-1"), r"line 3: not text in UTF-8 \(byte 0xe9\)"),
    "too many cells": (f"{HEAD}\n{OK},more".encode(), "line 2: has 5 cells where the header has 4 columns"),
    "too few cells": (f"{HEAD}\n{OK}\nTwo,b.wav,tuba".encode(), "line 3: has 3 cells"),
    "open quotation": (f'{HEAD}\n{OK}\nTwo,"b.wav,tuba,Bob\n'.encode(), "line 3: not readable as CSV"),
    "quotation in a cell": (f'{HEAD}\nOne,"a.wav" x,tuba,Ann\n'.encode(), "line 2: not readable as CSV"),
    "no song": (f"{HEAD}\n{OK}\n,b.wav,tuba,Ann".encode(), "line 3: has no song. Fill the cell"),
    "signs only": (f"{HEAD}\n{OK}\n!!,b.wav,tuba,Ann".encode(), "line 3: song '!!' has no letter or digit"),
    "two of one id": (
        f"{HEAD}\nA B,a.wav,tuba,Ann\n\nAB,b.wav,tuba,Ann".encode(),
        "line 4: song 'AB' has the id of 'A B', AB",
    ),
}


@pytest.mark.parametrize("fault", WRONG_FILE)
def test_a_file_that_cannot_be_right_is_refused_with_the_line(fault, root):
    content, said = WRONG_FILE[fault]
    (root / "manifest.csv").write_bytes(content)
    with pytest.raises(DataError, match=rf"{root}/manifest.csv.*{said}"):
        Manifest(root).songs()


WRONG_SONG = {
    "label": (["One,a.wav,tubba,Ann"], r"line 3: unknown instrument 'tubba'. Did you mean 'tuba'"),
    "mix among labels": (["One,a.wav,mix;tuba,Ann"], "line 3: unknown instrument 'mix'"),
    "no label": (["One,a.wav,;,Ann"], "line 3: has no instrument"),
    "gone": (["One,gone.wav,tuba,Ann"], "line 3: no file {root}/gone.wav. Restore it"),
    "folder": (["One,sub,tuba,Ann"], "line 3: no file {root}/sub"),
    "escape": (["One,sub/../../x.wav,tuba,Ann"], "line 3: .*points outside"),
    "absolute": (["One,/etc/passwd,tuba,Ann"], "line 3: .*points outside"),
    "windows escape": (["One,..\\x.wav,tuba,Ann"], "line 3: .*points outside"),
    "artists": (["One,a.wav,tuba,Ann", "One,b.wav,tuba,Bob"], "line 4: song 'One' has the artist 'Bob', but 'Ann' in"),
    "no artist": (["One,a.wav,tuba,"], "line 3: song 'One' has no artist"),
    "twice": (["One,a.wav,tuba,Ann", "One,./a.wav,flute,Ann"], "line 4: {root}/a.wav stands in line 3 too"),
    "twice, accents apart": (["One,e\u0301.wav,tuba,Ann", "One,\u00e9.wav,flute,Ann"], "line 4: .* in line 3 too"),
    "of another song": (["One,c.wav,tuba,Ann"], "line 3: {root}/c.wav stands in line 2 too"),
    "two mixes": (["One,a.wav,tuba,Ann", "One,mix.wav,mix,Ann", "One,b.wav,mix,Ann"], "line 5: a second mix; line 4"),
    "mix only": (["One,mix.wav,mix,Ann"], "line 3: song 'One' has no stems. Add lines"),
    "own": (["One,a.wav,own:Zither?; own:,Ann"], "'own:' is no label"),
}  # fmt: skip


@pytest.mark.parametrize("fault", WRONG_SONG)
def test_a_song_that_cannot_be_right_is_found_with_the_line(fault, root):
    lines, said = WRONG_SONG[fault]
    shutil.copy(root / "a.wav", root / "\u00e9.wav")
    reader = manifest(root, "Good,c.wav,tuba,Zoe", *lines)
    (finding,) = reader.validate()
    assert finding.startswith(f"{root}/manifest.csv, line ") and "data.skip=[One]" in finding
    with pytest.raises(DataError, match=said.format(root=root)):
        reader.songs()
    assert [song.id for song in Manifest(root, skip=["One"]).songs()] == ["Good"]


@pytest.mark.parametrize(
    ("head", "lines", "said"),
    [
        ("split", ["One,a.wav,tuba,Ann,train", "One,b.wav,tuba,Ann,test"], "line 3: song 'One' has the split 'test'"),
        ("split", ["One,a.wav,tuba,Ann,trian"], "line 2: split 'trian' must be train, valid or test"),
        ("split", ["Two,b.wav,tuba,Bob,train", "One,a.wav,tuba,Ann,"], "line 3: song 'One' has no split, but others"),
        ("complete", ["One,a.wav,tuba,Ann,perhaps"], "line 2: complete is 'perhaps'. Write true or false"),
        ("complete", ["One,a.wav,tuba,Ann,yes", "One,b.wav,tuba,Ann,no"], "the complete 'no', but 'yes' in line 2"),
        ("title", ["One,a.wav,tuba,Ann,X", "One,b.wav,tuba,Ann,Y"], "the title 'Y', but 'X' in line 2"),
    ],
)  # fmt: skip
def test_what_is_said_of_a_song_is_said_once(head, lines, said, root):
    with pytest.raises(DataError, match=said):
        manifest(root, *lines, head=f"{HEAD},{head}").songs()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"a": 1}', "must be a list with an entry a stem"),
        ("[1]", "entry 1: must hold song, path"),
        ('[{"song": "One"}]', "entry 1: has no column path, instrument, artist"),
        ('[{"song": ["One"], "path": "a.wav", "instrument": "tuba", "artist": "Ann"}]', "entry 1: 'song' must be text"),
        ('[{"song": "One", "path": "a.wav", "instrument": [["tuba"]], "artist": "A"}]', "entry 1: 'instrument' must"),
        ('[{"song": "One", "song": "Two", "path": "a.wav", "instrument": "tuba"}]', "'song' stands twice"),
        ('[{"song": NaN, "path": "a.wav", "instrument": "tuba", "artist": "Ann"}]', "NaN is not JSON"),
        ("[", "not readable as JSON"),
        ("[]", "has no line"),
        ("[" * 20000, "nested too deep"),
    ],
)  # fmt: skip
def test_json_that_cannot_be_right_is_refused(content, said, root):
    (root / "manifest.json").write_text(content)
    with pytest.raises(DataError, match=f"manifest.json.*{said}"):
        Manifest(root).songs()


def test_the_column_split_is_the_split(root):
    lines = ["One,a.wav,tuba,Ann,Train", "Two,b.wav,tuba,Bob,val", "Three,c.wav,tuba,Cyd,test"]
    assert manifest(root, *lines, head=f"{HEAD},split").splits() == {
        "train": ["One"], "valid": ["Two"], "test": ["Three"]
    }  # fmt: skip
    lines[2] = lines[2].replace("Cyd", "Ann")
    with pytest.raises(DataError, match="Three of test is by an artist who is in train too"):
        manifest(root, *lines, head=f"{HEAD},split").splits()
    assert manifest(root, *lines, head=f"{HEAD},split", split_by="song").splits()["test"] == ["Three"]
    (root / "splits.json").write_text(json.dumps({"train": ["Two"], "valid": ["One"], "test": ["Three"]}))
    assert manifest(root, *lines, head=f"{HEAD},split", split_by="song").splits()["train"] == ["One"]
    lines = [line.rpartition(",")[0] for line in lines]
    assert manifest(root, *lines, split_by="song").splits()["train"] == ["Two"]


def test_paths_may_lie_below_another_root_and_absolute_within_it(root, tmp_path):
    lists = tmp_path / "lists"
    lists.mkdir()
    text = f"{HEAD}\nOne,a.wav,tuba,Ann\nOne,{root}/b.wav,tuba,Ann\n"
    (lists / "mine.csv").write_text(text)
    (song,) = Manifest(lists / "mine.csv", root).songs()
    assert [stem.path for stem in song.stems] == [root / "a.wav", root / "b.wav"]
    with pytest.raises(DataError, match=r"lists/a\.wav"):
        Manifest(lists / "mine.csv").songs()


def test_a_link_of_the_owner_may_lead_out_but_a_name_may_not_go_on_from_there(root, tmp_path):
    elsewhere = tmp_path / "elsewhere" / "deep"
    elsewhere.mkdir(parents=True)
    for place in (elsewhere, elsewhere.parent):
        shutil.copy(root / "a.wav", place / "x.wav")
    (root / "link").symlink_to(elsewhere)
    assert manifest(root, "One,link/x.wav,tuba,Ann").songs()
    with pytest.raises(DataError, match=rf"no file {root}/x.wav"):  # read as written in the tree, not through the link
        manifest(root, "One,link/../x.wav,tuba,Ann").songs()


def test_which_file_is_meant(root):
    manifest(root, OK)
    (root / "manifest.json").write_text("[]")
    with pytest.raises(DataError, match=r"has manifest.csv and manifest.json. Name one with data.file"):
        Manifest(root).songs()
    assert Manifest(root / "manifest.csv").songs()


def test_another_root_is_not_read_by_a_manifest_of_this_one(root, tmp_path):
    make_manifest(tmp_path / "own")
    own = {"_target_": "stemwise.datasets.manifest.Manifest", "file": "x.csv", "root": None, "skip": []}
    assert other_tree(str(root), {}, own) == {"_target_": "stemwise.datasets.folder.Folder", "root": str(root)}
    assert (
        other_tree(str(root / "sub"), {}, own)["_target_"] == "stemwise.datasets.medleydb.MedleyDB"
    )  # no layout tells


def test_segments_that_say_in_part_what_they_are_of_are_refused(root):
    (root / "v.lab").write_text("0.01\t0.02\tviolin\n0.03\t0.04\n")
    lines = ("One,a.wav,tuba,Ann,no", "One,v.lab,violin,Ann,no", "One,mix.wav,mix,Ann,no")
    (finding,) = manifest(root, *lines, head=f"{HEAD},complete").validate()
    assert "v.lab has segments that say what they are of and others that do not" in finding
    (root / "v.lab").write_text("0.01\t0.02\n0.03\t0.04\n")
    (song,) = manifest(root, *lines, head=f"{HEAD},complete").songs()
    assert song.annotations[0].segments == ((0.01, 0.02), (0.03, 0.04))
