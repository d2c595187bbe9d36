"""Systems with the setting that was best among their trials, held against each other: as many trials for each."""

from collections.abc import Mapping, Sequence

import pandas as pd

from stemwise.report.tables import ALL, summarise
from stemwise.study.blocks import MAIN_MEASURES, NOTHING, compared, lacking
from stemwise.study.kept import Kept, average, of_seeds, seeds_of_all
from stemwise.study.markdown import figure


def best_of_trials(
    kept: Kept, trials: Mapping[str, Sequence[str]], valid: str, test: str, measures: Sequence[str] = MAIN_MEASURES
) -> str:
    """Of each system's trials the one with the highest uSDR on the question `valid`, and on `test` the first system's
    minus the second's.

    Only seeds that all trials have count, so that none is chosen for having had more of them; nothing is said before
    all trials are there.
    """
    names = [name for of_one in trials.values() for name in of_one]
    asked = [kept.systems(question, names) for question in (valid, test)]
    if missing := lacking(names, set(asked[0]) & set(asked[1])):
        return NOTHING + missing
    seeds = seeds_of_all(*asked)
    if not seeds:
        return NOTHING
    tuned, judged = (of_seeds(each, seeds) for each in asked)
    figures = {name: _usdr(tuned[name], name) for name in names}
    chosen = {system: max(of_one, key=lambda name: figures[name]) for system, of_one in trials.items()}
    picks = [
        f"{chosen[system]} ({', '.join(f'{name} {figure(figures[name])}' for name in of_one)} dB)"
        for system, of_one in trials.items()
    ]
    said = f"Chosen by uSDR on `{valid}`, seed {', '.join(sorted(seeds))}: {'; '.join(picks)}.\n\n"
    return said + compared({name: judged[name] for name in chosen.values()}, tuple(chosen.values()), measures, "off")


def _usdr(runs: Sequence[pd.DataFrame], name: str) -> float:
    lines = summarise(average({name: runs}), resamples=1)
    mine = (lines["system"] == name) & (lines["gate"] == "off") & (lines["target"] == ALL)
    return float(lines.loc[mine, "usdr"].iloc[0])
