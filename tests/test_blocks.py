"""Activity from files in blocks: the numbers of whole arrays, whatever the file holds, and the same errors."""

import numpy as np
import pytest
import soundfile

from stemwise.activity import BLOCK_SAMPLES, LABELS, PUBLISHED, Rule, activation_confidence
from stemwise.errors import AudioError
from stemwise.labels import measure
from stemwise.song import Song, Stem

RATE = 44100
KINDS = [("wav", "PCM_16"), ("wav", "PCM_24"), ("wav", "FLOAT"), ("flac", "PCM_16"), ("flac", "PCM_24")]


def song_of(folder, samples: int, suffix: str = "wav", subtype: str = "PCM_16", rate: int = RATE) -> Song:
    """A stereo stem, a mono stem, and one that is silent."""
    rng = np.random.default_rng(samples)
    swell = np.abs(np.sin(np.arange(samples) / rate))[:, None]
    stems = []
    for name, audio in {
        "two": 0.3 * swell * rng.standard_normal((samples, 2)).clip(-3, 3),
        "one": 0.1 * swell[::-1] * rng.standard_normal((samples, 1)).clip(-3, 3),
        "none": np.zeros((samples, 2)),
    }.items():
        path = folder / f"{name}.{suffix}"
        soundfile.write(path, audio, rate, subtype=subtype)
        stems.append(Stem(name, ("piano",), path))
    return Song("song", "a", "t", rate, samples, 2, tuple(stems))


def whole(song: Song, rule: Rule) -> np.ndarray:
    return activation_confidence([song.read_stem(i) for i in range(len(song.stems))], song.rate, rule)


@pytest.mark.parametrize(("suffix", "subtype"), KINDS)
@pytest.mark.parametrize("rule", [PUBLISHED, LABELS])
def test_blocks_give_what_whole_arrays_give(tmp_path, suffix, subtype, rule):
    """Whole arrays are averaged over the channels in float32, blocks in float64: what 1e-8 allows."""
    song = song_of(tmp_path, 5 * RATE + 17, suffix, subtype)
    assert measure(song, rule) == pytest.approx(whole(song, rule), abs=1e-8)


@pytest.mark.parametrize("samples", [1, 2047, 2048, 2049, BLOCK_SAMPLES, BLOCK_SAMPLES + 1, 3 * BLOCK_SAMPLES - 1])
@pytest.mark.parametrize("rule", [PUBLISHED, LABELS])
def test_every_length_has_the_same_frames(tmp_path, samples, rule):
    song = song_of(tmp_path, samples)
    blocks, arrays = measure(song, rule), whole(song, rule)
    assert blocks.shape == arrays.shape
    assert blocks == pytest.approx(arrays, abs=1e-8)


@pytest.mark.parametrize(("rate", "hop"), [(48000, 1024), (RATE, 1000), (RATE, 4096)])
def test_other_rates_and_hops_take_the_long_way(tmp_path, rate, hop):
    song = song_of(tmp_path, 3 * rate, rate=rate)
    assert measure(song, Rule(hop)) == pytest.approx(whole(song, Rule(hop)), abs=1e-12)


def test_nan_and_cut_off_files_are_refused(tmp_path):
    song = song_of(tmp_path, 2 * RATE, subtype="FLOAT")
    audio = soundfile.read(song.stems[0].path)[0]
    audio[RATE, 1] = np.nan
    soundfile.write(song.stems[0].path, audio, RATE, subtype="FLOAT")
    with pytest.raises(AudioError, match=r"two\.wav: NaN"):
        measure(song, LABELS)


def test_a_file_that_changed_since_is_refused(tmp_path):
    song = song_of(tmp_path, 2 * RATE)
    soundfile.write(song.stems[1].path, np.zeros(3 * RATE), RATE)
    with pytest.raises(AudioError, match="changed since"):
        measure(song, LABELS)
