"""Lines of a manifest that say when an instrument plays of which there is no stem."""

from collections.abc import Sequence
from pathlib import Path

from stemwise.datasets.lines import Line
from stemwise.errors import DataError
from stemwise.labels import read_spans
from stemwise.naming import LEFT_OUT
from stemwise.song import Annotation, Song
from stemwise.taxonomy import ANYTHING

SUFFIX = ".lab"
BEHIND = 0.1  # seconds behind a song's end that an annotation may end, as where it was made on another export


def read_annotation(line: Line, labels: tuple[str, ...], path: Path) -> Annotation:
    """The segments of a file; where it says what each is of, those of the line's instruments. Raises DataError for a
    file that has none of these or says it of some segments only, and for an annotation of the mix."""
    if labels == (LEFT_OUT[0],):
        raise DataError(f"{line.where}: {path} has segments, not the sound of a mix. Name the instrument they are of.")
    segments = read_spans(path)
    said = {segment.label for segment in segments if segment.label}
    if said and not all(segment.label for segment in segments):
        raise DataError(
            f"{line.where}: {path} has segments that say what they are of and others that do not. Label all, or none."
        )
    chosen = [segment for segment in segments if not said or segment.label.casefold() in map(str.casefold, labels)]
    if segments and not chosen:
        raise DataError(
            f"{line.where}: {path} has segments of {', '.join(sorted(said))}, but not of {' or '.join(labels)}. "
            "Correct the instrument, or take the labels out of the file."
        )
    return Annotation(labels, tuple((segment.start, segment.end) for segment in chosen))


def check_annotations(song: Song, annotated: Sequence[tuple[Line, Annotation]]) -> None:
    """Raise DataError for an annotation that ends behind the song, of what has a stem of its own, twice of one
    instrument, or of what is not in the mixture: neither in a stem that holds more nor in what stems leave of it."""
    for number, (line, annotation) in enumerate(annotated):
        names, ends = " or ".join(annotation.instruments), [end for _, end in annotation.segments]
        if ends and max(ends) > song.seconds + BEHIND:
            raise DataError(
                f"{line.where}: a segment ends at {max(ends):g} s, the song at {song.seconds:g} s. Correct the file, "
                "or name the one of this song."
            )
        named = set(annotation.instruments)
        own = next((stem for stem in song.stems if set(stem.instruments) <= named), None)
        if own:
            raise DataError(
                f"{line.where}: {names} has a stem, {own.path.name}, whose activity is measured. Remove one line."
            )
        twice = next((other for other, earlier in annotated[:number] if named & set(earlier.instruments)), None)
        if twice:
            raise DataError(f"{line.where}: {names} is annotated in line {twice.number} too. Remove one of the lines.")
        inside = any(set(stem.instruments) & (named | ANYTHING) for stem in song.stems)
        if not inside and not song.remains:
            raise DataError(
                f"{line.where}: no stem may hold {names}, so it is not in the mixture. Give the song a line with its "
                "mix, and complete false."
            )
