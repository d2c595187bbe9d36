"""What a network is trained on."""

from typing import NamedTuple

from torch import Tensor


class Batch(NamedTuple):
    """mixture (batch, channel, sample); targets (batch, target, channel, sample); activity (batch, target, frame), the
    confidence at the STFT frames of the excerpt; known_audio and known_activity (batch, target), bool.

    The mixture is the sum of the targets and of everything else that plays. One example has no batch axis.

    weak (batch, target), bool: where the activity tells no more than that the target plays somewhere in the excerpt, as
    labels of whole clips do; None where there are no such labels.
    """

    mixture: Tensor
    targets: Tensor
    activity: Tensor
    known_audio: Tensor
    known_activity: Tensor
    weak: Tensor | None = None
