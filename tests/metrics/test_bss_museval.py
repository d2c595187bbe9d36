"""BSS Eval against museval: every window it scores, on sounds of many kinds."""

import numpy as np
import pytest

from stemwise import metrics

RATE, TAPS = 2000, 64
NAMES = ("sdr", "isr", "sir", "sar")
CLEAR = 100  # dB: above it, figures are rounding on both sides


def notes(rng, sources, channels, seconds=3.4):
    """(source, sample, channel) of plucked notes with overtones and a little noise, panned, in 16 bits."""
    time = np.arange(round(seconds * RATE)) / RATE
    out = 0.002 * rng.standard_normal((sources, len(time), channels))
    for source in out:
        for start in np.arange(0, seconds, 0.4):
            pitch, pan = 60 * 2 ** (rng.integers(0, 30) / 12), rng.uniform(0.2, 1, channels)
            since = np.clip(time - start, 0, None)
            tone = sum(np.sin(2 * np.pi * pitch * n * since) / n for n in range(1, 6) if pitch * n < RATE / 2)
            source[:] += 0.2 * (tone * np.exp(-4 * since))[:, None] * pan
    return np.round(out * 32768) / 32768


def noises(rng, sources, channels, seconds=3.4):
    return rng.standard_normal((sources, round(seconds * RATE), channels))


def separated(rng, references):
    """Leaks of the others, a filter, a little distortion, noise as loud as a thousandth of the loudest."""
    leaky = references + 0.2 * references.sum(axis=0) - 0.3 * np.roll(references, 1, axis=1)
    return leaky + 0.05 * np.tanh(3 * leaky) + 1e-3 * np.abs(leaky).max() * rng.standard_normal(leaky.shape)


def compare(bss_eval, references, estimates, **options):
    """Largest difference in dB over the windows that museval scores; both must be NaN, or beyond 100 dB, together."""
    options = {"window": RATE, "hop": RATE} | options
    theirs = bss_eval(references, estimates, filters_len=TAPS, **options)[:4]
    ours = metrics.bss_eval(references, estimates, RATE, filter_length=TAPS, **options)
    worst = 0.0
    for name, their in zip(NAMES, theirs, strict=True):
        our = getattr(ours, name)
        np.testing.assert_array_equal(np.isnan(our), np.isnan(their))
        beyond = their > CLEAR
        np.testing.assert_array_equal(our > CLEAR, beyond, err_msg=name)
        scored = ~beyond & ~np.isnan(their)
        worst = max(worst, np.abs(our[scored] - their[scored]).max(initial=0))
    np.testing.assert_array_equal(metrics.bss_sdr(references, estimates, RATE, **options), ours.sdr)
    return worst


@pytest.mark.parametrize(("sources", "channels"), [(1, 1), (1, 2), (2, 1), (2, 2), (3, 2), (4, 2), (8, 1), (2, 3)])
@pytest.mark.parametrize("sound", [noises, notes])
def test_any_number_of_sources_and_channels(bss_eval, rng, sound, sources, channels):
    references = sound(rng, sources, channels)
    assert compare(bss_eval, references, separated(rng, references)) < 1e-6


def test_512_taps_at_a_real_rate(bss_eval, rng):
    references = noises(rng, 2, 1, seconds=9)
    estimates = separated(rng, references)
    theirs = bss_eval(references, estimates, window=8000, hop=8000)[:4]
    ours = metrics.bss_eval(references, estimates, 8000)
    for name, their in zip(NAMES, theirs, strict=True):
        np.testing.assert_allclose(getattr(ours, name), their, atol=1e-6)


@pytest.mark.parametrize("samples", [RATE // 2, RATE - 1, RATE, RATE + 1, 2 * RATE - 1, 2 * RATE])
@pytest.mark.parametrize(("window", "hop"), [(RATE, RATE), (RATE, 700), (600, RATE), (10 * RATE, RATE)])
def test_windows_are_cut_as_museval_cuts_them(bss_eval, rng, samples, window, hop):
    references = noises(rng, 2, 1)[:, :samples]
    assert compare(bss_eval, references, separated(rng, references), window=window, hop=hop) < 1e-6


def louder(references, estimates):
    return 30000 * references, 30000 * estimates


def nearly_silent(references, estimates):
    return 1e-8 * references, 1e-8 * estimates


def one_nearly_silent(references, estimates):
    quiet = references * np.array([1e-6, 1, 1])[:, None, None]
    return quiet, estimates + 1e-6 * references


def clipped(references, estimates):
    return np.clip(references, -0.1, 0.1), np.clip(estimates, -0.1, 0.1)


def perfect(references, estimates):
    return references, references.copy()


def one_perfect(references, estimates):
    return references, np.concatenate([references[:1], estimates[1:]])


def mixture_as_estimate(references, estimates):
    return references, np.repeat(references.sum(axis=0, keepdims=True), len(references), axis=0)


def one_channel_empty(references, estimates):
    return references * np.array([[[1, 0]], [[1, 1]], [[0, 1]]]), estimates


def single_precision(references, estimates):
    return references.astype(np.float32), estimates.astype(np.float32)


def reference_rests(references, estimates):
    references = references.copy()
    references[0, :RATE] = 0
    return references, estimates


def estimate_is_gated(references, estimates):
    return reference_rests(estimates, references)[::-1]


def left_is_minus_right(references, estimates):
    references = references.copy()
    references[1, RATE : 2 * RATE, 1] = -references[1, RATE : 2 * RATE, 0]
    return references, estimates


KINDS = [
    louder,
    nearly_silent,
    one_nearly_silent,
    clipped,
    perfect,
    one_perfect,
    mixture_as_estimate,
    one_channel_empty,
]
KINDS += [single_precision, reference_rests, estimate_is_gated, left_is_minus_right]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_what_songs_do_to_it(bss_eval, rng, kind):
    references = notes(rng, 3, 2)
    assert compare(bss_eval, *kind(references, separated(rng, references))) < 1e-4


def test_mono_in_two_channels_is_mono(bss_eval, rng):
    """museval solves a singular system there; without the copies it is the same question with one answer."""
    references = noises(rng, 3, 1)
    estimates = separated(rng, references)
    ours = metrics.bss_eval(*(np.repeat(side, 2, axis=2) for side in (references, estimates)), RATE, filter_length=TAPS)
    theirs = bss_eval(references, estimates, window=RATE, hop=RATE, filters_len=TAPS)
    assert not ours.singular
    for name, their in zip(NAMES, theirs[:4], strict=True):
        np.testing.assert_allclose(getattr(ours, name), their, atol=1e-9)
