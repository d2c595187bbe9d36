"""A part → the dry audio of its stem."""

import numpy as np

from stemwise.audio import Samples
from stemwise.synthesis import amp
from stemwise.synthesis.midi import midi_bytes, render_midi
from stemwise.synthesis.score import Part, Score
from stemwise.synthesis.soundfonts import Font
from stemwise.synthesis.voice import draw_singer, sing, sing_group

RATE = 44100
GROUP = 3  # singers of a group at most: one a voice of its chords


def render(score: Score, part: Part, font: Font, rng: np.random.Generator) -> Samples:
    """(1 or 2, sample) at 44.1 kHz, as long as the song. Raises MissingExtra without the extra `synth`."""
    if part.patch.program is None:
        return _sung(score, part, rng)
    content = midi_bytes(part, tempo_of(score))
    sound = render_midi(content, font.data(), round(score.seconds * RATE), RATE)
    if part.patch.amp:
        sound = amp.drive(sound, RATE, rng)
    return amp.process(sound, RATE, rng) if part.patch.process else sound


def part_midi(score: Score, part: Part) -> bytes:
    """The notes of a part as a MIDI file; those of a voice under the program 'Voice Oohs', with its words."""
    return midi_bytes(part, tempo_of(score))


def tempo_of(score: Score) -> float:
    return score.form.tempo if score.form else 120.0


def _sung(score: Score, part: Part, rng: np.random.Generator) -> Samples:
    if part.kind == "vocalists":
        females = [bool(rng.random() < 0.5) for _ in range(GROUP)]
        singers = [draw_singer(female, rng) for female in females]
        return sing_group(part.notes, singers, score.seconds, RATE, rng)
    singer = draw_singer(part.patch.label == "female singer", rng)
    return sing(part.notes, singer, score.seconds, RATE, rng)
