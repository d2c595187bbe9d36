"""Notes → MIDI → audio, with the packages of the extra `synth`."""

import io
from typing import Any

import numpy as np
import soundfile

from stemwise import audio
from stemwise.audio import Samples
from stemwise.errors import DataError, MissingExtra
from stemwise.synthesis.score import Part

TICKS = 960
# Effects depth: reverb and chorus of the renderer are off, since the room is the producer's.
DRY = {91: 0, 93: 0}
VOICE = 53  # 'Voice Oohs', what a voice is in a MIDI file


def check_installed() -> None:
    """Raises MissingExtra when a package of the extra `synth` is not installed."""
    _package("midirenderer")
    _package("pretty_midi")


def midi_bytes(part: Part, tempo: float) -> bytes:
    """A MIDI file with one track: notes, controls, bends, and syllables as lyrics; a voice gets 'Voice Oohs'."""
    pretty_midi = _package("pretty_midi")
    song = pretty_midi.PrettyMIDI(resolution=TICKS, initial_tempo=tempo)
    program = VOICE if part.patch.program is None else part.patch.program
    track = pretty_midi.Instrument(program, is_drum=part.patch.kit, name=part.patch.label)
    track.notes = [pretty_midi.Note(note.velocity, note.pitch, note.start, note.end) for note in part.notes]
    track.control_changes = [pretty_midi.ControlChange(number, value, 0.0) for number, value in DRY.items()]
    track.control_changes += [pretty_midi.ControlChange(one.number, one.value, one.time) for one in part.controls]
    track.pitch_bends = [pretty_midi.PitchBend(bend.value, bend.time) for bend in part.bends]
    song.lyrics = [pretty_midi.Lyric(note.syllable, note.start) for note in part.notes if note.syllable]
    song.instruments.append(track)
    buffer = io.BytesIO()
    song.write(buffer)
    return buffer.getvalue()


def render_midi(content: bytes, font: bytes, length: int, rate: int, slowed: float = 1.0) -> Samples:
    """(2, length) at `rate` Hz: the renderer's 48 kHz resampled, played `slowed` times as slow, cut or padded with
    silence.

    Raises DataError when the renderer cannot read the font or the notes.
    """
    try:
        wav = _package("midirenderer").render_wave_from(font, content)
    except (RuntimeError, ValueError) as fault:
        raise DataError(f"the MIDI renderer refused: {fault}. Choose another SoundFont.") from fault
    sound, native = soundfile.read(io.BytesIO(wav), dtype="float32", always_2d=True)
    return audio.fit(audio.resample(np.ascontiguousarray(sound.T), native / slowed, rate), length)


def _package(name: str) -> Any:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError as fault:
        raise MissingExtra(name, "synth", "Rendering songs") from fault
