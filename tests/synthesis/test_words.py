"""Sung words: what is said, how high, when, and that it is the same each time."""

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stemwise.errors import DataError, MissingExtra
from stemwise.synthesis import synthesize
from stemwise.synthesis.score import Note
from stemwise.synthesis.voice import draw_singer, draw_voices, find_voice, sing_words, speech
from stemwise.synthesis.voice.lyrics import KINDS, _table, lexicon, syllables, text_of, vowels

espeakng_loader = pytest.importorskip("espeakng_loader", reason="needs the extra sing")
pytest.importorskip("pyworld", reason="needs the extra sing")

RATE = 44100
FEMALE = find_voice("en-us+f2")


def steady_singer(voice):
    return replace(draw_singer(voice, np.random.default_rng(1)), vibrato_depth=0.0, scoop=0.0)


def sung(notes, voice=FEMALE, seconds=4.0, seed=0):
    return sing_words(notes, steady_singer(voice), seconds, RATE, np.random.default_rng(seed))[0]


def phonemes(words: list[str]) -> list[str]:
    """As espeak-ng itself transcribes whole words, without stress; in a process of its own, as it is GPL."""
    code = """
import ctypes, sys
library, data, *words = sys.argv[1:]
espeak = ctypes.CDLL(library)
espeak.espeak_Initialize(2, 0, data.encode(), 0x8000)
espeak.espeak_SetVoiceByName(b"en")
espeak.espeak_TextToPhonemes.restype = ctypes.c_char_p
for word in words:
    print(espeak.espeak_TextToPhonemes(ctypes.byref(ctypes.c_char_p(word.encode())), 1, 0).decode())
"""
    paths = [espeakng_loader.get_library_path(), espeakng_loader.get_data_path()]
    done = subprocess.run([sys.executable, "-c", code, *paths, *words], capture_output=True, text=True, check=True)
    return [re.sub("[',%_|]", "", line) for line in done.stdout.splitlines()]


def test_parts_of_words_sound_as_espeak_says_the_word():
    words = [word for kind in KINDS for word in _table()[kind] if "-" in word]
    assert len(words) > 30
    said = phonemes([word.replace("-", "") for word in words])
    for word, whole in zip(words, said, strict=True):
        parts = "".join(text_of(part)[3:-2] for part in syllables(word))
        # The table has two signs for the short i that no ear tells apart.
        assert parts.replace("I2", "I") == whole.replace("I2", "I"), word


def test_every_text_is_heard_in_every_voice():
    names = {name for part in ("seen", "unseen") for row in speech_voices(part) for name in row}
    for name in sorted(names)[::4]:
        samples = speech.speak(lexicon(), name)
        assert len(samples) == len(lexicon())
        assert min(np.abs(each).max() for each in samples) > 1000, name
        assert min(len(each) for each in samples) > 0.1 * speech.RATE, name


def speech_voices(part):
    from stemwise.synthesis.voice.voices import _table as voices

    return voices()[part].values()


def test_the_melody_is_met_within_a_tenth_of_a_semitone():
    librosa = pytest.importorskip("librosa")
    wanted = [64, 67, 71, 69]
    words = ["night", "wa-", "ter", "road"]
    notes = [
        Note(0.5 + i, 1.45 + i, pitch, 100, word) for i, (pitch, word) in enumerate(zip(wanted, words, strict=True))
    ]
    sound = sung(notes, seconds=5.0)
    found = librosa.yin(sound, fmin=200, fmax=800, sr=RATE, frame_length=2048, hop_length=512)
    times = np.arange(len(found)) * 512 / RATE
    errors = []
    for note in notes:
        inside = (times > note.start + 0.15) & (times < note.end - 0.35)
        errors.append(np.median(librosa.hz_to_midi(found[inside])) - note.pitch)
    assert np.abs(errors).max() < 0.1


def test_the_vowel_begins_on_the_beat_and_consonants_before_it():
    sound = sung([Note(1.0, 2.0, 64, 100, "street")])
    level = np.sqrt(np.convolve(sound**2, np.ones(441) / 441, "same"))
    times = np.arange(len(level)) / RATE
    assert times[np.argmax(level > 0.5 * level.max())] == pytest.approx(1.0, abs=0.06)
    spectrum = np.abs(np.fft.rfft(sound[round(0.87 * RATE) : round(0.95 * RATE)])) ** 2
    frequencies = np.fft.rfftfreq(round(0.95 * RATE) - round(0.87 * RATE), 1 / RATE)
    assert spectrum[frequencies > 3000].sum() > 0.6 * spectrum.sum(), "an s hisses"


def test_rests_are_silent_and_notes_are_not():
    notes = [Note(0.5, 1.0, 64, 90, "sea"), Note(3.0, 3.5, 67, 90)]
    sound = sung(notes)
    assert np.abs(sound[round(1.3 * RATE) : round(2.7 * RATE)]).max() == 0
    assert np.abs(sound[round(3.1 * RATE) : round(3.4 * RATE)]).max() > 0.01


def test_velocity_is_loudness():
    soft, loud = (np.abs(sung([Note(0.5, 1.5, 64, velocity, "sea")])).max() for velocity in (50, 100))
    assert loud / soft == pytest.approx(2**1.5, rel=0.05)


def test_words_differ_and_voices_differ():
    def spectrum(word, voice):
        sound = sung([Note(0.5, 1.5, 64, 100, word)], voice)[round(0.7 * RATE) : round(1.2 * RATE)]
        bands = np.abs(np.fft.rfft(sound * np.hanning(len(sound))))[: (2500 * 2)].reshape(-1, 250).sum(axis=1)
        return bands / bands.sum()

    see = spectrum("sea", FEMALE)
    assert np.abs(see - spectrum("star", FEMALE)).sum() > 0.3
    assert np.abs(see - spectrum("sea", find_voice("en-us+m3"))).sum() > 0.1


def test_what_was_sung_before_changes_nothing():
    notes = [Note(0.5, 1.4, 64, 100, "ghost")]
    before = sung(notes)
    sung([Note(0.5, 1.4, 60, 100, "fire")], find_voice("en-us+m1"))
    speech.spoken.cache_clear()
    speech._lexicon_of.cache_clear()
    assert np.array_equal(before, sung(notes))


def test_notes_too_short_for_their_consonants_still_follow_one_another():
    notes = [Note(0.5 + 0.09 * i, 0.58 + 0.09 * i, 64 + i, 100, "street") for i in range(12)]
    sound = sung(notes)
    assert np.isfinite(sound).all()
    assert 0.01 < np.abs(sound).max() < 10


def test_test_songs_have_voices_of_their_own():
    def heard(label, test):
        return {name for seed in range(60) for name in draw_voices(label, test, np.random.default_rng(seed))}

    for label in ("male singer", "female singer", "vocalists"):
        assert not heard(label, True) & heard(label, False)
    assert len(draw_voices("vocalists", False, np.random.default_rng(0))) == 3
    assert len(heard("male singer", False)) > 4


def test_a_word_that_is_not_in_the_table_is_refused():
    with pytest.raises(DataError, match=r"xylophone.*lyrics\.yaml"):
        sung([Note(0.5, 1.0, 64, 100, "xylophone")])


def test_an_unknown_voice_is_refused():
    with pytest.raises(DataError, match="no voice 'xx-none'"):
        speech.speak(vowels(), "xx-none")


def test_espeak_has_the_variant_of_every_voice():
    """It would speak with its plain voice otherwise, and say nothing."""
    variants = Path(espeakng_loader.get_data_path()) / "voices" / "!v"
    for part in ("seen", "unseen"):
        for name in (name for row in speech_voices(part) for name in row):
            assert (variants / name.partition("+")[2]).is_file(), name


def test_without_the_extra_words_are_refused_and_auto_sings_vowels(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyworld", None)
    with pytest.raises(MissingExtra, match=r"pyworld.*stemwise\[sing\]"):
        synthesize(tmp_path / "words", songs=3, seconds=8, voices="words")
    synthesize(tmp_path / "auto", songs=3, seconds=8)
    assert '"voices": "vowels"' in (tmp_path / "auto" / "manifest.json").read_text()
    monkeypatch.undo()
    with pytest.raises(DataError, match="voices='vowels' \\(wanted 'words'\\)"):
        synthesize(tmp_path / "auto", songs=3, seconds=8)
