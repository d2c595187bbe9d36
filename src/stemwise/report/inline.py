"""Sound and pictures as data URIs, so that a page is one file."""

import base64
from io import BytesIO

import numpy as np
import soundfile

from stemwise.audio import Samples, as_channels, resample

MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
PEAK = 0.95  # an encoder overshoots; beyond 1 a player would clip


def mp3(audio: Samples, rate: int, gain: float = 1.0) -> bytes:
    """(channel, sample) at `rate` Hz, times `gain`, as mp3 of variable bit rate, some 80 kbit/s.

    More than two channels become their mean; a rate mp3 does not have becomes the next higher one, or 48 kHz.
    """
    to = next((known for known in MP3_RATES if known >= rate), MP3_RATES[-1])
    heard = audio if audio.shape[0] <= 2 else as_channels(audio, 1)
    buffer = BytesIO()
    samples = resample(np.ascontiguousarray(heard, dtype=np.float32) * np.float32(gain), rate, to)
    soundfile.write(buffer, samples.T, to, format="MP3", subtype="MPEG_LAYER_III")
    return buffer.getvalue()


def shared_gain(clips: list[Samples]) -> float:
    """One gain for clips that are to be compared by ear: 1, or less where one of them would clip."""
    peak = max((float(np.abs(clip).max(initial=0.0)) for clip in clips), default=0.0)
    return min(1.0, PEAK / peak) if peak > 0 else 1.0


def data_uri(content: bytes, kind: str) -> str:
    """`kind` is a media type such as audio/mpeg or image/png."""
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
