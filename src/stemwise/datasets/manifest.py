"""Somebody's own stems, listed in a file: a line a stem, in any layout of folders."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

from stemwise.datasets.annotations import SUFFIX, check_annotations, read_annotation
from stemwise.datasets.base import Splits
from stemwise.datasets.folders import inside, make_song
from stemwise.datasets.lines import NEEDED, Line, read_lines
from stemwise.datasets.own import PART_OF, OwnSongs, id_of
from stemwise.errors import DataError
from stemwise.naming import LEFT_OUT
from stemwise.song import Annotation, Song, Stem
from stemwise.taxonomy import known_label
from stemwise.texts import nfc

NAME = "a list of your own stems"
LICENCE = "yours"
CITATION = "none; they are your own songs"
HOW_TO_GET = (
    f"Write a file with a line a stem and the columns {', '.join(NEEDED)} (manifest.csv), or a JSON list with the same "
    "names (manifest.json); docs/datasets.md describes it."
)
LOOKS_LIKE = ("manifest.csv", "manifest.json")

MIX = LEFT_OUT[0]
SAID = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class Manifest(OwnSongs):
    """Reader of one file, or of `manifest.csv` or `manifest.json` in a folder. Paths in it are relative to `root`, the
    file's folder if None, and may not leave it.

    Splits are those of `splits_file`; else of the column `split`, without any to validate on some artists of train;
    else of `<root>/splits.json`; else by hash.
    """

    def __init__(
        self,
        file: str | Path,
        root: str | Path | None = None,
        split_by: str = "artist",
        splits_file: str | Path | None = None,
        skip: Sequence[str] = (),
        pad_short_stems: bool = False,
    ) -> None:
        self.given = Path(file)
        # One set, and one store, whether it was given by its file or by its folder.
        super().__init__(str(self.file), split_by, splits_file, skip, pad_short_stems)
        self.given_root = Path(root) if root else None

    @property
    def file(self) -> Path:
        """Raises DataError for a folder with both."""
        if not self.given.is_dir():
            return self.given
        have = [self.given / name for name in LOOKS_LIKE if os.path.lexists(self.given / name)]
        if len(have) > 1:
            raise DataError(f"{self.given}: has {' and '.join(LOOKS_LIKE)}. Name one with data.file=...")
        return have[0] if have else self.given / LOOKS_LIKE[0]

    @property
    def root(self) -> Path:
        return self.given_root or self.file.parent

    def splits(self) -> Splits:
        """Raises DataError for an artist in two parts."""
        if self.splits_file or not self._splits:
            return self._splits_at(self.root)
        return self._splits_in({id: self._part(lines) for id, lines in self._lines.items()})

    @cached_property
    def _lines(self) -> dict[str, list[Line]]:
        """Song id → its lines. Raises DataError for lines of no song, and for two songs of one id."""
        found: dict[str, list[Line]] = {}
        for line in read_lines(self.file):
            id = id_of(line.song)
            first = found.setdefault(id, [line])[0]
            if not id or line.song != first.song:
                what = f"has the id of '{first.song}', {id}" if id else "has no letter or digit"
                raise DataError(f"{line.where}: song '{line.song}' {what}. Give it another name.")
            if line is not first:
                found[id].append(line)
        return found

    @property
    def _splits(self) -> bool:
        return any(line.split for lines in self._lines.values() for line in lines)

    @cached_property
    def _owners(self) -> dict[str, Line]:
        """Path → the first line that names it."""
        owners: dict[str, Line] = {}
        for lines in self._lines.values():
            for line in lines:
                owners.setdefault(self._place(line), line)
        return owners

    def _place(self, line: Line) -> str:
        return nfc(os.path.normpath(self.root.absolute() / line.path.replace("\\", "/")))

    def _find(self) -> dict[str, Path]:
        return dict.fromkeys(self._lines, self.file) if os.path.lexists(self.file) else {}

    def _nothing(self) -> str:
        return f"{NAME}: no songs in {self.file} (looked for lines as `One,One/kick.wav,kick drum,Ann`). {HOW_TO_GET}"

    def _song(self, id: str, folder: Path) -> Song:
        lines = self._lines[id]
        artist = _one("artist", lines)
        if not artist:
            raise DataError(
                f"{lines[0].where}: song '{lines[0].song}' has no artist. Songs are split by artist; name one."
            )
        self._part(lines)
        stems: list[Stem] = []
        mixes: list[tuple[Line, Path]] = []
        annotated: list[tuple[Line, Annotation]] = []
        for line in lines:
            path, labels = self._path(id, line), _labels(line)
            if path.suffix.casefold() == SUFFIX:
                annotated.append((line, read_annotation(line, labels, path)))
            elif labels == (MIX,):
                mixes.append((line, path))
            else:
                stems.append(Stem(f"S{len(stems) + 1:02d}", labels, path))
        if len(mixes) > 1:
            raise DataError(
                f"{mixes[1][0].where}: a second mix; line {mixes[0][0].number} has one. Remove one of them."
            )
        complete, mix = _complete(lines), mixes[0][1] if mixes else None
        if not stems and (complete or not annotated):
            raise DataError(
                f"{lines[0].where}: song '{lines[0].song}' has no stems. Add lines for them; a mix with annotations "
                "alone needs complete false."
            )
        title, notes = _one("title", lines) or lines[0].song, [annotation for _, annotation in annotated]
        song = make_song(id, artist, title, stems, mix, self.pad_short_stems, complete=complete, annotations=notes)
        check_annotations(song, annotated)
        return song

    def _path(self, id: str, line: Line) -> Path:
        """Raises DataError for a path that leaves the root, is no file, or stands in another line too."""
        with _named(line):
            path = inside(self.root, line.path)
            if not path.is_file() and "\\" in line.path:
                path = inside(self.root, line.path.replace("\\", "/"))
        if not path.is_file():
            raise DataError(
                f"{line.where}: no file {path}. Restore it, correct the line, or leave the song out with "
                f"data.skip=[{id}]."
            )
        first = self._owners[self._place(line)]
        if first is not line and not (path.suffix.casefold() == SUFFIX and first.song == line.song):
            raise DataError(f"{line.where}: {path} stands in line {first.number} too. A file is one stem of one song.")
        return path

    def _part(self, lines: Sequence[Line]) -> str:
        """The part of a song, "" where no song has one. Raises DataError for an unknown one, and for none or two."""
        said = _one("split", lines)
        if said not in PART_OF and (said or self._splits):
            what = f"split '{said}'" if said else f"song '{lines[0].song}' has no split, but others have;"
            raise DataError(f"{lines[0].where}: {what} must be train, valid or test. Correct the cell.")
        return PART_OF.get(said, "")


def _labels(line: Line) -> tuple[str, ...]:
    names = [name.strip() for name in line.instrument.split(";") if name.strip()]
    if [name.casefold() for name in names] == [MIX]:
        return (MIX,)
    if not names:
        raise DataError(f"{line.where}: has no instrument. Name one, or several with ; between.")
    return tuple(dict.fromkeys(known_label(name, line.where) for name in names))


def _one(column: str, lines: Sequence[Line]) -> str:
    """What the lines of a song say, as far as they say it. Raises DataError where they say two things."""
    said = [(getattr(line, column), line) for line in lines if getattr(line, column)]
    for value, line in said:
        if value != said[0][0]:
            raise DataError(
                f"{line.where}: song '{line.song}' has the {column} '{value}', but '{said[0][0]}' in line "
                f"{said[0][1].number}. A song has one; correct one of the lines."
            )
    return said[0][0] if said else ""


def _complete(lines: Sequence[Line]) -> bool:
    said = _one("complete", lines) or "true"
    if said not in SAID:
        raise DataError(f"{lines[0].where}: complete is '{said}'. Write true or false, or leave the cells empty.")
    return SAID[said]


@contextmanager
def _named(line: Line) -> Iterator[None]:
    try:
        yield
    except DataError as fault:
        raise DataError(f"{line.where}: {fault}") from fault
