"""What the kept tables say, a block of RESULTS.md each."""

from collections.abc import Callable, Mapping, Sequence

import pandas as pd

from stemwise.evaluation.table import BOUNDS
from stemwise.report.by_activity import by_activity
from stemwise.report.comparison import compare
from stemwise.report.measures import MEASURES, name_of
from stemwise.report.numbers import probability
from stemwise.report.tables import ALL, summarise
from stemwise.study.kept import SCORED, Kept, Row
from stemwise.study.markdown import figure, table

NOTHING = "Not run yet."
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
            *(line[key] for key in ("system", "seed", "training", "trained at commit", SCORED)),
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
        (line["question"], f"`{line['words']}`" if line["words"] else "", str(line["trainings"]), line[SCORED])
        for line in found.to_dict("records")
    ]
    return table(("question", "words of `python -m src.eval run=...`", "trainings", "scored at"), rows)


def systems(
    kept: Kept,
    question: str,
    names: Sequence[str] = (),
    shown: Sequence[str] = SHOWN,
    gates: Sequence[str] = ("off", "hard", "soft", "oracle"),
) -> str:
    """Bounds and systems under these gates, means over targets."""
    scores = kept.averaged(question, names)
    if scores.empty:
        return NOTHING
    scores = scores[scores["gate"].isin(["", *gates])]
    measures = [BY_NAME[name] for name in shown]
    lines = summarise(scores).query("target == @ALL", local_dict={"ALL": ALL}).to_dict("records")
    seeds = {name: len(runs) for name, runs in kept.systems(question, names).items()}
    rows = [
        [
            name_of(line["system"], line["gate"]),
            str(seeds.get(line["system"], "")),
            *(figure(line[m.column], line[f"{m.column}_low"], line[f"{m.column}_high"], m.digits) for m in measures),
        ]
        for line in lines
    ]
    said = table(("", "seeds", *(f"{m.heading} {m.unit}".strip() for m in measures)), rows)
    missing = [name for name in names if name not in seeds]
    return f"{said}\n\nNot run yet: {', '.join(missing)}." if missing else said


def per_target(kept: Kept, question: str, rows: Mapping[str, tuple[str, str]], measure: str = "usdr") -> str:
    """A line a target, a column each of `rows`: its heading, and the system and gate that it shows."""
    scores = kept.averaged(question, list(dict.fromkeys(system for system, _ in rows.values() if system not in BOUNDS)))
    if scores.empty:
        return NOTHING
    found = summarise(scores).set_index(["system", "gate", "target"])
    there = {head: key for head, key in rows.items() if key in found.index.droplevel("target")}
    m = BY_NAME[measure]

    def cells(target: str) -> list[str]:
        lines = [found.loc[(*key, target)] for key in there.values()]
        values = [figure(line[m.column], line[f"{m.column}_low"], line[f"{m.column}_high"], m.digits) for line in lines]
        return [target, str(int(lines[0][f"{m.column}_n"])), *values]

    return table(("target", "songs", *there), [cells(target) for target in dict.fromkeys(scores["target"])])


def differences(
    kept: Kept,
    question: str,
    pair: tuple[str, str],
    measures: Sequence[str] = ("usdr", "csdr_common", "silence_energy"),
    gates: str | Mapping[str, str] = "off",
) -> str:
    """One system minus another, for all targets and each, with Holm's correction over the table."""
    return _compared(kept.systems(question, pair), pair, measures, gates)


def asked_otherwise(
    kept: Kept, rows: Mapping[str, Row], measures: Sequence[str] = ("usdr", "csdr_common", "silence_energy")
) -> str:
    """The same of two answers, as to different questions of one system."""
    return _compared(kept.called(rows), tuple(rows), measures, "off")


def _compared(
    scores: Mapping[str, Sequence[pd.DataFrame]],
    pair: Sequence[str],
    measures: Sequence[str],
    gates: str | Mapping[str, str],
) -> str:
    if len(scores) < 2:
        return NOTHING
    found = compare(scores, gates=gates, measures=list(measures))
    rows = [
        (
            line["target"],
            f"{BY_NAME[line['measure']].heading} {BY_NAME[line['measure']].unit}".strip(),
            figure(line["difference"], line["low"], line["high"], BY_NAME[line["measure"]].digits),
            probability(line["p_holm"]),
            figure(line["rank_biserial"]),
            f"{100 * line['better']:.0f} % of {line['songs']}",
            f"{figure(line['spread'], digits=3)}, {figure(line['against_spread'], digits=3)}",
        )
        for line in found.to_dict("records")
    ]
    heads = ("target", "measure", f"{pair[0]} − {pair[1]}", "p (Holm)", "rank-biserial", "better in", "spread of seeds")
    return table(heads, rows)


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
    return "\n\n".join([table(heads, cells), " ".join(ends)])


Block = Callable[[Kept], str]
