"""A part → the dry audio of its stem."""

import numpy as np

from stemwise.audio import Samples
from stemwise.synthesis.amp import drive
from stemwise.synthesis.midi import midi_bytes, render_midi
from stemwise.synthesis.score import Part, Score
from stemwise.synthesis.voice import draw_singer, sing

RATE = 44100


def render(score: Score, part: Part, rng: np.random.Generator) -> Samples:
    """(1 or 2, sample) at 44.1 kHz, as long as the song. Raises MissingExtra without the extra `synth`."""
    if part.patch.program is None:
        singer = draw_singer(part.patch.label == "female singer", rng)
        return sing(part.notes, singer, score.seconds, RATE, rng)
    sound = render_midi(part_midi(score, part), round(score.seconds * RATE), RATE)
    return drive(sound, RATE, rng) if part.patch.amp else sound


def part_midi(score: Score, part: Part) -> bytes:
    """The notes of a part as a MIDI file; those of a voice under the program 'Voice Oohs'."""
    program = 53 if part.patch.program is None else part.patch.program
    return midi_bytes(part.notes, program, part.kind == "drums", score.form.tempo, part.patch.label)
