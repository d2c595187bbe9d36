"""What is measured in a song, as plain numbers that are kept as JSON."""

from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class FileFacts:
    """One audio file. Levels are linear, full scale is 1; samples that are no numbers count as 0 in them.

    `clipped`: runs of 3 or more equal samples at full scale. `longest`: samples of the longest. `unsound`: samples
    that are NaN, infinite or beyond `audio.LOUDEST`. `offset`: the mean of the channel in which it is largest, with its
    sign. `digest`: the same for equal samples, whatever the format. `fault`: why the file could not be read to its end,
    or "".
    """

    path: str
    rate: int = 0
    samples: int = 0
    channels: int = 0
    peak: float = 0.0
    rms: float = 0.0
    clipped: int = 0
    longest: int = 0
    unsound: int = 0
    offset: float = 0.0
    digest: str = ""
    fault: str = ""

    @property
    def sound(self) -> bool:
        return not self.fault and not self.unsound


@dataclass(frozen=True)
class Apart:
    """How far the mix is from the sum of the stems: RMS of the difference by that of the mix, in dB; and the same for
    the sum times `gain` (linear), the gain at which the difference is smallest."""

    decibels: float
    gain: float
    decibels_at_gain: float


@dataclass(frozen=True)
class SongFacts:
    """`apart` is None where it cannot be told. `stem_shares`: the share of time in which each stem is active;
    `label_shares`: label of a stem → share in which any stem of that label is. Both are empty for unsound stems."""

    id: str
    stems: tuple[FileFacts, ...]
    mix: FileFacts | None
    apart: Apart | None
    stem_shares: tuple[float, ...]
    label_shares: dict[str, float]

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "SongFacts":
        """Raises KeyError, TypeError or ValueError for anything that `to_json` did not give."""
        return cls(
            str(content["id"]),
            tuple(FileFacts(**stem) for stem in content["stems"]),
            FileFacts(**content["mix"]) if content["mix"] else None,
            Apart(**content["apart"]) if content["apart"] else None,
            tuple(float(share) for share in content["stem_shares"]),
            {str(label): float(share) for label, share in content["label_shares"].items()},
        )
