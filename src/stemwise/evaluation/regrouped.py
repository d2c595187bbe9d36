"""Runs that hear different targets brought to common ones: male and female singer are both vocals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from stemwise.errors import DataError
from stemwise.evaluation.heard import Heard
from stemwise.taxonomy import Targets
from stemwise.taxonomy.inside import inside

Groups = dict[str, list[str]]  # target → those of another run that belong to it


@dataclass(frozen=True)
class Common:
    """Runs by system on the same targets. like: whose targets these are; empty where nothing had to be regrouped;
    groups: of each system that was, by target of `like` its own that belong to it."""

    runs: dict[str, list[Heard]]
    like: str
    groups: dict[str, Groups]


def common(systems: Mapping[str, Sequence[Heard]]) -> Common:
    """On the targets of the system into whose targets most of the others' fit, and on the seconds that all have: of
    models with other sample rates a song may end a sample sooner.

    Raises DataError for other songs or lengths, and where no target of all others fits into those of any.
    """
    trimmed = _same_seconds({name: list(runs) for name, runs in systems.items()})
    if len({run.targets.names for runs in trimmed.values() for run in runs}) == 1:
        return Common(trimmed, "", {})
    like = max(trimmed, key=lambda name: (len(_fitting(name, trimmed)), -len(trimmed[name][0].targets.names)))
    names = _fitting(like, trimmed)
    if not names:
        raise DataError(
            f"{' and '.join(trimmed)} have no targets in common: none of one lies within one of another. Score runs of "
            "targets that can be held against each other."
        )
    truth = trimmed[like][0].clips
    truth = truth[truth["target"].isin(names)]
    mine = trimmed[like][0].targets
    made = {name: [_as(run, mine, names, truth) for run in runs] for name, runs in trimmed.items()}
    apart = {name: runs[0].targets for name, runs in trimmed.items() if runs[0].targets.names != mine.names}
    return Common(made, like, {name: _groups(targets, mine, names) for name, targets in apart.items()})


def grouping(fine: Targets, coarse: Targets) -> Groups:
    """By target of `coarse` those of `fine` all of whose labels belong to it, each in the first that has it; without
    those that have none."""
    found: Groups = {}
    taken: set[int] = set()
    for name, row in zip(coarse.names, inside(fine, coarse, same_name=False), strict=True):
        if new := [number for number in row if number not in taken]:
            found[name] = [fine.names[number] for number in new]
            taken.update(new)
    return found


def regrouped(clips: pd.DataFrame, groups: Mapping[str, Sequence[str]], truth: pd.DataFrame) -> pd.DataFrame:
    """`clips` as clips of the targets that `groups` names: `probability` is the highest of those of its own that belong
    to a target.

    `truth` has a line a song × second × target of `groups`, of the same songs and seconds, and gives the column truth:
    a label that no target of `clips` stands for, as a rapper among vocals, is active too.
    """
    of = {mine: name for name, names in groups.items() for mine in names}
    named = clips.assign(target=clips["target"].map(of)).dropna(subset="target")
    highest = named.groupby(["song", "second", "target"], sort=False)["probability"].max().reset_index()
    return truth.drop(columns="probability").merge(highest, on=["song", "second", "target"], how="left")


def _as(run: Heard, targets: Targets, names: Sequence[str], truth: pd.DataFrame) -> Heard:
    """`run` on `names` of `targets`."""
    if run.targets.names == targets.names:
        return replace(run, clips=run.clips[run.clips["target"].isin(names)])
    return replace(run, clips=regrouped(run.clips, _groups(run.targets, targets, names), truth))


def _groups(fine: Targets, coarse: Targets, names: Sequence[str]) -> Groups:
    found = grouping(fine, coarse)
    return {name: found[name] for name in names}


def _fitting(like: str, systems: Mapping[str, Sequence[Heard]]) -> list[str]:
    """Targets of `like` into which some of every system fit."""
    mine = systems[like][0].targets
    others = [run.targets for runs in systems.values() for run in runs if run.targets.names != mine.names]
    found = [grouping(targets, mine) for targets in others]
    return [name for name in mine.names if all(name in groups for groups in found)]


def _same_seconds(systems: dict[str, list[Heard]]) -> dict[str, list[Heard]]:
    last = {name: [run.clips.groupby("song")["second"].max() for run in runs] for name, runs in systems.items()}
    first_name, firsts = next(iter(last.items()))
    shortest = firsts[0]
    for name, runs in last.items():
        for run in runs:
            if apart := sorted(set(run.index) ^ set(shortest.index)):
                raise DataError(
                    f"{name} against {first_name}: other songs, {', '.join(apart[:5])}. Score all on the same songs."
                )
            if (far := (run - shortest).abs()).max() > 1:
                raise DataError(
                    f"{name} against {first_name}: {far.idxmax()} ends at {run[far.idxmax()]:g} s and at "
                    f"{shortest[far.idxmax()]:g} s. Score all on the same songs."
                )
            shortest = shortest.combine(run, min)
    return {
        name: [
            replace(run, clips=run.clips[(run.clips["second"] <= run.clips["song"].map(shortest)).to_numpy()])
            for run in runs
        ]
        for name, runs in systems.items()
    }
