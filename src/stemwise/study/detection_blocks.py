"""What the kept tables say of detectors, a block of RESULTS.md each."""

from collections.abc import Sequence

import numpy as np

from stemwise.metrics.detection import LEVELS, confusion
from stemwise.metrics.paired import holm
from stemwise.report.detection import compare_detection, detections_of, summarise_instruments
from stemwise.report.detection.comparison import DetectionComparison
from stemwise.report.detection.measures import BY_COLUMN, COMPARED, DIGITS
from stemwise.report.detection.summary import FIRST
from stemwise.report.detection.thresholds import at_level
from stemwise.report.numbers import probability
from stemwise.study.blocks import NOTHING
from stemwise.study.clips import clips_of, thresholds_of
from stemwise.study.kept import Kept
from stemwise.study.markdown import figure, table

LEAST_CLIPS = 20  # false positives below which a row of the confusion says little
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
    lines = []
    for pair in pairs:
        if len(clips_of(kept, question, pair)) == 2:
            lines += _compared(kept, question, pair, shown).differences.to_dict("records")
    if not lines:
        return NOTHING
    corrected = holm(np.array([line["p"] for line in lines], dtype=np.float64))
    rows = [
        (
            f"{line['system']} − {line['against']}", line["level"], BY_COLUMN[line["measure"]].heading,
            figure(line["difference"], line["low"], line["high"], DIGITS), line["why"] or probability(p),
        )
        for line, p in zip(lines, corrected.tolist(), strict=True)
    ]  # fmt: skip
    return table(("", "clips of", "measure", "difference", "p (Holm)"), rows)


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


def confused(kept: Kept, question: str, name: str) -> str:
    """The highest shares of the confusion picture, among rows with enough false positives, over all seeds."""
    clips, thresholds = (of(kept, question, (name,)) for of in (clips_of, thresholds_of))
    if name not in clips:
        return NOTHING
    shares, counts = [], []
    for seed, cuts in zip(clips[name], thresholds[name], strict=True):
        found = detections_of(seed)
        heard = confusion(found.clips, at_level(cuts, FIRST, found.targets))
        shares.append(np.nan_to_num(heard.share) * heard.clips[:, None])
        counts.append(heard.clips)
    total = np.sum(counts, axis=0)
    share = np.sum(shares, axis=0) / np.maximum(total, 1)[:, None]
    share[total < LEAST_CLIPS * len(counts)] = 0.0
    order = np.dstack(np.unravel_index(np.argsort(-share, axis=None), share.shape))[0][:MOST]
    rows = [
        (found.targets[j], f"{total[j] / len(counts):.0f}", found.targets[i], f"{100 * share[j, i]:.0f} %")
        for j, i in order.tolist()
        if share[j, i] > 0
    ]
    return table(("wrongly heard", "seconds, mean of the seeds", "played unheard then", "in"), rows)


def _cell(line: dict[str, float]) -> str:
    return figure(line["value"], line["low"], line["high"], DIGITS)
