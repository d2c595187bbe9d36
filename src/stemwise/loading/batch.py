"""What a network is trained on."""

from typing import NamedTuple

from torch import Tensor


class Batch(NamedTuple):
    """mixture (batch, channel, sample); targets (batch, target, channel, sample); activity (batch, target, frame), the
    confidence at the STFT frames of the excerpt; known_audio and known_activity (batch, target), bool.

    The mixture is the sum of the targets and of everything else that plays. One example has no batch axis.

    weak (batch, target), bool: where the activity comes from a label of the whole song, which tells only whether
    the target plays somewhere in the excerpt: active in all frames, or in none. None where there are no such labels.
    """

    mixture: Tensor
    targets: Tensor
    activity: Tensor
    known_audio: Tensor
    known_activity: Tensor
    weak: Tensor | None = None
