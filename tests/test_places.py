import numpy as np
import pytest

from stemwise.errors import DataError
from stemwise.loading.places import Places
from stemwise.loading.store import PreparedSong

RATE, SAMPLES = 1000, 100


class Stub(PreparedSong):
    """100 s at 1 kHz; (first, last) second in which each target plays, None where it is not known."""

    def __init__(self, *plays: tuple[float, float] | None) -> None:
        self.audio = np.zeros((len(plays) + 1, 1, 100 * RATE), np.float32)
        times = np.arange(1 + 100 * 44100 // 1024) * 1024 / 44100
        self.activity = np.stack([(times >= first) & (times < last) for first, last in (p or (0, 0) for p in plays)])
        self.known_audio = self.known_activity = np.array([p is not None for p in plays])


# The first target plays for 5 s in one of two songs, the second all but 5 s; the third is unknown in one and never
# plays in the other.
SONGS = [Stub((50, 55), (0, 95), None), Stub((0, 0), (0, 100), (0, 0))]


def drawn(balance: float, target: int | None, count: int = 600) -> list:
    places, rng = Places(SONGS, SAMPLES, RATE, balance), np.random.default_rng(0)
    return [places.draw(rng, target) for _ in range(count)]


def share_playing(places: list, target: int) -> float:
    """By the middle of the excerpt, from the audio's clock."""
    frames = [round((place.start + SAMPLES / 2) / RATE * 44100 / 1024) for place in places]
    return float(np.mean([place.song.activity[target][f] for place, f in zip(places, frames, strict=True)]))


@pytest.mark.parametrize(("target", "share"), [(0, 0.025), (1, 0.975)])
def test_without_balance_an_instrument_comes_as_often_as_it_plays(target, share):
    assert share_playing(drawn(0.0, target), target) == pytest.approx(share, abs=0.03)


@pytest.mark.parametrize("target", [0, 1])
@pytest.mark.parametrize(("balance", "weight"), [(1.0, 1.0), (0.5, 0.5)])
def test_balanced_draws_play_in_half_of_the_excerpts_and_rest_in_half(target, balance, weight):
    natural = (0.025, 0.975)[target]
    expected = weight * 0.5 + (1 - weight) * natural
    assert share_playing(drawn(balance, target), target) == pytest.approx(expected, abs=0.07)


def test_moments_lie_anywhere_in_the_excerpt():
    # A single moment of playing would otherwise always stand at one place of the excerpt.
    song = Stub((50, 50.03))
    places, rng = Places([song], 1000, RATE, 1.0), np.random.default_rng(0)
    starts = np.array([place.start for place in (places.draw(rng, 0) for _ in range(600)) if place.start >= 0])
    near = 50_010 - starts[(starts > 48_900) & (starts <= 50_100)]
    assert len(near) > 250 and near.min() < 50 and near.max() > 950 and 400 < near.mean() < 600


def test_any_target_is_looked_for_where_none_is_named():
    places = drawn(1.0, None)
    assert 0.2 < share_playing(places, 0) < 0.45  # half of the draws for the first of two that play somewhere


def test_a_target_that_never_plays_or_is_unknown_falls_back_to_anywhere():
    places = drawn(1.0, 2)
    assert 0.15 < np.mean([place.song is SONGS[0] for place in places]) < 0.4  # not known there: only by the fallback
    assert all(0 <= place.start <= 100 * RATE - SAMPLES for place in places)


def test_a_balance_that_is_no_share_is_refused():
    with pytest.raises(DataError, match=r"loading\.balance=1\.5"):
        Places(SONGS, SAMPLES, RATE, 1.5)
