"""What is found in a set."""

import json

import numpy as np
import pytest
import soundfile

from stemwise.datasets.detect import open_tree
from stemwise.datasets.musdb import song_id
from stemwise.song import Song, Stem
from stemwise.taxonomy import targets
from stemwise.validation import ERROR, NOTE, WARNING, validate
from stemwise.validation.errata import errata
from stemwise.validation.facts import Apart, FileFacts, SongFacts
from stemwise.validation.findings import may_train
from stemwise.validation.set_checks import same_songs
from stemwise.validation.song_checks import check_song
from tests.sets import make_musdb, make_secrets
from tests.test_cli import stemwise
from tests.trees import IDS, RATE, edit_metadata, stem_audio, write_song
from tests.validation.spoiled import make_spoiled, respoil, stem_file

MMS = targets("mms")


def found_in(root, scheme=MMS, kind=None, **settings):
    return validate(open_tree(root, kind, **settings), scheme)


def of(found, check):
    return [finding for finding in found.findings if finding.check == check]


@pytest.fixture(scope="module")
def spoiled(tmp_path_factory):
    folder = tmp_path_factory.mktemp("spoiled")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STEMWISE_HOME", str(folder / "home"))
        return found_in(make_spoiled(folder / "Tree"))


def test_a_sound_tree_has_no_findings(tree):
    found = found_in(tree)
    assert {finding.check for finding in found.findings} == {"target never plays"}  # it has no guitars and no piano
    assert may_train(found.findings) and not may_train(found.findings, strict=True)


@pytest.mark.parametrize(
    ("check", "severity", "songs", "says"),
    [
        ("clipped", WARNING, "Ann_One", "2 runs of 3 or more equal samples at full scale, the longest of 40 (0.9 ms)"),
        ("DC offset", WARNING, "Ann_One", "+0.0200 of full scale (−34.0 dBFS)"),
        ("silent stem", WARNING, "Bob_Two", "every sample is zero"),
        ("same stem twice", WARNING, "Bob_Two", "S04 (violin) has the samples of S01"),
        ("mix of another length", NOTE, "Bob_Two", "176300 samples at 44100 Hz, the stems have 176400"),
        ("instrument unknown", WARNING, "Cyd_Three", "S03 is Main System"),
        ("other instrument", NOTE, "Cyd_Three", "S04 is an instrument that the taxonomy lacks"),
        ("NaN", ERROR, "Dee_Four", "4 samples are NaN, infinite or beyond"),
        ("unusable song", ERROR, "Fay_Six", "Fay_Six_STEM_02.wav"),
        ("same song twice", WARNING, "Bob_Two Eve_Five", "all of their stems' samples"),
        ("known of this set", NOTE, "ClaraBerryAndWooldog_Boys", "(source: github.com/marl/medleydb, ERRATA.md)"),
        ("in no part", NOTE, "ClaraBerryAndWooldog_Boys Dee_Four Eve_Five", "neither learned nor scored"),
    ],
)
def test_what_is_wrong_is_found(spoiled, check, severity, songs, says):
    finding = of(spoiled, check)[0]
    assert (finding.severity, finding.songs) == (severity, tuple(songs.split())) and says in finding.what
    assert finding.cure or "leave the song out with data.skip" in finding.what
    if finding.file:
        assert finding.songs[0] in finding.file


def test_the_spoiled_mix_is_far_from_its_stems(spoiled):
    (finding,) = (one for one in of(spoiled, "mix is not the sum") if one.songs == ("Ann_One",))
    decibels = spoiled.facts["Ann_One"].apart.decibels
    assert decibels > -20 and f"−{abs(decibels):.1f} dB" in finding.what and finding.severity == NOTE


def test_nothing_else_is_wrong_with_songs_that_share_nothing(spoiled):
    twins = {"Bob_Two", "Eve_Five"}
    for finding in spoiled.findings:
        if finding.check in ("same song twice", "shared stems", "same stem twice"):
            assert set(finding.songs) <= twins


@pytest.mark.parametrize(("level", "silent"), [(0.0, True), (0.0009, True), (0.0011, False)])
def test_a_stem_below_minus_60_db_is_silent(tree, level, silent):
    respoil(stem_file(tree, IDS[0], 4), lambda audio: level * audio / np.abs(audio).max())
    assert bool(of(found_in(tree), "silent stem")) == silent


def song_of(stems=1, **how):
    return Song("A_B", "A", "B", RATE, 9, 2, tuple(Stem(f"S{n}", ("piano",), f"{n}.wav") for n in range(stems)), **how)


def checks_of(song, *files, mix=None, apart=None):
    return {found.check: found.severity for found in check_song(song, SongFacts("A_B", files, mix, apart, (), {}))}


def file(digest="d", **how):
    return FileFacts("x.wav", RATE, 9, 2, **{"peak": 0.5, "rms": 0.1, "digest": digest} | how)


def test_thresholds_of_offset_and_mix(tmp_path):
    assert checks_of(song_of(), file(offset=0.00099)) == {} and checks_of(song_of(), file(offset=-0.001)) == {
        "DC offset": WARNING
    }
    for decibels, noted in ((-20.1, {}), (-19.9, {"mix is not the sum": NOTE})):
        assert checks_of(song_of(), file(), mix=file(), apart=Apart(decibels, 1.0, decibels)) == noted


def test_silent_stems_are_not_the_same_stem():
    silence = {"peak": 0.0, "rms": 0.0}
    assert "same stem twice" not in checks_of(song_of(2), file(**silence), file(**silence))
    assert checks_of(song_of(2), file(), file()) == {"same stem twice": WARNING}


def test_a_bad_mix_forbids_a_training_only_where_it_is_read(tmp_path):
    lone, whole = (song_of(complete=complete, mix=tmp_path) for complete in (False, True))
    for spoiled in ({"fault": "cut"}, {"unsound": 1}, {"samples": 8}):
        mix = FileFacts(**{"path": "m.wav", "rate": RATE, "samples": 9, "channels": 2, **spoiled})
        assert list(checks_of(lone, file(), mix=mix).values()) == [ERROR]
        assert list(checks_of(whole, file(), mix=mix).values()) == [NOTE]
    assert checks_of(lone, file(), mix=file(), apart=Apart(-3, 1.0, -3)) == {}  # what remains is meant to be there


def test_songs_that_share_some_stems_should_be_in_one_part():
    songs = [SongFacts(id, (file("loop"), file(id)), None, None, (), {}) for id in "abc"]
    (apart,) = same_songs(songs, {"train": ["a", "b"], "valid": [], "test": ["c"]})
    assert apart.severity == WARNING and apart.songs == ("a", "b", "c") and "in test and train" in apart.what
    (together,) = same_songs(songs, {"train": ["a", "b", "c"], "valid": [], "test": []})
    assert together.severity == NOTE and "1 of their stems" in together.what


def test_targets_are_counted_where_they_are_known_and_play(tree):
    edit_metadata(
        tree / "Audio" / IDS[1], lambda meta: meta["stems"]["S01"].update(instrument=["piano", "electric bass"])
    )
    respoil(stem_file(tree, IDS[2], 1), lambda audio: 0 * audio)
    rows = {row.name: row for row in found_in(tree).summary.targets}
    assert (rows["drums"].known, rows["drums"].playing) == (3, 3)
    assert (rows["bass"].known, rows["bass"].playing) == (2, 1)  # one shares its file, one is silent
    assert rows["bass"].parts == {"train": 1, "valid": 0, "test": 0}
    assert (rows["piano"].known, rows["piano"].playing) == (2, 0)


def test_figures_are_those_of_the_tree(tree):
    summary = found_in(tree).summary
    assert summary.songs == 3 and summary.hours == pytest.approx(12 / 3600)
    assert summary.rates == {RATE: 3} and summary.channels == {2: 3}
    assert {row.label: (row.songs, row.stems) for row in summary.instruments} == dict.fromkeys(
        ("electric bass", "drum set", "female singer", "violin"), (3, 3)
    )
    for row in summary.instruments:
        assert 0.6 < row.share < 0.95 and row.hours == pytest.approx(row.share * summary.hours)  # rests for a quarter
    assert [(part.songs, part.artists) for part in summary.parts] == [((id,), (id[:3],)) for id in IDS]


def test_words_that_were_mapped_are_named(tmp_path):
    make_secrets(tmp_path)
    words = found_in(tmp_path, kind="mixing_secrets").summary.words
    assert words["LeadVox"] == ("vocalists", 3) and words["electric bassDI"] == ("electric bass", 3)
    assert "drum set" not in words and "Room" not in words


def test_published_sets_are_known_by_their_songs(tmp_path):
    make_musdb(tmp_path, {"train": ("PR - Oh No", "Actions - South Of The Water", "Actions - One Minute Smile"),
                          "test": ("A Classic Education - NightOwl",)}, seconds=2.0)  # fmt: skip
    found = found_in(tmp_path, targets("musdb"))
    known = {finding.songs: finding.what for finding in of(found, "known of this set")}
    assert "left channel" in known["PR_OhNo",] and "sigsep.github.io" in known["PR_OhNo",]
    assert "46 of MUSDB's 150 songs" in known["AClassicEducation_NightOwl",]
    assert "Skelpolu" in known["Actions_OneMinuteSmile", "Actions_SouthOfTheWater"]
    (two,) = of(found, "artist in two parts")
    assert two.what == "Actions is in train and valid" and two.severity == WARNING


def test_errata_are_of_songs_that_can_be():
    counted = {}
    for erratum in errata():
        assert erratum.kinds and erratum.what and erratum.cure and erratum.source
        assert len(set(erratum.patterns)) == len(erratum.patterns)
        counted[erratum.what.split(" of ")[0].split(" songs")[0]] = len(erratum.patterns)
    assert counted["46"] == 46 and counted["62"] == 62 and counted["13"] == 13
    published = ["Al James - Schoolboy Facination", "Chris Durban - Celebrate", "Detsky Sad - Walkie Talkie",
                 "Enda Reilly - Cur An Long Ag Seol", "Hop Along - Sister Cities", "Leaf - Wicked", "PR - Oh No",
                 "BKS - Bulldozer"]  # fmt: skip
    listed = {pattern for erratum in errata() if "errata" in erratum.source for pattern in erratum.patterns}
    assert listed == {song_id(name) for name in published}
    assert all({"musdb18", "musdb18hq"} & set(e.kinds) in (set(), {"musdb18", "musdb18hq"}) for e in errata())


@pytest.mark.parametrize(
    ("splits", "check", "severity"),
    [
        ({"train": [IDS[0]], "valid": [], "test": [IDS[1]]}, "empty part", ERROR),
        ({"train": [IDS[0]], "valid": [IDS[1]], "test": []}, "empty part", WARNING),
        ({"train": ["Zoe"], "valid": [], "test": []}, "splits", ERROR),
    ],
)
def test_parts_that_cannot_be_learned_from(tree, splits, check, severity):
    (tree / "splits.json").write_text(json.dumps(splits))
    assert of(found_in(tree), check)[0].severity == severity


def test_a_set_of_which_nothing_is_known_cannot_be_learned(tree):
    for id in IDS:
        edit_metadata(tree / "Audio" / id, lambda meta: meta["stems"]["S01"].update(instrument="Main System"))
    assert [one.severity for one in of(found_in(tree), "no target known")] == [ERROR]


def test_a_tree_of_unusable_songs_says_why(tree):
    for id in IDS:
        stem_file(tree, id, 1).unlink()
    found = found_in(tree)
    assert len(of(found, "unusable song")) == 3 and found.summary.songs == 0 and found.splits is None
    assert "may not start" in stemwise("validate", tree, code=1)


def test_mono_and_long_songs_are_counted(tmp_path):
    write_song(tmp_path, "Ann_One", [("piano", stem_audio("piano", 2.0, 0)[:, :1])], "Ann")
    write_song(tmp_path, "Bob_Two", [("piano", stem_audio("piano", 6.0, 1))], "Bob")
    soundfile.write(stem_file(tmp_path, "Bob_Two", 1), soundfile.read(stem_file(tmp_path, "Bob_Two", 1))[0], 48000)
    summary = found_in(tmp_path).summary
    assert summary.channels == {1: 1, 2: 1} and summary.rates == {RATE: 1, 48000: 1}
    assert (summary.seconds.low, summary.seconds.high) == (2.0, 6 * RATE / 48000)


def test_songs_of_annotations_alone_can_be_learned_from_and_not_drawn(tmp_path):
    lines = ["song,path,instrument,artist,complete"]
    for id in ("Ann", "Bob", "Cyd"):
        soundfile.write(tmp_path / f"{id}.wav", stem_audio("piano", 4.0, 1), RATE)
        (tmp_path / f"{id}.lab").write_text("0.5,1\n")
        lines += [f"{id},{id}.wav,mix,{id},no", f"{id},{id}.lab,piano,{id},no"]
    (tmp_path / "manifest.csv").write_text("\n".join(lines))
    found = found_in(tmp_path)
    piano = next(row for row in found.summary.targets if row.name == "piano")
    assert (piano.known, piano.annotated) == (0, 3) and may_train(found.findings)
    said = [finding.what for finding in of(found, "target never plays")]
    assert len(said) == 5 and not any("piano" in what for what in said)
    assert "no stems to draw" in stemwise("show", tmp_path, "--song", "Ann", code=1)
