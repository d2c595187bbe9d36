"""Which block of RESULTS.md shows what."""

from functools import partial
from pathlib import Path

from stemwise.study import blocks
from stemwise.study.blocks import Block
from stemwise.study.kept import Kept
from stemwise.study.markdown import put

FIGURE_4 = {
    "mixture": ("mixture", ""),
    "Open-Unmix": ("open_unmix", "off"),
    "IASS, gate off": ("iass", "off"),
    "IASS, hard gate": ("iass", "hard"),
    "ideal binary mask": ("ideal binary mask", ""),
}
BOTH, TASKS = ("iass", "open_unmix"), ("iass", "single_task")
MAIN = ("iass", "single_task", "open_unmix")
HOURS = ("iass_1_hour", "iass_3_hours", "iass")
FEW = ("usdr", "silence_energy", "auc")

BLOCKS: dict[str, Block] = {
    "trainings": blocks.trainings,
    "systems": partial(blocks.systems, question="test", names=MAIN),
    "targets, uSDR": partial(blocks.per_target, question="test", rows=FIGURE_4),
    "targets, cSDR": partial(blocks.per_target, question="test", rows=FIGURE_4, measure="csdr"),
    "IASS and Open-Unmix": partial(blocks.differences, question="test", pair=BOTH),
    "IASS and Open-Unmix, another font": partial(blocks.differences, question="fonts", pair=BOTH),
    "two tasks and one": partial(blocks.differences, question="test", pair=TASKS),
    "activity": partial(blocks.activity, question="test", pair=BOTH),
    "hours": partial(blocks.systems, question="test", names=HOURS, shown=FEW),
    "hours, another font": partial(blocks.systems, question="fonts", names=HOURS, shown=FEW),
    "hours, recorded": partial(blocks.systems, question="recorded", names=HOURS, shown=FEW),
    "share of the way": partial(blocks.share_of_the_way, question="test", names=MAIN),
}


def write_results(results: Path, document: Path) -> None:
    """Write every block into its place in `document`."""
    kept = Kept(results)
    put(document, {name: block(kept) for name, block in BLOCKS.items()})
