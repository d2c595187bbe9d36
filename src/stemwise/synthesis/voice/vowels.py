"""Vowels as cascades of resonators.

Formants 1 to 3: means of 33 men and 28 women, Peterson and Barney, "Control methods used in a study of the vowels",
J. Acoust. Soc. Am. 24 (1952), table II. Resonators in cascade: Klatt, "Software for a cascade/parallel formant
synthesizer", J. Acoust. Soc. Am. 67 (1980). The bandwidths and the formants from the fourth on are round values: near
Klatt's, then a tube's odd quarter waves, without which a cascade is dull above its last resonance.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# Hz: (men), (women)
VOWELS: dict[str, tuple[tuple[int, int, int], tuple[int, int, int]]] = {
    "heed": ((270, 2290, 3010), (310, 2790, 3310)),
    "hid": ((390, 1990, 2550), (430, 2480, 3070)),
    "head": ((530, 1840, 2480), (610, 2330, 2990)),
    "had": ((660, 1720, 2410), (860, 2050, 2850)),
    "hod": ((730, 1090, 2440), (850, 1220, 2810)),
    "hawed": ((570, 840, 2410), (590, 920, 2710)),
    "hood": ((440, 1020, 2240), (470, 1160, 2680)),
    "whod": ((300, 870, 2240), (370, 950, 2670)),
    "hud": ((640, 1190, 2390), (760, 1400, 2780)),
}
# A murmur with closed lips, the onset of an m; one set for both.
MURMUR = (250, 1100, 2150)
UPPER = ((3400, 4500, 5500, 6500, 7500, 8500), (3900, 5100, 6300, 7500, 8700, 9900))
BANDWIDTHS = (80, 100, 140, 220, 300, 400, 500, 600, 700)


def formants(name: str, female: bool, scale: float) -> Array:
    """(formant,) Hz."""
    lower = MURMUR if name == "murmur" else VOWELS[name][int(female)]
    return scale * np.array([*lower, *UPPER[int(female)]], dtype=np.float64)


def resonators(frequencies: Array, rate: int) -> Array:
    """(section, 6) second-order sections, each of gain 1 at 0 Hz."""
    radius = np.exp(-np.pi * np.array(BANDWIDTHS) / rate)
    a1 = -2 * radius * np.cos(2 * np.pi * frequencies / rate)
    a2 = radius**2
    zero = np.zeros_like(a1)
    return np.stack([1 + a1 + a2, zero, zero, zero + 1, a1, a2], axis=1)


def level(sections: Array, f0: float, tilt: float, rate: int) -> float:
    """Root mean square of the filtered source at `f0` Hz, by which vowels are made equally loud."""
    from scipy.signal import sosfreqz

    harmonics = np.arange(1, int(8000 / f0) + 1)
    _, response = sosfreqz(sections, worN=harmonics * f0, fs=rate)
    return float(np.sqrt(np.sum(np.abs(response) ** 2 * harmonics ** (-2.0 * tilt)) / 2))
