"""A syllable spoken by espeak-ng, as the vocoder WORLD sees it: spectral envelope, noisiness, voicing."""

import json
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from stemwise.errors import DataError, MissingExtra
from stemwise.synthesis.voice.lyrics import lexicon
from stemwise.synthesis.voice.voices import Voice

RATE = 22050
FRAME = 0.01  # seconds between analysis frames
SPEED = 120  # words a minute
QUIET = 0.01  # of full scale: below is the silence around a syllable
NUCLEUS = 0.4  # share of the loudest frame's amplitude that belongs to the vowel


@dataclass(frozen=True)
class Spoken:
    """One syllable; its loudest frame has power 1.

    `envelope` (frame, bin): logarithm of the power. `noise` (frame, bin): WORLD's aperiodicity, 0 to 1. `voiced`
    (frame,). `vowel`: first and last frame of what is stretched when it is sung.
    """

    envelope: NDArray[np.float32]
    noise: NDArray[np.float32]
    voiced: NDArray[np.bool_]
    vowel: tuple[int, int]


def check_installed() -> None:
    """Raises MissingExtra when a package of the extra `sing` is not installed."""
    _package("espeakng_loader")
    _package("pyworld")


@cache
def spoken(text: str, voice: Voice) -> Spoken:
    """Raises MissingExtra, and DataError for a text that is not in the lexicon."""
    samples = _lexicon_of(voice).get(text)
    if samples is None:
        raise DataError(f"'{text}' is not in lyrics.yaml, and only its words can be sung.")
    return _analyse(samples, voice)


@cache
def _lexicon_of(voice: Voice) -> dict[str, NDArray[np.int16]]:
    """All that can be sung, always spoken in one go, since a word depends on those before it."""
    texts = lexicon()
    return dict(zip(texts, speak(texts, voice.name), strict=True))


def speak(texts: tuple[str, ...], voice: str) -> list[NDArray[np.int16]]:
    """(sample,) at 22.05 kHz for each text; [[...]] holds phonemes. Raises MissingExtra, and DataError when the speaker
    fails, as it does for an unknown voice."""
    loader = _package("espeakng_loader")
    program = [sys.executable, "-I", str(Path(__file__).parent / "speaker.py")]
    job = json.dumps({"voice": voice, "speed": SPEED, "texts": texts})
    done = subprocess.run(
        [*program, loader.get_library_path(), loader.get_data_path()],
        input=job.encode(),
        capture_output=True,
        check=False,
    )
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip()
        raise DataError(f"The singers' words could not be spoken: {said or done.returncode}. Try --voices vowels.")
    return _unpack(done.stdout)


def _unpack(content: bytes) -> list[NDArray[np.int16]]:
    out, at = [], 0
    while at < len(content):
        size = int.from_bytes(content[at : at + 4], "little")
        out.append(np.frombuffer(content, "<i2", size, at + 4))
        at += 4 + 2 * size
    return out


def _analyse(samples: NDArray[np.int16], voice: Voice) -> Spoken:
    world = _package("pyworld")
    sound = samples / 32768.0
    loud = np.flatnonzero(np.abs(sound) > QUIET)
    sound = np.ascontiguousarray(sound[max(0, loud[0] - 220) : loud[-1] + 440])
    low, high = voice.pitch_range
    pitch, times = world.dio(sound, RATE, low, high, frame_period=1000 * FRAME, allowed_range=0.2)
    pitch = world.stonemask(sound, pitch, times, RATE)
    envelope = world.cheaptrick(sound, pitch, times, RATE)
    noise = world.d4c(sound, pitch, times, RATE)
    power = envelope.sum(axis=1)
    strong = np.flatnonzero((power > NUCLEUS**2 * power.max()) & (pitch > 0))
    vowel = (int(strong[0]), int(strong[-1])) if len(strong) else (0, len(power) - 1)
    logs = np.log(np.maximum(envelope / power.max(), 1e-12))
    return Spoken(logs.astype(np.float32), noise.astype(np.float32), pitch > 0, vowel)


def _package(name: str) -> ModuleType:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError as fault:
        raise MissingExtra(name, "sing", "Singing words") from fault
