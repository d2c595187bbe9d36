import numpy as np
import pytest
from scipy.signal import bilinear, freqz

from stemwise.loading.excerpts import Augmentation, Excerpts
from stemwise.loading.tone import CORNERS, recolour, shelf
from tests.test_loading import HOP, RATE, Stub


def response(decibels: float, corner: float = 1000.0) -> np.ndarray:
    impulse = np.zeros((1, RATE), np.float32)
    impulse[0, 0] = 1
    return 20 * np.log10(np.abs(np.fft.rfft(shelf(impulse, RATE, corner, decibels)[0])))


@pytest.mark.parametrize("decibels", [-12.0, 0.0, 9.0])
def test_below_the_corner_nothing_at_it_half_above_it_all(decibels):
    gains = response(decibels)
    assert gains[[1, 1000, RATE // 2]] == pytest.approx([0, decibels / 2, decibels], abs=0.01)
    assert (np.diff(gains) * np.sign(decibels) >= -1e-3).all()


def test_is_the_bilinear_transform_of_the_formula():
    root, warped = 10 ** (6 / 40), 2 * RATE * np.tan(np.pi * 1000 / RATE)  # prewarped to the corner
    numerator, denominator = bilinear([root**2, root * warped], [1, root * warped], RATE)
    _, expected = freqz(numerator, denominator, worN=np.arange(RATE // 2) * 2 * np.pi / RATE)
    np.testing.assert_allclose(response(6.0)[:-1], 20 * np.log10(np.abs(expected)), atol=1e-3)


def test_rows_are_drawn_apart_and_levels_stay_in_range():
    noise = np.random.default_rng(0).standard_normal((1, RATE)).astype(np.float32)
    levels = []
    for seed in range(30):
        out = recolour(noise, RATE, 9.0, np.random.default_rng(seed))
        assert out.dtype == np.float32 and out.shape == noise.shape
        levels.append(20 * np.log10(out.std() / noise.std()))
    assert min(levels) > -9.1 and max(levels) < 9.1 and np.ptp(levels) > 9
    assert CORNERS[1] > 0.45 * 8000 and np.isfinite(recolour(noise, 8000, 9.0, np.random.default_rng(0))).all()


def test_the_mixture_is_the_sum_of_the_recoloured_rows_and_labels_stay():
    songs = [Stub(0), Stub(1)]
    plain = Excerpts(songs, RATE, RATE, HOP, 0, 9)[2]
    toned = Excerpts(songs, RATE, RATE, HOP, 0, 9, Augmentation(tone=9.0))[2]
    assert (plain.targets != toned.targets).any() and (plain.activity == toned.activity).all()
    rest = toned.mixture - toned.targets.sum(dim=0)
    assert rest.abs().max() <= 64 * 10 ** (9 / 20) + 100
