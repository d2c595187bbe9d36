"""A folder of somebody's stems → what each file holds, by its name or by what is said of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from stemwise import taxonomy
from stemwise.datasets.folder import audio_in
from stemwise.errors import DataError
from stemwise.naming import LEFT_OUT, SUFFIXES, guess
from stemwise.taxonomy import Targets

EVERYTHING_ELSE = ("other", "rest", "accompaniment", "residual", "instrumental", "no vocals")
SCHEMES = ("mms", "musdb", "iad")  # the first that has a target of a name tells its labels


@dataclass(frozen=True)
class StemFolder:
    """paths: a file of each target; left_out: files that are no stems, as a mixture among them."""

    paths: Mapping[str, Path]
    targets: Targets
    left_out: tuple[str, ...]


def read_stem_folder(folder: Path, said: Mapping[str, str] | None = None) -> StemFolder:
    """Audio files of a folder as targets of the files' names. `said`: file, with its suffix or without → target of a
    scheme, label of MedleyDB's, "other" for everything that no other file holds, or "ignore".

    What nothing is said of is told by its name: a target (vocals, electric_guitar), "other", else as `naming.guess`
    has it. Hidden files are let be. Raises DataError for a folder without audio or with some that is not read, for
    names that say nothing (all of them), for `said` of files that are not there, and for two files that hold everything
    else.
    """
    files = audio_in(folder)
    if not files:
        raise DataError(f"{folder}: no audio files. Name a folder with a file a stem ({', '.join(SUFFIXES)}).")
    if foreign := [path for path in files if path.suffix.casefold() not in SUFFIXES]:
        raise DataError(f"{foreign[0]}: files of this kind are not read. Export it as wav or flac, or take it away.")
    told = _told(files, said or {})
    held = {path: _labels(told[path]) for path in files}
    unknown = [path for path in files if held[path] is None]
    if unknown:
        raise DataError(
            f"{folder}: these names do not say what is in the files: {', '.join(path.name for path in unknown)}. Say "
            f"it, as in --is '{unknown[0].name}=electric bass'; a target of {', '.join(SCHEMES)}, an instrument, "
            "other or ignore."
        )
    stems = {path: labels for path, labels in held.items() if labels}
    rest = [path.name for path, labels in stems.items() if "*" in labels]
    if len(rest) > 1:
        raise DataError(f"{folder}: {' and '.join(rest)} both hold everything else. Say --is '{rest[1]}=ignore'.")
    if not stems:
        raise DataError(f"{folder}: none of its files is a stem. Name another folder.")
    paths = _by_name(stems, folder)
    groups = tuple(frozenset(labels) for labels in stems.values())
    return StemFolder(paths, Targets(tuple(paths), groups), tuple(p.name for p in files if p not in stems))


def _told(files: list[Path], said: Mapping[str, str]) -> dict[Path, str]:
    """What each file is called: its own name where nothing else is said."""
    found = {path: path.stem for path in files}
    for name, target in said.items():
        meant = [path for path in files if name in (path.name, path.stem)]
        if len(meant) != 1:
            have = ", ".join(path.name for path in files)
            raise DataError(f"--is {name}={target}: {len(meant)} files of that name; there are {have}.")
        found[meant[0]] = target
    return found


def _by_name(stems: Mapping[Path, frozenset[str]], folder: Path) -> dict[str, Path]:
    paths = {path.stem.replace("_", " "): path for path in stems}
    if len(paths) < len(stems):
        names = ", ".join(path.name for path in stems)
        raise DataError(f"{folder}: two files of one name among {names}. Rename one, or move it elsewhere.")
    return paths


def _labels(name: str) -> frozenset[str] | None:
    """The labels of what is called so; none for what is no stem, None for what cannot be told."""
    plain = " ".join(name.replace("_", " ").casefold().split())
    if plain in EVERYTHING_ELSE:
        return frozenset({"*"})
    if plain in LEFT_OUT:
        return frozenset()
    for scheme in SCHEMES:
        every = taxonomy.targets(scheme)
        if plain in every.names:
            return every.labels[every.names.index(plain)]
    exact = frozenset(label for label in taxonomy.instrument_labels() if label.casefold() == plain)
    if exact:
        return exact
    labels = guess(f"{name}.wav").labels
    if set(labels) & set(LEFT_OUT):
        return frozenset()
    return frozenset(labels) or None
