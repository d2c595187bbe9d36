"""Clips from a seed: songs of different lengths, ties if asked for, entries of which nothing is known."""

import numpy as np

from stemwise.metrics import Clips


def clips(rng, songs=6, length=12, targets=4, unknown=0.0, ties=False, skill=1.0):
    sizes = length + np.arange(songs) % 3
    shape = (sizes.sum(), targets)
    truth = rng.random(shape)
    logit = skill * 4 * (truth - 0.5) + rng.normal(0, 1.5, shape)
    probability = 1 / (1 + np.exp(-logit))
    probability = np.round(probability, 1) if ties else probability
    truth[rng.random(shape) < unknown] = np.nan
    return Clips.of(truth, probability, np.repeat(np.arange(songs), sizes))


def ones(found):
    return np.ones((1, found.song_count))
