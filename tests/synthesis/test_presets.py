import pytest

from stemwise.errors import DataError
from stemwise.synthesis import Preset, find_preset, presets

EXAMPLE = Preset("example", 10.0, train=30, valid=4, test=6)


@pytest.mark.parametrize(
    ("songs", "expected"), [(1, (1, 0, 0)), (3, (1, 1, 1)), (4, (2, 1, 1)), (20, (15, 2, 3)), (400, (300, 40, 60))]
)
def test_shares_are_kept(songs, expected):
    other = EXAMPLE.with_songs(songs)
    assert (other.train, other.valid, other.test) == expected


@pytest.mark.parametrize("songs", range(1, 60))
def test_every_number_of_songs_is_split_completely(songs):
    other = EXAMPLE.with_songs(songs)
    assert other.songs == songs
    assert songs < 3 or min(other.train, other.valid, other.test) >= 1


def test_songs_come_in_the_order_train_valid_test():
    parts = [EXAMPLE.split_of(number) for number in range(EXAMPLE.songs)]
    assert parts == ["train"] * 30 + ["valid"] * 4 + ["test"] * 6


@pytest.mark.parametrize("songs", [0, -3])
def test_no_songs_are_refused(songs):
    with pytest.raises(DataError, match=f"{songs} songs.*songs=1 or more"):
        EXAMPLE.with_songs(songs)


def test_unknown_preset_names_the_choices():
    with pytest.raises(DataError, match=r"no preset 'huge'.*tiny, demo, standard"):
        find_preset("huge")


def test_presets_have_all_parts():
    for preset in presets().values():
        assert min(preset.train, preset.valid, preset.test) >= 1
        assert preset.seconds >= 12
