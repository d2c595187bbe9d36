"""A table of clips becomes arrays whatever the order of its lines; what is not whole is refused with the place."""

import numpy as np
import pytest

from stemwise.errors import DataError
from stemwise.report.detection import detections_of, tune
from stemwise.report.detection.thresholds import at_level, by_level

from .made_up import INSTRUMENTS, clips

TABLE = clips(songs=3, seconds=8, targets=4, unknown=0.3)


def without(table, chosen):
    return table[~chosen]


def test_arrays_hold_the_lines_of_the_table():
    found = detections_of(TABLE)
    assert found.songs == ("Band_Song00", "Band_Song01", "Band_Song02") and found.targets == INSTRUMENTS[:4]
    assert found.clips.probability.shape == (8 + 9 + 10, 4) and found.seconds[:9].tolist() == [*range(8), 0]
    for song, second, target, truth, probability in TABLE.sample(40, random_state=1).itertuples(index=False):
        clip = found.of_song(found.songs.index(song)).start + second
        place = clip, found.targets.index(target)
        assert found.clips.probability[place] == probability
        assert found.clips.active[place] == (truth >= 0.5) and found.clips.known[place] == (not np.isnan(truth))
    assert not found.clips.known.all()


def test_the_order_of_lines_does_not_matter():
    mixed = detections_of(TABLE.sample(frac=1, random_state=2).sort_values("song", kind="stable"))
    found = detections_of(TABLE)
    columns = [mixed.targets.index(target) for target in found.targets]
    assert np.array_equal(mixed.clips.probability[:, columns], found.clips.probability)
    assert np.array_equal(mixed.truth[:, columns], found.truth, equal_nan=True)


def test_seconds_of_an_excerpt_need_not_begin_at_0():
    found = detections_of(TABLE.assign(second=TABLE["second"] + 30))
    assert found.seconds[0] == 30 and len(found.seconds) == 27


def test_another_threshold_of_the_truth():
    assert detections_of(TABLE, 0.9).clips.active.sum() < detections_of(TABLE, 0.5).clips.active.sum()


FIRST = (TABLE["song"] == "Band_Song01") & (TABLE["second"] == 3)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (TABLE.drop(columns="truth"), "lacks the columns truth"),
        (TABLE[:0], "empty: no second of any song"),
        (TABLE.assign(second=TABLE["second"] + 0.5), "no whole second, first 0.5"),
        (TABLE.assign(probability=TABLE["probability"].where(~FIRST)), "4 of 108 .* drum set at 3 s of Band_Song01"),
        (TABLE.assign(probability=np.inf), "probability holds infinity"),
        (TABLE.assign(truth=-np.inf), "truth holds infinity"),
        (TABLE.assign(probability=7.0), "outside 0 to 1, first 7"),
        (without(TABLE, FIRST), "Band_Song01 has 32 lines, 36 were expected"),
        (without(TABLE, FIRST & (TABLE["target"] == "male singer")), "Band_Song01 has 35 lines, 36 were expected"),
        (TABLE.assign(second=TABLE["second"].clip(upper=7)), "clips appear twice, first"),
    ],
)  # fmt: skip
def test_refused(table, message):
    with pytest.raises(DataError, match=message):
        detections_of(table)


def test_thresholds_are_tuned_by_level_and_found_again():
    cuts = tune(TABLE)
    targets = INSTRUMENTS[:4]
    assert list(cuts) == ["1 s", "5 s", "10 s", "song"] and list(cuts["5 s"]) == list(targets)
    assert at_level(cuts, "10 s", targets).tolist() == list(cuts["10 s"].values())
    assert at_level(cuts["1 s"], "10 s", targets).tolist() == list(cuts["1 s"].values())
    assert at_level(0.3, "10 s", targets).tolist() == [0.3] * 4
    assert by_level(cuts) and not by_level(cuts["1 s"]) and not by_level(0.3)


def test_missing_thresholds_are_named():
    with pytest.raises(DataError, match="no thresholds for '5 s', but for 1 s"):
        at_level({"1 s": {"piano": 0.5}}, "5 s", ("piano",))
    with pytest.raises(DataError, match="no threshold for violin"):
        at_level({"piano": 0.5}, "1 s", ("piano", "violin"))


def test_what_is_known_of_a_song_alone_counts_in_the_song_alone():
    """The first target is only known to play somewhere in the first two songs; the others are as they were."""
    table = clips(songs=3, seconds=8, targets=4)
    table.loc[table["target"] == INSTRUMENTS[0], "truth"] = 1.0
    weak = (table["target"] == INSTRUMENTS[0]) & (table["song"] != "Band_Song02")
    found = detections_of(table.assign(weak=weak))
    assert not found.at(1).known[found.at(1).songs < 2, 0].any() and found.at(1).known[found.at(1).songs == 2, 0].all()
    assert not found.at(5).known[found.at(5).songs < 2, 0].any()
    assert found.at(None).active[:, 0].tolist() == [True] * 3 and found.at(None).known.all()
    plain = detections_of(table)
    for length in (1, 5, None):
        np.testing.assert_array_equal(found.at(length).active[:, 1:], plain.at(length).active[:, 1:])
