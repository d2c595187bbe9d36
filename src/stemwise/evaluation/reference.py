"""What a song's estimates are held against, on the model's rate and channels."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stemwise.activity import LABEL_HOP, carry
from stemwise.audio import Samples
from stemwise.loading.shard import PreparedSong


@dataclass(frozen=True)
class Reference:
    """mixture (channel, sample); stems (target, channel, sample); confidence (target, frame), true labels at the
    model's frames; known (target,), False where a target's audio cannot be known and must not be scored."""

    name: str
    rate: int
    mixture: Samples
    stems: Samples
    confidence: NDArray[np.float32]
    known: NDArray[np.bool_]

    @property
    def present(self) -> NDArray[np.bool_]:
        """(target,) True where the reference is not silent throughout."""
        return np.asarray(self.stems.any(axis=(1, 2)))


def reference(name: str, song: PreparedSong, rate: int, hop: int) -> Reference:
    """`rate` in Hz and `hop` in samples are the model's."""
    audio = np.array(song.audio)
    times = np.arange(1 + audio.shape[-1] // hop) * hop / rate
    confidence = carry(song.activity, LABEL_HOP, times)
    return Reference(name, rate, audio.sum(axis=0), audio[:-1], confidence, song.known_audio)
