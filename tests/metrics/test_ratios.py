"""SDR of four kinds against museval, torchmetrics and signals whose ratio is known beforehand."""

import numpy as np
import pytest
import torch
from torchmetrics.functional.audio import scale_invariant_signal_distortion_ratio

from stemwise.errors import AudioError
from stemwise.metrics import csdr, csdr_common, si_sdr, silence_energy, usdr, windowed_sdr

RATE = 8000


def museval_sdr(bss_eval, references, estimates):
    """(source, window) from lists of (channel, sample); 32 taps, since the filters cancel out of SDR."""
    stack = [np.stack([a.T for a in side]).astype(float) for side in (references, estimates)]
    return bss_eval(*stack, window=RATE, hop=RATE, filters_len=32)[0]


def tones(amplitude, seconds=3):
    """Two tones that are orthogonal in every second: the reference, and an error `amplitude` times as loud."""
    time = np.arange(seconds * RATE) / RATE
    return np.sin(2 * np.pi * 100 * time)[None], amplitude * np.sin(2 * np.pi * 250 * time)[None]


@pytest.mark.parametrize(
    ("channels", "samples"),
    [(1, 3 * RATE), (2, 3 * RATE), (2, 3 * RATE + 1), (1, 4 * RATE - 1), (2, RATE), (1, RATE + 1), (2, RATE // 2)],
)
def test_windows_agree_with_museval(bss_eval, rng, channels, samples):
    reference, other = rng.normal(size=(2, channels, samples))
    estimate = 0.7 * reference + 0.3 * other + 0.1 * rng.normal(size=reference.shape)
    theirs = museval_sdr(bss_eval, [reference, other], [estimate, reference + other])[0]
    ours = windowed_sdr(reference, estimate, RATE)
    assert ours.shape == theirs.shape
    np.testing.assert_allclose(ours, theirs, atol=1e-6)  # dB; their filters are solved with an epsilon
    assert csdr(reference, estimate, RATE) == pytest.approx(np.nanmedian(theirs), abs=1e-6)


def silent_window(audio, second, kind):
    audio = audio.copy()
    part = audio[:, second * RATE : (second + 1) * RATE]
    part[:] = 0 if kind == "zero" else np.stack([part[0], -part[0]])
    return audio


@pytest.mark.parametrize("kind", ["zero", "opposite channels", "almost zero"])
def test_windows_without_sound_are_those_of_museval(bss_eval, rng, kind):
    reference, estimate = rng.normal(size=(2, 2, 4 * RATE))
    reference, estimate = silent_window(reference, 1, kind), silent_window(estimate, 2, kind)
    if kind == "almost zero":
        reference[0, RATE] = estimate[0, 2 * RATE] = 1e-4
    theirs = museval_sdr(bss_eval, [reference], [estimate])[0]
    ours = windowed_sdr(reference, estimate, RATE)
    np.testing.assert_allclose(ours, theirs, atol=1e-6)
    assert np.isnan(ours).sum() == (0 if kind == "almost zero" else 2)
    assert csdr(reference, estimate, RATE) == pytest.approx(np.nanmedian(theirs), abs=1e-6)


def test_another_stem_does_not_take_windows_away_as_museval_lets_it(bss_eval, rng):
    references, estimates = rng.normal(size=(2, 2, 1, 3 * RATE))
    references[1, :, :RATE] = 0
    theirs = museval_sdr(bss_eval, references, estimates)[0]
    ours = windowed_sdr(references[0], estimates[0], RATE)
    assert np.isnan(theirs[0])
    assert np.isfinite(ours).all()
    np.testing.assert_allclose(ours[1:], theirs[1:], atol=1e-6)


@pytest.mark.parametrize("level", [-20.0, -3.0, 0.0, 6.0, 40.0])
def test_an_orthogonal_error_gives_the_ratio_of_energies(level):
    reference, error = tones(10 ** (-level / 20))
    estimate = reference + error
    for value in (
        csdr(reference, estimate, RATE),
        csdr_common(reference, estimate, RATE),
        si_sdr(reference, estimate),
        si_sdr(reference, -3 * estimate),
    ):
        assert value == pytest.approx(level, abs=1e-9)
    assert usdr(reference, estimate) == pytest.approx(level, abs=1e-5)  # 1e-7 beside energies of 1 to 1e6


@pytest.mark.parametrize(
    ("said", "measure"),
    [
        ("3 samples.*channel, sample", lambda s: usdr(np.ones((500, 3)), np.ones((500, 3)))),
        ("rate in Hz is 0", lambda s: csdr(s, s, 0)),
        ("rate in Hz is -5", lambda s: csdr_common(s, s, -5)),
        ("rate in Hz is 0.5", lambda s: silence_energy(s, s, s, 0.5)),
        ("squares are no numbers", lambda s: usdr(1e200 * s, s)),
        ("squares are no numbers", lambda s: si_sdr(s, -1e200 * s)),
    ],
)
def test_what_is_no_song_is_refused_and_not_measured(said, measure):
    """soundfile's (sample, channel), a rate in the wrong place, squares that overflow."""
    with pytest.raises(AudioError, match=said):
        measure(tones(0.1)[0])


def test_a_rate_in_floating_point_is_the_rate_it_says():
    s, error = tones(0.1)
    assert csdr(s, s + error, float(RATE)) == csdr(s, s + error, RATE)


def test_usdr_adds_its_constant_to_both_energies():
    reference = np.full((2, 5), 1e-3)  # energy 1e-5
    expected = 10 * np.log10((1e-5 + 1e-7) / (4e-5 + 1e-7))
    assert usdr(reference, -reference) == pytest.approx(expected, abs=1e-12)
    assert usdr(reference, reference) == pytest.approx(10 * np.log10(101), abs=1e-12)


def test_si_sdr_agrees_with_torchmetrics(rng):
    for _ in range(20):
        reference, noise = rng.normal(size=(2, 2, 500))
        estimate = rng.normal() * reference + rng.normal() * noise + rng.normal()  # an offset: no mean is removed
        theirs = scale_invariant_signal_distortion_ratio(
            torch.from_numpy(estimate).flatten(), torch.from_numpy(reference).flatten(), zero_mean=False
        )
        assert si_sdr(reference, estimate) == pytest.approx(float(theirs), abs=1e-9)


def test_common_windows_are_chosen_by_the_reference_alone(rng):
    gains = np.repeat([1.0, 1.01e-3, 0.99e-3, 0.0, 0.5], RATE)  # the third lies below -60 dB
    reference = rng.choice([-1.0, 1.0], size=(1, 5 * RATE)) * gains
    estimate = reference.copy()
    estimate[:, :RATE] *= 0.9  # 20 dB
    estimate[:, RATE : 2 * RATE] = 0  # 0 dB, a window museval leaves out
    estimate[:, 2 * RATE : 4 * RATE] += 1  # not counted
    estimate[:, 4 * RATE :] *= 1.5  # 6.02 dB
    assert csdr_common(reference, estimate, RATE) == pytest.approx(20 * np.log10(2), abs=1e-9)
    extra = np.pad(reference, [(0, 0), (0, RATE - 1)], constant_values=1)  # a partial window is no window
    assert csdr_common(extra, np.pad(estimate, [(0, 0), (0, RATE - 1)]), RATE) == pytest.approx(6.0206, abs=1e-4)


def test_closing_the_gate_helps_csdr_of_a_poor_net_but_not_where_windows_are_common(rng):
    """The trap that csdr_common exists for: windows in which a gate is wrongly closed vanish from museval's median."""
    reference = rng.normal(size=(1, 5 * RATE))
    gated = reference + 0.1 * rng.normal(size=reference.shape)
    gated[:, : 3 * RATE] = 0
    assert csdr(reference, gated, RATE) == pytest.approx(20, abs=0.5)
    assert csdr_common(reference, gated, RATE) == 0


@pytest.mark.parametrize("metric", [windowed_sdr, csdr, csdr_common])
def test_order_of_channels_and_a_common_gain_change_nothing(metric, rng):
    for _ in range(5):
        reference, estimate = rng.normal(size=(2, 2, 2 * RATE + 17))
        before = metric(reference, estimate, RATE)
        np.testing.assert_allclose(metric(reference[::-1], estimate[::-1], RATE), before, atol=1e-9)
        np.testing.assert_allclose(metric(1e-3 * reference, 1e-3 * estimate, RATE), before, atol=1e-9)
        assert not np.allclose(metric(reference, estimate[::-1], RATE), before)


def test_order_of_channels_and_scale_for_whole_song_ratios(rng):
    reference, noise = rng.normal(size=(2, 2, 1000))
    estimate = reference + noise
    assert usdr(reference[::-1], estimate[::-1]) == pytest.approx(usdr(reference, estimate), abs=1e-9)
    assert si_sdr(reference[::-1], estimate[::-1]) == pytest.approx(si_sdr(reference, estimate), abs=1e-9)
    assert si_sdr(reference, 1e-3 * estimate) == pytest.approx(si_sdr(reference, estimate), abs=1e-9)
    assert usdr(reference, 0.5 * estimate) != pytest.approx(usdr(reference, estimate), abs=0.1)


def test_the_right_answer_scores_above_a_wrong_one(rng):
    reference, noise = rng.normal(size=(2, 1, 2 * RATE))
    for metric in (usdr, si_sdr, lambda s, e: csdr(s, e, RATE), lambda s, e: csdr_common(s, e, RATE)):
        assert metric(reference, reference) > metric(reference, reference + 0.1 * noise) > metric(reference, noise)


def test_float32_is_computed_in_double_precision(rng):
    reference, noise = rng.normal(size=(2, 2, 3 * RATE)).astype(np.float32)
    estimate = reference + np.float32(1e-3) * noise
    doubles = reference.astype(float), estimate.astype(float)
    assert usdr(reference, estimate) == usdr(*doubles)
    assert csdr(reference, estimate, RATE) == csdr(*doubles, RATE)
    assert csdr(reference, reference, RATE) == np.inf


@pytest.mark.parametrize("shapes", [((1, 10), (2, 10)), ((1, 10), (1, 9)), ((10,), (10,))])
def test_shapes_that_do_not_match_are_named(shapes):
    with pytest.raises(AudioError, match=r"reference \(.*estimate \("):
        usdr(np.ones(shapes[0]), np.ones(shapes[1]))


def test_a_diverged_estimate_is_refused_rather_than_left_out():
    estimate = np.ones((1, 10))
    estimate[0, 3] = np.nan
    with pytest.raises(AudioError, match="estimate: 1 of 10 samples"):
        csdr(np.ones((1, 10)), estimate, 5)
