"""Instruments of other sizes: one patch as many sounds.

Notes are played higher and faster than written, then slowed to their pitch and time as by a tape: formants, attacks and
decays are those of a larger instrument. A kit's keys are no pitches, so a larger kit is tuned lower.
"""

from dataclasses import replace

import numpy as np

from stemwise.synthesis.instruments import Instrument
from stemwise.synthesis.score import Part

LOWEST, HIGHEST = 0, 127


def resized(part: Part, instrument: Instrument, split: str, rng: np.random.Generator) -> Part:
    """The part with a size for this part of the split; singers have sizes of their own.

    In training songs it is drawn from the instrument's range. Validation songs get one just beyond it: what they
    choose, weights and thresholds, must do for sounds that training never heard. In test songs the font is left as it
    is.
    """
    if part.patch.program is None or split == "test":
        return part
    most = instrument.size
    sizes = range(-most, most + 1) if split == "train" else (-most - 1, most + 1)
    return replace(part, patch=replace(part.patch, size=int(rng.choice(sizes))))


def stretch(part: Part) -> float:
    """How many times as slow as it was rendered a part is played back."""
    return float(2 ** (part.patch.size / 12))


def enlarged(part: Part) -> Part:
    """The part as it must be rendered: higher by its size, except for kits, and faster by `stretch`."""
    if not part.patch.size:
        return part
    slowed, up = stretch(part), 0 if part.patch.kit else part.patch.size
    return replace(
        part,
        notes=tuple(
            replace(n, start=n.start / slowed, end=n.end / slowed, pitch=int(np.clip(n.pitch + up, LOWEST, HIGHEST)))
            for n in part.notes
        ),
        controls=tuple(replace(control, time=control.time / slowed) for control in part.controls),
        bends=tuple(replace(bend, time=bend.time / slowed) for bend in part.bends),
    )
