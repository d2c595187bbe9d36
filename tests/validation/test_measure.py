"""A song's facts, and that they are measured once."""

import tracemalloc

import numpy as np
import pytest
import soundfile

from stemwise import labels
from stemwise.datasets.medleydb import MedleyDB
from stemwise.validation import measure as rooms
from stemwise.validation.measure import measure, measure_songs
from tests.trees import IDS, RATE, edit_metadata, make_tree, stem_audio, write_song
from tests.validation.spoiled import respoil, stem_file


@pytest.fixture
def reads(monkeypatch):
    """Names of the files whose samples are read, one a read."""
    names, read = [], soundfile.SoundFile.read

    def counted(self, *args, **kwargs):
        names.append(str(self.name))
        return read(self, *args, **kwargs)

    monkeypatch.setattr(soundfile.SoundFile, "read", counted)
    return names


def test_a_song_is_measured_as_a_whole(tree):
    song = MedleyDB(tree).songs()[0]
    facts = measure(song)
    confidence = labels.song_confidence(song)
    assert facts.stem_shares == pytest.approx([(row >= 0.5).mean() for row in confidence])
    assert list(facts.label_shares) == [stem.label for stem in song.stems]
    for index, stem in enumerate(facts.stems):
        audio = song.read_stem(index)
        assert stem.peak == np.abs(audio).max() and stem.samples == song.samples
        assert stem.rms == pytest.approx(np.sqrt(np.mean(audio.astype(float) ** 2)), rel=1e-5)
    assert -100 < facts.apart.decibels < -70  # the rounding of four stems and a mix to 16 bits
    assert type(facts).from_json(facts.to_json()) == facts


def test_stems_of_one_label_play_where_any_does(tree):
    def alike(meta):
        for key in ("S01", "S02"):
            meta["stems"][key]["instrument"] = "piano"

    edit_metadata(tree / "Audio" / IDS[0], alike)
    song = MedleyDB(tree).songs()[0]
    active = labels.song_confidence(song) >= 0.5
    assert measure(song).label_shares["piano"] == pytest.approx((active[0] | active[1]).mean())


def test_noise_at_minus_30_db_in_files(tree):
    song = MedleyDB(tree).songs()[0]
    total = song.mixture().T.astype(float)
    noise = np.random.default_rng(0).standard_normal(total.shape)
    noise *= np.sqrt(0.001 / 0.999 * np.mean(total**2) / np.mean(noise**2))
    soundfile.write(song.mix, total + noise, RATE, subtype="PCM_24")
    assert measure(song).apart.decibels == pytest.approx(-30, abs=0.1)


@pytest.mark.parametrize("spoil", ["length", "rate", "NaN", "gone"])
def test_a_mix_that_does_not_fit_is_not_compared(tree, spoil):
    song = MedleyDB(tree).songs()[0]
    audio = soundfile.read(song.mix)[0]
    if spoil == "gone":
        song.mix.unlink()
    elif spoil == "NaN":
        soundfile.write(song.mix, np.where(audio == audio[7], np.nan, audio), RATE, subtype="FLOAT")
    else:
        soundfile.write(song.mix, audio[: -1 if spoil == "length" else None], RATE if spoil == "length" else 48000)
    facts = measure(MedleyDB(tree).songs()[0])
    assert facts.apart is None and (facts.mix is None) == (spoil == "gone")


def test_a_song_with_nan_has_no_activity(tree):
    def spoil(audio):
        audio[9] = np.nan
        return audio

    respoil(stem_file(tree, IDS[0], 1), spoil, "FLOAT")
    facts = measure(MedleyDB(tree).songs()[0])
    assert facts.stems[0].unsound == 2 and facts.stem_shares == () and facts.label_shares == {}


def test_the_second_time_nothing_is_read(tree, tmp_path, reads):
    songs = MedleyDB(tree).songs()
    first = measure_songs(songs, tmp_path / "kept")
    assert len(set(reads)) == 3 * 5
    reads.clear()
    assert measure_songs(songs, tmp_path / "kept") == first and reads == []


def test_only_the_song_whose_file_changed_is_read_again(tree, tmp_path, reads):
    first = measure_songs(MedleyDB(tree).songs(), tmp_path / "kept")
    respoil(stem_file(tree, IDS[1], 1), lambda audio: 0.5 * audio)
    reads.clear()
    again = measure_songs(MedleyDB(tree).songs(), tmp_path / "kept")
    assert reads and all(IDS[1] in name for name in reads)
    assert again[IDS[1]].stems[0].peak == pytest.approx(first[IDS[1]].stems[0].peak / 2, abs=1e-4)
    assert again[IDS[0]] == first[IDS[0]]


@pytest.mark.parametrize("damage", ["", "{}", "[1]", '{"id": 3, "stems": [{"nonsense": 1}]}'])
def test_damaged_facts_are_measured_anew(tree, tmp_path, damage):
    songs = MedleyDB(tree).songs()[:1]
    first = measure_songs(songs, tmp_path / "kept")
    (path,) = (tmp_path / "kept").iterdir()
    path.write_text(damage)
    assert measure_songs(songs, tmp_path / "kept") == first


def test_an_interrupt_keeps_the_songs_that_are_done(tree, tmp_path, reads):
    def stop(share):
        raise KeyboardInterrupt

    songs = MedleyDB(tree).songs()
    with pytest.raises(KeyboardInterrupt):
        measure_songs(songs, tmp_path / "kept", progress=stop)
    assert len(list((tmp_path / "kept").glob("Ann_One-*.json"))) == 1
    reads.clear()
    measure_songs(songs, tmp_path / "kept")
    assert reads and not any("Ann_One" in name for name in reads)


def test_two_processes_measure_what_one_does(tree, tmp_path):
    songs, shares = MedleyDB(tree).songs(), []
    one = measure_songs(songs, tmp_path / "one", 1)
    two = measure_songs(songs, tmp_path / "two", 2, shares.append)
    assert list(two) == list(one) == list(IDS) and two == one
    assert shares == pytest.approx([1 / 3, 2 / 3, 1])


def test_memory_is_that_of_blocks(tmp_path):
    stems = [(name, stem_audio(name, 30.0, 0)) for name in ("electric bass", "drum set", "violin")]
    write_song(tmp_path, "Ann_One", stems, "Ann")
    song = MedleyDB(tmp_path).songs()[0]
    tracemalloc.start()
    rooms._files(song)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 0.25 * 4 * song.samples * 2 * 4, "three stems and a mix of 30 s as float32 would be 42 MB"


def test_flac_and_mp3_are_measured(tmp_path):
    make_tree(tmp_path)
    for number, suffix in ((1, "flac"), (2, "mp3")):
        path = stem_file(tmp_path, "Ann_One", number)
        soundfile.write(path.with_suffix(f".{suffix}"), soundfile.read(path)[0], RATE)
        path.unlink()

        def rename(meta, key=f"S0{number}", name=f"{path.stem}.{suffix}"):
            meta["stems"][key]["filename"] = name

        edit_metadata(tmp_path / "Audio" / "Ann_One", rename)
    song = MedleyDB(tmp_path, pad_short_stems=True).songs()[0]
    facts = measure(song)
    assert all(stem.sound and stem.peak > 0.1 for stem in facts.stems) and len(facts.stem_shares) == 4
