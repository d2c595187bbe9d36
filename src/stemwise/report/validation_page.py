"""A validated set as one HTML file that opens without a network."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from stemwise.errors import MissingExtra
from stemwise.files import write_text
from stemwise.report.inline import data_uri
from stemwise.report.render import render
from stemwise.song import Song
from stemwise.texts import count
from stemwise.validation import Finding, Validation
from stemwise.validation.facts import SongFacts
from stemwise.validation.findings import SEVERITIES, groups, may_train
from stemwise.validation.levels import decibels, far, gain

LEAST = -90.0  # dB of mix minus sum, the rounding of 16 bits: below there is nothing to draw


def write_validation(path: Path, found: Validation, strict: bool = False) -> None:
    """Write the page to `path`, whole or not at all. Raises MissingExtra without jinja2 or matplotlib."""
    try:
        from stemwise.report.validation_figures import activity_bars, apart_dots

        apart = [facts.apart.decibels for facts in found.facts.values() if facts.apart]
        pictures = {
            "activity": _image(activity_bars(found.summary.instruments)) if found.songs else None,
            "apart": _image(apart_dots(apart)) if max(apart, default=LEAST) > LEAST else None,
        }
    except ModuleNotFoundError as fault:
        raise MissingExtra(fault.name or "matplotlib", "train", "The page") from fault
    context = {
        "found": found,
        "pictures": pictures,
        "may_train": may_train(found.findings, strict),
        "counts": {severity: sum(one.severity == severity for one in found.findings) for severity in SEVERITIES},
        "groups": [
            (first, count, songs, _of_group(found.findings, first)) for first, count, songs in groups(found.findings)
        ],
        "song_rows": [_song_row(song, found.facts[song.id]) for song in found.songs],
        "far": far,
        "count": count,
    }
    write_text(path, render("validation.html.j2", context))


def _of_group(findings: Sequence[Finding], first: Finding) -> list[dict[str, Any]]:
    """What the page says of each finding: the file without the folders above the song's."""
    same = [one for one in findings if (one.severity, one.check) == (first.severity, first.check)]
    return [{"songs": one.songs, "file": Path(one.file).name, "what": one.what, "cure": one.cure} for one in same]


def _song_row(song: Song, facts: SongFacts) -> dict[str, str]:
    peak = max((stem.peak for stem in facts.stems), default=0.0)
    apart = facts.apart
    return {
        "id": song.id,
        "artist": song.artist,
        "length": f"{int(song.seconds // 60)}:{song.seconds % 60:04.1f}",
        "form": f"{song.rate} Hz, {'mono' if song.channels == 1 else 'stereo'}",
        "stems": str(len(song.stems)),
        "peak": decibels(peak),
        "apart": far(apart.decibels) if apart else "–",
        "gain": gain(apart) if apart else "–",
        "at_gain": far(apart.decibels_at_gain) if apart else "–",
    }


def _image(content: bytes) -> str:
    return data_uri(content, "image/png")
