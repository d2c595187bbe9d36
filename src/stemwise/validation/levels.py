"""What counts as silent, as offset, as far: the numbers behind the findings, and how numbers are said."""

import math

from stemwise.validation.facts import Apart
from stemwise.validation.meter import LOWEST

SILENT = 0.001  # peak of a stem: -60 dBFS
OFFSET = 0.001  # mean of a channel: a steady 0.001 has the envelope of a sound that is heard
FAR = -20.0  # dB of mix minus sum: a tenth of the mix is not in the stems


def decibels(level: float) -> str:
    """A linear level in dB, as text with a true minus."""
    return f"{20 * math.log10(level):.1f}".replace("-", "−") if level > 0 else "−∞"


def signed(number: float, digits: int = 1) -> str:
    text = f"{number:+.{digits}f}"
    return text[1:] if float(text) == 0 else text.replace("-", "−")


def far(ratio: float) -> str:
    """Decibels of a difference; one that is nothing at all is at −∞."""
    return signed(ratio) if ratio > 10 * math.log10(LOWEST) else "−∞"


def gain(apart: Apart) -> str:
    """The best gain of the sum, in dB; in words for stems that have nothing of the mix, and for inverted ones."""
    if apart.gain == 0:
        return "none"
    inverted = ", inverted" if apart.gain < 0 else ""
    return f"{signed(20 * math.log10(abs(apart.gain)))} dB{inverted}"
