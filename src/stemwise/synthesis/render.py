"""A part → the dry audio of its stem."""

import numpy as np

from stemwise.audio import Samples
from stemwise.synthesis import amp
from stemwise.synthesis.midi import midi_bytes, render_midi
from stemwise.synthesis.score import Part, Score
from stemwise.synthesis.size import enlarged, stretch
from stemwise.synthesis.soundfonts import Font
from stemwise.synthesis.voice import draw_singer, find_voice, sing, sing_group, sing_words

RATE = 44100


def render(score: Score, part: Part, font: Font, words: bool, rng: np.random.Generator) -> Samples:
    """(1 or 2, sample) at 44.1 kHz, as long as the song; voices sing `words` or else vowels.

    Raises MissingExtra without the extra `synth`, for words without the extra `sing`.
    """
    if part.patch.program is None:
        return _sung(score, part, words, rng)
    content = midi_bytes(enlarged(part), tempo_of(score))
    sound = render_midi(content, font.data(), round(score.seconds * RATE), RATE, slowed=stretch(part))
    if part.patch.amp:
        sound = amp.drive(sound, RATE, rng, part.patch.amp)
    return amp.process(sound, RATE, rng) if part.patch.process else sound


def part_midi(score: Score, part: Part) -> bytes:
    """The notes of a part as a MIDI file; those of a voice under the program 'Voice Oohs', with its words."""
    return midi_bytes(part, tempo_of(score))


def tempo_of(score: Score) -> float:
    return score.form.tempo if score.form else 120.0


def _sung(score: Score, part: Part, words: bool, rng: np.random.Generator) -> Samples:
    singers = [draw_singer(find_voice(name), rng) for name in part.patch.voices]
    line = sing_words if words else sing
    if len(singers) == 1:
        return line(part.notes, singers[0], score.seconds, RATE, rng)
    return sing_group(part.notes, singers, line, score.seconds, RATE, rng)
