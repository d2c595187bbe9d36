"""What the kept tables say, a block of RESULTS.md each."""

from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from stemwise.evaluation.table import BOUNDS
from stemwise.report.by_activity import by_activity
from stemwise.report.comparison import compare
from stemwise.report.measures import MEASURES, name_of
from stemwise.report.numbers import probability
from stemwise.report.tables import ALL, summarise
from stemwise.study.kept import SCORED, TRAINED, Kept, Row, average, of_shared_seeds
from stemwise.study.markdown import figure, table

NOTHING = "Not run yet."
HEADS = ("p (Holm)", "rank-biserial", "better in", "spread of seeds")
MAIN_MEASURES = ("usdr", "csdr_common", "silence_energy")  # of differences, where nothing else is asked for
SHOWN = ("usdr", "silence_energy", "silence_pooled", "lost_energy", "csdr_common", "csdr", "auc")
BY_NAME = {measure.column: measure for measure in MEASURES}


def trainings(kept: Kept) -> str:
    """Every training with what made it."""
    found = kept.trainings()
    if found.empty:
        return NOTHING
    heads = ("system", "seed", "training", "trained at", "scored at", "command")
    rows = [
        (
            *(line[key] for key in ("system", "seed", "training", TRAINED, SCORED)),
            f"`{line['trained by']}`",
        )
        for line in found.to_dict("records")
    ]
    seconds = found["training"].str.extract(r"([\d.]+) s$")[0].astype(float).sum()
    return f"{table(heads, rows)}\n\n{len(rows)} trainings, {seconds / 3600:.1f} hours."


def questions(kept: Kept) -> str:
    """What was asked, and by which code it was answered."""
    found = kept.questions()
    if found.empty:
        return NOTHING
    rows = [
        (
            line["question"],
            f"`{line['words']}`" if line["words"] else "",
            line["songs"],
            str(line["trainings"]),
            line[SCORED],
        )
        for line in found.to_dict("records")
    ]
    return table(("question", "words of `python -m src.eval run=...`", "songs", "trainings", "scored at"), rows)


def systems(
    kept: Kept,
    question: str,
    names: Sequence[str] = (),
    shown: Sequence[str] = SHOWN,
    gates: Sequence[str] = ("off", "hard", "soft", "oracle"),
    shared_seeds: bool = False,
) -> str:
    """Bounds and systems under these gates, means over targets; of seeds that each has, or that all have."""
    found = kept.systems(question, names)
    runs = of_shared_seeds(found) if shared_seeds else found
    scores = average(runs)
    if scores.empty:
        return NOTHING
    scores = scores[scores["gate"].isin(["", *gates])]
    measures = [BY_NAME[name] for name in shown]
    lines = summarise(scores).query("target == @ALL", local_dict={"ALL": ALL}).to_dict("records")
    seeds = {name: len(tables) for name, tables in runs.items()}
    rows = [
        [
            name_of(line["system"], line["gate"]),
            str(seeds.get(line["system"], "")),
            *(figure(line[m.column], line[f"{m.column}_low"], line[f"{m.column}_high"], m.digits) for m in measures),
        ]
        for line in lines
    ]
    return table(("", "seeds", *(f"{m.heading} {m.unit}".strip() for m in measures)), rows) + lacking(names, seeds)


def lacking(names: Iterable[str], there: Container[str]) -> str:
    """What is said under a table of the systems that it should have."""
    missing = [name for name in dict.fromkeys(names) if name not in there]
    return f"\n\nNot run yet: {', '.join(missing)}." if missing else ""


def seeds_of(systems: Mapping[str, Sequence[pd.DataFrame]]) -> str:
    """What is said under a table whose lines do not."""
    return f"\n\nSeeds: {', '.join(f'{name} {len(runs)}' for name, runs in systems.items())}."


def per_target(kept: Kept, question: str, rows: Mapping[str, tuple[str, str]], measure: str = "usdr") -> str:
    """A line a target, a column each of `rows`: its heading, and the system and gate that it shows."""
    names = list(dict.fromkeys(system for system, _ in rows.values() if system not in BOUNDS))
    systems_ = kept.systems(question, names)
    scores = average(systems_)
    if scores.empty:
        return NOTHING
    found = summarise(scores).set_index(["system", "gate", "target"])
    there = {head: key for head, key in rows.items() if key in found.index.droplevel("target")}
    m = BY_NAME[measure]

    def cells(target: str) -> list[str]:
        lines = [found.loc[(*key, target)] for key in there.values()]
        values = [figure(line[m.column], line[f"{m.column}_low"], line[f"{m.column}_high"], m.digits) for line in lines]
        return [target, str(int(lines[0][f"{m.column}_n"])), *values]

    said = table(("target", "songs", *there), [cells(target) for target in dict.fromkeys(scores["target"])])
    return said + seeds_of(systems_) + lacking(names, systems_)


def differences(
    kept: Kept,
    question: str,
    pair: tuple[str, str],
    measures: Sequence[str] = MAIN_MEASURES,
    gates: str | Mapping[str, str] = "off",
) -> str:
    """One system minus another, for all targets and each, with Holm's correction over the table."""
    return compared(kept.systems(question, pair), pair, measures, gates)


def asked_otherwise(kept: Kept, rows: Mapping[str, Row], measures: Sequence[str] = MAIN_MEASURES) -> str:
    """The same of two answers, as to different questions of one system."""
    return compared(kept.called(rows), tuple(rows), measures, "off")


def compared(
    scores: Mapping[str, Sequence[pd.DataFrame]],
    pair: Sequence[str],
    measures: Sequence[str],
    gates: str | Mapping[str, str],
) -> str:
    if len(scores) < 2:
        return NOTHING
    found = compare(scores, gates=gates, measures=list(measures))
    rows = [(line["target"], *difference(line, line["p_holm"]), spreads(line)) for line in found.to_dict("records")]
    heads = ("target", "measure", f"{pair[0]} − {pair[1]}", *HEADS)
    return table(heads, rows)


def difference(line: Mapping[str, Any], p: float) -> tuple[str, ...]:
    """Cells of a line of `comparison.compare`, under 'measure', 'difference' and the first of HEADS."""
    measure = BY_NAME[line["measure"]]
    return (
        f"{measure.heading} {measure.unit}".strip(),
        figure(line["difference"], line["low"], line["high"], measure.digits),
        probability(p),
        figure(line["rank_biserial"]),
        f"{100 * line['better']:.0f} % of {line['songs']}",
    )


def spreads(line: Mapping[str, Any]) -> str:
    """How many seeds each of both has, and the standard deviation of their figures."""
    pairs = ((line[f"{who}seeds"], figure(line[f"{who}spread"], digits=3)) for who in ("", "against_"))
    return ", ".join(f"{spread} of {seeds}" if seeds > 1 else "one" for seeds, spread in pairs)


def activity(kept: Kept, rows: Mapping[str, Row], measure: str = "usdr") -> str:
    """The difference of two answers in bins of the share of time that the target plays, and its slope."""
    scores, pair = kept.called(rows), tuple(rows)
    if len(scores) < 2:
        return NOTHING
    bins, slopes = by_activity(scores, measures=[measure])
    digits = BY_NAME[measure].digits
    cells = [
        (line["active"], figure(line["difference"], line["low"], line["high"], digits), str(line["points"]))
        for line in bins.to_dict("records")
    ]
    ends = [
        f"Slope {line['of']}: {figure(line['slope'], line['low'], line['high'], digits)} per whole share."
        for line in slopes.to_dict("records")
    ]
    heads = ("target plays", f"{pair[0]} − {pair[1]}, {BY_NAME[measure].heading}", "songs × targets")
    return "\n\n".join([table(heads, cells), " ".join(ends)]) + seeds_of(scores)


Block = Callable[[Kept], str]
