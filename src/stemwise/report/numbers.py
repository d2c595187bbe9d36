"""Numbers as a page and a terminal write them."""

import math

NO_FIGURE = "n/a"


def number(value: float, digits: int) -> str:
    if math.isnan(value):
        return NO_FIGURE
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    text = f"{value:.{digits}f}"
    # -0.00 reads like a result; and a hyphen is not a minus.
    return text.lstrip("-") if float(text) == 0 else text.replace("-", "−")


def signed(value: float, digits: int) -> str:
    """As `number`, with a plus before what is positive."""
    text = number(value, digits)
    return f"+{text}" if value > 0 and text.strip("0.") else text


def probability(p: float) -> str:
    """A p value; a dash where there is none."""
    return "–" if math.isnan(p) else "< 0.001" if p < 0.001 else f"{p:.3f}"
