"""Findings of one song, from its facts and its labels."""

from collections.abc import Iterator, Sequence

from stemwise.song import Song
from stemwise.taxonomy import ANYTHING, EVERYBODY
from stemwise.texts import count
from stemwise.validation.facts import Apart, FileFacts, SongFacts
from stemwise.validation.findings import ERROR, NOTE, WARNING, Finding
from stemwise.validation.levels import FAR, OFFSET, SILENT, decibels, far, gain, signed
from stemwise.validation.meter import RUN

OTHER = "other instrument"


def check_song(song: Song, facts: SongFacts) -> Iterator[Finding]:
    for stem in facts.stems:
        yield from _file(song, stem)
    yield from _same_stems(song, facts.stems)
    yield from _labels(song)
    if facts.mix:
        yield from _mix(song, facts.mix)
        yield from _apart(song, facts.mix, facts.apart)


def _file(song: Song, file: FileFacts) -> Iterator[Finding]:
    def finding(severity: str, check: str, what: str, cure: str) -> Finding:
        return Finding(severity, check, what, cure, (song.id,), file.path)

    skip = f"or leave the song out with data.skip=[{song.id}]"
    if file.fault:
        yield finding(ERROR, "unreadable", file.fault, f"Restore the file, {skip}.")
        return
    if file.unsound:
        what = f"{file.unsound} samples are NaN, infinite or beyond ±1e6"
        yield finding(ERROR, "NaN", what, f"Export the file again without them, {skip}.")
    if file.peak < SILENT:
        what = f"its peak is {decibels(file.peak)} dBFS" if file.peak else "every sample is zero"
        cure = "See whether it is the right file: its instruments count as known, and as never playing."
        yield finding(WARNING, "silent stem", what, cure)
    if file.clipped:
        cure = "Export it again with less gain if the session is there; else a net learns to make such edges."
        yield finding(WARNING, "clipped", clipped(file), cure)
    if abs(file.offset) >= OFFSET:
        what = f"the mean of a channel is {signed(file.offset, 4)} of full scale ({decibels(abs(file.offset))} dBFS)"
        cure = "Take it away with a high-pass at a few Hz: a steady offset looks like an instrument that plays."
        yield finding(WARNING, "DC offset", what, cure)


def clipped(file: FileFacts) -> str:
    runs = count(file.clipped, "run")
    milliseconds = 1000 * file.longest / file.rate
    return f"{runs} of {RUN} or more equal samples at full scale, the longest of {file.longest} ({milliseconds:.1f} ms)"


def _same_stems(song: Song, stems: Sequence[FileFacts]) -> Iterator[Finding]:
    first: dict[str, str] = {}
    for stem, file in zip(song.stems, stems, strict=True):
        if not file.sound or file.peak < SILENT:
            continue
        twin = first.setdefault(file.digest, stem.id)
        if twin != stem.id:
            yield Finding(
                WARNING,
                "same stem twice",
                f"{stem.id} ({stem.label}) has the samples of {twin}",
                "Take one away, or restore the one that was overwritten: the sum has it twice.",
                (song.id,),
                file.path,
            )


def _labels(song: Song) -> Iterator[Finding]:
    for stem in song.stems:
        if anything := ANYTHING & set(stem.instruments):
            what = "no target is" if EVERYBODY in anything else "a target without a stem of its own is not"
            yield Finding(
                WARNING,
                "instrument unknown",
                f"{stem.id} is {min(anything)}, which may be anything, so {what} known in this song",
                "Label it as what it is, or leave the stem out if it repeats others; what is unknown is not learned "
                "and not scored.",
                (song.id,),
                str(stem.path),
            )
        elif OTHER in stem.instruments and len(stem.instruments) == 1:
            yield Finding(
                NOTE,
                OTHER,
                f"{stem.id} is an instrument that the taxonomy lacks; it belongs to the rest of the mixture",
                "Nothing need be done, unless it is one of the taxonomy's under another name.",
                (song.id,),
                str(stem.path),
            )


def _mix(song: Song, mix: FileFacts) -> Iterator[Finding]:
    """Training reads the mix only where it holds more than the stems; elsewhere it is for information."""
    severity = ERROR if song.remains else NOTE
    skip = f"Export it with its stems, or leave the song out with data.skip=[{song.id}]."
    cure = skip if song.remains else "Nothing need be done: mixtures are sums of stems."
    if mix.fault:
        yield Finding(severity, "mix unreadable", mix.fault, cure, (song.id,), mix.path)
    elif mix.unsound:
        what = f"{mix.unsound} samples of the mix are NaN, infinite or beyond ±1e6"
        yield Finding(severity, "mix unreadable", what, cure, (song.id,), mix.path)
    elif (mix.rate, mix.samples) != (song.rate, song.samples):
        what = (
            f"the mix has {mix.samples} samples at {mix.rate} Hz, the stems have {song.samples} at {song.rate} Hz, so "
            "they were not compared"
        )
        yield Finding(severity, "mix of another length", what, cure, (song.id,), mix.path)
    elif mix.clipped:
        cure = "Nothing need be done: mastered mixes clip."
        yield Finding(NOTE, "mix clipped", clipped(mix), cure, (song.id,), mix.path)


def _apart(song: Song, mix: FileFacts, apart: Apart | None) -> Iterator[Finding]:
    if apart and apart.decibels > FAR and song.complete:
        yield Finding(
            NOTE,
            "mix is not the sum",
            f"mix minus sum of stems is at {far(apart.decibels)} dB of the mix; with the sum at its best gain, "
            f"{gain(apart)}, at {far(apart.decibels_at_gain)} dB",
            "Nothing need be done: mixtures are sums of stems, and a mastered mix differs. Near 0 dB see whether stems "
            "are missing, or belong to another song.",
            (song.id,),
            mix.path,
        )
