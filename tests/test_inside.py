"""Which targets are part of which, for those who listen and for those who score."""

import pytest

from stemwise import taxonomy
from stemwise.evaluation.regrouped import grouping
from stemwise.external.mapping import map_targets
from stemwise.taxonomy import Targets
from stemwise.taxonomy.inside import inside, written_out

SCHEMES = {name: taxonomy.targets(name) for name in ("iad", "mms", "musdb", "openmic")}
OWN = Targets(("kalimba", "rest"), (frozenset({"own:kalimba"}), frozenset({"*"})))
REST = Targets(("drums", "all else"), (frozenset({"drum set"}), frozenset({"*"})))
WITHOUT = Targets(("drums", "kalimba"), (frozenset({"drum set"}), frozenset()))
EVERY = {**SCHEMES, "own": OWN, "rest": REST, "without": WITHOUT, "some": taxonomy.targets("musdb", ["other", "bass"])}


@pytest.mark.parametrize("fine", EVERY)
@pytest.mark.parametrize("coarse", EVERY)
def test_who_listens_and_who_scores_differ_by_equal_names_alone(fine, coarse):
    mine, theirs = EVERY[coarse], EVERY[fine]
    scored, speaks = grouping(theirs, mine), map_targets(mine, theirs)
    for name, row in zip(mine.names, speaks.rows, strict=True):
        assert {theirs.names[number] for number in row} - {name} == set(scored.get(name, ())) - {name}


@pytest.mark.parametrize("fine", EVERY)
@pytest.mark.parametrize("coarse", EVERY)
def test_stems_of_what_is_inside_are_stems_of_what_it_is_inside_of(fine, coarse):
    """By the way that stems themselves go to targets, label by label."""
    mine, theirs = EVERY[coarse], EVERY[fine]
    for place, row in enumerate(inside(theirs, mine, same_name=False)):
        for number in row:
            labels = written_out(theirs)[number] | {label for label in theirs.labels[number] if label != "*"}
            assert labels and all(mine.of_labels([label]) == {place} for label in labels)


def test_labels_of_ones_own_are_part_of_what_is_left():
    assert inside(OWN, REST, same_name=False) == ((), (0,)), "the rest of one has drums, that of the other none"
    assert inside(WITHOUT, REST, same_name=False) == ((0,), ())
    assert inside(OWN, WITHOUT, same_name=True) == ((), (0,)) and inside(OWN, WITHOUT, same_name=False) == ((), ())


def test_what_is_left_has_more_than_its_known_labels():
    """A target of every label that has a name is not all: an instrument that no list has is in the rest alone."""
    listed = Targets(("listed",), (taxonomy.instrument_labels(),))
    everything = Targets(("everything",), (frozenset({"*"}),))
    assert inside(everything, listed, same_name=False) == ((),)
    assert inside(everything, everything, same_name=False) == ((0,),)
    assert inside(Targets(("piano",), (frozenset({"piano"}),)), everything, same_name=False) == ((0,),)
