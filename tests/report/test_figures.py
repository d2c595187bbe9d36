"""Figures show what they are given: colours appear where the data say, and nothing global is touched."""

import subprocess
import sys
import warnings
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import numpy as np
import pandas
import pytest
from matplotlib import colors, image

from stemwise.errors import DataError
from stemwise.report.canvas import BLUE, GREEN, GREY, ORANGE, RED, SKY
from stemwise.report.figures import activity_lanes, has_curves, score_bars, training_curves
from stemwise.report.spectrograms import mel_spectrograms
from stemwise.report.tables import summarise

from .made_up import curves, scores, song


@pytest.fixture(autouse=True)
def no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


def amount(png, colour, alpha=1.0):
    """The number of pixels of a colour painted on white."""
    pixels = image.imread(BytesIO(png))[..., :3]
    painted = alpha * np.array(colors.to_rgb(colour)) + (1 - alpha)
    return int((np.abs(pixels - painted) < 0.02).all(axis=-1).sum())


def test_bars_grow_with_the_scores():
    table = scores()
    quiet = summarise(table, resamples=20)
    table.loc[(table.system == "iass") & (table.gate == "hard"), "usdr"] *= 3
    loud = summarise(table, resamples=20)
    before, after = score_bars(quiet), score_bars(loud)
    assert amount(after, ORANGE) / amount(after, BLUE) > 1.5 * amount(before, ORANGE) / amount(before, BLUE)
    assert amount(before, GREEN) > amount(before, BLUE) > 0
    assert amount(before, GREY) > 0


def test_bars_of_one_song_have_no_whiskers_and_do_not_warn():
    assert amount(score_bars(summarise(scores(songs=1))), GREEN) > 0


def test_curves_draw_training_and_validation_of_every_term():
    log = curves()
    both = training_curves(log)
    assert amount(both, BLUE) > 0
    assert amount(both, RED) > 0
    alone = training_curves(log.drop(columns=[name for name in log if name.startswith("val/")]))
    assert amount(alone, RED) == 0
    assert training_curves(log.drop(columns=["step"])) != both
    heights = [
        image.imread(BytesIO(training_curves(part))).shape[0]
        for part in (log, log.rename(columns=lambda name: name + "2"))
    ]
    assert heights[0] == heights[1]


def test_a_log_without_numbers_has_no_curves():
    assert has_curves(curves())
    assert not has_curves(pandas.DataFrame())
    assert not has_curves(pandas.DataFrame({"step": [1], "train/loss": [np.nan]}))


def test_lanes_show_truth_and_gate_where_they_are():
    view = song()
    empty = np.zeros_like(view.truth)
    no_truth, no_gate = activity_lanes(replace(view, truth=empty)), activity_lanes(replace(view, gate=empty))
    assert amount(no_gate, SKY, 0.55) > 20 * amount(no_truth, SKY, 0.55)  # the legend keeps a little
    assert amount(no_truth, GREEN) > 5 * amount(no_gate, GREEN)


def test_lanes_of_a_net_without_activity_head():
    view = song(targets=("vocals",))
    missing = np.full_like(view.probability, np.nan)
    png = activity_lanes(replace(view, probability=missing, thresholds=(np.nan,)))
    assert amount(png, "black") < amount(activity_lanes(view), "black")


def test_spectrograms_show_a_tone_at_its_pitch_and_tolerate_silence():
    time = np.arange(22050) / 22050
    low, high = (0.5 * np.sin(2 * np.pi * hertz * time)[None].astype(np.float32) for hertz in (200, 6000))
    pixels = image.imread(BytesIO(mel_spectrograms({"low": low, "high": high}, 22050)))[..., :3]
    bright = np.abs(pixels - np.array(colors.to_rgb("#fee838"))).sum(axis=-1) < 0.3  # the top of cividis
    left, right = bright[:, 80:450], bright[:, 480:850]
    assert np.flatnonzero(left.any(axis=1)).mean() > np.flatnonzero(right.any(axis=1)).mean() + 50
    assert mel_spectrograms({"silence": np.zeros((2, 22050), np.float32)}, 22050)
    assert mel_spectrograms({"nothing": np.zeros((1, 0), np.float32)}, 22050)


def test_drawing_leaves_pyplot_and_the_backend_alone():
    code = (
        "import sys, made_up, matplotlib; before = matplotlib.rcParams.copy()\n"
        "from stemwise.report import figures\n"
        "figures.training_curves(made_up.curves()); figures.activity_lanes(made_up.song())\n"
        "assert 'matplotlib.pyplot' not in sys.modules\n"
        "assert matplotlib.rcParams.copy() == before\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parent)


def test_a_song_whose_parts_do_not_fit_is_refused():
    view = song()
    with pytest.raises(DataError, match=r"song00: gate has shape \(3, 5\)"):
        replace(view, gate=np.zeros((3, 5)))
    with pytest.raises(DataError, match="1 thresholds for 3 targets"):
        replace(view, thresholds=(0.5,))
    with pytest.raises(DataError, match="'piano'"):
        replace(view, clips={"piano": {}})
