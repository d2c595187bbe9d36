"""Label files as the activity of a gate: .lab files of segments or of activation confidence."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from stemwise.audio import Samples
from stemwise.errors import DataError
from stemwise.external import Probability, Times, Told, as_hard
from stemwise.external.mapping import TargetMap, map_targets, named
from stemwise.files import fingerprint
from stemwise.gate import Gate
from stemwise.labels import read_confidence, read_spans
from stemwise.taxonomy import Targets

ENDINGS = ("_ACTIVATION_CONF.lab", "_SOURCEID.lab", ".lab")
ROUNDED = 1e-4  # seconds by which the times of a .lab may be off its frames: they have four decimals
ACTIVE = 0.5  # confidence of what is called active


@dataclass(frozen=True)
class Labelled:
    """`place`: a file, or a folder with `<song>_ACTIVATION_CONF.lab`, `<song>_SOURCEID.lab` or `<song>.lab` of each
    song, as `stemwise label` writes them (of stems, or with --targets) and MedleyDB publishes them.

    Names in it are those of targets or of instruments. A target of which a file does not speak has an open gate: a list
    of segments cannot say that something never plays, a column of confidence can. So a list without a segment, as of a
    song in which nothing is active, opens all gates.
    """

    place: Path
    targets: Targets
    source: str = "labels"
    needs_own: bool = False

    def hear(
        self, name: str, blocks: Iterable[Samples], rate: int, times: Times, own: Probability | None = None
    ) -> Told:
        """`External.hear`; the mixture is not listened to. Raises DataError as `path` does, and for names that are no
        target and no instrument."""
        mapping, rows = self._read(name, times)
        return mapping.spread(rows)

    def gate(self, own: Gate, has_own: bool) -> Gate:
        """Open at a confidence above one half, and no filter: labels are what is wanted."""
        return replace(own, kind=as_hard(own), threshold=ACTIVE, median_seconds=0.0)

    def key(self, name: str) -> tuple[object, ...]:
        return self.source, fingerprint(self._paths(name)), self.targets

    def says(self, has_own: bool) -> list[str]:
        return [f"labels of {self.place}: a target that the file of a song does not name has an open gate there"]

    def path(self, name: str) -> Path:
        """The file of a song. Raises DataError where there is none."""
        return self._paths(name)[0]

    def _paths(self, name: str) -> list[Path]:
        if self.place.is_file():
            return [self.place]
        tried = [self.place / f"{name}{ending}" for ending in ENDINGS]
        there = [path for path in tried if path.is_file()]
        if not there:
            raise DataError(
                f"no labels of {name} (looked for {', '.join(path.name for path in tried)} in {self.place}). "
                "`stemwise label` writes them."
            )
        return there

    def check(self, name: str) -> None:
        """Raises DataError as `hear` does, for a song's file that is missing or cannot be used."""
        self._read(name, np.zeros(1))

    def _read(self, name: str, times: Times) -> tuple[TargetMap, Probability]:
        seen: list[str] = []
        silent: tuple[TargetMap, Probability] | None = None
        for path in self._paths(name):
            names, rows = read_labels(path, times)
            mapping = map_targets(self.targets, named(names))
            if any(mapping.rows):
                return mapping, rows
            silent = silent if names else (mapping, rows)
            seen += names
        if silent is not None:
            return silent
        raise DataError(
            f"{path}: names {', '.join(dict.fromkeys(seen))}, and none of it is one of "
            f"{', '.join(self.targets.names)}. Name targets or instruments, as `stemwise label --targets mms` does."
        )


def read_labels(path: Path, times: Times) -> tuple[list[str], Probability]:
    """Names, and their confidence (name, time) at `times` in seconds; of segments 1 from start to
    end, both included, and 0 elsewhere. Raises DataError with the line that cannot be read."""
    if path.name.endswith(ENDINGS[0]) or _has_columns(path):
        at, names, confidence = read_confidence(path)
        if (np.diff(at) <= 0).any() or not len(at):
            raise DataError(f"{path}: its times do not rise from line to line. Write it anew with `stemwise label`.")
        return names, np.stack([np.interp(times, at, row) for row in confidence]).astype(np.float32)
    spans = read_spans(path)
    names = list(dict.fromkeys(span.label for span in spans))
    rows = np.zeros((len(names), len(times)), np.float32)
    for span in spans:
        rows[names.index(span.label), (times >= span.start - ROUNDED) & (times <= span.end + ROUNDED)] = 1.0
    return names, rows


def _has_columns(path: Path) -> bool:
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        return file.readline().startswith("time,")
