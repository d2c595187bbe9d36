"""Arrays heard by a detector, names of songs, and their files."""

import json
from pathlib import Path

import numpy as np
import pytest

from stemwise.detector import Detection, Detector
from stemwise.errors import AudioError, ModelError
from stemwise.gate import Gate
from stemwise.listen import Origin, detect, find_songs, load_detector, write_detection
from tests.detectors import PLAYED, TONES, hears_tones, saved, tones


@pytest.mark.parametrize(("rate", "channels"), [(44100, 0), (16000, 1), (8000, 2), (192000, 6)])
def test_an_array_of_any_rate(rate, channels):
    song = tones(rate) if not channels else np.repeat(tones(rate)[None], channels, axis=0)
    found = detect(song, rate, Detector(hears_tones().model))
    assert found.segments() == PLAYED and found.targets == tuple(TONES)
    assert detect(song.astype(np.float64), rate, Detector(hears_tones().model)).segments() == PLAYED


def test_the_newest_detector_is_taken(home, tmp_path):
    with pytest.raises(ModelError, match="no such model"):
        load_detector(tmp_path / "gone.safetensors")
    saved(home / "runs" / "tones" / "model.safetensors", gate=Gate("hard", [1.0, 0.5], 0.0))
    assert detect(tones(16000), 16000).segments() == PLAYED[2:]
    assert detect(tones(16000), 16000, load_detector(threshold=0.5)).segments() == PLAYED
    assert load_detector(home / "runs" / "tones").gate.threshold == [1.0, 0.5]
    for wrong in (0, 1, np.nan):
        with pytest.raises(ModelError, match="between 0 and 1"):
            load_detector(threshold=wrong)


@pytest.mark.parametrize(
    ("samples", "rate", "said"),
    [
        (np.zeros((44100, 2), np.float32), 44100, "transpose"),
        (np.zeros(44100, np.int16), 44100, "floats in ±1"),
        (np.zeros((1, 2, 3), np.float32), 44100, "transpose"),
        (np.zeros(0, np.float32), 44100, "no samples"),
        (np.zeros((2, 0), np.float32), 44100, "no samples"),
        (np.full(99, np.nan, np.float32), 44100, "NaN"),
        (np.full((2, 99), np.inf, np.float32), 44100, "NaN or infinity"),
        (np.zeros(99, np.float32), 0, "rate of 0"),
    ],
)
def test_arrays_that_would_be_heard_wrongly_are_refused(samples, rate, said):
    with pytest.raises(AudioError, match=said):
        detect(samples, rate, Detector(hears_tones().model))


def names(*paths: Path) -> list[str]:
    found, faults = find_songs(paths)
    assert not faults
    return [str(song.folder) for song in found]


def test_every_song_has_a_folder_of_its_own(tmp_path):
    for name in ("x/a.wav", "x/A.flac", "x/b/a.wav", "y/a.wav", "y/c.mp3", "y/._c.mp3", "y/d.txt", "z/a.b.wav"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert names(tmp_path / "y") == ["a", "c"]
    assert names(tmp_path / "x") == ["A.flac", "a.wav", "b/a"]
    assert names(tmp_path / "x" / "a.wav", tmp_path / "y" / "a.wav") == ["a.wav", "a.wav (2)"]
    assert names(tmp_path / "y", tmp_path / "y" / "c.mp3", tmp_path / "z") == ["a", "c", "a.b"]


def found_of(probability: np.ndarray, hop: float = 1.0, seconds: float = 3.0) -> Detection:
    targets = ("bass, electric", "naïve “flute”")
    return Detection(targets, probability.astype(np.float32), probability > 0.5, 1.0, hop, seconds)


def test_names_with_commas_and_letters_of_any_kind(tmp_path):
    found = found_of(np.array([[0.9, 0.1, 0.9], [0.2, 0.2, 0.2]]))
    detector = Detector(hears_tones().model)
    written = write_detection(
        tmp_path / "Ünïcode", found, detector, Origin("Ünïcode.wav", "m", "0"), ["lab", "json", "csv"]
    )
    assert [path.name for path in written] == ["Ünïcode.lab", "activity.json", "activity.csv"]
    assert written[0].read_text(encoding="utf-8").splitlines()[1:] == [
        "0.0000,1.0000,bass, electric",
        "2.0000,3.0000,bass, electric",
    ]
    told = json.loads(written[1].read_text(encoding="utf-8"))
    assert told["probability"] == {"bass, electric": [0.9, 0.1, 0.9], "naïve “flute”": [0.2, 0.2, 0.2]}
    assert told["segments"][1] == {"start": 2.0, "end": 3.0, "target": "bass, electric"}
    assert written[2].read_text(encoding="utf-8").splitlines()[:2] == [
        'time,"bass, electric",naïve “flute”',
        "0.0000,0.9000,0.2000",
    ]


def test_what_json_says_of_thresholds_is_what_active_means():
    """Above its threshold, and only there, more than half the weight of a gate of any kind."""
    probability = np.linspace(0, 1, 41)[None].repeat(2, axis=0)
    for gate in (Gate("hard", [0.3, 0.6], 0.0), Gate("hard", 0.4, 0.0), Gate("soft"), Gate("off")):
        thresholds = np.array(gate.thresholds(2))[:, None]
        active = gate.weights(probability, 1.0) > 0.5
        np.testing.assert_array_equal(active[:, 1:], (probability > thresholds)[:, 1:])
    with pytest.raises(ModelError, match="2 gate thresholds for 3"):
        Gate("hard", [0.3, 0.6]).thresholds(3)
