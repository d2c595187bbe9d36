"""The files of styles: all can be played, and what cannot is refused in a sentence."""

import numpy as np
import pytest
import yaml

from stemwise.errors import DataError
from stemwise.synthesis import style as module
from stemwise.synthesis.compose import INSTEAD, ROLES
from stemwise.synthesis.instruments import instruments
from stemwise.synthesis.style import find_styles, read_style, styles

# The 18 instruments of activity detection, beside which brass and reeds are wanted.
EIGHTEEN = {
    *("drum set", "drum machine", "tambourine", "electric bass", "double bass", "piano", "electric piano"),
    *("electronic organ", "acoustic guitar", "clean electric guitar", "distorted electric guitar", "male singer"),
    *("female singer", "vocalists", "synthesizer", "string section", "violin", "fx/processed sound"),
}
WINDS = ("trumpet", "trombone", "brass section", "alto saxophone", "tenor saxophone", "clarinet", "flute")
GENRES = {"Singer/Songwriter", "Classical", "Rock", "World/Folk", "Fusion", "Jazz", "Pop", "Musical Theatre", "Rap"}


def test_seven_styles_at_least():
    assert {"rock", "pop", "ballad", "funk", "jazz", "electronic", "folk"} <= set(styles())


@pytest.mark.parametrize("name", styles())
def test_every_seat_can_be_taken_and_its_role_played(name):
    style = styles()[name]
    assert style.genre in GENRES
    for seat in style.band:
        sounds = {sound.label for sound in instruments()[seat.kind].sounds}
        assert set(seat.labels) <= sounds
        assert not seat.doubles or seat.doubles in {one.name for one in style.band}
        if seat.plays == "harmony":
            continue
        assert seat.plays in ROLES
        for metre in style.metres:
            role = seat.plays if seat.plays in style.rhythms[metre] else INSTEAD.get(seat.plays, seat.plays)
            wordless = {"pad", "voice", "lead", "answers", "counter", "effects"}
            assert role in style.rhythms[metre] or role in wordless, (seat.name, metre)


def test_the_styles_together_have_every_instrument_that_is_wanted():
    there = {
        sound.label
        for style in styles().values()
        for seat in style.band
        for sound in instruments()[seat.kind].sounds
        if not seat.labels or seat.labels.get(sound.label)
    }
    assert there >= {*EIGHTEEN, *WINDS}


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda raw: raw["courses"].append("verse drop"), "section 'drop'"),
        (lambda raw: raw["progressions"]["minor"].append("i bVIII"), "bVIII"),
        (lambda raw: raw["rhythms"]["4/4"]["bass"].append("1---1"), "5 sixteenths, a bar 16"),
        (lambda raw: raw["progressions"].update(major=["I IV"]), "fewer than two"),
        (lambda raw: raw.pop("tempo"), "tempo"),
        (lambda raw: raw.update(tempos=[1, 2]), "tempos"),
        (lambda raw: raw["metres"].update({"5/4": 1}), "5/4"),
    ],
)
def test_a_style_that_cannot_be_played_is_refused(tmp_path, change, named):
    raw = yaml.safe_load((module.FOLDER / "rock.yaml").read_text())
    change(raw)
    path = tmp_path / "mine.yaml"
    path.write_text(yaml.safe_dump(raw))
    with pytest.raises(DataError, match=rf"mine\.yaml.*{named}"):
        read_style(path)


def test_unknown_styles_are_refused_with_the_choices():
    assert find_styles([]) == tuple(styles())
    assert find_styles(["jazz", "rock", "jazz"]) == ("jazz", "rock")
    with pytest.raises(DataError, match=r"no style 'polka'.*jazz"):
        find_styles(["polka"])


def test_metres_are_drawn_by_weight():
    rng = np.random.default_rng(0)
    drawn = [styles()["ballad"].draw_metre(rng) for _ in range(2000)]
    weights = styles()["ballad"].metres
    for metre, weight in weights.items():
        share = weight / sum(weights.values())
        assert abs(drawn.count(metre) / 2000 - share) < 4 * np.sqrt(share * (1 - share) / 2000)
