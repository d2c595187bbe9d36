"""BSS Eval on signals whose figures are known beforehand, its rules of silence, and what it must not depend on."""

import numpy as np
import pytest
import torch
from scipy.signal import butter, sosfiltfilt

from stemwise.errors import AudioError
from stemwise.metrics import bss_eval, bss_sdr, windowed_sdr
from stemwise.metrics.bss import projections

RATE, TAPS = 1000, 16
NAMES = ("sdr", "isr", "sir", "sar")


def decibels(upper, lower):
    return 10 * np.log10(upper / lower)


def sound(rng, sources=3, channels=2, seconds=4):
    references = rng.standard_normal((sources, seconds * RATE, channels))
    return references, references + 0.3 * references.sum(axis=0) + 0.1 * rng.standard_normal(references.shape)


def every(references, estimates, **options):
    found = bss_eval(references, estimates, RATE, **({"filter_length": TAPS} | options))
    return np.stack([getattr(found, name) for name in NAMES])


def test_a_sum_of_orthogonal_parts_gives_each_ratio(rng):
    s, other, noise = np.linalg.qr(rng.standard_normal((400, 3)))[0].T
    gain, leak, dirt = 0.8, 0.3, 0.05
    references = np.stack([s, other])[..., None]
    estimates = np.stack([gain * s + leak * other + dirt * noise, other])[..., None]
    found = every(references, estimates, filter_length=1, window=400)[:, 0, 0]
    off = (1 - gain) ** 2
    expected = (off + leak**2 + dirt**2) ** -1, 1 / off, (gain / leak) ** 2, (gain**2 + leak**2) / dirt**2
    np.testing.assert_allclose(found, 10 * np.log10(expected), atol=1e-9)


def test_what_a_short_filter_does_is_spatial_and_what_a_long_one_does_is_not(rng):
    clicks = np.zeros((1, 4000, 1))
    clicks[0, rng.permutation(100)[:50] * 36, 0] = rng.standard_normal(50)  # 36 samples apart, the last 400 empty
    delayed = np.roll(clicks, TAPS - 1, axis=1)
    sdr, isr, sir, sar = every(clicks, delayed, window=4000)[:, 0, 0]
    assert sdr == pytest.approx(-decibels(2, 1)) and isr == pytest.approx(sdr) and sir == np.inf and sar > 250
    late = np.roll(clicks, TAPS, axis=1)
    isr, sar = every(clicks, late, window=4000)[[1, 3], 0, 0]
    assert isr == pytest.approx(0) and sar < -250  # no delay that is allowed reaches it


def test_projections_are_those_of_plain_least_squares(rng):
    references, estimates = sound(rng, seconds=1)
    length = RATE + TAPS - 1
    delays = np.zeros((3, length, 2, TAPS))
    for delay in range(TAPS):
        delays[:, delay : delay + RATE, :, delay] = references
    padded = np.pad(estimates, ((0, 0), (0, TAPS - 1), (0, 0)))
    table = np.moveaxis(delays, 1, 0).reshape(length, -1)
    found = every(references, estimates)[..., 0]
    for source, guess in enumerate(padded):
        own = delays[source].reshape(length, -1)
        image, whole = (side @ np.linalg.lstsq(side, guess, rcond=None)[0] for side in (own, table))
        s = delays[source, :, :, 0]
        parts = ((s, s - guess), (s, image - s), (image, whole - image), (whole, guess - whole))
        np.testing.assert_allclose(
            found[:, source], [decibels((a**2).sum(), (b**2).sum()) for a, b in parts], atol=1e-8
        )


def test_sdr_alone_is_the_same_and_that_of_the_one_target_metric(rng):
    references, estimates = sound(rng)
    alone = bss_sdr(references, estimates, RATE)
    np.testing.assert_array_equal(alone, every(references, estimates)[0])
    for s, e, figures in zip(references, estimates, alone, strict=True):
        np.testing.assert_allclose(windowed_sdr(s.T, e.T, RATE), figures, atol=1e-12)
    assert (bss_sdr(references, references.copy(), RATE) == np.inf).all()


def test_sdr_and_isr_do_not_know_the_other_stems_and_sir_and_sar_do(rng):
    references, estimates = sound(rng)
    among, alone = every(references, estimates)[:, 0], every(references[:1], estimates[:1])[:, 0]
    np.testing.assert_allclose(among[:2], alone[:2], atol=1e-9)
    assert (among[2] < 20).all() and (alone[2] == np.inf).all() and (among[3] - alone[3] > 5).all()
    references[1:], estimates[2, RATE : 2 * RATE] = (
        0,
        0,
    )  # absent, and resting: with "own" no window of the first is lost
    np.testing.assert_allclose(every(references, estimates, silence="own")[:, 0], alone, atol=1e-9)


def resting():
    """Reference 0 rests in window 0, estimate 1 in window 1."""
    references, estimates = sound(np.random.default_rng(0))
    references[0, :RATE], estimates[1, RATE : 2 * RATE] = 0, 0
    return references, estimates


RULES = {
    "museval": [[1, 1, 0, 0], [1, 1, 0, 0], [1, 1, 0, 0]],
    "references": [[1, 0, 0, 0], [1, 1, 0, 0], [1, 0, 0, 0]],
    "own": [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 0, 0]],
}


@pytest.mark.parametrize("rule", RULES)
def test_a_silent_window_costs_whom_the_rule_says(rule):
    found = every(*resting(), silence=rule)
    np.testing.assert_array_equal(np.isnan(found), np.broadcast_to(np.array(RULES[rule], dtype=bool), found.shape))
    np.testing.assert_array_equal(np.isnan(bss_sdr(*resting(), RATE, silence=rule)), np.isnan(found[0]))
    free = every(*resting(), silence="own")
    known = ~np.isnan(found)
    np.testing.assert_allclose(found[known], free[known], atol=1e-12)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("side", [0, 1])
def test_what_is_silent_throughout_has_no_figure_and_takes_none(rng, side, rule):
    both = sound(rng)
    before = every(*both, silence=rule)
    both[side][1] = 0
    found = every(*both, silence=rule)
    assert np.isnan(found[:, 1]).all() and np.isfinite(found[:, [0, 2]]).all()
    if side:  # an estimate is nothing to the other sources
        np.testing.assert_allclose(found[:, [0, 2]], before[:, [0, 2]], atol=1e-9)
    else:  # a reference of zeros is as good as none
        kept = [each[[0, 2]] for each in both]
        np.testing.assert_allclose(found[:, [0, 2]], every(*kept, silence=rule), atol=1e-9)
    assert np.isnan(every(*(np.zeros_like(each) for each in both), silence=rule)).all()


def test_a_source_that_plays_behind_the_last_window_only_is_not_silent_throughout(rng):
    references, estimates = (side[:, : 3 * RATE + 500] for side in sound(rng))
    references[1, : 3 * RATE] = 0
    assert np.isnan(every(references, estimates)).all(), "as in museval"
    assert np.isfinite(every(references, estimates, silence="own")[:, [0, 2]]).all()


def test_references_without_highs_have_figures_that_do_not_hang_on_rounding(rng):
    """Low-passed in double precision. museval finds SIR tens of dB too low there, another for another order of them."""
    low = butter(8, 0.3, output="sos")
    references = sosfiltfilt(low, rng.standard_normal((3, 8 * RATE, 1)), axis=1)
    estimates = references + 0.1 * references.sum(axis=0)
    found = bss_eval(references, estimates, RATE, filter_length=256)
    turned = bss_eval(references[::-1], estimates[::-1], RATE, filter_length=256)
    louder = bss_eval(1.1 * references, 1.1 * estimates, RATE, filter_length=256)
    noisy = bss_eval(references, estimates, RATE, filter_length=256, noise=1e-5)
    assert found.singular and not noisy.singular
    for sir in (turned.sir[::-1], louder.sir, noisy.sir):
        np.testing.assert_allclose(sir, found.sir, atol=0.1)
    np.testing.assert_allclose(np.median(found.sir, axis=1), decibels(1.1**2, 2 * 0.1**2), atol=1)  # two equal leaks


def test_a_reference_that_is_the_sum_of_others_adds_nothing(rng):
    references, estimates = sound(rng)
    more = [np.concatenate([side, side[:2].sum(axis=0, keepdims=True)]) for side in (references, estimates)]
    found = bss_eval(*more, RATE, filter_length=TAPS)
    assert found.singular
    np.testing.assert_allclose(found.sar[:3], every(references, estimates)[3], atol=1e-7)


def test_the_same_reference_twice_is_one_space(rng):
    references, estimates = sound(rng)
    twice = [np.concatenate([side, 0.5 * side[:1]]) for side in (references, estimates)]
    np.testing.assert_allclose(every(*twice)[:, :3], every(references, estimates), atol=1e-9)


def test_tensors_come_back_as_tensors_and_say_the_same(rng):
    references, estimates = (side.astype(np.float32) for side in sound(rng))
    tensors = [torch.from_numpy(side.copy()).requires_grad_(True) for side in (references, estimates)]
    found = bss_eval(*tensors, RATE, filter_length=TAPS)
    for name, figure in zip(NAMES, every(references, estimates), strict=True):
        given = getattr(found, name)
        assert isinstance(given, torch.Tensor) and given.dtype == torch.float64 and not given.requires_grad
        np.testing.assert_array_equal(given.numpy(), figure)
    assert isinstance(bss_sdr(*tensors, RATE), torch.Tensor)


def test_arrays_are_left_as_they_were_and_may_be_views(rng):
    references, estimates = sound(rng, channels=1)
    kept = references.copy(), estimates.copy()
    tensors = [torch.from_numpy(side) for side in (references, estimates)]
    expected = every(references, estimates)
    np.testing.assert_array_equal(bss_eval(*tensors, RATE, filter_length=TAPS).sar.numpy(), expected[3])
    for side, before in zip((references, estimates), kept, strict=True):
        np.testing.assert_array_equal(side, before)
    shown = np.broadcast_to(references.sum(axis=0), references.shape)  # the mixture as every estimate; not writable
    np.testing.assert_array_equal(every(references, shown), every(references, shown.copy()))


def test_filters_too_many_to_keep_give_the_same(rng, monkeypatch):
    expected = every(*sound(np.random.default_rng(1)))
    monkeypatch.setattr(projections, "CACHED", 0)
    np.testing.assert_allclose(every(*sound(np.random.default_rng(1))), expected, atol=1e-12)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_says_the_same(rng):
    references, estimates = sound(rng)
    np.testing.assert_allclose(every(references, estimates, device="cuda"), every(references, estimates), atol=1e-6)


def test_what_cannot_be_compared_is_refused_in_a_sentence(rng):
    references, estimates = sound(rng)
    with pytest.raises(AudioError, match=r"\(3, 4000, 2\) and estimates \(3, 3999, 2\)"):
        bss_eval(references, estimates[:, 1:], RATE)
    for shape in ((3, 4000), (0, 4000, 2), (3, 0, 2), (3, 4000, 0)):
        with pytest.raises(AudioError, match="Give \\(source, sample, channel\\) arrays"):
            bss_sdr(np.ones(shape), np.ones(shape), RATE)
    for options, said in (
        ({"window": 0}, "window in samples is 0"), ({"hop": 0.5 * RATE + 0.5}, "hop in samples is 500.5"),
        ({"filter_length": 0}, "filter_length in samples is 0"), ({"filter_length": 5.5}, "is 5.5"),
        ({"noise": np.nan}, "noise is nan"),
    ):  # fmt: skip
        with pytest.raises(AudioError, match=said):
            bss_eval(references, estimates, RATE, **options)
    with pytest.raises(AudioError, match="rate in Hz is nan"):
        bss_sdr(references, estimates, np.nan)
    with pytest.raises(AudioError, match="silence='all' is no rule"):
        bss_sdr(references, estimates, RATE, silence="all")


def test_axes_in_another_order_are_no_window_of_thousands_of_channels(rng):
    """(target, channel, sample), as a separator has them, passes for 2 samples of 4000 channels."""
    turned = [np.moveaxis(side, 1, 2) for side in sound(rng)]
    for measure in (bss_eval, bss_sdr):
        with pytest.raises(AudioError, match=r"4000 channels of 2 samples.*source, sample, channel"):
            measure(*turned, RATE)


def test_lists_and_a_whole_rate_in_floating_point_do(rng):
    references, estimates = sound(rng, seconds=1)
    found = bss_sdr(references.tolist(), estimates.tolist(), float(RATE))
    np.testing.assert_array_equal(found, bss_sdr(references, estimates, RATE))


def test_a_device_that_is_not_there_is_said(rng):
    with pytest.raises(AudioError, match="device 'cuda:99' is not to be had"):
        bss_eval(*sound(rng, seconds=1), RATE, device="cuda:99")


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("place", [10, 4400])  # in a window, and behind the last
def test_nan_and_infinity_are_named(rng, value, place):
    references, estimates = sound(rng, seconds=5)
    estimates = estimates.copy()[:, :4500]
    estimates[1, place, 0] = value
    with pytest.raises(AudioError, match="estimates: 1 of 27000 samples are NaN or infinite"):
        bss_eval(references[:, :4500], estimates, RATE)
