"""Slakh2100 redux and BabySlakh: songs that samplers play, `[{train,validation,test}/]TrackNNNNN/stems/SNN.flac`."""

import os
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from stemwise.datasets.base import PARTS, Splits, splits_by_artist
from stemwise.datasets.folders import SongFolders, inside, make_song, subfolders
from stemwise.datasets.medleydb import read_metadata
from stemwise.errors import DataError
from stemwise.song import Song, Stem
from stemwise.texts import nfc, read_yaml

NAME = "Slakh2100"
LICENCE = "CC BY 4.0"
CITATION = (
    "E. Manilow, G. Wichern, P. Seetharaman, J. Le Roux: Cutting Music Source Separation Some Slakh: A Dataset to "
    "Study the Impact of Training Data Quality and Quantity. WASPAA 2019."
)
HOW_TO_GET = (
    "Download slakh2100_flac_redux.tar.gz from Zenodo (record 4599666), or babyslakh_16k.tar.gz (record 4603870), and "
    "unpack it so that the tree holds train/Track00001/metadata.yaml, or Track00001/metadata.yaml."
)
LOOKS_LIKE = (
    "train/Track*/metadata.yaml",
    "validation/Track*/metadata.yaml",
    "test/Track*/metadata.yaml",
    "Track*/metadata.yaml",
)

LABELS = Path(__file__).with_name("slakh_labels.yaml")
FOLDERS = dict(zip(("train", "validation", "test"), PARTS, strict=True))
SUFFIXES = (".flac", ".wav")


class Slakh(SongFolders):
    """Reader of one tree with folders of parts, or of one without.

    Nobody knows who wrote the songs. An artist here is the MIDI file that a track was made from (`UUID`), so that
    tracks made from one fall into one part. Splits are those of `splits_file`; else the folders; without them by the
    hash of the MIDI file. The other settings are those of `SongFolders`.
    """

    def __init__(
        self,
        root: str | Path,
        splits_file: str | Path | None = None,
        skip: Sequence[str] = (),
        pad_short_stems: bool = False,
    ) -> None:
        super().__init__(str(root), splits_file, skip, pad_short_stems)
        self.root = Path(root)

    def splits(self) -> Splits:
        if self.splits_file:
            return self._splits_of(self.splits_file)
        songs = self.songs()
        if not self._in_parts:
            return splits_by_artist(songs)
        ids: Splits = {part: [] for part in PARTS}
        for song in songs:
            ids[FOLDERS[self.folders[song.id].parent.name]].append(song.id)
        return ids

    @property
    def _in_parts(self) -> bool:
        return next(iter(self.folders.values())).parent != self.root

    def _find(self) -> dict[str, Path]:
        found: dict[str, Path] = {}
        places = [path for part in FOLDERS for path in subfolders(self.root / part)] or subfolders(self.root)
        for folder in places:
            if not (folder / "metadata.yaml").is_file() and not (folder / "stems").is_dir():
                continue
            if nfc(folder.name) in found:
                raise DataError(f"{folder}: also at {found[nfc(folder.name)]}. Take one of them away.")
            found[nfc(folder.name)] = folder
        return found

    def _nothing(self) -> str:
        return (
            f"{NAME}: no songs under {self.root} (looked for {{train,validation,test}}/Track00001/stems/S00.flac and "
            f"Track00001/stems/S00.wav). {HOW_TO_GET}"
        )

    @cached_property
    def _read(self) -> tuple[list[Song], dict[str, str]]:
        """Leaves out tracks of which an earlier part has the MIDI file, as redux does."""
        songs, findings = super()._read
        if self.splits_file or not self._in_parts:
            return songs, findings
        first: dict[str, Path] = {}
        for song in sorted(songs, key=lambda song: list(FOLDERS).index(self.folders[song.id].parent.name)):
            folder = self.folders[song.id]
            kept = first.setdefault(song.artist, folder)
            if kept.parent != folder.parent:
                findings[song.id] = (
                    f"{song.id}: {folder} is made from the same MIDI file as {kept}, in another part ({song.artist}). "
                    f"Take it away, as Slakh2100 redux does, or leave it out with data.skip=[{song.id}]."
                )
        return [song for song in songs if song.id not in findings], findings

    def _song(self, id: str, folder: Path) -> Song:
        path = folder / "metadata.yaml"
        if not path.is_file():
            raise DataError(f"{id}: no file {path}. Restore it, or leave the song out with data.skip=[{id}].")
        meta = read_metadata(path, "audio_rendered, is_drum, program_num")
        _check_all_listed(id, folder, meta["stems"])
        stems = [
            stem
            for key, entry in sorted(meta["stems"].items(), key=lambda item: str(item[0]))
            if (stem := _stem(id, folder, key, entry))
        ]
        if not stems:
            raise DataError(f"{id}: none of its stems was rendered. Leave the song out with data.skip=[{id}].")
        return make_song(id, str(meta.get("UUID") or id), id, stems, _audio(folder, "mix"), self.pad_short_stems)


def _stem(id: str, folder: Path, key: str, entry: Any) -> Stem | None:
    """None for what was never rendered. A file counts more than the flag."""
    where = f"{id}, stem {key}"
    if not isinstance(entry, dict):
        raise DataError(f"{where}: the metadata needs `is_drum` and `program_num`, found {entry!r}.")
    if not isinstance(entry.get("is_drum", False), bool):
        raise DataError(f"{where}: `is_drum` must be true or false, found {entry['is_drum']!r}. Correct the metadata.")
    path = _audio(inside(folder, "stems"), key)
    if path.is_file():
        labels = stem_labels(entry, where)
        return Stem(key, labels, path, str(entry.get("midi_program_name") or "") if len(labels) > 1 else "")
    if not entry.get("audio_rendered"):
        return None
    raise DataError(
        f"{where}: no file {path}, though metadata.yaml lists it as rendered. Restore it, or leave the song out with "
        f"data.skip=[{id}]."
    )


def _audio(folder: Path, name: str) -> Path:
    """The flac file of Slakh2100 or the wav file of BabySlakh."""
    wav = inside(folder, f"{name}.wav")
    return wav if os.path.lexists(wav) else wav.with_suffix(".flac")


def _check_all_listed(id: str, folder: Path, listed: Mapping[str, Any]) -> None:
    """Raise DataError for audio that the metadata does not know: it would be missing from the mixture."""
    for path in sorted((folder / "stems").glob("*")):
        if path.suffix in SUFFIXES and not path.name.startswith(".") and path.stem not in listed:
            raise DataError(
                f"{id}: metadata.yaml has no stem {path.stem}, but there is {path}. Enter it there, or take it away."
            )


def stem_labels(entry: Mapping[str, Any], where: str) -> tuple[str, ...]:
    """Labels of what a stem's metadata names: the drum channel, else the patch, the program, the program's name, the
    class, whichever is known first. Raises DataError when none is."""
    table = read_labels()
    patch = Path(str(entry.get("plugin_name"))).stem
    named = ["Drums"] if entry.get("is_drum") else []
    named += [f"patch {patch}", *(str(entry.get(key)) for key in ("program_num", "midi_program_name", "inst_class"))]
    for name in named:
        if name.casefold() in table:
            return table[name.casefold()]
    raise DataError(
        f"{where}: unknown instrument ({', '.join(named)}). Correct the metadata, or give it a label in {LABELS}."
    )


@cache
def read_labels() -> dict[str, tuple[str, ...]]:
    """`patch <name>`, program numbers, program names and classes, in small letters → labels; a class may be any of its
    programs."""
    file = read_yaml(LABELS)
    table: dict[str, tuple[str, ...]] = {}
    for label, patches in file["patches"].items():
        table |= {f"patch {patch}": (label,) for patch in patches}
    for family, programs in file["programs"].items():
        table[family.casefold()] = tuple(dict.fromkeys(label for _, _, *labels in programs for label in labels))
    for number, name, *labels in (program for programs in file["programs"].values() for program in programs):
        table |= {str(number): tuple(labels), name.casefold(): tuple(labels)}
    return table
