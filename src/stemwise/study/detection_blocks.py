"""What the kept tables say of detectors, a block of RESULTS.md each."""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from stemwise.metrics.detection import confusion
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


def levels(kept: Kept, question: str, names: Sequence[str]) -> str:
    """A line a system and level; at least two systems, since they are compared in one call."""
    found = compared(kept, question, names)
    if found is None:
        return NOTHING
    seeds = {name: len(runs) for name, runs in clips_of(kept, question, names).items()}
    lines = found.systems.set_index(["system", "level", "measure"]).to_dict("index")
    keys = dict.fromkeys((system, level) for level in found.systems["level"].unique() for system in seeds)
    rows = [
        [system, level, str(seeds[system]), *(_cell(lines[(system, level, measure)]) for measure in COMPARED)]
        for system, level in keys
    ]
    return table(("", "clips of", "seeds", *(BY_COLUMN[measure].heading for measure in COMPARED)), rows)


def differences(kept: Kept, question: str, names: Sequence[str]) -> str:
    """Each of `names` minus the one before it, with Holm's correction over all that the table shows."""
    found = compared(kept, question, names)
    if found is None:
        return NOTHING
    wanted = {(after, before) for before, after in pairwise(names)}
    flipped = {(before, after) for after, before in wanted}
    rows = []
    for line in found.differences.to_dict("records"):
        pair = (line["system"], line["against"])
        if pair not in wanted | flipped or line["level"] not in (FIRST, "song"):
            continue
        sign = 1 if pair in wanted else -1
        ends = sorted((sign * line["low"], sign * line["high"]))
        one, other = pair if sign == 1 else pair[::-1]
        rows.append(
            (
                f"{one} − {other}", line["level"], BY_COLUMN[line["measure"]].heading,
                figure(sign * line["difference"], ends[0], ends[1], DIGITS), probability(line["p_holm"]) or line["why"],
            )
        )  # fmt: skip
    return table(("", "clips of", "measure", "difference", "p (Holm, all pairs and levels)"), rows)


def compared(kept: Kept, question: str, names: Sequence[str]) -> DetectionComparison | None:
    clips = clips_of(kept, question, names)
    if len(clips) < 2:
        return None
    return compare_detection(clips, thresholds_of(kept, question, names))


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
