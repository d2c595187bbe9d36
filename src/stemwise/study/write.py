"""Which block of RESULTS.md shows what."""

import logging
from collections.abc import Mapping
from functools import partial
from itertools import pairwise
from pathlib import Path

from stemwise.export import SHIPPED
from stemwise.study import blocks, detection_blocks, gate_blocks
from stemwise.study.blocks import Block
from stemwise.study.kept import Kept, Row
from stemwise.study.markdown import put
from stemwise.study.overall import overall
from stemwise.study.pictures import write_bss, write_hours, write_pictures
from stemwise.study.quotes import unfounded
from stemwise.study.trials import best_of_trials
from stemwise.study.way import share_of_the_way

log = logging.getLogger(__name__)

FIGURE_4 = {
    "mixture": ("mixture", ""),
    "Open-Unmix": ("open_unmix", "off"),
    "IASS, gate off": ("iass", "off"),
    "IASS, hard gate": ("iass", "hard"),
    "ideal binary mask": ("ideal binary mask", ""),
}
BOTH, TASKS = ("iass", "open_unmix"), ("iass", "single_task")
JOINT = ("joint_unmix", "open_unmix")
MAIN = ("iass", "single_task", "open_unmix", "joint_unmix")
HOURS = {"iass_1_hour": 1.0, "iass_3_hours": 3.0, "iass": 6.4, "iass_8_hours": 8.0, "iass_24_hours": 24.0}
QUESTIONS = {"test": "test songs", "fonts": "another font", "recorded": "a recorded song"}
OFF = ("off",)
MORE_BY = ("usdr", "silence_energy")
ONE_GRID, TWO_GRIDS = "iass_longer", "iass_longer, shifts=2"
BEST, BEST_TWICE = "iass_fonts", "iass_fonts, shifts=2"
LINE = ("iass", ONE_GRID, BEST)  # each began with the one before it
LINE_ROWS = {name: (name, "off") for name in LINE}
RECORDED = {
    "Open-Unmix": ("open_unmix", "off"),
    "IASS": ("iass", "off"),
    "longer": (ONE_GRID, "off"),
    "ideal binary mask": ("ideal binary mask", ""),
}
PROTOCOLS = ("usdr", "csdr_common", "csdr", "silence_energy")
FILTERED = {
    name + suffix: Row(question, name)
    for name in BOTH
    for suffix, question in ((", filtered", "wiener"), ("", "stereo"))
}
FILTERS = [(f"{name}, filtered", name) for name in BOTH]
FONT = ", another font"
OVER_HOURS = {name + end: Row(asked, name) for name in HOURS for end, asked in (("", "test"), (FONT, "fonts"))}
FEWER_AND_MORE = (*pairwise(HOURS), ("iass_3_hours", "iass_8_hours"), ("iass_3_hours", "iass_24_hours"))
HOURS_PAIRS = [(less + end, more + end) for less, more in FEWER_AND_MORE for end in ("", FONT)]
FEW = ("usdr", "silence_energy", "auc")
COSTS = ("usdr", "csdr_common", "csdr", "silence_energy", "silence_pooled", "lost_energy", "lost_pooled")
BSS = ("csdr", "isr", "sir", "sar")
SPATIAL = blocks.MAIN_MEASURES
WEIGHTS = ("single_task", "iass_weight_0.1", "iass", "iass_weight_10")
TRIALS = {name: (f"{name}_lr_1e-3", name, f"{name}_lr_4e-3") for name in BOTH}
RATES = tuple(trial for trials in TRIALS.values() for trial in trials)
MUSDB = ("iass_musdb", "open_unmix_musdb")
FIGURE_3 = {
    "mixture": ("mixture", ""),
    "Open-Unmix": ("open_unmix_musdb", "off"),
    "IASS, gate off": ("iass_musdb", "off"),
    "IASS, hard gate": ("iass_musdb", "hard"),
    "ideal binary mask": ("ideal binary mask", ""),
}
HEAR = ("iad_fc", "iad_cnn", "iad_crnn", "iad_conformer")
HEAR_LONGER = ("iad_cnn", "iad_cnn_10_s", "iad_crnn", "iad_crnn_10_s", "iad_conformer", "iad_conformer_10_s")
ONE_BY_ONE = (("iad_cnn", "iad_fc"), ("iad_crnn", "iad_cnn"), ("iad_conformer", "iad_cnn"))
WITH_CONTEXT = (
    ("iad_cnn_10_s", "iad_cnn"),
    ("iad_crnn_10_s", "iad_crnn"),
    ("iad_conformer_10_s", "iad_conformer"),
    ("iad_crnn_10_s", "iad_cnn_10_s"),
    ("iad_conformer_10_s", "iad_crnn_10_s"),
)
FINER = ("iad_crnn", "iad_crnn_fine", "iad_crnn_fine_long", "iad_crnn_fine_fonts")
STEP_BY_STEP = tuple(zip(FINER[1:], FINER[:-1], strict=True))
LONGER = "clips_5_s"
BEST_EAR = "iad_cnn"
TRANSFER = ("iass", "activity_only")  # whose activity heads are held against the detectors
SAID_TO_BE_CONFUSED = (  # by the lab's own account
    ("distorted electric guitar", "clean electric guitar"),
    ("clean electric guitar", "distorted electric guitar"),
    ("acoustic guitar", "clean electric guitar"),
    ("clean electric guitar", "acoustic guitar"),
    ("synthesizer", "distorted electric guitar"),
    ("distorted electric guitar", "synthesizer"),
)


def named(question: str, *names: str) -> dict[str, Row]:
    """Systems under their own names, without a gate."""
    return {name: Row(question, name) for name in names}


ASKING = ("question", "questions", "valid", "test", "grid", "of_separators")  # settings that name questions
BLOCKS: dict[str, Block] = {
    "trainings": blocks.trainings,
    "questions": blocks.questions,
    "systems": partial(blocks.systems, question="test", names=MAIN),
    "targets, uSDR": partial(blocks.per_target, question="test", rows=FIGURE_4),
    "targets, cSDR": partial(blocks.per_target, question="test", rows=FIGURE_4, measure="csdr"),
    "IASS and Open-Unmix": partial(blocks.differences, question="test", pair=BOTH),
    "IASS and Open-Unmix, another font": partial(blocks.differences, question="fonts", pair=BOTH),
    "two tasks and one": partial(blocks.differences, question="test", pair=TASKS),
    "two tasks and one, Open-Unmix": partial(blocks.differences, question="test", pair=JOINT),
    "two tasks and one, another font": partial(
        overall, rows=named("fonts", *MAIN), pairs=(TASKS, JOINT), measures=MORE_BY
    ),
    "activity": partial(blocks.activity, rows=named("test", *BOTH)),
    "activity, two tasks": partial(blocks.activity, rows=named("test", *TASKS)),
    "activity, hard gate": partial(
        blocks.activity, rows={"hard gate": Row("test", "iass", "hard"), "no gate": Row("test", "iass")}
    ),
    "gates": partial(blocks.systems, question="test", names=("iass",), shown=COSTS),
    "gates, compared": partial(gate_blocks.compared, question="grid_test", system="iass", measures=PROTOCOLS),
    "gates, chosen, Open-Unmix": partial(
        gate_blocks.chosen_on_validation, system="joint_unmix", valid="grid_valid", test="grid_test"
    ),
    "gates, rests": partial(gate_blocks.rests, question="test", system="iass"),
    "gates, chosen": partial(gate_blocks.chosen_on_validation, system="iass", valid="grid_valid", test="grid_test"),
    "gates, a worked song": partial(gate_blocks.misled, question="grid_test", system="iass"),
    "gates, silence": partial(gate_blocks.silenced, question="grid_test", system="iass"),
    "weights": partial(blocks.systems, question="valid", names=WEIGHTS, shown=FEW, gates=OFF, shared_seeds=True),
    "learning rates": partial(
        blocks.systems, question="valid", names=RATES, shown=("usdr",), gates=OFF, shared_seeds=True
    ),
    "learning rates, test songs": partial(
        blocks.systems, question="test", names=RATES, shown=("usdr",), gates=OFF, shared_seeds=True
    ),
    "learning rates, chosen": partial(best_of_trials, trials=TRIALS, valid="valid", test="test"),
    "learning rates, chosen, another font": partial(best_of_trials, trials=TRIALS, valid="valid", test="fonts"),
    "BSS Eval": partial(blocks.systems, question="bss", names=(*BOTH, ONE_GRID, BEST), shown=BSS),
    **{
        f"BSS Eval, {name.upper()}": partial(blocks.per_target, question="bss", rows=FIGURE_4, measure=name)
        for name in ("isr", "sir", "sar")
    },
    "MUSDB targets": partial(blocks.systems, question="test_musdb", names=MUSDB, shown=(*BSS, "usdr")),
    "MUSDB targets, each": partial(blocks.per_target, question="test_musdb", rows=FIGURE_3, measure="csdr"),
    **{
        f"MUSDB targets, {name.upper()}": partial(blocks.per_target, question="test_musdb", rows=FIGURE_3, measure=name)
        for name in ("isr", "sir", "sar")
    },
    "MUSDB targets, compared": partial(
        blocks.differences, question="test_musdb", pair=MUSDB, measures=("usdr", "csdr_common", "isr", "sir", "sar")
    ),
    "BSS Eval, compared": partial(
        overall, rows=named("bss", *BOTH), pairs=(BOTH,), measures=("csdr_common", "isr", "sir", "sar")
    ),
    "without Wiener filter": partial(blocks.systems, question="stereo", names=BOTH, shown=SPATIAL),
    "with Wiener filter": partial(blocks.systems, question="wiener", names=BOTH, shown=SPATIAL),
    "Wiener filter, compared": partial(overall, rows=FILTERED, pairs=tuple(FILTERS), measures=SPATIAL),
    "recorded": partial(blocks.systems, question="recorded", names=(*BOTH, JOINT[0], ONE_GRID), shown=FEW, gates=OFF),
    "recorded, targets": partial(blocks.per_target, question="recorded", rows=RECORDED),
    "hours": partial(blocks.systems, question="test", names=tuple(HOURS), shown=FEW, gates=OFF, shared_seeds=True),
    "hours, another font": partial(
        blocks.systems, question="fonts", names=tuple(HOURS), shown=FEW, gates=OFF, shared_seeds=True
    ),
    "hours, recorded": partial(
        blocks.systems, question="recorded", names=tuple(HOURS), shown=FEW, gates=OFF, shared_seeds=True
    ),
    "hours, compared": partial(overall, rows=OVER_HOURS, pairs=HOURS_PAIRS, shared_seeds=True),
    "longer": partial(
        blocks.systems, question="test", names=LINE[:2], shown=(*FEW, "lost_energy"), gates=("off", "hard")
    ),
    "longer, another font": partial(blocks.systems, question="fonts", names=LINE[:2], shown=FEW, gates=OFF),
    "longer, recorded": partial(blocks.systems, question="recorded", names=LINE[:2], shown=FEW, gates=OFF),
    "longer, compared": partial(blocks.differences, question="test", pair=LINE[1::-1], measures=MORE_BY),
    "shifts": partial(
        blocks.asked_otherwise, rows={TWO_GRIDS: Row("shifts", ONE_GRID), ONE_GRID: Row("test", ONE_GRID)}
    ),
    "shifts, validation": partial(
        blocks.asked_otherwise, rows={TWO_GRIDS: Row("valid_shifts", ONE_GRID), ONE_GRID: Row("valid", ONE_GRID)}
    ),
    "fonts": partial(blocks.systems, question="test", names=LINE, shown=(*FEW, "lost_energy"), gates=("off", "hard")),
    "fonts, targets": partial(blocks.per_target, question="test", rows=LINE_ROWS),
    "fonts, another font": partial(blocks.systems, question="fonts", names=LINE, shown=FEW, gates=OFF),
    "fonts, recorded": partial(blocks.per_target, question="recorded", rows=LINE_ROWS),
    "fonts, metal": partial(blocks.systems, question="metal", names=LINE[1:], shown=FEW, gates=OFF),
    "fonts, compared": partial(blocks.differences, question="test", pair=LINE[:0:-1], measures=MORE_BY),
    "fonts, shifts": partial(
        overall,
        rows={BEST_TWICE: Row("shifts", BEST), BEST: Row("test", BEST)},
        pairs=((BEST_TWICE, BEST),),
        measures=SPATIAL,
    ),
    "fonts, another font compared": partial(overall, rows=named("fonts", *LINE[1:]), pairs=(LINE[:0:-1],)),
    "fonts, validation": partial(
        overall,
        rows={BEST_TWICE: Row("valid_shifts", BEST), BEST: Row("valid", BEST), ONE_GRID: Row("valid", ONE_GRID)},
        pairs=((BEST, ONE_GRID), (BEST_TWICE, BEST)),
    ),
    "detectors": partial(detection_blocks.levels, question="clips", names=HEAR),
    "detectors, compared": partial(detection_blocks.differences, question="clips", pairs=ONE_BY_ONE),
    "detectors, context": partial(
        detection_blocks.levels, question="clips", names=HEAR_LONGER, shown=("1 s", "10 s", "song")
    ),
    "detectors, context compared": partial(detection_blocks.differences, question="clips", pairs=WITH_CONTEXT),
    "detectors, another font": partial(
        detection_blocks.levels, question="clips_fonts", names=HEAR, shown=("1 s", "song")
    ),
    "detectors, finer": partial(detection_blocks.levels, question="clips", names=FINER),
    "detectors, finer compared": partial(detection_blocks.differences, question="clips", pairs=STEP_BY_STEP),
    "detectors, finer, another font": partial(
        detection_blocks.levels, question="clips_fonts", names=FINER, shown=("1 s", "song")
    ),
    "detectors, heard longer": partial(detection_blocks.levels, question=LONGER, names=FINER[1:]),
    "detectors, heard longer compared": partial(
        detection_blocks.heard_longer, questions=(LONGER, "clips"), names=FINER[1:]
    ),
    "detectors, heard longer, another font": partial(
        detection_blocks.levels, question="clips_fonts_5_s", names=FINER[1:], shown=("1 s", "song")
    ),
    "detectors, heard longer, instruments": partial(detection_blocks.instruments, question=LONGER, name=FINER[-1]),
    "detectors, instruments": partial(detection_blocks.instruments, question="clips", name=BEST_EAR),
    "detectors, confused": partial(
        detection_blocks.confused, question="clips", name=BEST_EAR, asked=SAID_TO_BE_CONFUSED
    ),
    "detectors and IASS": partial(
        detection_blocks.transfer,
        question="clips",
        separators=TRANSFER,
        of_separators="iass_clips",
        names=(BEST_EAR, FINER[-1]),
    ),
    "share of the way": partial(
        share_of_the_way,
        question="test",
        names=(*MAIN, ONE_GRID, BEST),
        more={TWO_GRIDS: Row("shifts", ONE_GRID), BEST_TWICE: Row("shifts", BEST)},
    ),
}


def write_results(results: Path, document: Path, done: frozenset[tuple[str, str]] | None = None) -> None:
    """Write every block into its place in `document`, and the figures into `results`/figures.

    `done` names the (unit, question) pairs that count; None: all that `results` holds.
    """
    kept = Kept(results, done)
    write_pictures(kept, results / "figures")
    write_hours(kept, results / "figures", HOURS, QUESTIONS)
    write_bss(kept, results / "figures", "test_musdb", MUSDB[::-1], BSS)
    said = {name: f"{block(kept)}{_asked(block)}" for name, block in BLOCKS.items()}
    if (results / "figures" / "hours.png").is_file():
        said["hours"] = f"![uSDR over hours of training songs](results/figures/hours.png)\n\n{said['hours']}"
    put(document, said)
    card = SHIPPED.with_name("README.md").read_text(encoding="utf-8")
    for quote in unfounded(document.read_text(encoding="utf-8"), card):
        log.warning("%s, %s: no table says so (any more)", document.name, quote)


def asked_by(block: Block) -> list[str]:
    """The questions whose answers a block shows, as its settings name them."""
    found: dict[str, None] = {}
    for key, value in (block.keywords if isinstance(block, partial) else {}).items():
        if key in ASKING:
            found |= dict.fromkeys([value] if isinstance(value, str) else value)
        elif isinstance(value, Mapping):
            found |= dict.fromkeys(row.question for row in value.values() if isinstance(row, Row))
    return list(found)


def _asked(block: Block) -> str:
    names = asked_by(block)
    return f"\n\nQuestion{'s' if len(names) > 1 else ''}: {', '.join(f'`{name}`' for name in names)}." if names else ""
