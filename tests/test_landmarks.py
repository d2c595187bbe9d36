"""A recording is known again when it is louder, cut, encoded anew or mixed differently, and no other one is."""

import io

import numpy as np
import pytest
import soundfile

from stemwise.landmarks import HOP, RATE, Index, landmarks

SECONDS = 12


def voice(seed: int, rate: int = RATE) -> np.ndarray:
    """(1, sample): notes of random pitches and lengths, decaying, with three harmonics."""
    rng = np.random.default_rng(seed)
    out = np.zeros(SECONDS * rate)
    start = 0.0
    while start < SECONDS - 1:
        length = rng.uniform(0.1, 0.6)
        time = np.arange(round(length * rate)) / rate
        pitch = rng.uniform(100, 1000)
        note = sum(np.sin(2 * np.pi * pitch * k * time) / k for k in (1, 2, 3)) * np.exp(-4 * time)
        at = round(start * rate)
        out[at : at + len(note)] += 0.2 * note
        start += length * rng.uniform(0.5, 1)
    return out[None].astype(np.float32)


def song(seed: int, balance: tuple[float, ...] = (1, 1, 1), rate: int = RATE) -> np.ndarray:
    return np.sum([gain * voice(10 * seed + part, rate) for part, gain in enumerate(balance)], axis=0)


@pytest.fixture(scope="module")
def index() -> Index:
    return Index({f"song {seed}": landmarks(song(seed), RATE) for seed in range(8)})


def encoded(samples: np.ndarray) -> np.ndarray:
    file = io.BytesIO()
    soundfile.write(file, samples.T, RATE, format="MP3", subtype="MPEG_LAYER_III")
    file.seek(0)
    return soundfile.read(file, dtype="float32", always_2d=True)[0].T


CHANGED = {
    "as it is": song,
    "half as loud, in stereo": lambda seed: np.repeat(0.5 * song(seed), 2, axis=0),
    "cut between two frames": lambda seed: song(seed)[:, 2 * RATE + HOP // 2 :],
    "mp3": lambda seed: encoded(song(seed)),
    "6 dB off": lambda seed: song(seed, (2, 1, 0.5)),
    "without a stem": lambda seed: song(seed, (1, 1, 0)),
}


@pytest.mark.parametrize("how", CHANGED)
def test_it_is_known_again(index, how):
    for seed in (0, 3, 7):
        mine = landmarks(CHANGED[how](seed), RATE)
        (name, fits), *others = index.find(mine).items()
        assert name == f"song {seed}" and fits > 0.12 * len(mine)
        assert all(other < 0.04 * len(mine) for _, other in others)


def test_at_another_rate_too(index):
    name, fits = next(iter(index.find(landmarks(song(2, rate=44100), 44100)).items()))
    assert name == "song 2" and fits > 150


def test_another_song_is_not_known(index):
    mine = landmarks(song(99), RATE)
    assert max(index.find(mine).values(), default=0) < 0.04 * len(mine)


def test_whole_frames_later_the_same_hashes_are_as_much_later():
    sound = np.pad(song(1), ((0, 0), (RATE, RATE)))
    first, later = landmarks(sound, RATE), landmarks(np.roll(sound, 10 * HOP, axis=1), RATE)
    np.testing.assert_array_equal(later[:, 0], first[:, 0])
    np.testing.assert_array_equal(later[:, 1], first[:, 1] + 10)


@pytest.mark.parametrize("samples", [0, 10, 5000])
def test_silence_has_none_and_fits_nothing(index, samples):
    nothing = landmarks(np.zeros((2, samples), np.float32), RATE)
    assert nothing.shape == (0, 2) and index.find(nothing) == {}
    assert Index({}).find(landmarks(song(0), RATE)) == {}
