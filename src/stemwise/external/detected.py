"""A detector as the activity of a gate."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from stemwise import audio
from stemwise.audio import Samples
from stemwise.detector import Detection, Detector
from stemwise.errors import ModelError
from stemwise.export import identity, load
from stemwise.external import Probability, Times, Told, as_hard
from stemwise.external.mapping import TargetMap, map_targets, named, scheme_beside
from stemwise.gate import Gate
from stemwise.model import NEVER_HEARD
from stemwise.model.mel import DETECTION
from stemwise.taxonomy import Targets

HOP = 0.25  # seconds between windows


@dataclass(frozen=True)
class Detected:
    """A detector that hears the mixture in windows every `hop_seconds`, and who of its targets speaks for which.

    The probability of a window, that a target plays at some moment of it, stands at its middle: so a gate opens up to
    half a window (0.5 s) before a target begins and closes as much after it ends.
    """

    detector: Detector
    mapping: TargetMap
    hop_seconds: float = HOP
    model: str = ""  # `export.identity`
    source: str = "detector"

    @property
    def needs_own(self) -> bool:
        return not self.mapping.complete

    def hear(
        self, name: str, blocks: Iterable[Samples], rate: int, times: Times, own: Probability | None = None
    ) -> Told:
        """`External.hear`; a mixture of another rate than the detector's is resampled, block by block.

        Raises AudioError for a song without samples and for NaN, ModelError for a hop that does not divide the window.
        """
        mono = (block.mean(axis=0, keepdims=True) for block in blocks)
        heard = audio.resampled_blocks(mono, rate, self.detector.model.sample_rate, 1)
        return self.at(self.detector.detect_blocks(heard, self.hop_seconds), times, own)

    def at(self, detection: Detection, times: Times, own: Probability | None = None) -> Told:
        return self.mapping.spread(detection.at(times), own)

    def gate(self, own: Gate, has_own: bool) -> Gate:
        """The detector's own thresholds, of the best F1 on its validation songs."""
        mapped = self.mapping.thresholds(self.detector.gate.threshold, own.threshold if has_own else None)
        return replace(own, kind=as_hard(own), threshold=mapped)

    def key(self, name: str) -> tuple[object, ...]:
        return self.source, self.model, self.hop_seconds, self.mapping, self.detector.device

    def says(self, has_own: bool) -> list[str]:
        return self.mapping.says(has_own)


def load_detected(path: Path, targets: Targets, hop_seconds: float = HOP, device: str = "cpu") -> Detected:
    """The detector in a file, for a separator of `targets`. What it never heard in training it is not asked about.

    Raises ModelError for a file that holds no detector, and for one of which no target is any of `targets`.
    """
    exported = load(path, DETECTION)
    theirs, deaf = exported.model.targets, exported.card.get(NEVER_HEARD) or ()
    mapping = map_targets(targets, named(theirs, scheme_beside(path, theirs)), deaf)
    if not any(mapping.rows):
        but = f" (and never heard {', '.join(deaf)} in training)" if deaf else ""
        raise ModelError(
            f"{path}: this detector listens to {', '.join(theirs)}{but}, and none of what it heard is one of "
            f"{', '.join(targets.names)}. Choose another detector."
        )
    return Detected(Detector(exported.model, exported.gate, device), mapping, hop_seconds, identity(path))
