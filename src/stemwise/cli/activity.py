"""stemwise activity SONG... --out DIR"""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stemwise.cli.common import progress_bar, say
from stemwise.cli.separate import check_device
from stemwise.errors import AudioError, ModelError, StemwiseError
from stemwise.texts import printable

if TYPE_CHECKING:
    from stemwise.detector import Detection, Detector
    from stemwise.listen import Found


class Format(StrEnum):
    """`listen.FORMATS`, as choices of the command line."""

    png = "png"
    lab = "lab"
    jams = "jams"
    json = "json"
    csv = "csv"


def command(
    songs: Annotated[
        list[Path], typer.Argument(help="wav, flac, ogg or mp3 of any rate and length; or folders of them")
    ],
    out: Annotated[Path, typer.Option(help="files go into OUT/<name of the song>/")] = Path("activity"),
    model: Annotated[
        Path | None,
        typer.Option(help="an exported detector, or its run folder; default: the newest run, else the one that ships"),
    ] = None,
    format: Annotated[
        list[Format] | None, typer.Option(help="may repeat; default: all, jams if its extra is installed")
    ] = None,
    hop: Annotated[
        float | None, typer.Option(help="seconds between windows, a whole fraction of one; default: side by side")
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="probability, for all instruments; default: what the model carries")
    ] = None,
    context: Annotated[
        str | None,
        typer.Option(help="seconds heard at once, or song (up to 10 min of it); default: as the model learned"),
    ] = None,
    device: Annotated[str, typer.Option(help="cpu, cuda or mps")] = "cpu",
) -> None:
    """Say which instruments play when: a picture, .lab, JAMS, JSON and CSV for every song."""
    from stemwise.detector import context_of
    from stemwise.export import describe, find_detector, identity
    from stemwise.listen import Origin, find_songs, load_detector, usable, write_detection
    from stemwise.model import NEVER_HEARD

    check_device(device)
    formats, left_out = usable([each.value for each in format or ()])
    path = find_detector(model)
    detector = load_detector(path, threshold, device, context_of(context))
    check_hop(detector, hop)
    found, faults = find_songs(songs)
    listening = _Listening(detector, hop, len(found) + len(faults))
    for fault in faults:
        listening.note(fault)
    digest = identity(path)
    for song in found:
        heard = listening.to(song)
        if heard is None:
            continue
        origin = Origin(song.title, f"{path.resolve().parent.name}/{path.name}", digest)
        try:
            written = write_detection(out / song.folder, heard, detector, origin, formats)
        except (StemwiseError, OSError) as fault:
            listening.note(fault)
            continue
        say(f"{song.title}: {in_words(heard)}")
        say(f"  {out / song.folder}: {', '.join(file.name for file in written)}")
    for sentence in left_out:
        say(sentence)
    say(f"model: {path} ({len(detector.model.targets)} instruments)")
    if never := describe(path)["card"].get(NEVER_HEARD):
        say(f"never heard in training, so that what is said of them is worth nothing: {', '.join(never)}")
    listening.end()


class _Listening:
    """Songs one after the other; what is wrong with one is said and does not stop the others."""

    def __init__(self, detector: "Detector", hop: float | None, wanted: int) -> None:
        self.detector, self.hop, self.wanted = detector, hop, wanted
        self.faults: list[Exception] = []

    def to(self, song: "Found") -> "Detection | None":
        from stemwise.detect_file import detect_file

        try:
            with progress_bar(f"listening to {song.title}") as progress:
                return detect_file(song.source, self.detector, self.hop, progress)
        except (StemwiseError, OSError) as fault:
            self.note(fault)
            return None

    def note(self, fault: Exception) -> None:
        self.faults.append(fault)
        if self.wanted > 1:
            typer.echo(printable(f"error: {fault}"), err=True)

    def end(self) -> None:
        """Raises AudioError where there were faults, that of a single song itself."""
        if len(self.faults) == self.wanted == 1:
            raise self.faults[0]
        if self.faults:
            raise AudioError(
                f"{len(self.faults)} of {self.wanted} could not be listened to; what is wrong with them is said above."
            )


def check_hop(detector: "Detector", hop: float | None) -> None:
    """Raise ModelError for a hop, and for thresholds, that no song could be heard with, before the first is."""
    import numpy as np

    if hop is not None and not 0 < hop <= detector.model.window_seconds:
        raise ModelError(f"--hop {hop:g}: give seconds, up to the {detector.model.window_seconds:g} s of a window.")
    detector.detect(np.zeros(1, np.float32), hop)


def in_words(found: "Detection") -> str:
    """Who plays in which share of the time, the busiest first; or who comes nearest where nobody does."""
    shares = dict(zip(found.targets, found.active.mean(axis=1).tolist(), strict=True))
    playing = sorted((name for name, share in shares.items() if share), key=lambda name: -shares[name])
    if playing:
        return ", ".join(f"{name} {shares[name]:.0%}" for name in playing)
    nearest = found.probability.max(axis=1)
    best = int(nearest.argmax())
    return f"no instrument reaches its threshold; nearest is {found.targets[best]} with {nearest[best]:.2f}"
