import numpy as np
import pytest

from stemwise.synthesis.form import RING_OUT, draw_form
from stemwise.synthesis.score import Swing
from stemwise.synthesis.style import styles

SEEDS = range(12)
FORMS = [
    (name, seconds, draw_form(seconds, style, np.random.default_rng([seed, int(seconds)])))
    for name, style in styles().items()
    for seconds in (8.0, 12.0, 45.0, 150.0, 400.0)
    for seed in SEEDS
]


def test_whole_bars_fill_the_song_but_for_the_ring_out():
    for _, seconds, form in FORMS:
        assert form.time(form.bars) == pytest.approx(seconds - RING_OUT)


def test_the_tempo_is_the_styles_within_the_half_bar_that_whole_bars_cost():
    for name, seconds, form in FORMS:
        slow, fast = styles()[name].tempo
        slack = 1 + 0.55 * form.bar_seconds / (seconds - RING_OUT)
        assert slow / slack <= form.tempo <= fast * slack


def test_sections_follow_one_another():
    for _, _, form in FORMS:
        ends = [one.first_bar + one.bars for one in form.sections]
        assert [one.first_bar for one in form.sections] == [0, *ends[:-1]]
        assert ends[-1] == form.bars
        assert all(one.bars > 0 for one in form.sections)
        assert all(form.section_of(bar).first_bar <= bar for bar in range(form.bars))


def test_long_songs_have_many_kinds_of_section_and_those_of_a_set_have_all():
    long = [len({one.name for one in form.sections}) for _, seconds, form in FORMS if seconds >= 150]
    assert min(long) >= 2
    assert np.mean(long) > 4
    seen = {one.name for _, _, form in FORMS for one in form.sections}
    assert seen == {"intro", "verse", "chorus", "bridge", "solo", "break", "outro"}


def test_no_section_of_a_long_song_takes_most_of_it():
    for _, seconds, form in FORMS:
        if seconds >= 150:
            assert max(one.bars for one in form.sections) <= 0.4 * form.bars


def test_sections_of_one_name_have_the_same_chords():
    for _, _, form in FORMS:
        of = {}
        for one in form.sections:
            bars = form.chords[one.first_bar : one.first_bar + one.bars]
            known = of.setdefault(one.name, bars)
            assert all(a == b for a, b in zip(known, bars, strict=False))


def test_songs_differ_in_tempo_key_mode_and_metre():
    forms = [form for _, _, form in FORMS]
    assert len({round(form.tempo) for form in forms}) > 30
    assert len({form.tonic for form in forms}) == 12
    assert {form.minor for form in forms} == {True, False}
    assert {form.metre for form in forms} >= {"4/4", "3/4", "6/8"}


def test_swing_moves_the_second_of_a_pair_and_nothing_else():
    swing = Swing(2 / 3, 1.0)
    assert [swing.warp(beat) for beat in (0, 0.5, 1, 1.5, 3)] == pytest.approx([0, 2 / 3, 1, 5 / 3, 3])
    assert [Swing().warp(beat) for beat in (0, 0.25, 0.7)] == pytest.approx([0, 0.25, 0.7])
    sixteenths = Swing(0.6, 0.5)
    assert [sixteenths.warp(beat) for beat in (0.25, 0.5, 0.75)] == pytest.approx([0.3, 0.5, 0.8])


def test_a_bar_of_six_eighths_has_three_quarters():
    form = next(form for _, _, form in FORMS if form.metre == "6/8")
    assert form.bar_seconds == pytest.approx(180 / form.tempo)
