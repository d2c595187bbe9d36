"""What file names say."""

import re

import pytest

from stemwise.naming import LEFT_OUT, _rules, guess, words_of
from stemwise.taxonomy import ANYTHING, instrument_labels

DRUMS = ("drum set", "drums", "")


@pytest.mark.parametrize(
    ("name", "label", "stem", "side"),
    [
        ("01_Kick.wav", *DRUMS),
        ("02_SnareUp.wav", *DRUMS),
        ("HH.flac", *DRUMS),
        ("07_OverheadsL.wav", "drum set", "drums", "L"),
        ("OH R.wav", "drum set", "drums", "R"),
        ("DrumsRoom.wav", *DRUMS),
        ("Room.wav", "ignore", "room", ""),
        ("BassDI.wav", "electric bass", "bass", ""),
        ("Bass_Amp.wav", "electric bass", "bass", ""),
        ("Upright Bass.wav", "double bass", "double bass", ""),
        ("SynthBass.wav", "synthesizer", "bass synth", ""),
        ("BassClarinet.wav", "bass clarinet", "bass clarinet", ""),
        ("bass clarinet.wav", "bass clarinet", "bass clarinet", ""),
        ("ElecGtr1.wav", "clean electric guitar", "elec gtr 1", ""),
        ("ElecGtr1DT.wav", "clean electric guitar", "elec gtr 1", ""),
        ("DistGtr2_R.wav", "distorted electric guitar", "dist gtr 2", "R"),
        ("AcousticGtr_left.wav", "acoustic guitar", "acoustic gtr", "L"),
        ("LeadVoxFemale.wav", "female singer", "lead vox female", ""),
        ("FemaleVox.wav", "female singer", "female vox", ""),
        ("BackingVox3.wav", "vocalists", "backing vox 3", ""),
        ("Hammond.wav", "electronic organ", "hammond", ""),
        ("Grand Piano.wav", "piano", "grand piano", ""),
        ("E-Piano.wav", "electric piano", "e piano", ""),
        ("Tambourine.wav", "tambourine", "tambourine", ""),
        ("sitar.wav", "sitar", "sitar", ""),
        ("MyBand_Song_Full_Preview.mp3", "mix", "my band song full preview", ""),
        ("Stereo Mix.wav", "mix", "stereo mix", ""),
        ("xyz.wav", "", "xyz", ""),
    ],
)
def test_a_name_says(name, label, stem, side):
    found = guess(name)
    assert (found.label, found.stem, found.side) == (label, stem, side)


def test_every_rule_names_a_label_of_the_taxonomy():
    for rule in _rules():
        assert rule["label"] in instrument_labels() | {*LEFT_OUT, ""}, rule


def test_every_label_is_found_by_its_own_name_or_by_a_rule():
    for label in instrument_labels() - ANYTHING - {"other instrument"}:
        assert guess(f"{label.replace('/', ' ')}.wav").label, label


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("01_KickIn-L.wav", "kick in l"),
        ("12 Gtr2.wav", "gtr 2"),
        ("808.wav", "808"),
        ("GTR.wav", "gtr"),
        ("é.wav", "é"),
    ],
)
def test_words(name, words):
    assert " ".join(words_of(name)) == words


def test_what_a_name_leaves_open_is_asked():
    assert re.search("clean or distorted", guess("Gtr.wav").ask)
    assert re.search("man or woman", guess("LeadVox.wav").ask)
    assert not guess("Kick.wav").ask


def test_what_a_name_leaves_open_has_every_label_it_may_be():
    assert guess("Vox.wav").labels == ("male singer", "female singer")
    assert set(guess("guitar 2.wav").labels) == {
        "clean electric guitar",
        "distorted electric guitar",
        "acoustic guitar",
    }
    assert guess("ElecGtr1.wav").labels == ("clean electric guitar", "distorted electric guitar")
    assert guess("Kick.wav").labels == ("drum set",) and guess("xyz.wav").labels == ()
    for rule in _rules():
        assert not rule.get("may be") or (rule["ask"] and rule["label"] in rule["may be"]), rule
        assert set(rule.get("may be", ())) <= instrument_labels(), rule


def test_names_in_any_script_keep_their_words():
    assert words_of("01_Гитара 2.wav") == ["гитара", "2"]
    assert words_of("Flo\u0308te.wav") == words_of("Fl\u00f6te.wav") == ["fl\u00f6te"]  # as macOS writes it, and others


@pytest.mark.parametrize("name", ["no_vocals", "Mix minus vocals", "Music without Vox", "vocals off", "Drumless"])
def test_what_a_file_is_without_is_not_what_it_holds(name):
    assert guess(f"{name}.wav").labels == ()
    assert guess("Guitar No 2.wav").label == "clean electric guitar"


@pytest.mark.parametrize("name", ["Backing Track", "backing", "Background Guitar", "Harmony Gtr"])
def test_backing_is_a_singer_only_where_it_says_so(name):
    assert guess(f"{name}.wav").labels == ()
    for sung in ("Backing Vox", "BGV 2", "Harmony 1", "Gang Vocals"):
        assert guess(f"{sung}.wav").label == "vocalists"


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Bass Drum In", "drum set"),
        ("Bassoon Close", "bassoon"),
        ("Bass Clarinet Mic", "bass clarinet"),
        ("Bass Vox", "male singer"),
        ("Bass Sax", ""),
        ("808 Bass", "synthesizer"),
        ("01 Bass Amp", "electric bass"),
        ("Electric Piano DI", "electric piano"),
        ("Rhodes Piano", "electric piano"),
    ],
)
def test_a_word_more_does_not_make_another_instrument(name, label):
    assert guess(f"{name}.wav").label == label


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("Drums and Bass", {"drum set", "electric bass"}),
        ("DrumsAndBass", {"drum set", "electric bass"}),
        ("Piano & Vocals", {"piano", "male singer", "female singer"}),
        ("Kick and Snare", {"drum set"}),
        ("Gtr L+R", {"clean electric guitar", "distorted electric guitar", "acoustic guitar"}),
        ("808", {"drum machine", "synthesizer"}),
        ("Tommy Vox", {"drum set", "male singer", "female singer"}),
        ("Overhead Synth", {"drum set", "synthesizer"}),
        ("Bass Tuba", {"electric bass", "tuba"}),
        ("Bass Lead Vox", {"electric bass", "male singer", "female singer"}),
        ("Hammond Vox", {"electronic organ", "male singer", "female singer"}),
        ("Electric Bass Guitar Amp", {"electric bass"}),
        ("bass_chorus", {"electric bass"}),
        ("Kick Sample", {"drum set"}),
        ("Kick Bass Drum", {"drum set"}),
        ("Bass 808", {"electric bass"}),
        ("ContraBassoon", {"bassoon"}),
        *((name, {"drum set"}) for name in ("OverHeads", "05_Over-Heads_L", "RimShot", "Side_Stick", "O.H.", "Kit")),
        *((name, {"electronic organ"}) for name in ("B3", "Hammond_B3", "Organ B3", "B3Organ")),
        ("DrumsAcoustic", {"drum set"}),
        ("BassHarmony", {"electric bass"}),
        ("Bass Lead", {"electric bass"}),
        ("Loops 2", {"drum machine", "sampler", "synthesizer"}),
    ],
)
def test_a_name_of_several_instruments_may_be_any(name, labels):
    assert set(guess(f"{name}.wav").labels) == labels


def test_a_lead_may_be_sung():
    assert {"male singer", "synthesizer"} <= set(guess("Lead.wav").labels)


def test_every_rule_can_be_asked_in_any_spelling():
    """A rule of several words fits none of them alone."""
    for rule in _rules():
        for name in re.sub(r"\(\?[^)]*\)", "", rule["say"]).split(", "):
            plain = " ".join(re.sub(r"[().*?\\|!]", " ", name).split())
            for spelled in (plain, plain.replace(" ", "_"), plain.title().replace(" ", "")):
                guess(f"{spelled}.wav")
