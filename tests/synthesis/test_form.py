import numpy as np
import pytest

from stemwise.synthesis.form import FASTEST, RING_OUT, SLOWEST, draw_form

SEEDS = range(40)


@pytest.mark.parametrize("seconds", [12.0, 45.0, 150.0])
def test_whole_bars_fill_the_song_but_for_the_ring_out(seconds):
    for seed in SEEDS:
        form = draw_form(seconds, np.random.default_rng(seed))
        assert form.time(form.bars) == pytest.approx(seconds - RING_OUT)
        assert SLOWEST <= form.tempo <= FASTEST


@pytest.mark.parametrize("seconds", [12.0, 45.0, 150.0])
def test_sections_follow_one_another_from_intro_to_outro(seconds):
    for seed in SEEDS:
        form = draw_form(seconds, np.random.default_rng(seed))
        ends = [one.first_bar + one.bars for one in form.sections]
        assert [one.first_bar for one in form.sections] == [0, *ends[:-1]]
        assert ends[-1] == form.bars
        assert form.sections[0].name == "intro"
        assert form.sections[-1].name == "outro"
        assert all(form.section_of(bar).first_bar <= bar for bar in range(form.bars))


def test_long_songs_have_verse_chorus_and_bridge():
    for seed in SEEDS:
        names = {one.name for one in draw_form(150.0, np.random.default_rng(seed)).sections}
        assert {"verse", "chorus", "bridge"} <= names


def test_chords_are_of_the_key():
    for seed in SEEDS:
        form = draw_form(45.0, np.random.default_rng(seed))
        leading = (form.tonic + 11) % 12  # the third of a minor key's dominant
        for chord in form.chords:
            assert set(chord) <= {*form.scale, leading}


def test_songs_differ_in_tempo_key_and_mode():
    forms = [draw_form(45.0, np.random.default_rng(seed)) for seed in SEEDS]
    assert len({form.tempo for form in forms}) > 8
    assert len({form.tonic for form in forms}) == 12
    assert {form.minor for form in forms} == {True, False}
