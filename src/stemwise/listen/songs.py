"""Which songs are meant by the paths on a command line, and under which name each is written."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from stemwise.errors import AudioError
from stemwise.naming import SUFFIXES
from stemwise.texts import printable


@dataclass(frozen=True)
class Found:
    """A file, and the path of its own folder below the output folder."""

    source: Path
    folder: Path

    @property
    def title(self) -> str:
        """The file's name as it can be printed, whatever its bytes are."""
        return printable(self.source.name)


def find_songs(paths: Iterable[Path]) -> tuple[list[Found], list[AudioError]]:
    """Every file that is named, and every audio file in or below a folder that is, each once; and what has none.

    A folder's files keep the folders they lie in below it. Where two songs would share a folder, their suffixes are
    part of its name (`song.mp3`), and then numbers.
    """
    found: dict[Path, tuple[Path, Path]] = {}
    empty = []
    for path in paths:
        below = _audio_below(path) if path.is_dir() else [path]
        if not below:
            empty.append(
                AudioError(f"{path}: no audio in this folder ({', '.join(SUFFIXES)}). Name another, or a file.")
            )
        for file in below:
            found.setdefault(file.resolve(), (file, file.relative_to(path) if path.is_dir() else Path(file.name)))
    names = _apart([name for _, name in found.values()])
    return [Found(source, name) for (source, _), name in zip(found.values(), names, strict=True)], empty


def _audio_below(folder: Path) -> list[Path]:
    """Hidden files and folders are left out: some systems keep a shadow of every song in them."""
    files = (path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES and path.is_file())
    return sorted(path for path in files if not any(part.startswith(".") for part in path.relative_to(folder).parts))


def _apart(names: Sequence[Path]) -> list[Path]:
    """Names without suffix where that tells them apart, upper and lower case being the same to some systems."""
    plain = Counter(_key(name.with_suffix("")) for name in names)
    out: list[Path] = []
    taken: set[str] = set()
    for name in names:
        wanted = name.with_suffix("") if plain[_key(name.with_suffix(""))] == 1 else name
        chosen, number = wanted, 1
        while _key(chosen) in taken:
            number += 1
            chosen = wanted.with_name(f"{wanted.name} ({number})")
        taken.add(_key(chosen))
        out.append(chosen)
    return out


def _key(name: Path) -> str:
    return str(name).casefold()
