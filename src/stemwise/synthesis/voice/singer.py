"""What makes one singer sound unlike the next."""

from dataclasses import dataclass

import numpy as np

from stemwise.synthesis.voice.voices import Voice
from stemwise.synthesis.voice.vowels import VOWELS


@dataclass(frozen=True)
class Singer:
    """Vibrato in Hz and cents; `scoop`: cents below the note where it begins; `tilt`: harmonic k has amplitude
    k^(−tilt); `breath`: noise relative to the source; `formant_scale` multiplies every formant; `consonants`: share of
    the notes that begin with a hiss. The voice of words is `voice`; without words, all but its sex is left."""

    voice: Voice
    formant_scale: float
    vibrato_rate: float
    vibrato_depth: float
    scoop: float
    tilt: float
    breath: float
    consonants: float
    vowels: tuple[str, ...]


def draw_singer(voice: Voice, rng: np.random.Generator) -> Singer:
    return Singer(
        voice=voice,
        formant_scale=float(rng.uniform(0.92, 1.08)),
        vibrato_rate=float(rng.uniform(4.8, 6.6)),
        vibrato_depth=float(rng.uniform(15, 55)),
        scoop=float(rng.uniform(20, 120)),
        tilt=float(rng.uniform(0.9, 1.5)),
        breath=float(rng.uniform(0.01, 0.06)),
        consonants=float(rng.uniform(0.2, 0.6)),
        vowels=tuple(str(name) for name in rng.permutation(list(VOWELS))[:5]),
    )
