"""Notes and a voice → sung words.

Each note takes a spoken syllable: its consonants keep their length and stand before the beat, its vowel is stretched to
the note, and its pitch becomes the melody's; then WORLD turns the frames into sound (Morise et al., "WORLD: a vocoder-
based high-quality speech synthesis system for real-time applications", IEICE Trans. Inf. Syst. E99-D, 2016).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from stemwise.audio import Samples, resample
from stemwise.synthesis.score import Note
from stemwise.synthesis.voice import pitch
from stemwise.synthesis.voice.lyrics import text_of, vowels
from stemwise.synthesis.voice.singer import Singer
from stemwise.synthesis.voice.speech import RATE, Spoken, spoken

Array = NDArray[np.float64]

STEP = 0.005  # seconds between the frames that WORLD turns into sound
BREATH = 0.4  # a gap of so many seconds ends a phrase
EARLY = 0.14  # consonants begin at most so many seconds before the beat
RELEASE = 0.06


@dataclass(frozen=True)
class Sung:
    """A note with its syllable; `begin` and `end` in seconds include the consonants."""

    note: Note
    syllable: Spoken
    begin: float
    end: float

    def places(self, times: Array) -> Array:
        """Where in the syllable (in its frames) each time of the song stands; only the vowel is stretched."""
        first, last = self.syllable.vowel
        coda = len(self.syllable.voiced) - 1 - last
        tail = min(coda * 0.01, 0.35 * (self.end - self.note.start))
        lead = self.note.start - self.begin
        corners = [self.note.start - lead, self.note.start, max(self.note.start + 0.02, self.end - tail), self.end]
        return np.interp(times, corners, [max(0.0, first - lead * 100), first, last, last + coda])


def sing_words(notes: Sequence[Note], singer: Singer, seconds: float, rate: int, rng: np.random.Generator) -> Samples:
    """One line of notes, sorted by start → (1, sample); exactly silent between phrases. A note without a syllable is
    sung on a vowel. Raises MissingExtra without the extra `sing`."""
    total = np.zeros(round(seconds * RATE) + RATE)
    held = str(rng.choice(vowels()))
    for phrase in phrases(notes):
        texts = [text_of(note.syllable) if note.syllable else held for note in phrase]
        sung = place(phrase, [spoken(text, singer.voice) for text in texts])
        sound = _sound(sung, singer, rng)
        start = round(sung[0].begin * RATE)
        room = len(total) - start
        total[start : start + len(sound)] += sound[:room]
    out = resample(total[np.newaxis].astype(np.float32), RATE, rate)[:, : round(seconds * rate)]
    return np.pad(out, ((0, 0), (0, round(seconds * rate) - out.shape[1])))


def phrases(notes: Sequence[Note]) -> list[list[Note]]:
    """Runs of notes between which nobody takes a breath."""
    out: list[list[Note]] = [[notes[0]]] if notes else []
    for one, after in pairwise(notes):
        if after.start - one.end > BREATH:
            out.append([])
        out[-1].append(after)
    return out


def place(phrase: Sequence[Note], syllables: Sequence[Spoken]) -> list[Sung]:
    """Consonants take what room there is before their beat, up to half of the note before; that note ends where they
    begin."""
    begins: list[float] = []
    for index, (note, syllable) in enumerate(zip(phrase, syllables, strict=True)):
        wish = min(EARLY, syllable.vowel[0] * 0.01)
        before = phrase[index - 1].start if index else 0.0
        begins.append(note.start - min(wish, 0.5 * max(note.start - before, 0.0)))
    ends = [min(note.end, begin) for note, begin in zip(phrase, begins[1:], strict=False)] + [phrase[-1].end]
    return [Sung(*of) for of in zip(phrase, syllables, begins, ends, strict=True)]


def _sound(sung: Sequence[Sung], singer: Singer, rng: np.random.Generator) -> Array:
    """(sample,) at 22.05 kHz, from the first consonant to the release of the last note."""
    import pyworld

    begin, end = sung[0].begin, sung[-1].end + RELEASE
    times: Array = begin + STEP * np.arange(max(8, int((end - begin) / STEP) + 1), dtype=np.float64)
    which = np.clip(np.searchsorted([each.begin for each in sung], times, side="right") - 1, 0, None)
    rows = [_rows(each, times[which == index]) for index, each in enumerate(sung)]
    envelope, noise, voiced = (np.concatenate(parts) for parts in zip(*rows, strict=True))
    level = np.concatenate([_level(each, times[which == index]) for index, each in enumerate(sung)])
    power = np.exp(_shifted(envelope, singer.formant_scale)) * level[:, np.newaxis] ** 2 + 1e-16
    rough = np.clip(noise + singer.breath, 0.0, 1.0)
    f0 = np.where(voiced, pitch.f0_curve([each.note for each in sung], singer, times, rng), 0.0)
    f0, power, rough = (np.ascontiguousarray(each) for each in (f0, power, rough))
    return np.asarray(pyworld.synthesize(f0, power, rough, RATE, 1000 * STEP), dtype=np.float64)


def _rows(sung: Sung, times: Array) -> tuple[Array, Array, NDArray[np.bool_]]:
    """Envelope, noise and voicing of the syllable at the times of one note."""
    places = sung.places(times)
    floor = np.clip(places.astype(np.int64), 0, len(sung.syllable.voiced) - 1)
    after = np.minimum(floor + 1, len(sung.syllable.voiced) - 1)
    share = (places - floor)[:, np.newaxis]
    envelope = (1 - share) * sung.syllable.envelope[floor] + share * sung.syllable.envelope[after]
    noise = (1 - share) * sung.syllable.noise[floor] + share * sung.syllable.noise[after]
    return envelope, noise, sung.syllable.voiced[np.where(share[:, 0] < 0.5, floor, after)]


def _level(sung: Sung, times: Array) -> Array:
    """0 to 1: by velocity, with a swell of 30 ms and a fade at the end."""
    top = (sung.note.velocity / 100) ** 1.5
    corners = [sung.begin, sung.begin + 0.03, sung.end - 0.02, sung.end + RELEASE]
    return np.asarray(top * np.interp(times, corners, [0.3, 1, 0.8, 0]), dtype=np.float64)


def _shifted(envelope: Array, scale: float) -> Array:
    """The envelope with every formant moved to `scale` times its frequency."""
    bins = np.arange(envelope.shape[1]) / scale
    floor = np.minimum(bins.astype(np.int64), envelope.shape[1] - 1)
    after = np.minimum(floor + 1, envelope.shape[1] - 1)
    share = np.clip(bins - floor, 0.0, 1.0)
    return np.asarray((1 - share) * envelope[:, floor] + share * envelope[:, after], dtype=np.float64)
