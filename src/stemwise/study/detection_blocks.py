"""What the kept tables say of detectors, a block of RESULTS.md each."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from stemwise.metrics.detection import LEVELS, Confusion, confusion
from stemwise.metrics.paired import holm
from stemwise.report.detection import compare_detection, detections_of, summarise_instruments
from stemwise.report.detection.compared import compare_heard
from stemwise.report.detection.comparison import DetectionComparison
from stemwise.report.detection.confusion_picture import tells
from stemwise.report.detection.measures import BY_COLUMN, COMPARED, DIGITS, OF_RANKS
from stemwise.report.detection.summary import FIRST
from stemwise.report.detection.thresholds import at_level
from stemwise.report.numbers import probability
from stemwise.study.blocks import NOTHING
from stemwise.study.clips import clips_of, heard_of, thresholds_of
from stemwise.study.kept import Kept
from stemwise.study.markdown import figure, table

MOST = 12  # confusions that are listed


def levels(kept: Kept, question: str, names: Sequence[str], shown: Sequence[str] = tuple(LEVELS)) -> str:
    """A line a level and system; nothing while there are not two, since they are compared in one call."""
    clips = clips_of(kept, question, names)
    if len(clips) < 2:
        return NOTHING
    found = _compared(kept, question, list(clips), shown)
    lines = found.systems.set_index(["level", "system", "measure"]).to_dict("index")
    rows = [
        [system, level, str(len(clips[system])), *(_cell(lines[(level, system, measure)]) for measure in COMPARED)]
        for level in shown
        for system in clips
    ]
    return table(("", "clips of", "seeds", *(BY_COLUMN[measure].heading for measure in COMPARED)), rows)


def differences(
    kept: Kept, question: str, pairs: Sequence[tuple[str, str]], shown: Sequence[str] = (FIRST, "song")
) -> str:
    """One system minus the other of each pair, with Holm's correction over the table."""
    named: list[tuple[str, dict[str, Any]]] = []
    for pair in pairs:
        if len(clips_of(kept, question, pair)) == 2:
            lines = _compared(kept, question, pair, shown).differences.to_dict("records")
            named += [(f"{line['system']} − {line['against']}", line) for line in lines]
    return _held_against(named)


def heard_longer(kept: Kept, questions: tuple[str, str], names: Sequence[str]) -> str:
    """What hearing more at once, as the first question has it, is worth to each of `names` over the second."""
    named: list[tuple[str, dict[str, Any]]] = []
    for name in names:
        clips = {question: found for question in questions for found in clips_of(kept, question, (name,)).values()}
        if len(clips) < 2:
            continue
        thresholds = {question: thresholds_of(kept, question, (name,))[name] for question in questions}
        levels = {level: LEVELS[level] for level in (FIRST, "song")}
        lines = compare_detection(clips, thresholds, baseline=questions[1], levels=levels).differences
        named += [(name, line) for line in lines.to_dict("records") if line["measure"] in OF_RANKS]
    return _held_against(named)


def _held_against(named: Sequence[tuple[str, dict[str, Any]]]) -> str:
    """A line a difference, under what is to be said of it."""
    if not named:
        return NOTHING
    corrected = holm(np.array([line["p"] for _, line in named], dtype=np.float64))
    rows = [
        (
            name, line["level"], BY_COLUMN[line["measure"]].heading,
            figure(line["difference"], line["low"], line["high"], DIGITS), line["why"] or probability(p),
        )
        for (name, line), p in zip(named, corrected.tolist(), strict=True)
    ]  # fmt: skip
    return table(("", "clips of", "measure", "difference", "p (Holm)"), rows)


def transfer(kept: Kept, question: str, separators: Sequence[str], of_separators: str, names: Sequence[str]) -> str:
    """The activity of separators, its frames' highest in a second, beside detectors on their targets: of each the
    highest of the instruments that belong to one. All are held against the first separator."""
    separator = separators[0]
    ours, theirs = heard_of(kept, question, names), heard_of(kept, of_separators, separators)
    if not ours or separator not in theirs:
        return NOTHING
    found = compare_heard({**ours, **theirs}, baseline=separator)
    apart = found.differences.set_index(["system", "level", "measure"])
    lines = [
        line
        for line in found.systems.to_dict("records")
        if line["level"] in (FIRST, "song") and line["measure"] in OF_RANKS
    ]
    rows = []
    for line in lines:
        key = (line["system"], line["level"], line["measure"])
        more = apart.loc[key] if key in apart.index else None
        less = "" if more is None else figure(more["difference"], more["low"], more["high"], DIGITS)
        rows.append((line["system"], line["level"], BY_COLUMN[line["measure"]].heading, _cell(line), less))
    return table(("", "clips of", "measure", "", f"minus {separator}"), rows)


def _compared(kept: Kept, question: str, names: Sequence[str], shown: Sequence[str]) -> DetectionComparison:
    clips, thresholds = clips_of(kept, question, names), thresholds_of(kept, question, names)
    return compare_detection(clips, thresholds, baseline=names[-1], levels={level: LEVELS[level] for level in shown})


def instruments(kept: Kept, question: str, name: str) -> str:
    """A line an instrument, of clips of 1 s of the first seed."""
    clips, thresholds = (of(kept, question, (name,)) for of in (clips_of, thresholds_of))
    if name not in clips:
        return NOTHING
    rows = summarise_instruments(clips[name][0], thresholds[name][0]).to_dict("records")
    measures = ("auc", "average_precision", "f1")
    return table(
        ("instrument", "songs with it", "seconds with it", *(BY_COLUMN[measure].heading for measure in measures)),
        [
            (
                row["target"], str(row["songs_active"]), str(row["clips_active"]),
                *(figure(row[m], row[f"{m}_low"], row[f"{m}_high"], DIGITS) for m in measures),
            )
            for row in rows
        ],
    )  # fmt: skip


def confused(kept: Kept, question: str, name: str, asked: Sequence[tuple[str, str]] = ()) -> str:
    """Of the confusion, all seeds together, what was missed markedly more often where something was wrongly heard than
    elsewhere, the most so first; then the pairs that are `asked` about."""
    clips, thresholds = (of(kept, question, (name,)) for of in (clips_of, thresholds_of))
    if name not in clips:
        return NOTHING
    seeds = [detections_of(table) for table in clips[name]]
    pairs = zip(seeds, thresholds[name], strict=True)
    found = _together([confusion(seed.clips, at_level(cuts, FIRST, seed.targets)) for seed, cuts in pairs])
    targets = seeds[0].targets
    times = found.share / np.maximum(found.missed, 1e-9)
    told = [tuple(cell) for cell in np.argwhere(found.share > 0).tolist() if tells(found, *cell)]
    told = sorted(told, key=lambda cell: -times[cell])[:MOST]
    named = [
        (targets.index(wrong), targets.index(missed)) for wrong, missed in asked if {wrong, missed} <= set(targets)
    ]
    rows = [
        (targets[j], str(found.clips[j]), targets[i], _percent(found.share[j, i]), _percent(found.missed[i]))
        for j, i in dict.fromkeys([*told, *named])
    ]
    heads = ("wrongly heard", "seconds, all seeds", "played unheard then", "in", "in all seconds")
    return table(heads, rows)


def _together(seeds: Sequence[Confusion]) -> Confusion:
    """Of the clips of all seeds."""
    clips = np.sum([seed.clips for seed in seeds], axis=0)
    hits = np.sum([np.nan_to_num(seed.share) * seed.clips[:, None] for seed in seeds], axis=0)
    with np.errstate(invalid="ignore"):
        share = hits / clips[:, None]
    songs = np.max([seed.songs for seed in seeds], axis=0)
    return Confusion(share, clips, songs, np.mean([seed.missed for seed in seeds], axis=0))


def _percent(share: float) -> str:
    return "–" if np.isnan(share) else f"{100 * share:.0f} %"


def _cell(line: dict[str, float]) -> str:
    return figure(line["value"], line["low"], line["high"], DIGITS)
