"""What lies on the disk: a MedleyDB tree whose mix is the sum of its stems."""

import json

import numpy as np
import pretty_midi
import pytest
import soundfile
import yaml

from stemwise import audio
from stemwise.taxonomy import check_label, targets

KEYS = (
    "album artist composer excerpt genre has_bleed instrumental mix_filename origin producer raw_dir stem_dir stems "
    "title version website"
)


def songs(root):
    """(folder, metadata) of each song."""
    for folder in sorted((root / "Audio").iterdir()):
        yield folder, yaml.safe_load((folder / f"{folder.name}_METADATA.yaml").read_text())


def stem_files(folder, metadata):
    return [folder / metadata["stem_dir"] / stem["filename"] for stem in metadata["stems"].values()]


def test_metadata_have_the_keys_and_forms_of_medleydb(tiny):
    for folder, metadata in songs(tiny):
        assert " ".join(sorted(metadata)) == KEYS
        assert all(metadata[key] in ("yes", "no") for key in ("excerpt", "has_bleed", "instrumental"))
        assert metadata["artist"] == folder.name.split("_")[0]
        assert next(iter(metadata["stems"])) == "S01"
        for stem in metadata["stems"].values():
            assert set(stem) == {"component", "filename", "instrument", "raw"}
            check_label(stem["instrument"], folder.name)
        sung = any("singer" in stem["instrument"] for stem in metadata["stems"].values())
        assert metadata["instrumental"] == ("no" if sung else "yes")


def test_no_files_but_those_of_the_metadata(tiny):
    for folder, metadata in songs(tiny):
        wavs = {folder / metadata["mix_filename"], *stem_files(folder, metadata)}
        assert wavs == set(folder.rglob("*.flac"))
    assert not list(tiny.rglob("*.part*"))


def test_files_are_16_bit_stereo_of_the_presets_length(tiny):
    for path in tiny.rglob("*.flac"):
        info = soundfile.info(path)
        assert (info.samplerate, info.channels, info.frames, info.subtype) == (44100, 2, 12 * 44100, "PCM_16"), path


def test_mix_is_the_sum_of_the_stems_as_the_library_reads_them(tiny):
    for folder, metadata in songs(tiny):
        mix, _ = audio.read(folder / metadata["mix_filename"])
        total = sum(audio.read(path)[0] for path in stem_files(folder, metadata))
        assert np.abs(mix - total).max() <= 1 / 32768
        assert 0.5 < np.abs(mix).max() < 0.9


def test_some_target_rests_for_three_seconds_in_every_song(tiny):
    for folder, metadata in songs(tiny):
        scheme = targets("mms")
        rests = [
            longest_rest(audio.read(path)[0])
            for path, stem in zip(stem_files(folder, metadata), metadata["stems"].values(), strict=True)
            if None not in scheme.of_labels([stem["instrument"]])
        ]
        assert max(rests) >= 3


def test_stems_are_balanced(tiny):
    """Root mean square while playing: no stem is further than 8 dB from the mean of its song."""
    from stemwise.synthesis.produce import playing_rms

    for folder, metadata in songs(tiny):
        levels = [20 * np.log10(playing_rms(audio.read(p)[0], 44100)) for p in stem_files(folder, metadata)]
        assert np.abs(np.array(levels) - np.mean(levels)).max() < 8


def test_midi_has_the_notes_of_its_stem(tiny):
    """Where the notes of a stem end for good, its sound ends within two seconds. Some effects swell slowly."""
    for folder, metadata in songs(tiny):
        for path, stem in zip(stem_files(folder, metadata), metadata["stems"].values(), strict=True):
            notes = (
                pretty_midi.PrettyMIDI(str(folder / f"{folder.name}_MIDI" / f"{path.stem}.mid")).instruments[0].notes
            )
            sounding = np.flatnonzero(np.abs(audio.read(path)[0]).max(axis=0) > 0.01) / 44100
            assert sounding[0] == pytest.approx(
                min(note.start for note in notes), abs=0.6 if "fx" in stem["instrument"] else 0.15
            )
            assert max(note.start for note in notes) < sounding[-1] < max(note.end for note in notes) + 2


def test_splits_name_every_song_once(tiny):
    splits = json.loads((tiny / "splits.json").read_text())
    assert {part: len(ids) for part, ids in splits.items()} == {"train": 2, "valid": 1, "test": 1}
    assert sorted(name for ids in splits.values() for name in ids) == [folder.name for folder, _ in songs(tiny)]


def test_manifest_agrees_with_the_songs(tiny):
    manifest = json.loads((tiny / "manifest.json").read_text())
    assert manifest["preset"] == "tiny"
    assert manifest["seed"] == 0
    assert manifest["fonts"][0].startswith("TimGM6mb.sf2 ")
    for folder, metadata in songs(tiny):
        song = manifest["songs"][folder.name]
        assert [stem["instrument"] for stem in song["stems"]] == [s["instrument"] for s in metadata["stems"].values()]
        assert all(one["start"] < one["end"] <= 12 and one["chords"] for one in song["sections"])
        assert song["style"] and song["metre"] and song["font"] == "TimGM6mb.sf2"


def longest_rest(sound: np.ndarray) -> float:
    """Seconds of the longest stretch of 50 ms frames 60 dB below the loudest."""
    size = 2205
    power = (sound[:, : sound.shape[1] // size * size].reshape(2, -1, size) ** 2).mean(axis=(0, 2))
    longest = length = 0
    for quiet in power < 1e-6 * power.max():
        length = length + 1 if quiet else 0
        longest = max(longest, length)
    return longest * 0.05
