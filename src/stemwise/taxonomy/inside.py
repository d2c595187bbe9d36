"""Targets of one list that are part of those of another: which speak for which, and which may be scored as which."""

from stemwise.taxonomy import ANYTHING, OWN, UNLISTED, Targets, instrument_labels


def inside(fine: Targets, coarse: Targets, same_name: bool) -> tuple[tuple[int, ...], ...]:
    """Of each target of `coarse` the numbers of those of `fine` all of whose labels are its own; one without labels is
    in none.

    `same_name`: those called alike go together too, whatever their labels. They do where one is to be heard for the
    other, since MUSDB's drums are the best that can be said of another's; they do not where one is scored by the
    other's truth, since MUSDB's have tambourines.
    """
    own = frozenset(label for each in (fine, coarse) for group in each.labels for label in group if _is_own(label))
    theirs, mine = (written_out(each, own, keep=True) for each in (fine, coarse))
    return tuple(
        tuple(
            number
            for number, (other, labels) in enumerate(zip(fine.names, theirs, strict=True))
            if (same_name and other == name) or (labels and labels <= held)
        )
        for name, held in zip(coarse.names, mine, strict=True)
    )


def written_out(targets: Targets, own: frozenset[str] = frozenset(), keep: bool = False) -> list[frozenset[str]]:
    """The labels of each target, "*" as every instrument that nothing else of its scheme names, and as those of `own`,
    labels of somebody's own; `keep`: beside itself, since there is more than has a name."""
    named = frozenset().union(*targets.labels) | targets.elsewhere | ANYTHING | {UNLISTED}
    left = (instrument_labels() | own) - named
    star = frozenset("*" if keep else ())
    return [group - {"*"} | (left | star if "*" in group else frozenset()) for group in targets.labels]


def _is_own(label: str) -> bool:
    return label.startswith(OWN)
