"""Notes → MIDI → audio, with the packages of the extra `synth`."""

import io
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import Any

import numpy as np
import soundfile

from stemwise import audio
from stemwise.audio import Samples
from stemwise.errors import MissingExtra
from stemwise.synthesis.score import Note

SOUNDFONT = "TimGM6mb.sf2"
TICKS = 960
# Effects depth: reverb and chorus of the renderer are off, since the room is the producer's.
DRY = {91: 0, 93: 0}


def check_installed() -> None:
    """Raises MissingExtra when a package of the extra `synth` is not installed."""
    _package("midirenderer")
    _package("pretty_midi")


def midi_bytes(notes: Sequence[Note], program: int, drums: bool, tempo: float, name: str) -> bytes:
    """A MIDI file with one track."""
    pretty_midi = _package("pretty_midi")
    song = pretty_midi.PrettyMIDI(resolution=TICKS, initial_tempo=tempo)
    track = pretty_midi.Instrument(program, is_drum=drums, name=name)
    track.notes = [pretty_midi.Note(note.velocity, note.pitch, note.start, note.end) for note in notes]
    track.control_changes = [pretty_midi.ControlChange(number, value, 0.0) for number, value in DRY.items()]
    song.instruments.append(track)
    buffer = io.BytesIO()
    song.write(buffer)
    return buffer.getvalue()


def render_midi(content: bytes, length: int, rate: int) -> Samples:
    """(2, length) at `rate` Hz: the renderer's 48 kHz resampled, cut or padded with silence."""
    wav = _package("midirenderer").render_wave_from(soundfont(), content)
    sound, native = soundfile.read(io.BytesIO(wav), dtype="float32", always_2d=True)
    return audio.fit(audio.resample(np.ascontiguousarray(sound.T), native, rate), length)


@cache
def soundfont() -> bytes:
    """The font that comes with pretty_midi. Raises MissingExtra when that is not installed."""
    _package("pretty_midi")
    return resources.files("pretty_midi").joinpath(SOUNDFONT).read_bytes()


def _package(name: str) -> Any:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError as fault:
        raise MissingExtra(name, "synth", "Rendering songs") from fault
