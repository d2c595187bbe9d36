import math

import numpy as np
import pytest
import torch
from torch import nn

from stemwise.detector import LONGEST, Detector, context_of
from stemwise.errors import AudioError, ModelError
from stemwise.gate import Gate
from stemwise.mel import LogMel
from stemwise.model.mel import MelModel
from stemwise.nets.detection.cnn import Cnn
from stemwise.nets.detection.conformer import Conformer
from stemwise.nets.detection.crnn import Crnn
from stemwise.nets.detection.fully_connected import FullyConnected

RATE = 16000


class Loudest(nn.Module):
    """Logits that say how loud a window is, and where in its block it stands: an answer that can be worked out."""

    targets, mels, frames = 1, 96, 50

    def __init__(self, around=0.0):
        super().__init__()
        self.around = around

    def forward(self, spectrogram):
        level = spectrogram.unflatten(2, (-1, 50)).mean(dim=(1, 3))
        return (level + self.around * level.mean(dim=1, keepdim=True))[:, None]


def steps(seconds, quiet=()):
    """Noise whose level changes every second."""
    rng = np.random.default_rng(0)
    levels = np.array([0.0 if second in quiet else 0.05 + 0.01 * second for second in range(seconds)])
    return (np.repeat(levels, RATE) * rng.standard_normal(seconds * RATE)).astype(np.float32)[None]


def detector(net=None, context=1.0, **gate):
    return Detector(MelModel(net or Loudest(), LogMel(), ("noise",), RATE, context_seconds=context), Gate(**gate))


def test_a_window_a_second_and_one_for_what_is_left():
    found = detector().detect(np.pad(steps(3), ((0, 0), (0, 100))))
    assert found.probability.shape == (1, 4)
    np.testing.assert_allclose(found.starts, [0, 1, 2, 3])
    assert found.seconds == 3 + 100 / RATE


@pytest.mark.parametrize("context", [1.0, 4.0, 5.0])
@pytest.mark.parametrize("seconds", [1, 3, 4, 5, 9, 70])
@pytest.mark.parametrize("size", [777, 16000, 100_000])
def test_blocks_of_any_size_give_the_same(context, seconds, size):
    song = steps(seconds)[:, : seconds * RATE - 321]
    listening = detector(Loudest(0.5), context)
    whole = listening.detect(song)
    parts = listening.detect_blocks(song[:, at : at + size] for at in range(0, song.shape[1], size))
    np.testing.assert_allclose(parts.probability, whole.probability, atol=1e-6)


def test_every_window_is_judged_from_the_middle_of_a_block():
    """Blocks of 4 windows begin every 2; each keeps what is nearest to its middle, the last ends with the song."""
    song = steps(9)
    listening = detector(Loudest(0.5), 4.0)
    found = listening.detect(song).probability[0]
    blocks = {start: listening._run(song[:, start * RATE : (start + 4) * RATE])[0, 0] for start in (0, 2, 4, 5)}
    kept = {0: range(0, 3), 2: range(3, 5), 4: range(5, 6), 5: range(6, 9)}
    for start, windows in kept.items():
        for window in windows:
            assert found[window] == pytest.approx(blocks[start][window - start], abs=1e-6)


def test_a_song_shorter_than_the_context_is_one_block():
    song = steps(3)
    np.testing.assert_allclose(
        detector(Loudest(0.5), 10.0).detect(song).probability, detector(Loudest(0.5), 3.0).detect(song).probability
    )


def test_finer_windows_are_those_of_the_shifted_song():
    song = steps(5)
    listening = detector()
    fine = listening.detect(song, hop_seconds=0.25)
    assert fine.probability.shape == (1, 20)
    for shift in range(4):
        shifted = listening.detect(song[:, shift * RATE // 4 :]).probability
        np.testing.assert_allclose(fine.probability[:, shift::4], shifted, atol=1e-6)
    np.testing.assert_allclose(fine.starts[:3], [0, 0.25, 0.5])


def test_segments_are_runs_of_active_windows_and_end_with_the_song():
    song = np.pad(steps(6, quiet=(2, 3)), ((0, 0), (0, RATE // 2)))
    song[:, 6 * RATE :] = 0.1 * np.random.default_rng(1).standard_normal((1, RATE // 2))
    listening = detector(Scaled(), threshold=0.5, median_seconds=0.0)
    assert listening.detect(song).segments() == [(0.0, 2.0, "noise"), (4.0, 6.5, "noise")]


class Scaled(Loudest):
    def forward(self, spectrogram):
        return super().forward(spectrogram) + 1.5


def test_probability_between_windows_is_a_line():
    found = detector().detect(steps(3))
    middle = found.at(np.array([0.0, 0.5, 1.0, 1.5, 9.0]))[0]
    row = found.probability[0]
    np.testing.assert_allclose(middle, [row[0], row[0], (row[0] + row[1]) / 2, row[1], row[2]], rtol=1e-6)


@pytest.mark.parametrize("net", [Cnn, Crnn])
def test_stereo_and_mono_and_silence(net):
    torch.manual_seed(0)
    listening = detector(net(targets=1), 2.0)
    song = steps(4)
    both = np.concatenate([song, song])
    np.testing.assert_allclose(listening.detect(both).probability, listening.detect(song).probability, atol=1e-6)
    np.testing.assert_allclose(listening.detect(song[0]).probability, listening.detect(song).probability)
    assert np.isfinite(listening.detect(np.zeros((2, RATE), np.float32)).probability).all()


def test_nan_and_nothing_are_refused():
    song = steps(2)
    song[0, 5] = np.nan
    with pytest.raises(AudioError, match="NaN"):
        detector().detect(song)
    with pytest.raises(AudioError, match="without samples"):
        detector().detect(np.zeros((2, 0), np.float32))
    with pytest.raises(ModelError, match="evenly"):
        detector().detect(steps(2), hop_seconds=0.3)
    with pytest.raises(ModelError, match="windows every nan s; give seconds"):
        detector().detect(steps(2), hop_seconds=np.nan)


def test_memory_does_not_grow_with_the_song():
    """No more is kept of what was heard than two blocks of the context and what was handed in last."""
    from stemwise import detector as room

    most = 0

    class Watched(room._Buffer):
        def append(self, block):
            super().append(block)
            nonlocal most
            most = max(most, len(self.samples))

    kept, room._Buffer = room._Buffer, Watched
    try:
        detector(Loudest(), 4.0).detect_blocks(steps(1) for _ in range(300))
    finally:
        room._Buffer = kept
    assert most <= 8 * RATE


@pytest.mark.parametrize("net", [Cnn, Crnn, Conformer, FullyConnected])
@pytest.mark.parametrize("size", [777, 1 << 18])
def test_a_whole_song_at_once_is_the_model_run_on_it(net, size):
    """Whatever context it learned with; the last window has zeros behind the song."""
    torch.manual_seed(0)
    song = steps(17)[:, : 17 * RATE - 4321]
    listening = Detector(detector(net(targets=1), 4.0).model, context_seconds=math.inf)
    found = listening.detect_blocks(song[:, at : at + size] for at in range(0, song.shape[1], size)).probability
    padded = torch.from_numpy(np.pad(song, ((0, 0), (0, 4321))))[None]
    with torch.inference_mode():
        whole = torch.sigmoid(listening.model.estimate(padded).activity)[0].numpy()
    np.testing.assert_allclose(found, whole, atol=1e-5)
    blocks = detector(listening.model.net, 1.0).detect(song).probability
    assert not np.allclose(found, blocks, atol=1e-5), "it heard something else"
    assert listening.context_seconds == LONGEST


def test_another_context_is_that_of_a_model_with_it():
    song = steps(23)
    asked = Detector(detector(Loudest(0.5), 2.0).model, context_seconds=6.0)
    np.testing.assert_allclose(
        asked.detect(song, 0.5).probability, detector(Loudest(0.5), 6.0).detect(song, 0.5).probability
    )


def test_a_song_longer_than_the_longest_context_is_heard_in_blocks_of_it(monkeypatch):
    from stemwise import detector as room

    monkeypatch.setattr(room, "LONGEST", 6.5)
    song = steps(23)
    asked = Detector(detector(Loudest(0.5), 2.0).model, context_seconds=math.inf)
    np.testing.assert_allclose(asked.detect(song).probability, detector(Loudest(0.5), 6.0).detect(song).probability)


def test_contexts_that_cannot_be_are_refused():
    model = detector().model
    for wrong in (0.0, -1.0, 1.5, 601.0, math.nan):
        with pytest.raises(ModelError, match="give a whole number of windows of 1 s, up to 600 s, or song"):
            Detector(model, context_seconds=wrong)
    assert context_of("song") == math.inf and context_of("2.5") == 2.5 and context_of(None) is context_of("") is None
    with pytest.raises(ModelError, match="'album': give seconds, or song"):
        context_of("album")
